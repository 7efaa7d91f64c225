"""How much was done, how long it took, what waits: counted from acts, and from made-up moments."""

from __future__ import annotations

import csv
import io
import json

import pytest
from lead_makers import EXAMINER, SECOND, exhibit_ref, make_member, make_network
from wording import forbidden_words

from ribin.cases.leads import (
    Conclusion,
    ExhibitRef,
    Lead,
    LeadHistory,
    Review,
    ReviewBasis,
    ReviewRound,
)
from ribin.errors import AccessError, ParameterError
from ribin.leads.steps import close_lead, give_review, take_up_lead, withdraw_link
from ribin.services.statistics import (
    months_table,
    statistics_csv,
    statistics_of,
    statistics_text,
    vault_statistics,
)
from ribin.vault.activity import Activity, ActivityKind, Course
from ribin.vault.people import appoint

ENTRY, SEARCH, LEAD = ActivityKind.ENTRY, ActivityKind.SEARCH, ActivityKind.LEAD


def number(found, kind, member="all", mark="all"):
    return sum(
        one.number
        for one in found.months
        if (one.kind, one.member, one.mark) == (kind, member, mark)
    )


def test_each_is_counted_once_in_all_and_under_what_it_concerns():
    done = [
        Activity(ENTRY, "2026-01-31T23:59:59.000+00:00", ("JAM",), ("breech_face", "firing_pin")),
        Activity(ENTRY, "2026-02-01T00:00:00.000+00:00", ("JAM",), ("breech_face",)),
        Activity(ENTRY, "2026-02-10T00:00:00.000+00:00", ("JAM",), ()),
        Activity(SEARCH, "2026-02-11T00:00:00.000+00:00", ("BLZ", "JAM"), ("breech_face",)),
    ]
    found = statistics_of("JAM", done, [], [])
    rows = {(m.month, m.kind, m.member, m.mark): m.number for m in found.months}
    assert rows == {
        ("2026-01", "entries", "all", "all"): 1,
        ("2026-01", "entries", "all", "breech_face"): 1,
        ("2026-01", "entries", "all", "firing_pin"): 1,
        ("2026-01", "entries", "JAM", "all"): 1,
        ("2026-01", "entries", "JAM", "breech_face"): 1,
        ("2026-01", "entries", "JAM", "firing_pin"): 1,
        ("2026-02", "entries", "all", "all"): 2,
        ("2026-02", "entries", "all", "breech_face"): 1,
        ("2026-02", "entries", "all", "not stated"): 1,
        ("2026-02", "entries", "JAM", "all"): 2,
        ("2026-02", "entries", "JAM", "breech_face"): 1,
        ("2026-02", "entries", "JAM", "not stated"): 1,
        ("2026-02", "searches", "all", "all"): 1,
        ("2026-02", "searches", "all", "breech_face"): 1,
        ("2026-02", "searches", "BLZ", "all"): 1,
        ("2026-02", "searches", "BLZ", "breech_face"): 1,
        ("2026-02", "searches", "JAM", "all"): 1,
        ("2026-02", "searches", "JAM", "breech_face"): 1,
    }
    in_all = [one for one in found.months if (one.member, one.mark) == ("all", "all")]
    header, lines = months_table(in_all)
    assert header[:3] == ["month", "entries", "searches"]
    assert [line[:3] for line in lines] == [["2026-01", "1", "0"], ["2026-02", "2", "1"]]


def test_the_period_holds_both_of_its_days():
    done = [
        Activity(ENTRY, f"2026-02-{day:02d}T12:00:00.000+00:00", ("JAM",), ()) for day in (1, 2, 3)
    ]
    for first, last, wanted in (
        ("2026-02-02", "", 2),
        ("", "2026-02-02", 2),
        ("2026-02-02", "2026-02-02", 1),
        ("2026-03-01", "", 0),
    ):
        assert number(statistics_of("JAM", done, [], [], first, last), "entries") == wanted


def at(day, hour=0):
    return f"2026-05-{day:02d}T{hour:02d}:00:00.000+00:00"


def history(opened, *verdicts):
    pair = ExhibitRef("JAM", "A"), ExhibitRef("JAM", "B")
    lead = Lead("JAM-L1", "JAM", pair[0], "E", pair[1], "F", EXAMINER, at(opened), "note")
    reviews = [
        Review(
            f"r{n}",
            lead.lead,
            place,
            Conclusion.INCONCLUSIVE_A,
            ReviewBasis.ITEMS,
            True,
            who,
            "JAM",
            at(day),
            "note",
        )
        for n, (day, place, who) in enumerate(
            zip(verdicts, ReviewRound, (EXAMINER, SECOND), strict=False)
        )
    ]
    return LeadHistory(lead, tuple(reviews), given=tuple(reviews))


def test_turnaround_is_of_what_entered_in_the_period():
    courses = [
        Course("A", at(1), at(2), at(9)),
        Course("B", at(1), at(4), ""),
        Course("C", at(1), at(1, 12), ""),
        Course("D", at(3), "", ""),
        Course("E", at(30), at(31), ""),
    ]
    leads = [history(4, 6, 9), history(4, 5), history(5), history(25, 26)]
    found = statistics_of("JAM", [], courses, leads, "2026-05-01", "2026-05-20")
    steps = {one.step: one for one in found.turnaround}
    search = steps["entry to first search"]
    assert (search.done, search.open, search.median_days, search.slow_days) == (3, 1, 1.0, 3.0)
    assert steps["entry to first verdict"].median_days == 8.0
    first, second = steps["lead to first verdict"], steps["first to second verdict"]
    assert (first.done, first.open, first.median_days) == (2, 1, 1.5)
    assert (second.done, second.open, second.median_days) == (1, 1, 3.0)
    backlog = {one.what: (one.number, one.since) for one in found.backlog}
    assert backlog["exhibits never searched with"] == (1, "2026-05-03")
    assert backlog["leads without a verdict"] == (1, "2026-05-05")
    assert backlog["second verdicts due"] == (2, "2026-05-05")  # also those of another period
    nothing = statistics_of("JAM", [], [], []).turnaround[0]
    assert (nothing.done, nothing.median_days, nothing.slow_days) == (0, None, None)


@pytest.fixture
def worked(tmp_path):
    """A vault in which leads were opened, closed, linked, withdrawn; one is across a border."""
    with make_member(tmp_path, "JAM", 6) as jam, make_member(tmp_path, "BLZ", 1) as blz:
        network = make_network(tmp_path, "BLZ", "JAM")
        verdict = (Conclusion.IDENTIFICATION, ReviewBasis.ITEMS)

        def take_up(one, other, **more):
            refs = exhibit_ref(f"JAM:JAM-{one}"), exhibit_ref(f"JAM:JAM-{other}")
            step = take_up_lead(jam, None, *refs, who=EXAMINER, note="x", **more)
            return step.history.lead.lead

        linked = take_up(1, 2, figures={"mark": "breech_face"})
        withdrawn = take_up(3, 4)
        for lead in (linked, withdrawn):
            for who in (EXAMINER, SECOND):
                give_review(jam, None, lead, *verdict, who=who, note="seen")
        withdraw_link(jam, None, withdrawn, who=EXAMINER, reason="mixed up")
        give_review(jam, None, take_up(1, 5), *verdict, who=EXAMINER, note="seen")
        take_up(2, 5)
        close_lead(jam, None, take_up(3, 6), who=EXAMINER, reason="the wrong one")
        from ribin.vault.sharing import pseudonym

        with blz.catalogue.reading() as db:
            theirs = ExhibitRef("BLZ", pseudonym(db, "BLZ-1"))
        take_up_lead(jam, network, exhibit_ref("JAM:JAM-6"), theirs, who=EXAMINER, note="x")
        yield jam, blz


def test_acts_of_a_vault_are_counted(worked):
    jam, blz = worked
    found = vault_statistics(jam, "head")
    assert number(found, "entries") == 6
    assert number(found, "entries", mark="breech_face") == 6
    assert number(found, "leads") == 6
    assert number(found, "leads", member="BLZ") == 1
    assert number(found, "leads", mark="breech_face") == 1
    assert number(found, "leads", mark="not stated") == 5
    assert number(found, "verdicts") == 5
    assert number(found, "links") == 2
    assert number(found, "links", mark="breech_face") == 1
    assert number(found, "links withdrawn") == 1
    backlog = {one.what: one.number for one in found.backlog}
    assert backlog["leads without a verdict"] == 2
    assert backlog["second verdicts due"] == 1
    assert backlog["exhibits never searched with"] == 6
    steps = {one.step: (one.done, one.open) for one in found.turnaround}
    assert steps["lead to first verdict"] == (3, 2)
    assert steps["entry to first verdict"] == (5, 0)  # JAM-1 to JAM-5
    assert number(vault_statistics(blz, "head"), "leads") == 1


def test_no_conclusion_is_in_them(worked):
    """A second reviewer may look: only that a verdict was given is told."""
    jam, _ = worked
    found = vault_statistics(jam, SECOND)
    for text in (statistics_csv(found), statistics_text(found)):
        for conclusion in Conclusion:
            assert str(conclusion) not in text
        assert "score" not in text


def test_searches_and_questions_are_counted(linked, tmp_path, ribin):
    linked(tmp_path, "head", JAM=("JAM-2026-0007-1", "JAM-2025-0038-1"), BLZ=("BLZ-2025-0042-1",))
    own = ("--vault", tmp_path / "JAM", "--network", tmp_path / "network.toml", "--who", "head")
    asked = ("--scope", "cluster", "--reason", "test", "--mark", "breech_face")
    assert ribin("search", "JAM-2026-0007-1", *own, *asked).code == 0
    done = ribin("stats", "--vault", tmp_path / "JAM", "--who", "head", "--json")
    found = json.loads(done.out)
    rows = {(m["kind"], m["member"], m["mark"]): m["number"] for m in found["months"]}
    assert rows["searches", "all", "all"] == 1
    assert rows["searches", "BLZ", "breech_face"] == 1
    assert rows["searches", "JAM", "breech_face"] == 1
    assert rows["entries", "all", "all"] == 2
    (search,) = [t for t in found["turnaround"] if t["step"] == "entry to first search"]
    assert (search["done"], search["open"]) == (1, 1)
    theirs = json.loads(ribin("stats", "--vault", tmp_path / "BLZ", "--who", "head", "--json").out)
    asked_there = {(m["kind"], m["member"], m["mark"]): m["number"] for m in theirs["months"]}
    assert asked_there["questions", "JAM", "breech_face"] == 1
    assert ("searches", "all", "all") not in asked_there


def test_command(ribin, worked, tmp_path):
    jam, _ = worked
    own = ("--vault", jam.path, "--who", "head")
    file = tmp_path / "figures.csv"
    done = ribin("stats", *own, "--csv", file)
    assert done.code == 0
    for word in ("month", "entries", "turnaround", "median days", "waiting", "oldest"):
        assert word in done.out
    assert forbidden_words(done.out) == []
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert list(rows[0]) == ["month", "kind", "member", "mark", "number"]
    assert {"leads", "links"} <= {row["kind"] for row in rows}
    done = ribin("stats", *own, "--member", "BLZ", "--mark", "not stated")
    assert " 1 " in done.out
    done = ribin("stats", *own, "--from", "2026-02-31")
    assert (done.code, "from needs a day" in done.err) == (2, True)
    done = ribin("stats", *own, "--to", "1999-01-01")
    assert "nothing was done in this time" in done.out


def test_who_holds_no_role_is_refused(worked):
    jam, _ = worked
    with pytest.raises(AccessError, match="needed, found no role"):
        vault_statistics(jam, "a stranger")
    appoint(jam, "Aud", ["auditor"], "head", "")
    vault_statistics(jam, "Aud")
    with pytest.raises(ParameterError, match="to needs a day as YYYY-MM-DD, found 'soon'"):
        vault_statistics(jam, "Aud", last="soon")
