"""What the comparison page costs: its size, the time to its first picture, a frame under a lamp.

python benchmarks/view.py [FOLDER] [--quick] [--baseline FILE]

FOLDER holds scans; the page is of its first two by name (default ../shared/data/fadul). The times
are those of headless Chromium, drawn without a graphics card (`canvas`) and by an imitated one
(`webgl`): what they cost a machine without one. Needs chromium, chromedriver and ribin[browser].
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from results import ROOT, finish, options
from specimens import default_folder

from ribin.model import Mark, Scan
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan
from ribin.report.table import table
from ribin.view import comparison_page
from ribin.view.surface import measured_surface

sys.path.insert(0, str(ROOT / "tests"))

from page_browser import Browser, missing, open_browser

Row = dict[str, Any]
MODES = ("side", "split", "blend", "difference")
# Draw under a lamp that walks, and wait until the pixels are there; the median and the slowest.
RELIGHT = """
const { stage } = window.ribin, { renderer } = stage, times = [];
const gl = renderer.gl, pixel = new Uint8Array(4);
const wait = () => gl
  ? gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
  : renderer.context.getImageData(0, 0, 1, 1);
for (let i = 0; i < arguments[0]; i++) {
  const started = performance.now();
  stage.lamp.azimuth = i * 7;
  stage.drawNow();
  wait();
  times.push(performance.now() - started);
}
return times.sort((a, b) => a - b);
"""


def main() -> None:
    parser = options(__doc__ or "", "view")
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    chosen = parser.parse_args()
    files = sorted(chosen.folder.glob("*.x3p"))[:2]
    scans = [read_scan(file) for file in files]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*page_rows(scans, folder / "page.html")]
        if missing():
            print(f"not opened: {missing()}")
        else:
            with open_browser(folder) as browser:
                for renderer in ("canvas", "webgl"):
                    rows += browser_rows(browser, folder / "page.html", renderer, chosen.quick)
    cells = [(row["name"], f"{row['value']:.4g}", row["unit"]) for row in rows]
    print(f"{files[0].name} and {files[1].name}, 1280 x 800")
    print(table(("what", "value", "unit"), cells))
    finish("view", rows, 1, chosen, opened=not missing())


def page_rows(scans: Sequence[Scan], path: Path) -> list[Row]:
    """Size of the page with measured and compared surfaces, and the time to make it."""
    marks: list[Mark] = [extract_marks(scan)[0] for scan in scans]
    result = compare_marks(*[describe_mark(mark) for mark in marks])
    times = []
    for _ in range(5):
        started = time.perf_counter()
        one, two = (measured_surface(*both) for both in zip(scans, marks, strict=True))
        html = comparison_page(*marks, result, measured=(one, two))
        times.append(time.perf_counter() - started)
    path.write_text(html, encoding="utf-8")
    alone = comparison_page(*marks, result)
    return [
        _row("page", path.stat().st_size / 1e6, "MB"),
        _row("page without measured surfaces", len(alone.encode()) / 1e6, "MB"),
        _row("making the page", 1e3 * median(times), "ms"),
    ]


def browser_rows(browser: Browser, page: Path, renderer: str, quick: bool) -> list[Row]:
    """First picture, and a frame while the lamp moves, in each way to look."""
    first = []
    for _ in range(2 if quick else 7):
        browser.open_comparison(page, f"#{renderer}")
        first.append(float(browser.run("return document.body.dataset.firstPictureMs")))
    rows = [_row(f"{renderer}: first picture", median(first[1:]), "ms")]
    for mode in MODES:
        browser.run("window.ribin.controls.mode(arguments[0])", mode)
        browser.run(RELIGHT, 3)
        times = browser.run(RELIGHT, 5 if quick else 40)
        rows.append(_row(f"{renderer}: frame, {mode}", median(times), "ms"))
    return rows


def _row(name: str, value: float, unit: str) -> Row:
    return {"name": name, "value": float(value), "unit": unit}


if __name__ == "__main__":
    main()
