"""The whole way with the real correlator: scans into vaults, a query, a ranked list."""

from __future__ import annotations

import csv
import dataclasses
from collections import defaultdict
from pathlib import Path

import pytest
from search_makers import LINKED, ask, make_network, search
from vault_makers import make_exhibit

from ribin.cases.exhibits import Scope
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.search.context import SearchContext
from ribin.search.index import check_index
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm
from ribin.synth.write import write_x3p
from ribin.vault.disclosure import as_seen_by
from ribin.vault.vault import Vault

MEMBERS = ("BLZ", "BRB", "JAM", "TTO", "USA")
FADUL = Path(__file__).parents[3] / "shared" / "data" / "fadul"
# The larger of one mark and one half: every vault of two and more is cut.
CUT = dataclasses.replace(
    DEFAULT_PARAMS,
    search=dataclasses.replace(DEFAULT_PARAMS.search, shortlist_marks=2, second_pass_marks=3),
)


def enrol_file(network, code: str, path: Path, sharing: Scope, firearm: str):
    """One file as a laboratory enrols it; gives its first template."""
    scan = read_scan(path)
    marks = extract_marks(scan)
    templates = [describe_mark(mark) for mark in marks]
    exhibit = make_exhibit(f"{firearm}/{path.stem}", sharing)
    with Vault.open(network.members[code].vault) as vault:
        vault.enrol(path, scan, marks, templates, exhibit, who="tester")
    return templates[0]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Three firearms: one of JAM alone, one that also fired in BRB, one also in TTO."""
    folder = tmp_path_factory.mktemp("cases")
    network = make_network(folder, MEMBERS)
    queries = {}
    plan = {1: ("JAM", "JAM"), 2: ("JAM", "BRB"), 3: ("JAM", "TTO"), 4: ("BRB", "BLZ")}
    for gun, countries in plan.items():
        firearm = make_firearm(gun)
        for shot, code in enumerate(countries):
            path = folder / f"{gun}-{shot}.x3p"
            write_x3p(fire(firearm, shot), path)
            template = enrol_file(network, code, path, Scope.NETWORK, str(gun))
            queries.setdefault(gun, template)
    return network, queries


@pytest.mark.parametrize(
    ("gun", "scope", "mate"),
    [
        (1, Scope.COUNTRY, "JAM"),
        (2, Scope.COUNTRY, None),
        (2, Scope.CLUSTER, "BRB"),
        (3, Scope.CLUSTER, None),
        (3, Scope.NETWORK, "TTO"),
    ],
)
def test_the_mate_leads_the_list_of_the_scope_that_holds_it(cases, gun, scope, mate):
    network, queries = cases
    result = search(queries[gun], ask("JAM", scope), SearchContext(network))
    assert result.unavailable == result.notes == ()
    assert result.counts.adds_up
    assert ("the query itself", 1) in result.counts.not_compared
    mates = [row for row in result.candidates if row.score > 50.0]  # by names only where told
    assert [(row.rank, row.member) for row in mates] == ([(1, mate)] if mate else [])
    assert all(row.exhibit.startswith(f"{gun}/") for row in mates if row.member == "JAM")


@pytest.mark.parametrize("params", [CUT, pytest.param(DEFAULT_PARAMS, marks=pytest.mark.slow)])
def test_one_and_two_threads_give_the_same_list(cases, params):
    network, queries = cases
    one, two = (
        search(queries[2], ask("JAM", Scope.NETWORK), SearchContext(network, params, threads=n))
        for n in (1, 2)
    )
    assert dataclasses.replace(one, elapsed_s=0) == dataclasses.replace(two, elapsed_s=0)


def test_the_cut_keeps_the_mate_and_full_drops_nothing(cases):
    network, queries = cases
    full = search(queries[1], ask("JAM", full=True), SearchContext(network, CUT))
    cut = search(queries[1], ask("JAM"), SearchContext(network, CUT))
    again = search(
        queries[1], ask("JAM"), SearchContext(network, CUT)
    )  # now from the index on the disk
    assert cut.counts.after_coarse < full.counts.after_coarse == full.counts.after_filters
    assert cut.candidates[0] == full.candidates[0]
    assert cut.candidates == again.candidates
    with Vault.open(network.members["JAM"].vault) as vault:
        assert check_index(vault) == []
        assert vault.check().clean


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.skipif(not FADUL.is_dir(), reason="the real scans are not in ../shared/data")
def test_real_scans_of_five_members(tmp_path):
    """Each query in each scope: no row from outside, none above its sharing level, mates first."""
    network = make_network(tmp_path, MEMBERS)
    with (FADUL / "labels.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
    held = defaultdict(list)  # owner -> exhibit, sharing, firearm, template
    for number, row in enumerate(rows):
        code, sharing = MEMBERS[number % 5], tuple(Scope)[number // 5 % 3]
        template = enrol_file(network, code, FADUL / row["file"], sharing, row["firearm"])
        name = f"{row['firearm']}/{Path(row['file']).stem}"
        held[code].append((name, sharing, row["firearm"], template))
    for asker in MEMBERS:
        for own, _, firearm, query in held[asker]:
            for scope in Scope:
                result = search(query, ask(asker, scope), SearchContext(network, threads=2))
                wanted = {
                    told(network, asker, code, other.provenance.sha256): gun
                    for code in MEMBERS
                    for name, sharing, gun, other in held[code]
                    if name != own and shown(asker, code, scope, sharing)
                }
                found = [row.sha256 for row in result.candidates]
                assert sorted(found) == sorted(wanted)
                assert result.counts.adds_up
                mates = sum(gun == firearm for gun in wanted.values())
                assert all(wanted[sha256] == firearm for sha256 in found[:mates])


def told(network, asker: str, owner: str, sha256: str) -> str:
    """What an owner calls a scan that it has not released to the asker."""
    if asker == owner:
        return sha256
    with Vault.open(network.members[owner].vault) as vault:
        return as_seen_by(asker, vault).hidden_scan_name(sha256)


def shown(asker: str, owner: str, scope: Scope, sharing: Scope) -> bool:
    if asker == owner:
        return True
    if asker in LINKED and owner in LINKED:
        return scope != Scope.COUNTRY and sharing != Scope.COUNTRY
    return scope is Scope.NETWORK and sharing is Scope.NETWORK
