"""Every mark is accounted for once: set aside where, compared, or why it could not be."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from search_makers import (
    PARAMS_ID,
    SMALL,
    ask,
    fill,
    likeness,
    make_network,
    make_query,
    own_names,
    search,
)
from vault_makers import COARSE, enrol, make_exhibit, make_mark, make_scan, make_template

from ribin.cases.exhibits import Counts, ExhibitKind, Filters, Scope
from ribin.errors import ParameterError, StoreError
from ribin.model import MarkType, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.search.context import SearchContext
from ribin.search.shortlist import second_pass_marks
from ribin.vault.enrol import scan_path
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")


@pytest.fixture
def network(tmp_path):
    return make_network(tmp_path, ("BRB", "JAM"), ("BRB", "JAM"))


@pytest.mark.parametrize(
    ("wanted", "passing"),
    [(500, 4000), (20_000, 6000), (100_000, 30_000), (100_001, 30_001), (1_000_000, 165_000)],
)
def test_of_a_large_gallery_a_smaller_share_gets_a_second_pass(wanted, passing):
    assert second_pass_marks(wanted, DEFAULT_PARAMS) == passing


def test_counts_that_do_not_add_up_are_told_apart():
    assert Counts(9, 8, 7, 4, (("a", 1), ("b", 2))).adds_up
    assert not Counts(9, 8, 7, 4, (("a", 1),)).adds_up
    assert not Counts(7, 8, 7, 7).adds_up
    assert not Counts(9, 6, 7, 7).adds_up


def test_the_coarse_cut_keeps_the_best_and_counts_the_rest(network):
    fill(network, "JAM", range(22))
    query = make_query()
    cut = search(query, ask("JAM"), SearchContext(network, SMALL))
    full = search(query, ask("JAM", full=True), SearchContext(network, SMALL))
    assert cut.counts == Counts(22, 22, 6, 6)
    assert full.counts == Counts(22, 22, 22, 22)
    scores = [row.score for row in full.candidates]
    assert scores == sorted(scores, reverse=True)
    assert [row.rank for row in full.candidates] == list(range(1, 23))
    assert cut.candidates == full.candidates[:6]  # this correlator's coarse stage is exact
    with Vault.open(network.members["JAM"].vault) as vault:
        vectors = [vault.template(m).arrays["coarse"] for m in vault.holdings().marks]
    assert scores == sorted((likeness(query, v) for v in vectors), reverse=True)


def test_a_small_vault_is_compared_wholly(network):
    fill(network, "JAM", range(22))
    assert search(make_query(), ask("JAM"), SearchContext(network)).counts == Counts(22, 22, 22, 22)


def test_why_a_mark_could_not_be_compared(network):
    """One of each reason beside two that can; sums per member and over all."""
    fill(network, "BRB", (100, 101))
    fill(network, "JAM", (1, 2, 3))
    with Vault.open(network.members["JAM"].vault) as vault:
        enrol(vault, 4, make_exhibit("old"), params_id="fedcba987654")
        original, scan = make_scan(5)
        scan = dataclasses.replace(scan, kind=ScanKind.IMAGE)
        image = make_template(scan, params_id=PARAMS_ID)
        vault.enrol(original, scan, [make_mark(scan)], [image], make_exhibit("image"), who="me")
        enrol(vault, 6, make_exhibit("ejector"), mark_type=MarkType.EJECTOR, params_id=PARAMS_ID)
        original, scan = make_scan(7)
        poor = make_template(scan, params_id=PARAMS_ID)
        poor.arrays["unusable"] = np.zeros(1)
        vault.enrol(original, scan, [make_mark(scan)], [poor], make_exhibit("poor"), who="me")
        lost = vault.marks_of("JAM-2")[0].scan.sha256
    scan_path(network.members["JAM"].vault, lost).write_bytes(b"half")

    result = search(make_query(1), ask("JAM", Scope.CLUSTER), SearchContext(network, SMALL))
    assert result.counts_by_member["BRB"] == Counts(2, 2, 2, 2)
    assert result.counts.not_compared == (
        ("described with template parameters fedcba987654, " + PARAMS_ID + " asked", 1),
        ("image enrolled, topography asked", 1),
        ("no breech_face mark in the scan", 1),
        ("scan file missing or damaged", 1),
        ("the query itself", 1),
        ("too few cells", 1),
    )
    assert (result.counts.eligible, result.counts.compared) == (9, 3)
    assert result.counts.adds_up
    assert all(counts.adds_up for counts in result.counts_by_member.values())
    assert [row.exhibit for row in result.candidates if row.member == "JAM"] == ["JAM-3"]


def test_a_mark_without_a_vector_is_not_lost_by_the_cut(network):
    fill(network, "JAM", range(22))
    with Vault.open(network.members["JAM"].vault) as vault:
        lost = [vault.marks_of(f"JAM-{seed}")[0].scan.sha256 for seed in (0, 9)]
    for sha256 in lost:
        scan_path(network.members["JAM"].vault, sha256).unlink()
    counts = search(make_query(), ask("JAM"), SearchContext(network, SMALL)).counts
    assert counts == Counts(22, 22, 8, 6, (("scan file missing or damaged", 2),))


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters(), "ABCD"),
        (Filters(calibre="9MM luger"), "ABC"),
        (Filters(calibre="5.56"), "C"),
        (Filters(date_from="2024-02-01"), "BCD"),
        (Filters(date_to="2024-02-01"), "ABD"),
        (Filters(date_from="2024-02-01", date_to="2024-02-01"), "BD"),
        (Filters(kind=ExhibitKind.TEST_FIRE), "D"),
        (Filters(calibre="9 mm Luger", date_to="2024-01-31"), "A"),
    ],
)
def test_gates_stop_only_what_is_known_to_differ(network, filters, names):
    """C has no calibre and D no date; days are inclusive."""
    exhibits = (
        make_exhibit("A", calibre="9 mm Luger", date="2024-01-01"),
        make_exhibit("B", calibre="9 mm Luger", date="2024-02-01"),
        make_exhibit("C", date="2024-03-01"),
        make_exhibit("D", calibre=".40 S&W", kind=ExhibitKind.TEST_FIRE),
    )
    with Vault.open(network.members["JAM"].vault) as vault:
        for seed, exhibit in enumerate(exhibits):
            enrol(vault, seed, exhibit, params_id=PARAMS_ID)
    result = search(make_query(), ask("JAM", filters=filters), SearchContext(network))
    assert {row.exhibit for row in result.candidates} == set(names)
    assert result.counts == Counts(4, len(names), len(names), len(names))


def test_requests_that_cannot_be_meant_are_refused(network):
    for fields, message in (
        ({"filters": Filters(date_from="1.2.24")}, "date_from needs a day as YYYY-MM-DD"),
        ({"top": 0}, "top: at least 1 row needed, found 0"),
    ):
        with pytest.raises(ParameterError, match=message):
            search(make_query(), ask("JAM", **fields), SearchContext(network))
    with pytest.raises(ParameterError, match=r"scan10000\.x3p: a template made with parameters"):
        search(make_query(params_id="fedcba987654"), ask("JAM"), SearchContext(network))


def test_top_limits_the_list_and_not_the_account(network):
    fill(network, "JAM", range(5))
    fill(network, "BRB", range(50, 55))
    whole = search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(network))
    top = search(make_query(), ask("JAM", Scope.CLUSTER, top=3), SearchContext(network))
    assert top.candidates == whole.candidates[:3]
    assert top.counts == whole.counts


def test_equal_scores_are_ranked_by_member_exhibit_and_scan(network):
    same = np.ones(COARSE) / np.sqrt(COARSE)
    for code in ("JAM", "BRB"):
        with Vault.open(network.members[code].vault) as vault:
            for seed, name in ((3, "b"), (1, "b"), (2, "a")):
                number = seed + 10 * (code == "JAM")
                exhibit = make_exhibit(name, Scope.CLUSTER)
                enrol(vault, number, exhibit, vector=same, params_id=PARAMS_ID)
    rows = search(
        make_query(vector=same), ask("JAM", Scope.CLUSTER), SearchContext(network)
    ).candidates
    assert [(r.member, r.exhibit, r.sha256) for r in rows] == sorted(
        (r.member, r.exhibit, r.sha256) for r in rows
    )
    # Another member's exhibits stand in the order of the pseudonyms that they are told by.
    assert [r.exhibit for r in rows[3:]] == ["a", "b", "b"]
    assert sorted(own_names(network, rows[:3])) == ["a", "b", "b"]


def test_a_member_that_cannot_answer_is_named_and_stops_nothing(network):
    fill(network, "JAM", (1,))
    folder: Path = network.members["BRB"].vault
    (folder / "vault.toml").unlink()
    result = search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(network))
    assert result.members == ("BRB", "JAM")
    assert result.unavailable == (("BRB", f"{folder}: not a vault: vault.toml needed, found none"),)
    assert len(result.candidates) == 1
    assert list(result.snapshot) == ["JAM"]
    with pytest.raises(StoreError, match="BRB: not a vault"):
        search(make_query(), ask("BRB"), SearchContext(network))
    with pytest.raises(StoreError, match="not a vault"):  # JAM is not asked either
        search(make_query(), ask("BRB", Scope.CLUSTER), SearchContext(network))
    with Vault.open(network.members["JAM"].vault) as vault:
        assert "answer" not in [row.action for row in vault.audit_log()]


def test_the_vault_of_somebody_else_is_not_asked(network):
    brb, jam = (network.members[code] for code in ("BRB", "JAM"))
    swapped = dataclasses.replace(
        network, members={**network.members, "BRB": dataclasses.replace(brb, vault=jam.vault)}
    )
    result = search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(swapped))
    assert result.unavailable == (("BRB", f"{jam.vault}: the vault of BRB needed, found JAM's"),)


def test_a_snapshot_names_the_state_of_a_vault(network):
    fill(network, "JAM", (1, 2))
    first = search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(network)).snapshot
    assert search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(network)).snapshot == first
    fill(network, "JAM", (3,))
    second = search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(network)).snapshot
    assert second["JAM"] != first["JAM"]
    assert second["BRB"] == first["BRB"]
