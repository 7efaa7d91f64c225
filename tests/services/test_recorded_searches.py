"""Every search is recorded under a number; what ends it, what names it, and where it goes along."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from ribin.cases.leads import ExhibitRef
from ribin.cases.record import RecordKind
from ribin.leads.steps import take_up_lead
from ribin.services.recorded_searches import figures_of, recorded_search
from ribin.vault.recorded_searches import find_search
from ribin.vault.records import add_version, blank_versions, next_number
from ribin.vault.vault import Vault

QUERY, OTHER, MATE = "JAM-2026-0007-1", "JAM-2025-0038-1", "BLZ-2025-0042-1"


@pytest.fixture
def jam(ribin, linked, tmp_path):
    """Runs a command in the vault of JAM, which is linked with BLZ."""
    network = linked(tmp_path, BLZ=(MATE,), JAM=(QUERY, OTHER))

    def run(*words, code=0, vault="JAM"):
        done = ribin(*words, "--vault", tmp_path / vault, "--who", "me")
        assert done.code == code, done.err
        return done

    run.network = ("--network", network)
    run.folder = tmp_path / "JAM"
    return run


def search(jam, *words):
    return json.loads(jam("search", QUERY, "--json", *words).out)


def listed(jam):
    return json.loads(jam("searches", "--json").out)["searches"]


def days_later(monkeypatch, days):
    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=days)

    then = Later.now(UTC).isoformat(timespec="milliseconds")
    monkeypatch.setattr("ribin.vault.recorded_searches.datetime", Later)
    monkeypatch.setattr("ribin.vault.records.now_utc", lambda: then)


def checked(folder):
    with Vault.open(folder) as vault:
        return [problem.text for problem in vault.check().problems]


def test_every_way_to_search_is_recorded(jam, sample_dir, tmp_path):
    assert search(jam)["search"] == "JAM-Q1"
    wide = ("--scope", "cluster", "--reason", "shooting", *jam.network)
    assert search(jam, *wide)["search"] == "JAM-Q2"
    scan = sample_dir / "BRB-2025-0020-1.x3p"
    jam("search", scan)
    new = ("--event", "E9", "--exhibit", "X9", "--search", "country")
    assert "recorded as JAM-Q4" in jam("enrol", scan, *new).out
    jam("report", QUERY, "-o", tmp_path / "r.html")
    jobs = tmp_path / "jobs.csv"
    jobs.write_text(f"query\nexhibit:{QUERY}\n", encoding="utf-8")
    jam("batch", "search", jobs, "--out", tmp_path / "job.jsonl", "--jobs", 1)
    one = listed(jam)
    assert [row["number"] for row in one] == [f"JAM-Q{n}" for n in range(1, 7)]
    assert {row["person"] for row in one} == {"me"}
    assert one[1]["reason"] == "shooting"
    assert one[1]["stated"]["members"] == ["BLZ", "JAM"]
    assert one[2]["stated"]["query"] == scan.name
    with Vault.open(jam.folder) as vault:
        (mark,) = vault.marks_of(QUERY)
    assert one[0]["stated"]["marks"] == [
        {
            "mark": "breech_face",
            "sha256": mark.scan.sha256,
            "template_sha256": mark.template_sha256,
            "params_id": mark.params_id,
        }
    ]
    assert checked(jam.folder) == []


def test_the_lists_come_back_as_they_were_printed(jam):
    printed = jam("search", QUERY, "--json").out
    assert jam("searches", "JAM-Q1", "--json").out == printed
    text = jam("search", QUERY).out
    assert jam("searches", "JAM-Q2").out == text
    table = jam("searches").out.splitlines()
    assert table[1].split()[:4] == ["JAM-Q1", printed_day(printed), "me", QUERY]
    none = jam("searches", "JAM-Q9", code=3).err
    assert "search JAM-Q9 needed, found none of this number" in none


def test_members_that_gave_no_answer_are_named_in_the_list_and_with_the_lists(jam):
    """They are named until the lists end; a search that all answered has none."""
    jam("search", QUERY)
    (jam.folder.parent / "BLZ" / "vault.toml").unlink()
    asked = ("--scope", "cluster", "--reason", "a shooting", *jam.network)
    jam("search", QUERY, *asked, code=1)
    assert [one["unanswered"] for one in listed(jam)] == [[], ["BLZ"]]
    header, first, second = jam("searches").out.splitlines()
    place = header.index("no answer")
    assert [line[place:].split()[0] for line in (first, second)] == ["-", "BLZ"]
    assert "BLZ could not answer: " in jam("searches", "JAM-Q2").out
    assert json.loads(jam("searches", "JAM-Q2", "--json").out)["unavailable"][0][0] == "BLZ"


def printed_day(printed):
    return json.loads(printed)["asked_at"][:10]


def test_a_lead_takes_the_figures_of_the_record_and_of_its_own_query(jam):
    row = search(jam)["candidates"][0]
    assert row["exhibit"] == OTHER
    wrong = jam("lead", "open", OTHER, QUERY, "--note", "n", "--list", "JAM-Q1", code=2).err
    assert f"search JAM-Q1: one made with JAM:{OTHER} needed, found one with {QUERY}" in wrong
    taken = jam("lead", "open", QUERY, OTHER, "--note", "n", "--list", "JAM-Q1", "--json").out
    figures = json.loads(taken)["lead"]["figures"]
    assert (figures["search"], figures["score"]) == ("JAM-Q1", row["score"])
    assert figures["list_sha256"] == listed(jam)[0]["stated"]["lists_sha256"]
    assert re.search("search +JAM-Q1", jam("lead", "show", "JAM-L1").out)
    assert checked(jam.folder) == []


def test_the_page_of_a_lead_shows_the_marks_that_it_was_taken_up_by(jam):
    """Firing pins, not the breech faces, which are the first marks of both."""
    for exhibit in (QUERY, OTHER):
        drawn = ("--circle", "firing_pin:169,167,130,40", "--reason", "drawn")
        jam("mark", "redo", exhibit, *drawn)
    jam("search", QUERY, "--mark", "firing_pin")
    jam("lead", "open", QUERY, OTHER, "--note", "n", "--list", "JAM-Q1")
    page = jam.folder.parent / "marks.html"
    jam("lead", "marks", "JAM-L1", "-o", page)
    text = page.read_text(encoding="utf-8").casefold()
    assert "firing pin" in text
    assert "breech face" not in text


def test_how_many_searches_were_made_does_not_cross_the_border(jam, tmp_path):
    wide = ("--scope", "cluster", "--reason", "shooting", *jam.network)
    row = search(jam, *wide)["candidates"][0]
    other = f"BLZ:{row['exhibit']}"
    jam("lead", "open", QUERY, other, "--note", "n", "--list", "JAM-Q1", *jam.network)
    there = json.loads(jam("lead", "show", "JAM-BLZ-L1", "--json", vault="BLZ").out)["lead"]
    assert there["figures"]["score"] == row["score"]
    assert "search" not in there["figures"]
    assert [checked(tmp_path / code) for code in ("JAM", "BLZ")] == [[], []]


def test_lists_end_after_365_days_unless_a_lead_or_a_report_names_them(jam, monkeypatch, tmp_path):
    for _ in range(4):
        search(jam)
    jam("report", "JAM-Q2", "-o", tmp_path / "r.html", "--pictures", 0)
    jam("lead", "open", QUERY, OTHER, "--note", "n", "--list", "JAM-Q3")
    counts = listed(jam)[0]["stated"]["counts"]
    days_later(monkeypatch, 364)
    assert jam("searches", "JAM-Q4").out.count("\n") > 3
    days_later(monkeypatch, 366)
    refused = jam("report", "JAM-Q1", "-o", tmp_path / "r.html", code=3).err
    assert "lists needed, found that they ended: 365 days after it was made" in refused
    assert search(jam)["search"] == "JAM-Q5"
    rows = {row["number"]: row["stated"] for row in listed(jam)}
    ended = {number for number, stated in rows.items() if stated["ended"]}
    assert ended == {"JAM-Q1", "JAM-Q4"}
    assert rows["JAM-Q1"]["counts"] == counts
    assert len(rows["JAM-Q1"]["lists_sha256"]) == 64
    assert "365 days after it was made" in jam("searches", "JAM-Q1", code=3).err
    assert jam("searches", "JAM-Q2").out.count("\n") > 3
    assert checked(jam.folder) == []


def test_a_purge_of_the_query_takes_its_lists_and_leaves_hash_and_counts(jam):
    search(jam)
    jam("search", OTHER)
    before = listed(jam)
    candidate = json.loads(jam("searches", "JAM-Q2", "--json").out)["candidates"][0]
    assert candidate["exhibit"] == QUERY
    jam("purge", QUERY, "--yes", "--reason", "law")
    purged, kept = listed(jam)
    assert purged["stated"]["ended"] == f"purge of exhibit {QUERY}"
    for name in ("lists_sha256", "counts", "rows"):
        assert purged["stated"][name] == before[0]["stated"][name]
    assert kept["stated"]["ended"] == ""
    assert QUERY in jam("searches", "JAM-Q2").out  # the row of another's list stays as text
    refused = jam("searches", "JAM-Q1", code=3).err
    assert f"they ended: purge of exhibit {QUERY}" in refused
    stored = (jam.folder / "catalogue.sqlite").read_bytes()
    assert f'"score":{candidate["score"]}'.encode() in stored
    with Vault.open(jam.folder) as vault, vault.catalogue.reading() as db:
        bodies = [row[0] for row in db.execute("SELECT body FROM records WHERE id = 'JAM-Q1'")]
    assert all("candidates" not in body for body in bodies)
    assert checked(jam.folder) == []


def test_they_are_in_backup_export_and_import_and_in_no_bundle(jam, ribin, tmp_path):
    printed = jam("search", QUERY, "--json").out
    jam("store", "backup", tmp_path / "copy")
    jam("export", tmp_path / "out", "--reason", "n")
    ribin("import", tmp_path / "out", tmp_path / "again", "--who", "me")
    ribin("store", "restore", tmp_path / "copy", tmp_path / "back", "--who", "me")
    for name in ("again", "back"):
        done = ribin("searches", "JAM-Q1", "--json", "--vault", tmp_path / name, "--who", "me")
        assert (done.code, done.out) == (0, printed), done.err
        assert checked(tmp_path / name) == []
    with Vault.open(tmp_path / "back") as vault, vault.catalogue.reading() as db:
        assert next_number(db, RecordKind.SEARCH, "JAM", "Q") == "JAM-Q2-R1"


def add_end(jam, number, why, **changes):
    """An end of lists as the program writes it, at a moment when it would not."""
    with Vault.open(jam.folder) as vault, vault.act("search ended", "me", "") as act:
        found = find_search(act.db, number)
        left = replace(found.stated, lists=None, marks=(), ended=why, **changes)
        add_version(act, RecordKind.SEARCH, number, asdict(left))
        act.log(number, why=why, blanked=blank_versions(act, RecordKind.SEARCH, number))


@pytest.mark.parametrize("why", ["365 days after it was made", f"purge of exhibit {QUERY}", "law"])
def test_a_check_finds_lists_that_ended_before_their_time(jam, why):
    search(jam)
    add_end(jam, "JAM-Q1", why)
    assert checked(jam.folder) == [
        f"search JAM-Q1: a reason to end its lists needed, found {why!r}"
    ]


def test_a_check_finds_a_lead_whose_figures_were_not_computed(jam):
    row = search(jam)["candidates"][0]
    own, other = (ExhibitRef("JAM", name) for name in (QUERY, row["exhibit"]))
    with Vault.open(jam.folder) as vault:
        found = recorded_search(vault, "JAM-Q1", "me")
        figures = figures_of(vault, found, own, other) | {"score": 99.9}
        take_up_lead(vault, None, own, other, who="me", note="n", figures=figures)
    assert checked(jam.folder) == ["lead JAM-L1: its figures are in no list of search JAM-Q1"]


ALTERED = {
    "lists": "UPDATE records SET body = replace(body, '\"score\":', '\"score\":1') "
    "WHERE kind = 'search'",
    "number": "UPDATE records SET id = 'JAM-Q7', record = 'search/JAM-Q7/1' WHERE kind = 'search'",
    "person": "UPDATE records SET person = 'another' WHERE kind = 'search'",
    "gone": "DELETE FROM records WHERE kind = 'search'",
    "ended": "UPDATE records SET body = '' WHERE kind = 'search'",
}


@pytest.mark.parametrize("altered", ALTERED)
def test_a_check_finds_an_altered_search(jam, altered):
    search(jam)
    db = sqlite3.connect(jam.folder / "catalogue.sqlite")
    for (name,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'records'"
    ).fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute(ALTERED[altered])
    db.commit()
    db.close()
    assert any("search/JAM-Q" in text for text in checked(jam.folder))


def test_a_saved_search_is_recorded_where_it_finds_something(jam):
    jam("standing", "add", QUERY, "--top", "1")
    found = json.loads(jam("standing", "run", "--json").out)["found"]
    assert [one["candidate"]["search"] for one in found] == ["JAM-Q1"]
    for _ in range(2):
        assert jam("standing", "run").out == "nothing new\n"
    assert [row["number"] for row in listed(jam)] == ["JAM-Q1"]
    assert jam("searches", "JAM-Q1").out.startswith(f"query {QUERY}, scope country")
    assert checked(jam.folder) == []
