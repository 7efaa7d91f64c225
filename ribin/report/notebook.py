"""How marks, comparisons and lists look in a notebook."""

from __future__ import annotations

from html import escape

import cv2
import numpy as np

from ribin.cases.exhibits import SearchResult
from ribin.cases.results import SearchLists
from ribin.comparison import Comparison, score_text
from ribin.model import Mark
from ribin.report.comparison import parts_grid
from ribin.report.document import Facts, Grid, words
from ribin.report.explanation import SIDES, outcome_counts
from ribin.report.html import block_html, data_uri
from ribin.report.pictures import (
    Frame,
    Picture,
    draw_cells,
    draw_scale_bar,
    hstack_panels,
    mark_grey,
    png_bytes,
)
from ribin.report.search import fused_grid, list_blocks, searched_grid
from ribin.report.text import NOTICE, placement_words

_MARK_PX = 480  # longest side of a mark's picture
_CELLS_PX = 360  # side of either panel of cells


def mark_picture(mark: Mark) -> Picture:
    """What was measured of a mark, a topography shaded from the upper left; (H, W, 3) uint8 RGB."""
    rows, cols = (np.flatnonzero(mark.valid.any(axis=axis)) for axis in (1, 0))
    grey = mark_grey(mark)
    if rows.size:
        grey = grey[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    scale = _MARK_PX / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    resized = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    picture: Picture = np.repeat(resized[:, :, np.newaxis], 3, axis=2).astype(np.uint8)
    draw_scale_bar(picture, mark.pitch_um / scale)
    return picture


def mark_png(mark: Mark) -> bytes:
    """The picture of a mark as PNG."""
    return png_bytes(mark_picture(mark))


def mark_html(mark: Mark) -> str:
    """The picture of a mark and what is known of it."""
    share, area = mark.valid.mean(), mark.valid.sum() * (mark.pitch_um / 1000) ** 2
    heights, (rows, cols) = mark.surface[mark.valid], mark.surface.shape
    facts = (
        ("mark", f"{words(mark.mark_type)} ({mark.kind})"),
        ("file", mark.provenance.source),
        ("shape", f"{rows} x {cols} at {mark.pitch_um:g} \u00b5m"),
        ("measured", f"{share:.1%} of the frame, {area:.2f} mm\u00b2"),
        ("relief", f"{float(heights.std()) if heights.size else 0.0:.3f} RMS"),
    )
    image = f'<img width="{_MARK_PX // 2}" alt="shaded relief" src="{data_uri(mark_png(mark))}">'
    return _beside(image, facts)


def comparison_picture(result: Comparison) -> Picture | None:
    """The reference's cells where they were cut, and where they fell, moved back; None without.

    Solid cells with a number are congruent. The surfaces are not in a comparison:
    `ribin.report.pictures.draw_overlay` draws them.
    """
    fits = [fit for fit in result.cell_fits if fit.direction == "forward"]
    if len(fits) < 2:
        return None
    centers = np.array([fit.center_um for fit in fits])
    apart = np.diff(np.sort(centers, axis=0), axis=0)
    cell_um = 2 * float(apart[apart > 1.0].min())  # cells stand on a grid of half their width
    reach_um = float(np.abs(centers).max()) + cell_um
    frame = Frame(2 * reach_um / _CELLS_PX, (_CELLS_PX, _CELLS_PX))
    left, right = (np.full((_CELLS_PX, _CELLS_PX, 3), 255, np.uint8) for _ in range(2))
    draw_cells((left, right), frame, result, cell_um)
    draw_scale_bar(left, frame.pitch_um)
    return hstack_panels(left, right)


def comparison_png(result: Comparison) -> bytes | None:
    """The picture of a comparison as PNG; None makes IPython go on to the next look."""
    picture = comparison_picture(result)
    return None if picture is None else png_bytes(picture)


def comparison_html(result: Comparison) -> str:
    """The figures of a comparison, the parts of its score, and where its cells fell."""
    sides = (("reference", result.reference), ("comparison", result.comparison))
    if not result.compared:
        return block_html(Facts((*sides, ("not compared", result.reason))))
    facts = (
        *sides,
        ("mark", words(result.mark)),
        ("score", score_text(result.score)),
        ("congruent cells", f"{result.cmc:g} of {result.cells}"),
        ("ccf", f"{result.ccf:.3f}"),
        ("placement", placement_words(result, "µm")),
        ("method parameters", f"{result.params_id}, ribin {result.version}"),
        *((("note", result.note),) if result.note else ()),
        *((("caution", result.caution),) if result.caution else ()),
    )
    count = outcome_counts(result)
    outcomes = tuple(
        (outcome, *(str(count[outcome, side]) for side in SIDES.values()))
        for outcome in dict.fromkeys(outcome for outcome, _ in count)
    )
    png = comparison_png(result)
    image = f'<img alt="cells" src="{data_uri(png)}">' if png else ""
    outcome_grid = Grid(("cells", *SIDES.values()), outcomes, frozenset({1, 2}))
    return _beside(image, facts) + block_html(parts_grid(result)) + block_html(outcome_grid)


def result_html(result: SearchResult) -> str:
    """One list with the scores as bars, and what was compared."""
    return lists_html(SearchLists((result,), (), result.counts, notes=result.notes))


def lists_html(lists: SearchLists) -> str:
    """Every list of a search, and what was compared."""
    first = lists.first
    head = f"<p>query <b>{escape(first.query)}</b>, scope {escape(first.scope)}</p>"
    blocks = [block for one in lists.lists for block in list_blocks(one)]
    blocks += [fused_grid(lists)] if lists.fused else []
    blocks += [searched_grid(lists)]
    notes = "".join(f"<p>{escape(note)}</p>" for note in (*lists.all_notes, NOTICE))
    return head + "".join(map(block_html, blocks)) + notes


def _beside(image: str, pairs: tuple[tuple[str, str], ...]) -> str:
    style = "display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start"
    rows = "".join(f"<tr><td>{escape(n)}</td><td>{escape(v)}</td></tr>" for n, v in pairs)
    return f'<div style="{style}">{image}<table>{rows}</table></div>'
