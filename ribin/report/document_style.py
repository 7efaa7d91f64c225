"""How a report looks as a page: on a screen, on a narrow one, and on A4 paper."""

PAGE_STYLE = """
:root { --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --bar: #cfe3f1; --deep: #0a4b75; }
* { box-sizing: border-box; }
body { margin: 0; background: #eef1f4; color: var(--ink);
  font: 15px/1.5 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; }
main { max-width: 56rem; margin: 1.5rem auto; padding: 2.5rem 3rem; background: #fff;
  box-shadow: 0 1px 4px #0003; }

header { border-bottom: 3px solid var(--deep); padding-bottom: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; color: var(--deep); }
.subject { margin: .3rem 0 1rem; font-size: 1.05rem; overflow-wrap: anywhere; }
h2 { font-size: 1.12rem; margin: 2rem 0 .5rem; color: var(--deep); break-after: avoid; }
h2 .place { display: inline-block; min-width: 1.7rem; }
p, ul { margin: .5rem 0; }
ul { padding-left: 1.2rem; }
li { margin: .2rem 0; }

dl { display: grid; grid-template-columns: minmax(9rem, 12rem) 1fr; gap: .15rem 1rem;
  margin: .6rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0;
  font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
/* No long name pushes figures out. */
tbody :is(th, td) { overflow-wrap: anywhere; print-color-adjust: exact; }
thead { display: table-header-group; }
thead th { border-bottom: 2px solid var(--ink); }
tbody th { font-weight: 400; }
tr { break-inside: avoid; }
.number { text-align: right; white-space: nowrap; }
.small { font-size: .8rem; }
.small th, .small td { padding: .1rem .4rem; }

figure { margin: 1rem 0; break-inside: avoid; }
figure img { width: 100%; height: auto; border: 1px solid var(--line); display: block; }
figcaption { margin-top: .3rem; color: var(--soft); font-size: .9rem; }

.blanks { display: grid; gap: 2rem; grid-auto-flow: column; grid-auto-columns: 1fr;
  margin-top: 1.2rem; break-inside: avoid; }
h3 { font-size: 1rem; margin: 0; }
.blank { border-bottom: 1px solid var(--ink); height: 3rem; display: flex;
  align-items: flex-end; color: var(--soft); font-size: .85rem; }
.space { break-inside: avoid; }
.space .blank { height: 2.2rem; border-color: var(--line); }

footer { margin-top: 2.5rem; padding-top: .6rem; border-top: 1px solid var(--line);
  color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }

@page { size: A4; margin: 18mm 16mm 18mm 20mm; }
@media print {
  body { background: none; font-size: 10pt; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; }
  .annex { break-before: page; }
  .scroll { overflow: visible; }
  :is(th, td):not(.small *) { padding: .2rem .35rem; }
}
@media (max-width: 40rem) {
  main { padding: 1rem; }
  dl { grid-template-columns: 1fr; }
}
"""
