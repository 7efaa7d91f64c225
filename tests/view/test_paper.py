"""The comparison page printed, in a narrow window and under the mouse; pairs that are unlike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from page_browser import Browser, needs_browser

from ribin.comparison import Comparison
from ribin.model import Mark, Scan
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan
from ribin.synth.render import Camera, Light, render_scan
from ribin.view import comparison_page
from ribin.view.surface import measured_surface

pytestmark = needs_browser
MATES = ("BRB-2025-0020-1.x3p", "BRB-2025-0020-2.x3p")
SHAPES = (
    "const canvas = document.querySelector('#stage canvas'), box = canvas.getBoundingClientRect();"
    "return [canvas.width / canvas.height, box.width / box.height];"
)


@pytest.fixture(scope="module")
def scans(sample_dir) -> list[Scan]:
    return [read_scan(sample_dir / name) for name in MATES]


def written(path: Path, scans: list[Scan], **changed: object) -> Path:
    """The page of two scans, in a file."""
    marks: list[Mark] = [extract_marks(scan)[0] for scan in scans]
    result: Comparison = compare_marks(*map(describe_mark, marks))
    surfaces = [measured_surface(*both) for both in zip(scans, marks, strict=True)]
    page = comparison_page(*marks, replace(result), measured=tuple(surfaces), **changed)
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(scans, tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("page") / "pair.html", scans)


@pytest.fixture
def browser(opened) -> Browser:
    yield opened
    opened.let_go()
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    opened.resize()
    assert opened.logged() == []
    assert opened.asked() == []


def print_media(browser: Browser) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.wait("return document.body.classList.contains('on-paper')")


@pytest.mark.parametrize("how", ["side", "split", "difference"])
def test_printed_marks_keep_their_proportions(browser, page, how):
    browser.open_comparison(page)
    browser.run("window.ribin.controls.mode(arguments[0])", how)
    screen = browser.stage("width")
    print_media(browser)
    drawn, shown = browser.run(SHAPES)
    assert drawn == pytest.approx(shown, rel=0.005)
    boxes = [browser.find(css).rect["width"] for css in ("#stage", "#stage canvas", "#overlay")]
    assert boxes == pytest.approx([browser.stage("width")] * 3, abs=0.6), "cells lie on the marks"
    assert browser.stage("width") < screen, "laid out anew for the sheet"
    picture = browser.canvas()
    assert (picture[:20, :20] == 255).all(), "white paper"
    assert (picture.min(axis=2) < 200).mean() > 0.1, "and the marks on it"
    for css in (".toolbar", "#dome", "#realign", ".statusbar", "[role=tablist]"):
        assert not browser.find(css).is_displayed(), css
    for css in (".pair", "#panel-about", "#as-shown", "#alignment"):
        assert browser.find(css).is_displayed(), css
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    browser.wait("return !document.body.classList.contains('on-paper')")
    assert browser.stage("width") == screen


def test_what_was_zoomed_to_is_what_is_printed(browser, page):
    browser.open_comparison(page)
    browser.run("window.ribin.stage.lookAt([-900, 300], 900)")
    before = browser.stage("camera.scale")
    print_media(browser)
    assert browser.stage("camera.center") == [-900, 300]
    assert browser.stage("camera.scale") >= before
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    browser.wait("return !document.body.classList.contains('on-paper')")
    assert browser.stage("camera.scale") == pytest.approx(before)


def test_notes_and_the_split_line_are_printed(browser, page):
    browser.open_comparison(page)
    browser.run("window.ribin.notes.add('agreement', [0, 0], [100, 100])")
    browser.keys("arcs run on, " * 60)
    browser.run("window.ribin.controls.mode('split')")
    print_media(browser)
    for css in ("#divider", "#note-list .link", "#note-0"):
        assert browser.find(css).is_displayed(), css
    assert browser.text("#note-list .link") == "Agreement 1"
    cut = "const t = document.querySelector('#note-0'); return t.scrollHeight - t.clientHeight"
    assert browser.run(cut) <= 2, "all of the note is on the sheet"


def test_a_printed_sheet_holds_marks_and_hashes(browser, page, tmp_path):
    browser.open_comparison(page)
    browser.run("window.printed = 0; addEventListener('beforeprint', () => (window.printed += 1))")
    sheet = browser.driver.execute_cdp_cmd("Page.printToPDF", {})
    assert len(sheet["data"]) > 20_000
    browser.wait("return !document.body.classList.contains('on-paper')")
    assert browser.run("return window.printed") == 1


def test_a_narrow_window_holds_everything(browser, scans, tmp_path):
    long = tuple(f"{letter * 150}-2026.x3p" for letter in "xy")
    path = written(tmp_path / "long.html", scans, labels=long)
    browser.resize(640, 400, 2)
    browser.open_comparison(path)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    beyond = browser.run(
        "return [...document.querySelectorAll('button, .pair .name, aside, #stage')]"
        ".filter((one) => one.offsetParent && one.getBoundingClientRect().right > innerWidth + 1)"
        ".map((one) => one.id || one.textContent)"
    )
    assert beyond == []
    stage, aside = (browser.run(
        "const b = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return [b.top, b.bottom];", css) for css in ("#stage", "aside"))  # fmt: skip
    assert stage[1] - stage[0] >= 280
    assert aside[0] >= stage[1], "the panel lies under the stage"
    assert browser.complaints() == []


def test_long_names_leave_room_for_both(browser, scans, tmp_path):
    path = written(tmp_path / "long.html", scans, labels=("x" * 300, "the-other.x3p"))
    browser.open_comparison(path)
    name = browser.find(".pair .name:last-child")
    assert name.is_displayed()
    assert name.rect["x"] + name.rect["width"] < browser.find("header .figures").rect["x"]
    assert "the-other.x3p" in browser.text("#overlay")
    drawn = browser.run(
        "return [...document.querySelectorAll('#overlay .name text')]"
        ".map((text) => text.getComputedTextLength())"
    )
    assert max(drawn) < browser.stage("panes")[0]["width"]


def test_a_pressed_button_is_readable_under_the_mouse(browser, page):
    from selenium.webdriver import ActionChains

    browser.open_comparison(page)
    browser.click("#modes [value=split]")
    ActionChains(browser.driver).move_to_element(browser.find("#modes [value=split]")).perform()
    assert browser.complaints() == []
    colours = "const c = getComputedStyle(arguments[0]); return [c.color, c.backgroundColor]"
    hovered = browser.run(colours, browser.find("#modes [value=split]"))
    assert hovered == browser.run(colours, browser.find("#tools [aria-pressed=true]"))


def test_whole_marks_shows_both_of_them(browser, scans, tmp_path):
    """Of two sizes, turned and moved: no measured pixel lies beyond its pane."""
    small = extract_marks(scans[0])[0]
    large = replace(small, pitch_um=2 * small.pitch_um)
    result = replace(
        compare_marks(*[describe_mark(small)] * 2), rotation_deg=40.0, shift_um=(900.0, -1200.0)
    )
    path = tmp_path / "sizes.html"
    path.write_text(comparison_page(small, large, result), encoding="utf-8")
    browser.open_comparison(path)
    browser.run("window.ribin.cells.toggle(false)")
    for mode in ("side", "blend"):
        browser.run("window.ribin.controls.mode(arguments[0]); window.ribin.stage.fit()", mode)
        picture = browser.canvas().max(axis=2) > 40
        for pane in browser.stage("panes"):
            left, right = round(pane["x"]), round(pane["x"] + pane["width"])
            seen = picture[:, left:right]
            edges = np.concatenate([seen[:3].ravel(), seen[-3:].ravel(), seen[:, :3].ravel()])
            assert seen.any()
            assert not edges.any()
            assert not seen[:, -8:-4].any()


def test_a_row_of_the_list_brings_its_cell(browser, page):
    browser.open_comparison(page)
    browser.click("#tab-cells")
    browser.click("#cell-list tr:nth-child(3) td:nth-child(3)")
    assert browser.run("return window.ribin.cells.current") == 2


def test_a_hint_is_whole_or_not_there(browser, page):
    browser.open_comparison(page)
    for tool in ("move", "lamp", "profile", "agreement", "disagreement"):
        browser.click(f"#tools [value={tool}]")
        cut = "const h = document.querySelector('#hint'); return h.scrollWidth > h.clientWidth"
        assert not browser.run(cut), tool


@pytest.mark.parametrize("photograph", [0, 1])
@pytest.mark.parametrize("renderer", ["#canvas", "#webgl"])
def test_a_surface_beside_a_photograph(browser, scans, tmp_path, photograph, renderer):
    """Each side is shown as what it is, and nothing is computed from heights and grey values."""
    both: list[Scan] = list(scans)
    both[photograph] = render_scan(scans[photograph], Light(), Camera())
    browser.open_comparison(written(tmp_path / "unlike.html", both), renderer)
    photo, surface = ("reference", "comparison")[photograph], 1 - photograph
    assert f"The {photo} is a photograph" in browser.text(".lamp")
    before = browser.canvas().astype(int)
    browser.keys("a", "a", "a")
    moved = (np.abs(browser.canvas() - before).max(axis=2) > 8).mean(axis=0)
    half = len(moved) // 2
    sides = (moved[:half].mean(), moved[half:].mean())
    assert sides[photograph] == 0.0, "the lamp leaves a photograph alone"
    assert sides[surface] > 0.02
    assert not browser.find("#modes [value=difference]").is_enabled()
    browser.keys("6")
    assert browser.stage("mode") == "side"
    assert "cannot be subtracted" in browser.text("#status")
    browser.keys("m")
    ends = browser.text("#legend")
    assert ("height | grey value", "grey value | height")[surface] in ends
    assert ends.count("µm") == 2, "of the heights alone"
    browser.run("window.ribin.profile.setEnds([[-1300, -500], [-1300, 500]])")
    figures = browser.text("#profile-figures")
    assert "no common figures" in figures
    assert "RMS" not in figures
    heights = (
        "return [...document.querySelectorAll('#chart [text-anchor=end]')]"
        ".map((text) => text.textContent)"
    )
    assert set(browser.run(heights)) == {"", "0.0"}, "the two scales have no common figures"
    assert browser.complaints() == []


def test_a_pair_that_was_not_compared_is_not_registered(browser, scans, tmp_path):
    both = [scans[0], render_scan(scans[1], Light(), Camera())]
    browser.open_comparison(written(tmp_path / "unlike.html", both))
    assert browser.text("#alignment") == "not registered"
    assert "turned" not in browser.text("#motion")
    assert "breech face as topography and breech face as image" in browser.text("header")
    middles = browser.run(
        "const { surfaces, motion } = window.ribin.stage;"
        "return surfaces.map(({ reach }, side) => {"
        "  const middle = [(reach.top + reach.bottom) / 2, (reach.left + reach.right) / 2];"
        "  return side ? motion.undo(middle) : middle; })"
    )
    assert middles[0] == pytest.approx(middles[1])
    x, y = browser.middle("#stage")
    browser.drag((x + 200, y), (x + 230, y), "\ue009")
    assert browser.text("#alignment") == "moved by hand"
    browser.click("#realign")
    assert browser.text("#alignment") == "not registered"


def test_annotations_that_are_there_or_bad_are_told(browser, page, tmp_path):
    browser.open_comparison(page)
    browser.run("window.ribin.notes.add('agreement', [0, 0], [100, 100])")
    saved = json.loads(browser.run("return window.ribin.notes.asJson"))
    again, bad = tmp_path / "again.json", tmp_path / "bad.json"
    again.write_text(json.dumps(saved), encoding="utf-8")
    more = [{**saved["annotations"][0], "text": "new"}, {"kind": "agreement"}]
    bad.write_text(json.dumps({**saved, "annotations": more}), encoding="utf-8")
    for file, said in (
        (again, "1 annotation here already"),
        (bad, "annotation 2 of 2 lacks kind, place, size or text: none loaded"),
    ):
        browser.find("#notes-file").send_keys(str(file))
        browser.wait(f"return document.querySelector('#status').textContent.includes({said!r})")
    assert browser.run("return window.ribin.notes.items.length") == 1
