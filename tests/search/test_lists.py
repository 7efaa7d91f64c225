"""Lists for each type of mark, fused by rank and grouped by gun; their accounts add up."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import numpy as np
import pytest
from search_makers import PARAMS_ID, SMALL, ask, make_network
from vault_makers import make_exhibit, make_mark, make_scan, make_template

from ribin.cases.exhibits import Candidate, ExhibitKind, Filters, Grouping, Scope, SearchResult
from ribin.errors import ParameterError
from ribin.model import MarkType, ScanKind
from ribin.report.text import lists_text
from ribin.search.context import Query, SearchContext
from ribin.search.engine import search_marks
from ribin.search.rank import fuse_lists
from ribin.search.rules import passes
from ribin.vault.disclosure import may_see
from ribin.vault.sharing import release_exhibit
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")

FACE, PIN, EJECTOR = MarkType


def put(vault, seed, exhibit, types, **template):
    """Enrol the scan of this seed with one mark of each type."""
    original, scan = make_scan(seed)
    if template.pop("image", False):
        scan = dataclasses.replace(scan, kind=ScanKind.IMAGE)
    fields = {"params_id": PARAMS_ID, **template}
    made = [make_template(scan, mark_type=t, **fields) for t in types]
    marks = [make_mark(scan, t) for t in types]
    vault.enrol(original, scan, marks, made, exhibit, who="tester")


def queries(seed, types=(FACE, PIN)):
    scan = make_scan(seed)[1]
    return [Query(make_template(scan, mark_type=t, params_id=PARAMS_ID)) for t in types]


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=pytest.mark.slow) for n in range(4, 15))]
)
def test_every_mark_of_a_random_network_is_counted_once(tmp_path, seed):
    """Each list against a count made by hand, whatever is enrolled, filtered, grouped or cut."""
    rng = random.Random(seed)
    network = make_network(tmp_path, ("BRB", "JAM", "USA"), ("BRB", "JAM"))
    held = {}
    for number, code in enumerate(network.members):
        held[code] = []
        with Vault.open(network.members[code].vault) as vault:
            for k in range(rng.randrange(14)):
                types = rng.choice([(FACE,), (PIN,), (FACE, PIN), (EJECTOR, FACE)])
                exhibit = make_exhibit(
                    f"{code}-{k // 2}",
                    rng.choice(tuple(Scope)) if k % 2 == 0 else held[code][-1][0].sharing,
                    calibre="9x19" if k // 2 % 3 else "",
                    date=f"2026-01-{1 + k // 2:02d}",
                    event=f"E{k // 4}-{code}",
                )
                exhibit = dataclasses.replace(
                    exhibit, event=dataclasses.replace(exhibit.event, date="2026-01-01")
                )
                making = {"params_id": rng.choice([PARAMS_ID, PARAMS_ID, "fedcba987654"])}
                put(vault, 100 * number + k, exhibit, types, image=rng.random() < 0.2, **making)
                held[code].append((exhibit, types))
    asked = ask(
        "JAM",
        rng.choice(tuple(Scope)),
        filters=Filters(calibre=rng.choice(["", ".45 ACP"])),
        full=rng.random() < 0.3,
        top=rng.choice([None, 1, 3]),
        group=rng.choice(tuple(Grouping)),
    )
    own = rng.choice([100, 9000])  # perhaps a scan that is enrolled
    found = search_marks(queries(own), asked, SearchContext(network, SMALL))
    for one in found.lists:
        assert one.counts.adds_up
        assert one.counts == sum_by_hand(one.counts_by_member.values())
        for code, counts in one.counts_by_member.items():
            assert counts.adds_up
            reach = network.reach("JAM", code)
            shown = [(x, t) for x, t in held[code] if may_see(x, asked.scope, reach)]
            passing = [(x, t) for x, t in shown if passes(x, asked.filters)]
            assert (counts.eligible, counts.after_filters) == (len(shown), len(passing))
            missing = dict(counts.not_compared).get(f"no {one.mark} mark in the scan", 0)
            assert missing == sum(one.mark not in types for _, types in passing)
            assert counts.after_coarse == counts.after_filters or not asked.full
        assert len(one.candidates) <= min(one.counts.compared, asked.top or 10**6)
    assert found.counts.adds_up
    assert found.counts == sum_by_hand(one.counts for one in found.lists)
    fused = [(row.member, row.group or row.exhibit) for row in found.fused]
    assert len(set(fused)) == len(fused) <= (asked.top or 10**6)


def sum_by_hand(counts):
    counts = list(counts)
    reasons = sum((Counter(dict(c.not_compared)) for c in counts), Counter())
    names = ("eligible", "after_filters", "after_coarse", "compared")
    sums = {name: sum(getattr(c, name) for c in counts) for name in names}
    return type(counts[0])(**sums, not_compared=tuple(sorted(reasons.items())))


def rows_of(mark, *names):
    """A list of one mark in which these exhibits stand in this order."""
    rows = [
        Candidate(k, "JAM", name, f"E-{name}", mark, 100.0 - k, 9, 0.5, 20, 0.5, 0, (0, 0))
        for k, name in enumerate(names, start=1)
    ]
    empty = dict.fromkeys(SearchResult.__dataclass_fields__)
    return SearchResult(**{**empty, "candidates": tuple(rows), "mark": str(mark)})


def test_fusion_sums_reciprocal_ranks():
    """By hand, offset 60: a is 1st and 3rd, b 2nd twice, d 1st alone, c 3rd alone."""
    fused = fuse_lists([rows_of(FACE, "a", "b", "c"), rows_of(PIN, "d", "b", "a")], 60)
    assert [row.exhibit for row in fused] == ["a", "b", "d", "c"]
    expected = (1 / 61 + 1 / 63, 2 / 62, 1 / 61, 1 / 63)
    assert [row.reciprocal_ranks for row in fused] == pytest.approx(expected, rel=1e-12)
    assert [row.rank for row in fused] == [1, 2, 3, 4]
    assert [(p.mark, p.rank, p.score) for p in fused[0].places] == [(FACE, 1, 99.0), (PIN, 3, 97.0)]
    assert [p.mark for p in fused[2].places] == [PIN]  # no breech face: in no place, not a last one


def test_an_exhibit_of_several_scans_counts_once_in_each_list():
    fused = fuse_lists([rows_of(FACE, "a", "a", "b"), rows_of(PIN, "b")], 60)
    assert [(row.exhibit, len(row.places)) for row in fused] == [("b", 2), ("a", 1)]


def test_a_gun_called_as_an_exhibit_is_does_not_take_its_place():
    """Exhibit G, of no known firearm, and two test fires of the gun G."""
    face, pin = rows_of(FACE, "G", "T1"), rows_of(PIN, "T2")
    guns = [
        dataclasses.replace(face, candidates=(face.candidates[0], in_group(face.candidates[1]))),
        dataclasses.replace(pin, candidates=(in_group(pin.candidates[0]),)),
    ]
    fused = fuse_lists(guns, 60)
    assert [(row.exhibit, row.group, len(row.places)) for row in fused] == [
        ("T2", "G", 2),
        ("G", "", 1),
    ]


def in_group(row):
    return dataclasses.replace(row, group="G")


def test_equal_sums_go_by_the_best_place_then_by_name():
    fused = fuse_lists([rows_of(FACE, "b", "c"), rows_of(PIN, "a", "d")], 60)
    assert [row.exhibit for row in fused] == ["a", "b", "c", "d"]


def test_places_below_the_cut_of_a_list_are_fused(tmp_path):
    """Each list shows one row; the fused one knows that the exhibit is third in the other."""
    network = make_network(tmp_path, ("JAM",), ("JAM",))
    base = np.eye(24)
    with Vault.open(network.members["JAM"].vault) as vault:
        for seed, (name, face, pin) in enumerate([("f", 0, 9), ("p", 9, 0), ("x", 1, 1)]):
            original, scan = make_scan(seed)
            vectors = [4 * base[0] + slot * base[1 + k] for k, slot in enumerate((face, pin))]
            made = [
                make_template(scan, v, t, PARAMS_ID)
                for v, t in zip(vectors, (FACE, PIN), strict=True)
            ]
            marks = [make_mark(scan, t) for t in (FACE, PIN)]
            vault.enrol(original, scan, marks, made, make_exhibit(name), who="tester")
    scan = make_scan(99)[1]
    asked = [Query(make_template(scan, base[0], t, PARAMS_ID)) for t in (FACE, PIN)]
    found = search_marks(asked, ask("JAM", top=1), SearchContext(network), fuse_all=True)
    assert [[row.exhibit for row in one.candidates] for one in found.lists] == [["f"], ["p"]]
    assert [(row.exhibit, [p.rank for p in row.places]) for row in found.fused] == [("f", [1, 3])]
    whole = search_marks(asked, ask("JAM"), SearchContext(network), fuse_all=True).fused
    assert [row.exhibit for row in whole] == ["f", "p", "x"]


def test_one_mark_gives_one_list_and_nothing_to_fuse(tmp_path):
    network = make_network(tmp_path, ("JAM",), ("JAM",))
    found = search_marks(queries(1, (FACE,)), ask("JAM"), SearchContext(network))
    assert (len(found.lists), found.fused, found.fusion) == (1, (), "")
    with pytest.raises(ParameterError, match="one mark of each type needed, found none"):
        search_marks([], ask("JAM"), SearchContext(network))
    with pytest.raises(ParameterError, match="found breech_face, breech_face"):
        search_marks(queries(1, (FACE, FACE)), ask("JAM"), SearchContext(network))


def test_marks_that_no_evaluation_stands_behind_are_in_a_list_apart(guns):
    """Unless a person asks for one list of all, or the laboratory names its evaluation."""
    apart = search_marks(queries(50), ask("JAM"), SearchContext(guns))
    assert (len(apart.lists), apart.fused, apart.fusion) == (2, (), "")
    assert apart.all_notes == (
        "firing pin in a list apart: --fuse-all orders exhibits by all lists",
        "firing pin: not validated on real marks",
    )
    assert apart.lists[0].notes == ()
    asked = search_marks(queries(50), ask("JAM"), SearchContext(guns), fuse_all=True)
    assert asked.fused
    assert asked.all_notes == ("firing pin: not validated on real marks",)
    named = dataclasses.replace(SMALL.validation, firing_pin="evaluation of 3 May 2027")
    context = SearchContext(guns, dataclasses.replace(SMALL, validation=named))
    evaluated = search_marks(queries(50), ask("JAM"), context)
    assert evaluated.fused
    assert evaluated.all_notes == ()


def test_of_three_lists_the_validated_ones_are_fused(tmp_path):
    network = make_network(tmp_path, ("JAM",), ("JAM",))
    with Vault.open(network.members["JAM"].vault) as vault:
        put(vault, 3, make_exhibit("x"), (FACE, PIN, EJECTOR))
    named = dataclasses.replace(SMALL.validation, ejector="evaluation of 3 May 2027")
    context = SearchContext(network, dataclasses.replace(SMALL, validation=named))
    found = search_marks(queries(50, (FACE, PIN, EJECTOR)), ask("JAM"), context)
    assert [p.mark for p in found.fused[0].places] == [FACE, EJECTOR]
    assert "all marks by rank" in lists_text(found)


@pytest.fixture
def guns(tmp_path):
    """Six test fires of one gun, two cases of one event, one alone; all like the query."""
    network = make_network(tmp_path, ("BRB", "JAM"), ("BRB", "JAM"))
    with Vault.open(network.members["JAM"].vault) as vault:
        for k in range(6):
            fields = {"firearm": "W-1", "kind": ExhibitKind.TEST_FIRE, "event": "range day"}
            made = make_exhibit(f"T{k}", Scope.CLUSTER, **fields)
            put(vault, k, made, (FACE, PIN))
        for k in (6, 7):
            put(vault, k, make_exhibit(f"C{k}", Scope.CLUSTER, event="street"), (FACE, PIN))
        put(vault, 8, make_exhibit("alone", Scope.CLUSTER), (FACE,))
    return network


@pytest.mark.parametrize(
    ("grouping", "groups"),
    [
        (Grouping.FIREARM, {"W-1": 5, "C6": 0, "C7": 0, "alone": 0}),
        (Grouping.EVENT, {"range day": 5, "street": 1, "E-alone": 0}),
    ],
)
def test_a_grouped_list_shows_guns_not_copies(guns, grouping, groups):
    whole = search_marks(queries(50), ask("JAM"), SearchContext(guns))
    asked = ask("JAM", group=grouping, top=4)
    found = search_marks(queries(50), asked, SearchContext(guns), fuse_all=True)
    face = found.lists[0]
    assert {row.group or row.exhibit: row.others for row in face.candidates} == groups
    assert {row.exhibit for row in face.candidates if not row.group} == {
        name for name in groups if grouping is Grouping.FIREARM and name != "W-1"
    }
    assert [row.rank for row in face.candidates] == list(range(1, len(groups) + 1))
    scores = [row.score for row in face.candidates]
    assert scores == sorted(scores, reverse=True)
    best = max(r.score for r in whole.lists[0].candidates if r.exhibit.startswith("T"))
    gun = next(row for row in face.candidates if row.others == 5)
    assert gun.score == best
    assert face.counts == whole.lists[0].counts  # grouping hides nothing from the account
    assert {row.group or row.exhibit for row in found.fused} == set(groups)
    assert all(len(row.places) == 2 for row in found.fused if row.exhibit != "alone")


def test_what_a_laboratory_calls_a_firearm_stays_there(guns):
    asked = ask("BRB", Scope.CLUSTER, group=Grouping.FIREARM)
    assert (
        len(
            {
                row.group
                for row in search_marks(queries(50), asked, SearchContext(guns)).lists[0].candidates
            }
        )
        == 9
    )
    with Vault.open(guns.members["JAM"].vault) as vault:
        for k in range(6):  # which six are of one gun is told by their release
            said = {"original": False, "who": "chief", "reason": "case"}
            release_exhibit(vault, f"T{k}", "BRB", Scope.CLUSTER, **said)
    names = {
        row.group
        for row in search_marks(queries(50), asked, SearchContext(guns)).lists[0].candidates
    }
    assert len(names) == 4
    assert all(name.startswith("x-") and len(name) == 18 for name in names)
