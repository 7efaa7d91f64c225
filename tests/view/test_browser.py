"""The comparison page in headless Chromium: what an examiner does, and what must never happen."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from page_browser import Browser, needs_browser

from ribin.comparison import Comparison
from ribin.model import LeftOut, Mark
from ribin.pipeline import compare_marks, describe_mark, extract_marks, look_again
from ribin.read import read_scan
from ribin.report.pictures import laid_by, mark_center_px
from ribin.view import comparison_page
from ribin.view.surface import measured_surface

pytestmark = needs_browser
MATES = ("BRB-2025-0020-1.x3p", "BRB-2025-0020-2.x3p")
UP, DOWN, LEFT, RIGHT, ENTER, ESCAPE, SHIFT, CONTROL = (
    "\ue013", "\ue015", "\ue012", "\ue014", "\ue007", "\ue00c", "\ue008", "\ue009",
)  # fmt: skip


def compared(paths: list[Path]) -> tuple[list[Mark], Comparison, list]:
    scans = [read_scan(path) for path in paths]
    marks = [extract_marks(scan)[0] for scan in scans]
    result = compare_marks(*[describe_mark(mark) for mark in marks])
    surfaces = [measured_surface(*both) for both in zip(scans, marks, strict=True)]
    return marks, result, surfaces


@pytest.fixture(scope="module")
def pair(sample_dir):
    return compared([sample_dir / name for name in MATES])


@pytest.fixture(scope="module")
def page(pair, tmp_path_factory) -> Path:
    marks, result, surfaces = pair
    path = tmp_path_factory.mktemp("page") / "pair.html"
    path.write_text(comparison_page(*marks, result, measured=tuple(surfaces)), encoding="utf-8")
    return path


@pytest.fixture
def browser(opened, page) -> Browser:
    opened.open_comparison(page)
    yield opened
    opened.let_go()
    assert opened.logged() == []
    assert opened.asked() == []


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that differ clearly."""
    apart = np.abs(before.astype(int) - after.astype(int)).max(axis=2)
    return float((apart > 8).mean())


def test_the_first_picture_shows_both_marks(browser):
    picture = browser.canvas()
    width = picture.shape[1]
    for half in (picture[:, : width // 2], picture[:, width // 2 :]):
        assert (half.max(axis=2) > 60).mean() > 0.1
    assert float(browser.run("return document.body.dataset.firstPictureMs")) < 5000
    assert browser.text("#renderer") == "canvas"  # no graphics card here
    shown = browser.run("return document.documentElement.scrollHeight <= innerHeight")
    assert shown, "the page fits into 1280 x 800"
    beyond = browser.run(
        "return [...document.querySelectorAll('header button, .toolbar button, aside button')]"
        ".filter((b) => b.offsetParent && b.getBoundingClientRect().right > innerWidth + 1)"
        ".map((b) => b.textContent)"
    )
    assert beyond == []


@pytest.mark.parametrize("mark", ["#canvas", "#webgl"])
def test_the_lamp_moves(opened, page, mark):
    opened.open_comparison(page, mark)
    assert opened.text("#renderer") == {"#canvas": "canvas", "#webgl": "WebGL"}[mark]
    seen = [opened.canvas()]
    x, y = opened.middle("#dome")
    opened.drag((x, y), (x + 40, y + 10))
    assert opened.stage("lamp.azimuth") > 300  # from the lower right
    seen.append(opened.canvas())
    opened.keys("a", "a", "s")
    seen.append(opened.canvas())
    opened.click("#tools button[value=lamp]")
    x, y = opened.middle("#stage")
    opened.drag((x / 2, y), (x / 2 + 10, y - 150))
    assert opened.stage("lamp.azimuth") == pytest.approx(86, abs=5)
    seen.append(opened.canvas())
    for before, after in pairwise(seen):
        assert changed(before, after) > 0.05
    assert opened.logged() == []


@pytest.mark.parametrize("mark", ["#canvas", "#webgl"])
def test_flanks_that_face_the_lamp_are_bright(opened, pair, tmp_path, mark):
    """On both sides, however they are turned: the lamp stands fixed to the display."""
    (some, _), result, _ = pair
    down, right = (np.indices((301, 301)) - 150) * 10.0
    away = np.hypot(down, right)
    bump = (20.0 * np.exp(-((away / 400.0) ** 2))).astype(np.float32)
    dome = replace(some, surface=bump, valid=away < 1400.0, pitch_um=10.0)
    turned = replace(result, rotation_deg=90.0, shift_um=(0.0, 0.0), cell_fits=())
    path = tmp_path / "dome.html"
    path.write_text(comparison_page(dome, dome, turned), encoding="utf-8")
    opened.open_comparison(path, mark)
    for turn in ("", "qqqqqqq"):
        opened.keys(*turn)
        for azimuth, (lit_row, lit_col) in ((0, (0, 1)), (90, (-1, 0)), (200, (0, -1))):
            opened.run("window.ribin.stage.lamp.move(arguments[0], 30)", azimuth)
            picture = opened.canvas().mean(axis=2)
            flank = 300.0 / opened.stage("camera.scale")
            for view in opened.stage("views"):
                row, col = view["middle"]
                facing, averted = (
                    picture[round(row + s * lit_row * flank), round(col + s * lit_col * flank)]
                    for s in (1, -1)
                )
                assert facing > averted + 40
    assert opened.logged() == []


def test_both_renderers_draw_the_same(opened, page):
    pictures = []
    for mark in ("#canvas", "#webgl"):
        opened.open_comparison(page, mark)
        seen = []
        for mode in ("side", "split", "blend", "difference"):
            opened.run("window.ribin.controls.mode(arguments[0])", mode)
            opened.run("window.ribin.stage.lookAt([-900, 300], 900)")
            seen.append(opened.canvas().astype(float))
        opened.run("window.ribin.controls.mode('side'); window.ribin.stage.setMap('cividis')")
        seen.append(opened.canvas().astype(float))
        pictures.append(seen)
    for one, two in zip(*pictures, strict=True):
        assert one.std() > 20  # there is something to see
        assert np.abs(one - two).mean() < 2.0
        assert np.percentile(np.abs(one - two), 99) < 12.0


def test_the_split_line_is_dragged(browser):
    browser.keys("2")
    before = browser.canvas()
    x, y = browser.middle("#divider")
    browser.drag((x, y), (x - 200, y))
    assert browser.find("#divider").get_attribute("aria-valuenow") == str(
        round(100 * (x - 200) / browser.stage("width"))
    )
    after = browser.canvas()
    crossed = np.s_[:, round(x - 190) : round(x - 10)]
    assert changed(before[crossed], after[crossed]) > 0.02
    kept = np.s_[:, : round(x - 210)]
    assert changed(before[kept], after[kept]) == 0.0
    browser.click("#across")
    assert browser.find("#divider").get_attribute("aria-orientation") == "vertical"
    browser.keys("3")
    x, y = browser.middle("#stage")
    browser.drag((x, y - 100), (x, y - 101))  # moving over it is enough
    assert browser.stage("place") == pytest.approx(0.5 - 100 / browser.stage("height"), abs=0.02)


def test_marks_lie_as_they_were_registered(browser):
    """Along a line the profiles of a true pair go together; turned by hand they do not."""
    along = "window.ribin.profile.setEnds([[-1300, -500], [-1300, 500]]);"
    correlation = f"{along} return window.ribin.profile.sample().correlation"
    assert browser.run(correlation) > 0.5
    for _ in range(12):
        browser.keys("]")
    assert abs(browser.stage("motion.rotation - window.ribin.stage.foundMotion.rotation")) == 6.0
    assert browser.run(correlation) < 0.4
    browser.keys("r")
    assert browser.run(correlation) > 0.5


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_mirrored_pair_is_laid_mirrored(opened, sample_dir, tmp_path, sign):
    """Both surfaces go together along a line, cells too, and both renderers light them alike; a
    cast is drawn as its negative."""
    one, two = (read_scan(sample_dir / name) for name in MATES)
    two = replace(
        two,
        values=np.ascontiguousarray(sign * two.values[:, ::-1], np.float32),
        valid=np.ascontiguousarray(two.valid[:, ::-1]),
    )
    marks = [extract_marks(scan)[0] for scan in (one, two)]
    templates = [describe_mark(mark) for mark in marks]
    result = look_again(*templates, compare_marks(*templates).score)
    assert result is not None
    assert result.mirrored
    assert result.inverted == (sign < 0)
    surfaces = tuple(measured_surface(*both) for both in zip((one, two), marks, strict=True))
    path = tmp_path / "mirrored.html"
    path.write_text(comparison_page(*marks, result, measured=surfaces), encoding="utf-8")
    pictures = []
    for renderer in ("#canvas", "#webgl"):
        opened.open_comparison(path, renderer)
        hand = "mirrored and inverted" if sign < 0 else "mirrored"
        assert opened.text("#motion").startswith(f"reference {hand}, turned ")
        assert ("drawn as its negative" in opened.text("#panel-surface")) == (sign < 0)
        along = "window.ribin.profile.setEnds([[-1300, -500], [-1300, 500]]);"
        correlation = f"{along} return window.ribin.profile.sample().correlation"
        assert opened.run(correlation) > 0.5
        opened.keys("n")  # the first cell: both sides come to it
        assert opened.run(correlation) > 0.5
        opened.keys("r")
        opened.run("window.ribin.controls.mode('side')")
        opened.run("window.ribin.stage.lookAt([-900, 300], 900)")
        seen = opened.canvas().astype(float).mean(axis=2)
        half = seen.shape[1] // 2
        left, right = seen[:, : half - 10], seen[:, half + 10 : 2 * half]
        assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.4, "the lamp lights both alike"
        pictures.append(seen)
    assert np.abs(pictures[0] - pictures[1]).mean() < 2.0
    opened.let_go()
    assert opened.logged() == []


def test_what_is_left_out_is_coloured_and_can_be_switched(opened, pair, tmp_path):
    """Drawn on the side and at the place where it lies."""
    marks, result, _ = pair
    left_out = np.zeros(marks[1].valid.shape, np.uint8)
    left_out[60:80, 100:130] = LeftOut.FLOWBACK
    dirty = replace(marks[1], left_out=left_out, valid=marks[1].valid & (left_out == 0))
    path = tmp_path / "left-out.html"
    path.write_text(comparison_page(marks[0], dirty, result), encoding="utf-8")
    opened.open_comparison(path)
    share = dirty.left_out_shares["flowback"]
    assert f"flowback {100 * share:.0f}\u00a0%" in opened.text("#panel-surface")
    shapes = "[...document.querySelectorAll('.left-out path')]"
    paths = f"return {shapes}.map((one) => one.getAttribute('d'))"
    (drawn,) = opened.run(paths)
    xy = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", drawn), np.float64)
    middle = (np.array([69.5, 114.5]) - mark_center_px(dirty)) * dirty.pitch_um
    expected = laid_by(result).undo(middle[np.newaxis])[0]
    np.testing.assert_allclose(xy.mean(axis=0)[::-1], expected, atol=8.0)
    opened.keys("z")
    assert opened.run(paths) == []
    assert not opened.run("return document.getElementById('left-out-shown').checked")
    opened.let_go()
    assert opened.logged() == []


def test_a_click_on_a_cell_brings_both_sides_to_it(browser):
    before = browser.stage("camera.scale")
    x, y = browser.middle(".um .cells .cell:nth-child(5) rect")
    browser.drag((x, y), (x, y))
    assert browser.stage("camera.scale") < before / 3
    cell = browser.run("return window.ribin.cells.result.cell_rows[window.ribin.cells.current]")
    assert browser.text("#status").startswith(f"Cell {cell['number']}, cut from the reference")
    assert browser.text("#alignment") == f"by cell {cell['number']}"
    assert_centred(browser)
    for side in ("reference", "comparison"):
        cells = browser.run("return window.ribin.cells.result.cell_rows")
        index = next(
            i
            for i, c in enumerate(cells)
            if c["cut_from"] == side and c["fell_um"] and abs(c["turn_deg"]) > 0.5
        )
        browser.run("window.ribin.cells.zoomTo(arguments[0])", index)
        assert_centred(browser)


def assert_centred(browser: Browser) -> None:
    """The chosen cell lies in the middle of both views, and alike in both."""
    x0, y0 = browser.middle("#stage")
    x0, y0 = x0 - browser.stage("width") / 2, y0 - browser.stage("height") / 2
    turned = []
    for view in browser.stage("views"):
        square = f"g[clip-path='url(#clip-{view['side']})'] .cell.current rect"
        x, y = browser.middle(square)
        assert (y - y0, x - x0) == pytest.approx(tuple(view["middle"]), abs=1.5)
        matrix = "const m = document.querySelector(arguments[0]).getCTM();"
        turned.append(browser.run(f"{matrix} return Math.atan2(m.b, m.a) * 180 / Math.PI", square))
    assert turned[0] == pytest.approx(turned[1], abs=0.01)


def test_cells_say_why_and_can_be_switched(browser):
    shown = "return document.querySelectorAll('#overlay .cell').length"
    full = browser.run(shown)
    assert full >= 40
    x, y = browser.middle(".um .cells .cell rect")
    browser.drag((x - 3, y), (x - 3, y + 1))
    browser.keys("0")
    browser.drag((x, y), (x, y))
    browser.keys("0", "c")
    assert browser.run(shown) == 0
    browser.keys("c", "v")
    assert browser.run("return window.ribin.cells.cutFrom") == "comparison"
    browser.click("#tab-cells")
    browser.click("#show-congruent")
    assert 0 <= browser.run(shown) < full
    browser.click("#figures-hidden")
    assert (
        browser.run("return getComputedStyle(document.querySelector('header .figures')).visibility")
        == "hidden"
    )


def test_a_hovered_cell_that_is_not_congruent_says_its_reason(opened, tmp_path, sample_dir):
    names = sorted(sample_dir.glob("*.x3p"))
    marks, result, _ = compared([names[0], names[9]])
    path = tmp_path / "strangers.html"
    path.write_text(comparison_page(*marks, result), encoding="utf-8")
    opened.open_comparison(path)
    index = next(
        i for i, c in enumerate(opened.run("return window.ribin.cells.result.cell_rows"))
        if c["outcome"] == "correlation" and c["cut_from"] == "reference"
    )  # fmt: skip
    x, y = opened.middle(f"[data-cell='{index}'] rect")
    opened.drag((x + 1, y), (x + 1, y))
    opened.run("window.ribin.stage.fit()")
    opened.drag((5, 400), (5, 400))
    from selenium.webdriver import ActionChains

    ActionChains(opened.driver).move_to_element(
        opened.find(f"[data-cell='{index}'] rect")
    ).perform()
    assert "not congruent: correlation" in opened.text("#tip")
    assert "ccf below 0.45" in opened.text("#tip")
    assert re.search(r"\d+ % of it measured on both sides", opened.text("#tip"))
    drawn = opened.find(f"[data-cell='{index}'] rect").get_attribute("width")
    assert float(drawn) == 400.0


def test_a_profile_is_drawn_by_mouse_and_by_keys(browser):
    browser.click("#tools button[value=profile]")
    x, y = browser.middle("#stage")
    browser.drag((x / 2 - 80, y - 190), (x / 2 + 80, y - 190))
    assert browser.find("#profile").is_displayed()
    assert "µm long" in browser.text("#profile-figures")
    for side in ("reference", "comparison"):
        assert len(browser.find(f"#chart .{side}").get_attribute("d")) > 200
    browser.click("#profile-save")
    lines = browser.saved_file(".csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "um,reference,comparison"
    assert len(lines) > 50
    browser.click("#profile-close")
    assert not browser.find("#profile").is_displayed()
    browser.run("document.getElementById('stage').focus()")
    browser.keys("p", ENTER, RIGHT, RIGHT, ENTER)
    assert browser.find("#profile").is_displayed()
    length = browser.run("return window.ribin.profile.length")
    assert length == pytest.approx(80 * browser.stage("camera.scale"), rel=0.01)
    browser.run("document.getElementById('chart').focus()")
    browser.keys(RIGHT)
    assert "µm along" in browser.text("#status")


def test_annotations_are_saved_and_loaded(opened, page):
    opened.open_comparison(page)
    opened.click("#tools button[value=agreement]")
    x, y = opened.middle("#stage")
    opened.drag((x / 2 - 40, y - 220), (x / 2 + 40, y - 160))
    opened.keys("arcs run on <b>both</b>")
    opened.run("document.getElementById('stage').focus()")
    opened.keys("f", ENTER)
    opened.keys("only here")
    opened.click("#notes-save")
    path = opened.saved_file(".annotations.json")
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["format"] == "ribin annotations 1"
    assert [a["kind"] for a in saved["annotations"]] == ["agreement", "disagreement"]
    assert saved["annotations"][0]["text"] == "arcs run on <b>both</b>"
    assert saved["annotations"][0]["size_um"] == pytest.approx(
        [60 * opened.stage("camera.scale"), 80 * opened.stage("camera.scale")], abs=0.2
    )
    opened.open_comparison(page)
    opened.find("#notes-file").send_keys(str(path))
    opened.wait("return document.querySelectorAll('#note-list li').length === 2")
    assert opened.run("return document.querySelector('#note-0').value") == "arcs run on <b>both</b>"
    assert opened.run("return document.querySelectorAll('.notes ellipse').length") == 8
    other = path.with_name("other.json")
    other.write_text(json.dumps({**saved, "reference": {"sha256": "0", "label": "X"}}))
    opened.find("#notes-file").send_keys(str(other))
    opened.wait("return document.getElementById('status').textContent.includes('of this pair')")
    assert opened.run("return document.querySelectorAll('#note-list li').length") == 2
    assert opened.logged() == []


def test_everything_works_by_keys(browser):
    for key, mode in zip("123456", browser.run("return STAGE_MODES"), strict=True):
        browser.keys(key)
        assert browser.stage("mode") == mode
        assert browser.find(f"#modes [value={mode}]").get_attribute("aria-pressed") == "true"
    browser.keys("5")
    browser.wait("return window.ribin.stage.flickered === 1")
    browser.keys("1")
    camera = browser.stage("camera")
    browser.keys(UP, LEFT, "+", "q")
    moved = browser.stage("camera")
    assert moved["scale"] == pytest.approx(camera["scale"] / 1.25)
    assert moved["turn"] == 5
    assert moved["center"] != camera["center"]
    browser.keys("0")
    assert browser.stage("camera.turn") == 0
    browser.keys("2", ".", ".", "/")
    assert browser.stage("place") == pytest.approx(0.54)
    assert browser.stage("across") is True
    layer = browser.stage("layer")
    browser.keys("l", "m")
    assert browser.stage("layer") != layer
    assert browser.stage("map") == "cividis"
    lamp = browser.stage("lamp.azimuth"), browser.stage("lamp.elevation")
    browser.keys("d", "w")
    assert (browser.stage("lamp.azimuth"), browser.stage("lamp.elevation")) == (
        lamp[0] - 5,
        lamp[1] + 5,
    )
    browser.keys("x")
    gone = f"(window.ribin.stage.lamp.azimuth - {lamp[0] - 5} + 360) % 360"
    browser.wait(f"return {gone} > 3")  # the azimuth begins again at 360
    browser.keys("x", "n", "n")
    assert browser.run("return window.ribin.cells.current") == 1
    browser.keys("r")
    from selenium.webdriver import ActionChains

    ActionChains(browser.driver).key_down(SHIFT).send_keys(RIGHT).key_up(SHIFT).perform()
    assert browser.text("#alignment") == "moved by hand"
    browser.keys("?")
    assert browser.find("#help").is_displayed()
    browser.keys(ESCAPE)
    assert not browser.find("#help").is_displayed()


def test_the_comparison_alone_is_moved_with_control(browser):
    x, y = browser.middle("#stage")
    shift = browser.stage("motion.shift")
    browser.drag((x + 200, y), (x + 230, y), CONTROL)
    assert browser.stage("motion.shift") != shift
    assert browser.text("#alignment") == "moved by hand"
    words = browser.run("return shiftWords([-50.4, 12]) + '; ' + shiftWords([7, -3])")
    assert words == "50 µm up, 12 µm right; 7 µm down, 3 µm left"
    placed = r"turned [\d.]+° (counter-)?clockwise, shifted \d+ µm (up|down), \d+ µm (left|right)"
    assert re.fullmatch(f"reference {placed}", browser.text("#motion"))
    browser.click("#realign")
    assert browser.stage("motion.shift") == shift


def test_no_serious_complaint_of_axe(browser):
    assert browser.complaints() == []
    for tab in ("cells", "notes", "about"):
        browser.click(f"#tab-{tab}")
        assert browser.complaints() == []
    browser.run("window.ribin.profile.setEnds([[-1300, -500], [-1300, 500]])")
    browser.keys("4")
    browser.run("window.ribin.notes.add('agreement', [0, 0], [100, 100])")
    assert browser.complaints() == []
    browser.run("window.ribin.controls.help()")
    assert browser.complaints() == []


def test_names_are_text_and_no_code_runs(opened, pair, tmp_path):
    marks, result, _ = pair
    bad = "</script><img src=x onerror=\"document.title='run'\">{{7*7}}"
    labels = (bad, "http://example.invalid/<b>")
    path = tmp_path / "bad.html"
    path.write_text(comparison_page(*marks, result, labels=labels), encoding="utf-8")
    opened.open_comparison(path)
    assert bad in opened.text(".pair")
    assert bad in opened.text("#overlay")
    assert opened.run("return document.title") != "run"
    assert opened.run("return document.querySelectorAll('img').length") == 0
    opened.run(
        "const s = document.createElement('script'); s.textContent = 'window.intruded = 1';"
        "document.body.append(s);"
    )
    assert opened.run("return window.intruded") is None
    assert any("Content Security Policy" in text for text in opened.logged())
    assert opened.asked() == []


def test_a_pair_that_was_not_compared_is_shown_and_says_why(opened, pair, tmp_path):
    marks, result, _ = pair
    why = "the marks overlap at no placement in range"
    refused = replace(
        result, score=np.nan, cmc=np.nan, ccf=np.nan, cmc_fraction=np.nan, cell_fits=(),
        score_parts=(), rotation_deg=np.nan, shift_um=(np.nan, np.nan), reason=why,
    )  # fmt: skip
    path = tmp_path / "refused.html"
    path.write_text(comparison_page(*marks, refused), encoding="utf-8")
    opened.open_comparison(path)
    assert why in opened.text("header")
    assert (opened.canvas().max(axis=2) > 60).mean() > 0.1
    assert opened.logged() == []


@pytest.mark.realdata
def test_a_real_pair(opened, fadul_dir, tmp_path):
    marks, result, surfaces = compared([fadul_dir / f"Fadul_1-{n}.x3p" for n in (1, 2)])
    path = tmp_path / "real.html"
    path.write_text(comparison_page(*marks, result, measured=tuple(surfaces)), encoding="utf-8")
    assert path.stat().st_size < 6e6
    opened.open_comparison(path)
    before = opened.canvas()
    opened.keys("a", "a", "a")
    assert changed(before, opened.canvas()) > 0.05
    opened.keys("n")
    assert opened.text("#status").startswith("Cell 1")
    assert opened.logged() == []
    assert opened.asked() == []


@pytest.mark.realdata
def test_photographs_say_that_they_cannot_be_lit(opened, real_data, tmp_path):
    files = [real_data / "heads2d" / f"nbide_{n}_ring.png" for n in (118, 129)]
    marks, result, surfaces = compared(files)
    path = tmp_path / "photographs.html"
    path.write_text(comparison_page(*marks, result, measured=tuple(surfaces)), encoding="utf-8")
    opened.open_comparison(path)
    assert "shown as they were lit" in opened.text(".lamp")
    assert not opened.find("#dome").is_displayed()
    before = opened.canvas()
    opened.keys("a", "a")
    assert changed(before, opened.canvas()) == 0.0
    assert (before.max(axis=2) > 60).mean() > 0.1
    assert opened.complaints() == []
    assert opened.logged() == []


def test_each_side_has_a_lamp(browser):
    browser.click("#lamp-of [value=comparison]")
    browser.run("window.ribin.stage.lamp.move(300, 20)")
    places = browser.stage("lamp.places")
    assert places == [{"azimuth": 135, "elevation": 35}, {"azimuth": 300, "elevation": 20}]
    before = browser.canvas()
    browser.run("window.ribin.stage.lamp.move(120, 20)")
    after = browser.canvas()
    changed = (before != after).any(axis=2).any(axis=0)
    half = changed.size // 2
    assert not changed[: half - 4].any(), "the lamp of the comparison leaves the reference alone"
    assert changed[half + 4 :].any()
    browser.click("#lamp-of [value=both]")
    one, two = browser.stage("lamp.places")
    assert one == two == {"azimuth": 120, "elevation": 20}


def test_a_cell_is_shown_on_both_sides_with_what_is_between(browser):
    browser.click("#tab-cells")
    assert not browser.find("#cell-pair").is_displayed()
    browser.keys("n")
    assert browser.find("#cell-pair").is_displayed()
    spreads = browser.run(
        "return ['reference', 'comparison'].map((name) => {"
        " const canvas = document.querySelector(`#cell-${name}`);"
        " const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        " return Array.from(data).filter((v, i) => i % 4 === 0); });"
    )
    one, two = (np.array(values, float) for values in spreads)
    assert one.std() > 20
    assert np.corrcoef(one, two)[0, 1] > 0.5, "mates agree in their first cell"


def test_motions_of_congruent_cells_lie_together(browser):
    browser.click("#tab-cells")
    browser.run("document.querySelector('#motions').open = true")
    circles = browser.run(
        "return [...document.querySelectorAll('#scatter circle')]"
        ".map((one) => [Number(one.getAttribute('cx')), Number(one.getAttribute('cy'))])"
    )
    assert len(circles) > 20
    assert np.std(circles, axis=0).max() < 30
    browser.run(
        "document.querySelector('#scatter circle')"
        ".dispatchEvent(new Event('click', { bubbles: true }))"
    )
    assert browser.run("return window.ribin.cells.current") >= 0
    assert browser.complaints() == []


def test_the_words_of_a_button_are_whole(browser):
    browser.run(
        "document.querySelector('#layers [value=measured]').textContent = 'As photographed'"
    )
    cut = browser.run(
        "return [...document.querySelectorAll('aside button')].filter((one) => one.offsetWidth"
        " && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
    )
    assert cut == []
    assert browser.run(
        "const a = document.querySelector('aside'); return a.scrollWidth <= a.clientWidth"
    )


@pytest.mark.parametrize("width", [1280, 900, 640, 390])
@pytest.mark.parametrize("mode", ["side", "split", "blend"])
def test_no_scale_bar_runs_under_the_buttons(browser, width, mode):
    try:
        browser.resize(width, 800)
        browser.run("window.ribin.stage.setMode(arguments[0])", mode)
        browser.settle()
        for _ in range(4):
            under = browser.run(
                "const b = document.querySelector('.float.bottom').getBoundingClientRect();"
                "return [...document.querySelectorAll('.px .bar, .px .bar-length')]"
                ".map((one) => one.getBoundingClientRect()).filter((one) => one.left < b.right &&"
                " one.right > b.left && one.top < b.bottom && one.bottom > b.top).length"
            )
            assert under == 0
            assert browser.run("return document.querySelectorAll('.px .bar').length") > 0
            browser.click("#in")
            browser.settle()
    finally:
        browser.resize()


def test_a_picture_of_the_view_is_saved(browser):
    import cv2

    browser.click("#picture-save")
    saved = cv2.imread(str(browser.saved_file("comparison.png")))
    shown = browser.canvas()
    assert saved.shape == shown.shape
    apart = (saved != shown).any(axis=2).mean()
    assert 0.005 < apart < 0.5, "the marks with the cells and scale bars over them"


def test_two_fingers_zoom_and_turn(browser):
    scale, turn = browser.stage("camera.scale"), browser.stage("camera.turn")
    browser.run(
        "const box = document.querySelector('#stage');"
        "box.setPointerCapture = () => {};"
        "const { left, top } = box.getBoundingClientRect();"
        "const finger = (type, id, x, y) => box.dispatchEvent(new PointerEvent(type,"
        " { pointerId: id, pointerType: 'touch', clientX: left + x, clientY: top + y,"
        "   bubbles: true }));"
        "finger('pointerdown', 11, 100, 200); finger('pointerdown', 12, 200, 200);"
        "finger('pointermove', 12, 100, 400);"
        "finger('pointerup', 12, 100, 400); finger('pointerup', 11, 100, 200);"
    )
    assert browser.stage("camera.scale") == pytest.approx(scale / 2, rel=0.01)
    assert browser.stage("camera.turn") - turn == pytest.approx(-90, abs=1)


def test_a_line_has_its_length_and_its_angle(browser):
    browser.run("window.ribin.profile.setEnds([[100, -300], [-200, 100]])")
    assert browser.text("#profile-figures").startswith("500 µm long at 37°")
