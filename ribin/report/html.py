"""A report as one HTML file: no script, nothing loaded from elsewhere, prints as it looks."""

from __future__ import annotations

import base64
from html import escape
from itertools import count

from ribin.report.document import (
    Blanks,
    Block,
    Document,
    Facts,
    Figure,
    Grid,
    Paragraph,
    Points,
    Section,
    WritingSpace,
    numbered,
)
from ribin.report.pictures import png_bytes

# The page may show its own pictures and styles and nothing else, wherever it is opened.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def document_html(document: Document) -> str:
    """The whole page."""
    figures = count(1)
    sections = "\n".join(_section(number, s, figures) for number, s in numbered(document))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{escape(document.title)}: {escape(document.subject)}</title>
<style>{PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>{escape(document.title)}</h1>
<p class="subject">{escape(document.subject)}</p>
{_facts(document.head)}
</header>
{sections}
<footer>{escape(document.footer)}</footer>
</main>
</body>
</html>
"""


def data_uri(png: bytes) -> str:
    """A picture as the address of itself, for a page that is one file."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def block_html(block: Block) -> str:
    """One block by itself, for a notebook."""
    return _block(block, count(1))


def _section(number: str, section: Section, figures: count[int]) -> str:
    blocks = "\n".join(_block(block, figures) for block in section.blocks)
    kind = ' class="annex"' if section.annex else ""
    label = f'<span class="place">{number}</span> '
    return f"<section{kind}>\n<h2>{label}{escape(section.title)}</h2>\n{blocks}\n</section>"


def _block(block: Block, figures: count[int]) -> str:
    match block:
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Points(texts):
            return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
        case Facts(pairs):
            return _facts(pairs)
        case Grid():
            return _grid(block)
        case Figure():
            caption = f"Picture {next(figures)}. {block.caption}"
            image = f'<img src="{data_uri(png_bytes(block.picture))}" alt="{escape(caption)}">'
            return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"
        case Blanks(labels, people):
            lines = "".join(f'<div class="blank">{escape(label)}</div>' for label in labels)
            columns = (f"<div><h3>{escape(person)}</h3>{lines}</div>" for person in people)
            return f'<div class="blanks">{"".join(columns)}</div>'
        case WritingSpace(heading, lines):
            empty = '<div class="blank"></div>' * lines
            return f'<div class="space"><h3>{escape(heading)}</h3>{empty}</div>'


def _facts(pairs: tuple[tuple[str, str], ...]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in pairs) + "</dl>"


def _grid(grid: Grid) -> str:
    head = "".join(
        f'<th scope="col"{_right(grid, i)}>{escape(text)}</th>'
        for i, text in enumerate(grid.header)
    )
    rows = "".join(f"<tr>{_cells(grid, n, row)}</tr>" for n, row in enumerate(grid.rows))
    small = ' class="small"' if grid.small else ""
    table = f"<table{small}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="scroll" tabindex="0" role="group" aria-label="table">{table}</div>'


def _cells(grid: Grid, number: int, row: tuple[str, ...]) -> str:
    cells = []
    for column, text in enumerate(row):
        tag, scope = ("td", "") if column or 0 in grid.numbers else ("th", ' scope="row"')
        style = ""
        if grid.bars and column == len(row) - 1:
            full = f"{100 * grid.bars[number]:.1f}%"
            bar = f"linear-gradient(to left, var(--bar, #cfe3f1) {full}, transparent {full})"
            style = f' style="background: {bar}"'
        cells.append(f"<{tag}{scope}{_right(grid, column)}{style}>{escape(text)}</{tag}>")
    return "".join(cells)


def _right(grid: Grid, column: int) -> str:
    return ' class="number"' if column in grid.numbers else ""


# How a report looks as a page: on a screen, on a narrow one, and on A4 paper.

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
