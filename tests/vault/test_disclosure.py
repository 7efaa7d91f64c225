"""What filters and groups could tell across a border if they were asked often enough."""

from __future__ import annotations

import random

import pytest
from search_makers import PARAMS_ID, ask, make_network, make_query, search
from vault_makers import enrol, make_exhibit, make_mark, make_scan, make_template

from ribin.cases.exhibits import ExhibitKind, Filters, Grouping, Scope
from ribin.model import MarkType
from ribin.search.context import SearchContext
from ribin.vault.disclosure import as_seen_by
from ribin.vault.mark_table import MarkFacts
from ribin.vault.sharing import end_release, pseudonyms, release_exhibit
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")

SAID = {"who": "chief", "reason": "case"}


@pytest.fixture
def network(tmp_path):
    """BLZ: three exhibits of one gun and one event, and one of March without such a mark."""
    made = make_network(tmp_path, ("BLZ", "JAM"), ("BLZ", "JAM"))
    with blz(made) as vault:
        for n in range(3):
            fields = {"firearm": "W-1", "kind": ExhibitKind.TEST_FIRE, "date": "2025-03-05"}
            fields |= {"event": "range day", "place": "Range"}
            enrol(vault, n, make_exhibit(f"B{n}", Scope.CLUSTER, **fields), params_id=PARAMS_ID)
        original, scan = make_scan(7)
        bare = make_exhibit("bare", Scope.CLUSTER, date="2025-03-07")
        pin = MarkType.FIRING_PIN
        template = make_template(scan, mark_type=pin, params_id=PARAMS_ID)
        vault.enrol(original, scan, [make_mark(scan, pin)], [template], bare, who="tester")
    return made


def blz(network):
    return Vault.open(network.members["BLZ"].vault)


def release(network, *exhibits):
    with blz(network) as vault:
        for exhibit in exhibits:
            release_exhibit(vault, exhibit, "JAM", Scope.CLUSTER, original=False, **SAID)


def asked(network, asker="JAM", **fields):
    return search(make_query(), ask(asker, Scope.CLUSTER, **fields), SearchContext(network))


def within(network, first, last, asker="JAM"):
    """How many marks pass a filter by days, and the exhibits listed."""
    found = asked(network, asker, filters=Filters(date_from=first, date_to=last))
    assert found.counts.adds_up
    return found.counts.after_filters, sorted(row.exhibit for row in found.candidates)


def test_a_released_row_tells_the_name_that_it_had(network):
    before = {row.sha256: row.exhibit for row in asked(network).candidates}
    release(network, "B1")
    for row in asked(network).candidates:
        known_as = row.known_as or row.exhibit
        assert known_as == before[row.sha256]
        assert bool(row.known_as) == (row.exhibit == "B1")
    assert {row.known_as for row in asked(network, "BLZ").candidates} == {""}


def test_a_day_that_was_not_released_is_not_told_by_a_filter(network):
    """Each day about the hidden ones: all give the same answer until the owner releases."""
    days = ["2025-02-28", *(f"2025-03-{day:02d}" for day in range(1, 10)), "2025-04-05"]
    answers = {str(within(network, day, day)) for day in days}
    assert len(answers) == 1
    assert within(network, "2031-01-01", "")[0] == 4

    release(network, "B1", "bare")
    with blz(network) as vault:
        hidden = sorted(pseudonyms(vault, ["B0", "B2"]).values())
    passed = {day: within(network, day, day) for day in days}
    assert passed["2025-03-05"] == (3, sorted(["B1", *hidden]))
    assert passed["2025-03-07"] == (3, hidden)  # the scan without such a mark is counted
    others = {str(answer) for day, answer in passed.items() if day[:7] != "2025-03"}
    assert others == {str((2, hidden))}

    with blz(network) as vault:
        for exhibit in ("B1", "bare"):
            end_release(vault, exhibit, "JAM", **SAID)
    assert len({str(within(network, day, day)) for day in days}) == 1


def test_the_owner_asks_by_the_day_itself(network):
    assert within(network, "2025-03-05", "2025-03-05", "BLZ") == (3, ["B0", "B1", "B2"])
    assert within(network, "2025-03-07", "", "BLZ") == (1, [])
    assert within(network, "2025-04-01", "", "BLZ") == (0, [])


@pytest.mark.parametrize("grouping", [Grouping.EVENT, Grouping.FIREARM])
def test_a_group_joins_what_was_released_alone(network, grouping):
    def sizes():
        rows = asked(network, group=grouping).candidates
        assert len({row.group for row in rows}) == len(rows)
        return sorted(row.others for row in rows)

    assert sizes() == [0, 0, 0]
    release(network, "B0")
    assert sizes() == [0, 0, 0]
    release(network, "B1")
    assert sizes() == [0, 1]
    release(network, "B2")
    assert sizes() == [2]
    assert [row.others for row in asked(network, "BLZ", group=grouping).candidates] == [2]


def test_scans_of_one_opaque_exhibit_are_one_row(network):
    with blz(network) as vault:
        enrol(vault, 50, vault.exhibit("B0"), params_id=PARAMS_ID)
    rows = asked(network, group=Grouping.EVENT).candidates
    assert sorted(row.others for row in rows) == [0, 0, 1]


@pytest.mark.parametrize("seed", range(10))
def test_a_mark_table_as_others_see_it_against_one_made_by_hand(tmp_path, seed):
    drawn = random.Random(seed)
    with Vault.create(tmp_path / "BLZ", "BLZ") as vault:
        for n in range(12):
            types = drawn.sample(list(MarkType), drawn.randrange(1, 3))
            original, scan = make_scan(n)
            templates = [make_template(scan, mark_type=t, params_id=PARAMS_ID) for t in types]
            day = drawn.choice(["", "2025-01-01", "2025-02-02"])
            made = make_exhibit(f"B{n % 9}", Scope.CLUSTER, date=day)
            made = vault.exhibits().get(made.exhibit, made)
            marks = [make_mark(scan, t) for t in types]
            vault.enrol(original, scan, marks, templates, made, who="tester")
        told = set(drawn.sample(sorted(vault.exhibits()), 4))
        for exhibit in told:
            release_exhibit(vault, exhibit, "JAM", Scope.CLUSTER, original=False, **SAID)
        released = drawn.choice(sorted(told))
        end_release(vault, released, "JAM", **SAID)
        told.remove(released)
        holdings = vault.holdings()
        for mark_type in MarkType:
            ledger, whole = (
                as_seen_by("JAM", vault).mark_table(mark_type),
                vault.mark_table(mark_type),
            )
            marks = {m.mark_id: m for m in holdings.marks if m.mark_type is mark_type}
            assert ledger.ids.tolist() == whole.ids.tolist() == sorted(marks)
            for mark_id, place in zip(ledger.ids.tolist(), ledger.which, strict=True):
                one = marks[mark_id].scan.exhibit
                assert ledger.facts[place].date == (one.event.date if one.exhibit in told else "")
            marked = {mark.scan.sha256 for mark in marks.values()}
            bare = [s.exhibit for s in holdings.scans if s.sha256 not in marked]
            days = sorted(e.event.date if e.exhibit in told else "" for e in bare)
            assert sorted(f.date for f, number in ledger.bare for _ in range(number)) == days
            assert sum(n for _, n in ledger.bare) == sum(n for _, n in whole.bare)
            assert all(isinstance(one, MarkFacts) for one in ledger.facts)
