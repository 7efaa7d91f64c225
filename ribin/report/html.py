"""A report as one HTML file: no script, nothing loaded from elsewhere, prints as it looks."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
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
    style = files("ribin.report").joinpath("page.css").read_text(encoding="utf-8")
    sections = "\n".join(_section(number, s, figures) for number, s in numbered(document))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{escape(document.title)}: {escape(document.subject)}</title>
<style>
{style}</style>
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
