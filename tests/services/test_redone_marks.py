"""Marks redone since: a list, a lead and a link say that their figures are of marks of then."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack

import pytest
from web_client import OTHER, QUERY, found, served, state

from ribin.cases.leads import ExhibitRef
from ribin.services.pair import recorded_figures
from ribin.services.redone_marks import marks_redone
from ribin.vault.vault import Vault

CIRCLE = ("--circle", "breech_face:169,167,130,40", "--reason", "drawn wrongly")


@pytest.fixture
def run(ribin, linked, tmp_path):
    """Runs a command in a vault with a list JAM-Q1 and a lead JAM-L1 from it; then `redo`."""
    linked(tmp_path, "A. Brown", JAM=(QUERY, OTHER))

    def run(*words, code=0):
        done = ribin(*words, "--vault", tmp_path / "JAM", "--who", "A. Brown")
        assert done.code == code, done.err
        return done.out

    run.folder = tmp_path
    run("search", QUERY)
    run("lead", "open", QUERY, OTHER, "--note", "a line across both", "--list", "JAM-Q1")
    return run


def day_words(name):
    return rf"marks of {name} were redone on \d{{4}}-\d\d-\d\d"


def test_before_nothing_is_said(run):
    for words in (("searches", "JAM-Q1"), ("lead", "show", "JAM-L1")):
        assert "redone" not in run(*words)


def test_commands_say_so_and_reports_name_lead_and_record(run):
    was = json.loads(run("lead", "show", "JAM-L1", "--json"))["lead"]["figures"]["score"]
    run("mark", "redo", QUERY, *CIRCLE)
    assert re.search(f"{day_words(QUERY)}, after this search", run("searches", "JAM-Q1"))
    shown = run("lead", "show", "JAM-L1")
    assert re.search(f"{day_words(QUERY)}: the record says {was:.3f}, and the marks", shown)
    assert json.loads(run("lead", "show", "JAM-L1", "--json"))["redone"]
    page, listed = run.folder / "marks.html", run.folder / "list.html"
    run("lead", "marks", "JAM-L1", "-o", page)
    note = f"{day_words(QUERY)}: the record of JAM-L1 says {was:.3f}, .* now "
    assert re.search(note, page.read_text(encoding="utf-8"))
    run("report", "JAM-Q1", "-o", listed)
    text = listed.read_text(encoding="utf-8")
    assert re.search(f"{day_words(QUERY)}, after this search", text)
    assert re.search(f"{day_words(QUERY)}: the list says {was:.3f}", text)


def test_the_json_of_a_list_is_still_the_record(run):
    run("mark", "redo", QUERY, *CIRCLE)
    path = run.folder / "list.json"
    path.write_text(run("searches", "JAM-Q1", "--json"), encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["since"]
    run("report", path, "--pictures", "0", "-o", run.folder / "r.html")


def test_every_session_shows_the_marks_of_now(run):
    """One that compared the pair before the marks were redone shows the same as a new one."""
    compare = "/compare?id=JAM-Q1&mark=breech_face&rank=1"
    picture = "/query.png?id=JAM-Q1&mark=breech_face"
    with ExitStack() as stack:
        old = stack.enter_context(served(state(run.folder)))
        old.enter()
        before = old.get(compare).text, old.get(picture).body
        assert "redone" not in before[0]
        run("mark", "redo", QUERY, *CIRCLE)
        new = stack.enter_context(served(state(run.folder)))
        new.enter()
        pages = [browser.get(compare).text for browser in (old, new)]
        for text in pages:
            assert re.search(f"{day_words(QUERY)}: the list says", text)
        assert len({re.search(r"score <b>[\d.]+</b>", text).group() for text in pages}) == 1
        assert old.get(picture).body == new.get(picture).body != before[1]
        for path in ("/list?id=JAM-Q1", "/lead?number=JAM-L1"):
            assert re.search(day_words(QUERY), old.get(path).text), path
        report = old.post("/lead/report", lead="JAM-L1").text
        assert "JAM-L1, taken up by A. Brown (JAM)" in report
        assert re.search(r"Score on record.*of JAM-Q1", report, re.S)
        assert re.search(f"{day_words(QUERY)}: the record of JAM-L1 says", report)


def test_a_list_that_is_not_recorded_follows_too(run):
    with served(state(run.folder, read_only=True)) as browser:
        browser.enter()
        place = found(browser, scope="country", reason="").links("/candidate?")[0].partition("?")[2]
        before = browser.get(f"/compare?{place}").text
        run("mark", "redo", QUERY, *CIRCLE)
        assert "the list says" not in before
        assert re.search(
            f"{day_words(QUERY)}: the list says", browser.get(f"/compare?{place}").text
        )


def test_an_exhibit_that_was_renamed_since_is_known(run):
    run("exhibit", "edit", OTHER, "--name", "J-9", "--reason", "named anew")
    run("mark", "redo", "J-9", *CIRCLE)
    assert re.search(f"marks of {OTHER} were redone", run("searches", "JAM-Q1"))


def test_of_a_released_exhibit_its_owner_tells_by_the_pseudonym(run):
    ref, before = ExhibitRef("BLZ", "BLZ-1"), "x-0123456789abcdef"
    with Vault.open(run.folder / "JAM") as vault:
        with vault.act("receive correction", "B. Green", "") as act:
            act.log(f"BLZ:{before}", owner="BLZ", changed=["marks"])
        assert marks_redone(vault, {ref: ""}, "2026") == []
        (said,) = marks_redone(vault, {ref: before}, "2026")
    assert said.startswith("marks of BLZ:BLZ-1 were redone on ")


@pytest.mark.parametrize("lacking", ["cmc", "cells", "rank", "mark"])
def test_figures_of_another_member_may_lack_any(lacking):
    figures = {"score": 40.0, "cmc": 7.0, "cells": 30, "rank": 2, "mark": "breech_face"}
    del figures[lacking]
    ((_, said),) = recorded_figures(figures)
    assert said.startswith("40.000")
