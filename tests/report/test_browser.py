"""Reports in headless Chromium: usable by everybody, and nothing is fetched."""

from __future__ import annotations

import pytest
from page_browser import needs_browser, open_browser

from ribin.cases.exhibits import Candidate, Counts, SearchResult
from ribin.cases.results import SearchLists
from ribin.model import MarkType
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.html import document_html
from ribin.report.search import search_document
from ribin.services.marks import Asker
from ribin.services.pair import ReportOptions, prepare_pair, report_pair

pytestmark = needs_browser


@pytest.fixture(scope="module")
def reports(sample_dir):
    """A comparison, and a search of two rows, as pages."""
    names = [sample_dir / f"{name}.x3p" for name in ("JAM-2026-0007-1", "BLZ-2025-0042-1")]
    asked = ReportOptions("A. Brown", "How far do they agree?", "C 1")
    asker = Asker(DEFAULT_PARAMS)
    compared = report_pair(prepare_pair(names[0], names[1], asker), asker, asked)
    face = MarkType.BREECH_FACE
    rows = tuple(
        Candidate(n, "BLZ", f"x-{n}", "", face, score, 3.0, 0.1, 80, 0.1, 0.0, (0.0, 0.0))
        for n, score in ((1, 99.0), (2, 9.0))
    )
    counts = Counts(3, 3, 3, 2, (("the query itself", 1),))
    found = SearchResult(
        "Q", "cluster", ("BLZ",), (), counts, {"BLZ": counts}, rows, {}, "id", "0", 0.0, mark=face
    )
    searched = search_document(asked.head(), SearchLists((found,), (), counts))
    return {"comparison": document_html(compared), "search": document_html(searched)}


@pytest.mark.parametrize("kind", ["comparison", "search"])
def test_a_report_is_usable_by_everybody_and_fetches_nothing(reports, tmp_path, kind):
    page = tmp_path / f"{kind}.html"
    page.write_text(reports[kind], encoding="utf-8")
    with open_browser(tmp_path) as browser:
        browser.open(page)
        assert browser.text("h1") == f"{kind.capitalize()} report"
        assert browser.complaints() == []
        assert browser.logged() == []
        assert browser.asked() == []
        assert not browser.run("return document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.parametrize("media", ["screen", "print"])
def test_a_name_without_an_end_leaves_figures_their_place(tmp_path, media):
    """On a screen and on a sheet no figure of a table lies beyond its edge."""
    face, long = MarkType.BREECH_FACE, "x" * 200
    row = Candidate(1, "BLZ", long, f"E-{long}", face, 99.0, 3.0, 0.1, 80, 0.1, 0.0, (0.0, 0.0))
    counts = Counts(1, 1, 1, 1, ())
    found = SearchResult(
        long,
        "cluster",
        ("BLZ",),
        (),
        counts,
        {"BLZ": counts},
        (row,),
        {},
        "id",
        "0",
        0.0,
        mark=face,
    )
    document = search_document(ReportOptions("A. Brown").head(), SearchLists((found,), (), counts))
    page = tmp_path / "long.html"
    page.write_text(document_html(document), encoding="utf-8")
    with open_browser(tmp_path) as browser:
        browser.open(page)
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media})
        browser.resize(700, 900)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        right = browser.run(
            "return [...document.querySelectorAll('td')]"
            ".find((one) => one.textContent === '99.000').getBoundingClientRect().right"
        )
        assert right <= 700
