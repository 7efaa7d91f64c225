"""The gallery: rows of every list side by side, whose pictures may be shown, and filters."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from page_browser import in_browser, open_browser

from ribin.cases.exhibits import Candidate, ClassFields, Counts, SearchResult
from ribin.cases.results import FusedCandidate, MarkRank, SearchLists
from ribin.model import MarkType
from ribin.view import RowPicture, gallery_page
from ribin.view.results import gallery_lists, score_plot
from ribin.workers import silent

FACE, PIN = MarkType.BREECH_FACE, MarkType.FIRING_PIN
REASON = ("--who", "A. B.", "--reason", "a shooting")


def candidate(
    rank: int, exhibit: str, score: float, mark=FACE, member="BLZ", **fields
) -> Candidate:
    classes = ClassFields(calibre=fields.pop("calibre", "9 mm Luger"))
    return Candidate(
        rank, member, exhibit, f"E-{exhibit}", mark, score, 40.0, 0.5, 80, 0.6, 3.0, (1.0, 2.0),
        class_fields=classes, **fields,
    )  # fmt: skip


def one_list(mark: MarkType, *rows: Candidate) -> SearchResult:
    counts = Counts(9, 8, 7, 6, (("too few cells", 1),))
    return SearchResult(
        "Q-1", "cluster", ("BLZ", "JAM"), (("BRB", "no vault there"),), counts, {"JAM": counts},
        rows, {}, "p", "v", 0.0, ("a note",), str(mark),
    )  # fmt: skip


@pytest.fixture
def lists() -> SearchLists:
    face = one_list(
        FACE, candidate(1, "X-1", 97.0), candidate(2, "X-2", 22.0, member="JAM", calibre="40 S&W"),
        candidate(3, "X-3", 14.0),
    )  # fmt: skip
    pin = one_list(PIN, candidate(1, "X-3", 60.0, PIN), candidate(2, "X-1", 50.0, PIN))
    fused = (
        FusedCandidate(1, "BLZ", "X-1", "E-X-1", 0.17, (
            MarkRank(FACE, 1, 97.0, "X-1"), MarkRank(PIN, 2, 50.0, "X-1"))),
        FusedCandidate(2, "BLZ", "X-3", "E-X-3", 0.15, (
            MarkRank(FACE, 3, 14.0, "X-3"), MarkRank(PIN, 1, 60.0, "X-3"))),
    )  # fmt: skip
    return SearchLists((face, pin), fused, face.counts, "sum of 1 / (10 + rank) over the lists")


def test_every_list_has_its_rows_with_the_scores_of_all(lists):
    every, face, pin = gallery_lists(lists)
    assert [one.key for one in (every, face, pin)] == ["all", "breech_face", "firing_pin"]
    assert [row.rank for row in face.rows] == [1, 2, 3]
    assert face.rows[0].scores == {"breech_face": (1, 97.0), "firing_pin": (2, 50.0)}
    assert face.rows[1].scores == {"breech_face": (2, 22.0)}
    assert every.rows[1].picture_of == (PIN, 1)
    assert every.rows[1].score is None
    assert not every.has_scores


def test_the_plot_marks_the_largest_drop(lists):
    svg = score_plot(gallery_lists(lists)[1])
    assert svg.count("<rect") == 3
    assert "drop of 75.000 after rank 1" in svg
    assert svg.count('class="below"') == 2


def test_the_page_says_what_was_compared_and_what_is_not_shown(lists):
    pictures = {
        (FACE, 1): RowPicture(b"\x89PNG", "g_pages/1.html"),
        (FACE, 2): RowPicture(why_not="picture not released by its owner"),
    }
    page = gallery_page(lists, {FACE: b"\x89PNG"}, pictures)
    for text in (
        "not compared 1: too few cells", "BRB could not answer: no vault there", "a note",
        "picture not released by its owner", "40 S&amp;W", "A named examiner concludes",
        'href="g_pages/1.html"', "sum of 1 / (10 + rank)", "40 of 80 cells congruent, ccf 0.60",
    ):  # fmt: skip
        assert text in page, text
    assert page.count("no picture") >= 1  # rank 3 was given none
    shown = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(match|hit|identif)", shown, re.IGNORECASE)


def test_names_are_escaped(lists):
    bad = '"><script>alert(1)</script>'
    page = gallery_page(
        SearchLists((one_list(FACE, candidate(1, bad, 50.0)),), (), lists.counts), {}, {}
    )
    assert "<script>alert" not in page


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """The sample network, enrolled once."""
    from ribin.services.demo import build_demo

    folder = tmp_path_factory.mktemp("demo")
    build_demo(folder, 1, silent)
    return folder


def search(ribin, demo: Path, page: Path, *more: object, whom=("--scope", "cluster")):
    return ribin(
        "search", "JAM-2026-0007-1", "--vault", demo / "vaults/JAM", "--network",
        demo / "network.toml", *whom, *REASON, "--top", 8, "--gallery", page, *more,
    )  # fmt: skip


def test_search_writes_the_gallery_and_a_page_a_row(ribin, demo, tmp_path):
    page = tmp_path / "list.html"
    done = search(ribin, demo, page, whom=("--member", "JAM", "--member", "BLZ"))
    assert (done.code, done.err) == (0, "")
    html = page.read_text(encoding="utf-8")
    links = re.findall(r'class="open" href="([^"]+)"', html)
    assert len(links) == 8
    for link in links:
        assert (tmp_path / link).stat().st_size > 50_000
    first = (tmp_path / links[0]).read_text(encoding="utf-8")
    assert "BLZ-2025-0042" not in first, "what is not released is not told"
    assert "drawn from its template: the original is not released" in first
    assert '"unit":"of its RMS"' in first
    own = next(link for link in links if "-JAM-" in link)
    seen = (tmp_path / own).read_text(encoding="utf-8")
    assert '"unit":"µm"' in seen
    assert seen.count('"name":"measured"') == 2, "its own files are at hand"
    assert '"name":"measured"' not in first


def test_the_owner_knows_who_looked(ribin, demo, tmp_path):
    from ribin.vault.vault import Vault

    with Vault.open(demo / "vaults/BLZ") as vault:
        before = len([row for row in vault.audit_log() if row.action == "picture"])
    search(ribin, demo, tmp_path / "list.html")
    with Vault.open(demo / "vaults/BLZ") as vault:
        rows = [row for row in vault.audit_log() if row.action == "picture"][before:]
    assert rows
    assert all((row.who, row.reason) == ("A. B.", "a shooting") for row in rows)


def test_a_picture_that_its_owner_refuses_is_left_out(ribin, demo, tmp_path, monkeypatch):
    from ribin.errors import AccessError
    from ribin.services import pair

    allowed = pair.candidate_side

    def refuse(session, request, candidate, action):
        if candidate.member == "BLZ":
            raise AccessError("BLZ: no")
        return allowed(session, request, candidate, action)

    monkeypatch.setattr(pair, "candidate_side", refuse)
    page = tmp_path / "list.html"
    done = search(ribin, demo, page)
    assert (done.code, done.err) == (0, "")
    html = page.read_text(encoding="utf-8")
    assert "picture not released by its owner" in html
    assert not list(tmp_path.glob("list_pages/*BLZ*"))


def test_a_gallery_that_could_not_be_written_is_refused_first(ribin, demo, tmp_path):
    done = search(ribin, demo, tmp_path / "list.txt")
    assert done.code == 2
    assert "a name that ends in .html needed" in done.err


@in_browser
def test_rows_are_filtered_and_open_their_page(opened, ribin, demo, tmp_path):
    page = tmp_path / "list.html"
    search(ribin, demo, page)
    opened.open(page)
    shown = "return document.querySelectorAll('.rows > li:not([hidden])').length"
    assert opened.run(shown) == 8
    opened.run(
        "const least = document.getElementById('least');"
        "least.value = 50; least.dispatchEvent(new Event('input'));"
    )
    assert opened.run(shown) == 1
    assert opened.text("#status") == "1 of 8 candidates shown"
    opened.click("#all")
    opened.find("#text").send_keys("jam")
    assert 0 < opened.run(shown) < 8
    opened.click("#all")
    pictures = opened.run("return [...document.images].map((i) => i.naturalWidth)")
    assert pictures
    assert all(width == 160 for width in pictures)
    assert opened.complaints() == []
    opened.click(".rows > li a.open")
    opened.wait("return document.body.dataset.firstPictureMs !== undefined")
    assert opened.text("#status").startswith("Click a cell")
    assert opened.logged() == []
    assert opened.asked() == []


@in_browser
def test_each_list_has_its_tab(opened, lists, tmp_path):
    page = tmp_path / "lists.html"
    page.write_text(gallery_page(lists, {}, {}), encoding="utf-8")
    opened.open(page)
    opened.click("#tab-breech_face")
    assert opened.find("#list-breech_face").is_displayed()
    assert not opened.find("#list-all").is_displayed()
    opened.keys("\ue014")
    assert opened.find("#list-firing_pin").is_displayed()
    assert opened.complaints() == []
    assert opened.logged() == []


def test_an_enrolled_mark_is_shown_as_it_was_measured(sample_dir):
    from ribin.extract.outlines import unfold_replica
    from ribin.params.defaults import DEFAULT_PARAMS
    from ribin.pipeline import extract_marks
    from ribin.read import read_scan
    from ribin.services.marks import measured_original

    path = sample_dir / "BRB-2025-0020-1.x3p"
    content, scan = path.read_bytes(), read_scan(path)
    for read in (scan, unfold_replica(scan, "A. B.", "a cast")):
        (mark,) = extract_marks(read)
        seen = measured_original(content, path.name, mark, DEFAULT_PARAMS)
        assert seen is not None
        assert seen.measured.values.shape == scan.shape
        assert seen.whole is None, "there is nothing around a mark that was cut out"
    unsaid = extract_marks(unfold_replica(scan))[0]
    hidden = replace(unsaid, provenance=scan.provenance)
    assert measured_original(content, path.name, hidden, DEFAULT_PARAMS) is None
    assert measured_original(b"no scan", path.name, mark, DEFAULT_PARAMS) is None


def test_exhibits_are_viewed_as_their_owners_allow(ribin, demo, tmp_path):
    asked = ("--vault", demo / "vaults/JAM", "--network", demo / "network.toml", *REASON)
    found = json.loads(search(ribin, demo, tmp_path / "list.html", "--json").out)
    theirs = next(c for c in found["candidates"] if c["member"] == "BLZ")["exhibit"]
    page = tmp_path / "page.html"
    names = "JAM-2026-0007-1", f"BLZ:{theirs}"
    done = ribin("view", *names, "-o", page, "--scope", "cluster", *asked)
    assert (done.code, done.err) == (0, "")
    assert "drawn from its template" in page.read_text(encoding="utf-8")
    done = ribin("view", *names, "-o", tmp_path / "narrow.html", *asked)
    assert done.code == 2
    assert not (tmp_path / "narrow.html").exists()
    done = ribin("view", "JAM-2026-0007-1", "JAM-2026-0012-1", "-o", page, *asked)
    assert done.code == 0
    assert page.read_text(encoding="utf-8").count('"name":"measured"') == 2


@in_browser
def test_the_gallery_fits_a_narrow_window_and_a_sheet(lists, tmp_path):
    """At 200 % zoom nothing lies beyond the window; printed, text is dark and a row is whole."""
    long = "JAM-" + "y" * 150
    face = replace(
        lists.lists[0], candidates=(candidate(1, long, 97.0), *lists.lists[0].candidates[1:])
    )
    page = tmp_path / "g.html"
    page.write_text(
        gallery_page(replace(lists, lists=(face, lists.lists[1])), {}, {}), encoding="utf-8"
    )
    with open_browser(tmp_path) as browser:
        browser.open(page)
        browser.click("[role=tab]:nth-child(2)")
        for width in (640, 900, 1280):
            browser.resize(width, 800)
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), width
            boxes = browser.run(
                "return [...document.querySelectorAll('.rows > li *')]"
                ".filter((one) => one.offsetParent && !one.classList.contains('hidden')"
                " && one.getBoundingClientRect().right > innerWidth + 1).length"
            )
            assert boxes == 0, width
            assert browser.complaints() == []
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        browser.resize(700, 900)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert not browser.find("#by-member").is_displayed()
        looks = [
            browser.run("return getComputedStyle(arguments[0]).color", browser.find(css))
            for css in (".list:not([hidden]) .who b", ".list:not([hidden]) .scores small")
        ]
        assert all(max(map(int, re.findall(r"\d+", look))) < 100 for look in looks), looks
        assert browser.complaints() == []
        assert browser.logged() == []
