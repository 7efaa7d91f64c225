"""`ribin report`: from files, exhibits and searches; what the audit logs keep of it."""

from __future__ import annotations

import json

import pytest

from ribin.cases.exhibits import Filters, Request, Scope
from ribin.errors import FormatError
from ribin.report.document import ReportHead
from ribin.report.html import document_html
from ribin.report.json import as_json, lists_of
from ribin.report.search import search_document
from ribin.report.text import lists_value
from ribin.services.recorded_searches import lists_as_recorded, search_of_list
from ribin.vault.vault import Vault

QUERY, CANDIDATE = "JAM-2026-0007-1", "BLZ-2025-0042-1"
SAMPLES = {"JAM": (QUERY, "JAM-2025-0038-1"), "BLZ": (CANDIDATE, "BLZ-2025-0029-1")}


@pytest.fixture(scope="module")
def network(sample_dir, tmp_path_factory):
    """Two linked members with two exhibits each; of BLZ the first alone is shared."""
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    folder = tmp_path_factory.mktemp("network")
    sections = [f'[members.{code}]\nvault = "{code}"\n' for code in SAMPLES]
    text = "".join(sections) + '[clusters]\nlinked = ["JAM", "BLZ"]\n'
    (folder / "network.toml").write_text(text, encoding="utf-8")
    for code, names in SAMPLES.items():
        assert run(app, ["init", str(folder / code), "--member", code, "--who", "me"]) == 0
        for name in names:
            shared = ["--sharing", "cluster"] if name in (QUERY, CANDIDATE) else []
            fields = ["--event", f"E-{name}", "--exhibit", name, "--place", "Port", *shared]
            args = ["enrol", str(sample_dir / f"{name}.x3p"), *fields, "--who", "me"]
            assert run(app, [*args, "--vault", str(folder / code)]) == 0
    return folder


@pytest.fixture
def report(ribin, network, tmp_path):
    def run(*args, vault="JAM"):
        own = ("--vault", network / vault, "--network", network / "network.toml")
        wide = ("--scope", "cluster", "--reason", "shooting of 2 April", "--who", "A. Examiner")
        return ribin("report", *args, *own, *wide, "-o", tmp_path / "r.html")

    return run


def logged(folder):
    with Vault.open(folder, read_only=True) as vault:
        return vault.audit_log()


def test_two_exhibits_and_the_last_row_of_the_log(report, network, tmp_path):
    done = report(QUERY, f"JAM:{SAMPLES['JAM'][1]}")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{tmp_path / 'r.html'}: comparison report written\n"
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    last = logged(network / "JAM")[-1]
    assert (last.action, last.who, last.reason) == ("report", "A. Examiner", "shooting of 2 April")
    assert last.sha256 in page
    assert last.details["figures"] in page
    assert f"{last.seq}, written" in page


def test_another_members_exhibit_is_in_its_log_and_tells_no_place(report, network, tmp_path):
    found = json.loads((network / "search.json").read_text(encoding="utf-8"))["candidates"][0]
    done = report(QUERY, f"BLZ:{found['exhibit']}")
    assert (done.code, done.err) == (0, "")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert found["exhibit"] in page
    last = logged(network / "BLZ")[-1]
    assert (last.action, last.details["asking_member"]) == ("report", "JAM")
    assert page.count("Port") == 1  # where the own exhibit is from, and not the other
    assert page.count("its owner has not released the original") == 1
    assert page.count(", as told by BLZ: the file was not read here") == 1
    assert "<dt>Scope</dt><dd>cluster</dd>" in page
    assert "<dt>Reason, as told to the owner</dt><dd>shooting of 2 April</dd>" in page


def test_what_an_owner_does_not_show_is_not_there(report, tmp_path):
    for name in (SAMPLES["BLZ"][1], "no-such"):
        done = report(QUERY, f"BLZ:{name}")
        assert done.code == 2
        assert done.err == (
            f"ribin: BLZ:{name}: an exhibit that BLZ shows in scope cluster needed, found none\n"
            "hint: `ribin search` lists those\n"
        )
    assert list(tmp_path.iterdir()) == []


def searched(ribin, network, path):
    own = ("--vault", network / "JAM", "--network", network / "network.toml", "--who", "me")
    asked = ("--scope", "cluster", "--reason", "shooting of 2 April", "--json")
    done = ribin("search", QUERY, *own, *asked)
    path.write_text(done.out, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def search_json(ribin, network):
    path = network / "search.json"
    return path if path.exists() else searched(ribin, network, path)


def test_a_search_with_pictures(report, search_json, network, tmp_path):
    done = report(search_json, "--pictures", "1", "--case-number", "C 1")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{tmp_path / 'r.html'}: search report written\n"
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    result = json.loads(search_json.read_text(encoding="utf-8"))
    assert page.count("<img") == 1
    for fact in ("C 1", result["query_sha256"], *result["snapshot"].values()):
        assert fact in page
    for row in result["candidates"]:
        assert row["exhibit"] in page
    assert logged(network / "BLZ")[-1].action == "report"


def test_a_search_report_tells_filters_hashes_and_class(search_json, network):
    """What a reader needs to ask for a candidate, and what was not told is said to be so."""
    table = json.loads(search_json.read_text(encoding="utf-8"))
    table["request"]["filters"]["kind"] = "test_fire"
    table["request"] |= {"top": 7, "group": "firearm", "who": "B. Clerk"}
    (part,) = table.get("lists") or [table]
    part["candidates"][0]["class_fields"] = {
        "calibre": "9 mm Luger", "firing_pin_shape": "hemispherical",
        "breech_face_type": "arched", "ammunition": "brass",
    }  # fmt: skip
    head = ReportHead("A. Examiner", "2026-05-03 10:00:00")
    page = document_html(search_document(head, lists_of(table, "list")))
    for name, value in (
        ("Kind of exhibit", "test fire"), ("Rows", "the first 7"), ("A row for each", "firearm"),
        ("Searched by", "B. Clerk, for JAM"), ("Report made by", "A. Examiner"),
    ):  # fmt: skip
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page, name
    assert "9 mm Luger, hemispherical firing pin, arched breech face, brass" in page
    for candidate in part["candidates"]:
        assert candidate["sha256"] in page
        assert f"{candidate['member']}:{candidate['exhibit']}" in page
    assert "not told" in page


def test_a_list_is_reported_by_the_vault_that_recorded_it_alone(
    ribin, report, search_json, tmp_path
):
    done = ribin("report", search_json, "-o", tmp_path / "r.html")
    assert (done.code, done.out) == (2, "")
    assert "a vault needed that recorded the search" in done.err
    number = json.loads(search_json.read_text(encoding="utf-8"))["search"]
    done = report(search_json, vault="BLZ")
    assert (done.code, done.out) == (3, "")
    assert f"search {number} needed, found none of this number" in done.err
    assert list(tmp_path.iterdir()) == []


EDITS = {
    "score": lambda table: table["candidates"][0].update(score=12.0),
    "score of a list": lambda table: table["lists"][0]["candidates"][0].update(score=12.0),
    "cells": lambda table: table["lists"][0]["candidates"][0].update(cmc=3.0),
    "a row less": lambda table: table["lists"][0]["candidates"].pop(),
    "a row more": lambda table: table["lists"][0]["candidates"].append(table["candidates"][0]),
    "another exhibit": lambda table: table["lists"][0]["candidates"][0].update(exhibit="x"),
    "who could not answer": lambda table: table["unavailable"].append(["BRB", "locked"]),
    "the reason": lambda table: table["request"].update(reason="another"),
    "counts": lambda table: table["lists"][0]["counts"].update(compared=1),
    "parameters": lambda table: table.update(params_id="0" * 12),
    "the day": lambda table: table.update(asked_at="2020-01-01T00:00:00+00:00"),
    "a note": lambda table: table["notes"].append("all was searched"),
    "a key more": lambda table: table.update(verdict="identification"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_list_is_refused_by_report_and_by_lead(
    report, ribin, network, search_json, tmp_path, edit
):
    table = json.loads(search_json.read_text(encoding="utf-8"))
    candidate = f"BLZ:{table['candidates'][0]['exhibit']}"
    EDITS[edit](table)
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    before = len(logged(network / "JAM"))
    own = ("--vault", network / "JAM", "--network", network / "network.toml", "--who", "me")
    lead = ribin("lead", "open", QUERY, candidate, "--note", "n", "--list", path, *own)
    for done in (report(path), lead):
        assert (done.code, done.out) == (2, "")
        assert f"the list of search {table['search']} as it was recorded needed, " in done.err
    assert not (tmp_path / "r.html").exists()
    assert len(logged(network / "JAM")) == before


def test_a_list_without_a_number_or_with_another_is_refused(report, search_json, tmp_path):
    table = json.loads(search_json.read_text(encoding="utf-8"))
    path = tmp_path / "edited.json"
    for number, complaint in (
        ("", "the number of a recorded search needed, found none"),
        ("JAM-Q999", "search JAM-Q999 needed, found none of this number"),
    ):
        path.write_text(json.dumps({**table, "search": number}), encoding="utf-8")
        done = report(path)
        assert done.code in (2, 3)
        assert complaint in done.err
    del table["search"]
    path.write_text(json.dumps(table), encoding="utf-8")
    assert "the number of a recorded search needed" in report(path).err


def test_a_list_in_another_spelling_is_the_same_list(report, search_json, tmp_path):
    table = json.loads(search_json.read_text(encoding="utf-8"))
    path = tmp_path / "again.json"
    path.write_text(json.dumps(table, sort_keys=True), encoding="utf-8")
    assert report(path, "--pictures", 0).code == 0


def test_a_report_by_number_is_of_what_was_computed(report, search_json, network, tmp_path):
    table = json.loads(search_json.read_text(encoding="utf-8"))
    done = report(table["search"], "--pictures", 1)
    assert (done.code, done.err) == (0, "")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for row in table["candidates"]:
        assert f"{row['score']:.3f}" in page
    assert f"<dt>Recorded search</dt><dd>{table['search']}</dd>" in page
    last = logged(network / "JAM")[-1]
    assert (last.action, last.details["search"]) == ("report", table["search"])


def test_a_row_that_its_owner_withdrew_stays_as_text_without_a_look(
    report, ribin, network, search_json, tmp_path
):
    table = json.loads(search_json.read_text(encoding="utf-8"))
    withdrawn = ("share", CANDIDATE, "--vault", network / "BLZ", "--who", "me")
    assert ribin(*withdrawn, "--sharing", "country", "--reason", "n").code == 0
    try:
        done = report(table["search"], "--pictures", 1)
        assert done.code == 1
        page = (tmp_path / "r.html").read_text(encoding="utf-8")
        assert f"{table['candidates'][0]['score']:.3f}" in page
        assert "not shown" in page
        assert "<img" not in page
    finally:
        assert ribin(*withdrawn, "--sharing", "cluster", "--reason", "n").code == 0


def test_another_scan_than_the_one_searched_with_is_refused(report, search_json, sample_dir):
    done = report(search_json, "--query", sample_dir / f"{CANDIDATE}.x3p")
    assert done.code == 2
    assert "the scan that was searched with needed, SHA-256 c48e46899150..., found" in done.err


def test_lists_come_back_from_json_as_they_were(search_json, network):
    with Vault.open(network / "JAM") as vault:
        lists = lists_as_recorded(search_of_list(vault, str(search_json), "me"))
    assert lists.first.request == Request(
        "JAM", Scope.CLUSTER, Filters(), "me", "shooting of 2 April", top=20
    )
    again = lists_of(json.loads(as_json(lists_value(lists))), "again")
    assert again == lists


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "a JSON object needed"),
        (b"[]", "a JSON object needed"),
        (b"{}", "query needed, found none"),
        (b'{"query": "a", "scope": 3}', "scope needs a text, found 3"),
    ],
)
def test_what_is_no_search_is_refused(ribin, tmp_path, content, complaint):
    path = tmp_path / "s.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=complaint):
        search_of_list(None, str(path), "me")
    done = ribin("report", path, "-o", tmp_path / "r.html")
    assert (done.code, done.out) == (3, "")
    assert done.err.count("\n") == 1


def test_a_broken_row_is_named(tmp_path, search_json):
    table = json.loads(search_json.read_text(encoding="utf-8"))
    table["lists"][0]["candidates"][0]["mark"] = "thumb"
    (tmp_path / "s.json").write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(FormatError, match=r"candidates\[0\]\.mark needs a word .* found 'thumb'"):
        search_of_list(None, str(tmp_path / "s.json"), "me")


def test_one_item_alone_is_no_report(ribin, sample_dir, tmp_path):
    done = ribin("report", sample_dir / f"{QUERY}.x3p", "-o", tmp_path / "r.html")
    assert done.code == 2
    assert "a second item to compare with needed, a vault to search" in done.err


def test_one_item_and_a_vault_are_a_search(report, network, tmp_path):
    done = report(QUERY, "--pictures", "2")
    assert (done.code, done.err) == (0, "")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<h1>Search report</h1>" in page
    assert page.count("<img") == 2
    assert "shooting of 2 April" in page


def test_an_exhibit_needs_its_vault(ribin, tmp_path):
    done = ribin("report", QUERY, CANDIDATE, "-o", tmp_path / "r.html")
    assert done.code == 2
    assert "a file needed, or an exhibit and its vault (--vault or RIBIN_VAULT)" in done.err
