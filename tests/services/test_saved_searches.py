"""Open cases that wait for new exhibits: each is told once, and none is lost by a kill."""

from __future__ import annotations

import json

import pytest

from ribin.cases.exhibits import Row, Scope
from ribin.cases.searches import SearchFinding
from ribin.errors import StoreError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.enrol import EnrolOptions, enrol_rows
from ribin.vault.saved_searches import (
    add_saved_search,
    end_saved_search,
    mark_reported,
    note_findings,
    read_findings,
    read_saved_searches,
)
from ribin.vault.sharing import pseudonyms, release_exhibit
from ribin.vault.vault import Vault

QUERY, MATE, OTHER = "JAM-2026-0007-1", "BLZ-2025-0042-1", "JAM-2025-0038-1"


@pytest.fixture
def network(linked, tmp_path):
    """JAM and BLZ, linked; JAM holds the query and another case, BLZ nothing yet."""
    return linked(tmp_path, BLZ=(), JAM=(QUERY, OTHER))


def put(sample_dir, vault, name, exhibit=""):
    fields = {"event": f"E-{name}", "exhibit": exhibit or name, "sharing": "cluster"}
    rows = [Row(sample_dir / f"{name}.x3p", "", fields)]
    report = enrol_rows(rows, EnrolOptions(DEFAULT_PARAMS, "me", vault=vault))
    assert report.failed == ()


def found(done):
    assert done.code == 0, done.err
    return [(f["standing"], f["member"], f["exhibit"]) for f in json.loads(done.out)["found"]]


def test_a_new_exhibit_is_told_once(ribin, sample_dir, network, tmp_path):
    vault = ("--vault", tmp_path / "JAM")
    asked = ("--scope", "cluster", "--reason", "shooting", "--top", "1", "--who", "me")
    done = ribin("standing", "add", QUERY, *vault, *asked)
    assert (done.code, done.out) == (0, f"JAM-S1: {QUERY}, scope cluster\n")
    run = ("standing", "run", *vault, "--network", network)
    assert found(ribin(*run, "--json")) == [("JAM-S1", "JAM", OTHER)]  # the first there is
    assert ribin(*run).out == "nothing new\n"

    put(sample_dir, tmp_path / "BLZ", MATE)
    with Vault.open(tmp_path / "BLZ") as blz:
        opaque = pseudonyms(blz, [MATE])[MATE]
    told = ribin(*run)
    row = told.out.splitlines()[1].split()
    assert row[:5] == ["JAM-S1", QUERY, "1", "BLZ", opaque]
    assert told.out.endswith("Candidates are suggestions to look. A named examiner concludes.\n")
    with Vault.open(tmp_path / "BLZ") as blz:  # its name becomes known: nothing new for that
        why = {"who": "head", "reason": "asked for", "original": False}
        release_exhibit(blz, MATE, "JAM", Scope.CLUSTER, **why)
    assert found(ribin(*run, "--json")) == []

    listed = ribin("standing", "list", *vault)
    assert listed.out.splitlines()[1].split()[:5] == ["JAM-S1", QUERY, "cluster", "1", "0.000"]
    assert len(found(ribin("standing", "list", *vault, "--found", "--json"))) == 2
    ended = ribin("standing", "remove", "JAM-S1", *vault, "--who", "me", "--reason", "closed")
    assert (ended.code, ended.out) == (0, "JAM-S1: ended\n")
    assert ribin("standing", "list", *vault).out == "no saved search\n"
    assert json.loads(ribin(*run, "--json").out)["searches"] == 0
    with Vault.open(tmp_path / "JAM") as jam:
        actions = [row.action for row in jam.audit_log()]
        assert jam.check().clean
    counted = {name: actions.count(name) for name in actions if name.startswith("standing")}
    assert counted == {
        "standing search": 1,
        "standing search found": 2,
        "standing search told": 2,
        "standing search ended": 1,
    }


def test_scans_of_the_own_exhibit_are_no_findings(ribin, sample_dir, network, tmp_path):
    put(sample_dir, tmp_path / "JAM", "TTO-2025-0088-1", exhibit="twice")
    put(sample_dir, tmp_path / "JAM", "BLZ-2025-0042-1", exhibit="third")
    vault = ("--vault", tmp_path / "JAM", "--who", "me")
    ribin("standing", "add", "twice", "third", *vault, "--top", "1")
    told = found(ribin("standing", "run", "--vault", tmp_path / "JAM", "--json"))
    assert {(standing, exhibit) for standing, _, exhibit in told} <= {
        *(("JAM-S1", e) for e in (QUERY, "third")),
        *(("JAM-S2", e) for e in (QUERY, "twice")),
    }
    assert len(told) == 2


def test_a_file_of_the_name_of_an_exhibit_does_not_take_its_place(
    ribin, sample_dir, network, tmp_path, monkeypatch
):
    vault = ("--vault", tmp_path / "JAM", "--who", "me")
    ribin("standing", "add", QUERY, *vault)
    monkeypatch.chdir(tmp_path)
    (tmp_path / QUERY).write_text("no scan", encoding="utf-8")
    assert found(ribin("standing", "run", *vault, "--json")) == [("JAM-S1", "JAM", OTHER)]


def test_a_score_may_be_asked_for(ribin, network, tmp_path):
    vault = ("--vault", tmp_path / "JAM")
    ribin("standing", "add", QUERY, *vault, "--who", "me", "--min-score", "90")
    assert found(ribin("standing", "run", *vault, "--json")) == []


@pytest.mark.parametrize("step", ["mark_reported", "say"])
def test_what_was_found_and_not_told_is_told_by_the_next_run(
    ribin, network, tmp_path, monkeypatch, step
):
    """The end of the process before anything is said, and after it was said and before the mark."""
    vault = ("--vault", tmp_path / "JAM")
    ribin("standing", "add", QUERY, *vault, "--who", "me")

    class Killed(BaseException):
        pass

    def end(*arguments):
        raise Killed

    home = "ribin.commands.saved."
    with monkeypatch.context() as patch:
        patch.setattr(home + step, end)
        with pytest.raises(Killed):
            ribin("standing", "run", *vault)
    assert found(ribin("standing", "run", *vault, "--json")) == [("JAM-S1", "JAM", OTHER)]
    assert found(ribin("standing", "run", *vault, "--json")) == []


def test_a_member_that_cannot_answer_stops_no_search(ribin, network, tmp_path):
    vault = ("--vault", tmp_path / "JAM")
    asked = ("--scope", "cluster", "--reason", "x", "--who", "me")
    ribin("standing", "add", QUERY, OTHER, *vault, *asked)
    (tmp_path / "BLZ" / "vault.toml").unlink()
    done = ribin("standing", "run", *vault, "--network", network, "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert [f["exhibit"] for f in told["found"]] == [OTHER, QUERY]
    assert [name for name, _ in told["failed"]] == ["JAM-S1", "JAM-S2"]
    assert [line[:11] for line in done.err.splitlines()] == ["JAM-S1: BLZ", "JAM-S2: BLZ"]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("add", "nobody", "--who", "me"), 3, "exhibit nobody needed, found none of this id"),
        (("add", QUERY, "--scope", "cluster", "--who", "me"), 2, "reason needed beyond"),
        (("add", QUERY, "--who", " "), 2, "saved search: who asks needed, found nobody"),
        (("add", QUERY, "--min-score", "nan", "--who", "me"), 2, "a finite number needed"),
        (("remove", "JAM-S9", "--who", "me"), 3, "saved search JAM-S9 needed, found none"),
    ],
)
def test_what_is_refused(ribin, network, tmp_path, args, code, message):
    done = ribin("standing", *args, "--vault", tmp_path / "JAM")
    assert done.code == code
    assert message in done.err
    with Vault.open(tmp_path / "JAM") as vault:
        assert read_saved_searches(vault, ended=True) == []


def test_a_second_search_for_a_case_is_refused_and_nothing_begun(network, tmp_path):
    with Vault.open(tmp_path / "JAM") as vault:
        begun = add_saved_search(vault, [QUERY], Scope.COUNTRY, 5, 0.0, "me", "")
        with pytest.raises(StoreError, match="saved search JAM-S1 has begun"):
            add_saved_search(vault, [OTHER, QUERY], Scope.COUNTRY, 5, 0.0, "me", "")
        assert read_saved_searches(vault) == begun
        end_saved_search(vault, ["JAM-S1"], "me", "closed")
        with pytest.raises(StoreError, match="JAM-S1 needed, found none"):
            end_saved_search(vault, ["JAM-S1"], "me", "closed")
        assert add_saved_search(vault, [QUERY], Scope.COUNTRY, 5, 0.0, "me", "")[0].standing == (
            "JAM-S2"
        )


def test_findings_are_known_by_name_or_by_scan(network, tmp_path):
    with Vault.open(tmp_path / "JAM") as vault:
        add_saved_search(vault, [QUERY], Scope.COUNTRY, 5, 0.0, "me", "")

        def note(exhibit, scan, known_as=""):
            one = SearchFinding(
                "JAM-S1", "BLZ", exhibit, scan * 64, {"rank": 1, "known_as": known_as}
            )
            return note_findings(vault, [one], "me")

        noted = [note("x-1", "a"), note("x-1", "b"), note("real name", "a"), note("x-2", "c")]
        assert noted == [1, 0, 0, 1]
        assert note("real name", "d", "x-1") == 0  # released, and a new scan of it leads
        findings = read_findings(vault, untold=True)
        assert [f.exhibit for f in findings] == ["x-1", "x-2"]
        mark_reported(vault, findings[:1], "me")
        assert [f.exhibit for f in read_findings(vault, untold=True)] == ["x-2"]
        assert len(read_findings(vault)) == 2
