"""A vault for load: what it holds, and that a search in it is one like any other."""

from __future__ import annotations

import dataclasses
import json
from functools import cache

import numpy as np
import pytest
from loadtest import GallerySpec, make_gallery
from mark_makers import make_scan, template_of
from search_makers import ask, search

from ribin.cases.exhibits import Filters, Scope
from ribin.errors import ParameterError
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.search.context import SearchContext
from ribin.search.index import Threads, read_shard, shard_number
from ribin.search.network import Network, NetworkMember
from ribin.vault.vault import Vault

EXHIBITS, WHOLE = 900, 4
PARAMS = dataclasses.replace(
    DEFAULT_PARAMS,
    search=dataclasses.replace(
        DEFAULT_PARAMS.search,
        index_shard_marks=256,
        shortlist_marks=40,
        second_pass_marks=100,
        second_pass_share=0.1,
    ),
)


@cache
def like() -> list[Template]:
    """Marks whose spectra and outlines the surrogates have."""
    return [template_of(make_scan(seed)) for seed in (1, 2, 3)]


class Counted(Threads):
    """Passes, and how many marks were scored in each."""

    def __init__(self) -> None:
        super().__init__(2)
        self.scored: list[int] = []

    def score(self, moves, tasks):
        seen = list(super().score(moves, tasks))
        self.scored.append(sum(int((~np.isnan(one.scores)).sum()) for one in seen))
        yield from seen


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery") / "JAM"
    make_gallery(folder, "JAM", GallerySpec(EXHIBITS, WHOLE), like(), PARAMS)
    member = NetworkMember("JAM", "Jamaica", folder)
    return Network({"JAM": member}, {})


@pytest.fixture(scope="module")
def query(network):
    from ribin.vault.vault import Vault

    with Vault.open(network.members["JAM"].vault) as vault:
        found = vault.template(vault.stored_marks([1])[0])
    search(found, ask("JAM"), SearchContext(network, PARAMS))  # the first one sketches the scans
    return found


def test_the_other_case_of_the_gun_is_found_among_surrogates(network, query):
    result = search(query, ask("JAM"), SearchContext(network, PARAMS))
    counts = result.counts
    assert counts.adds_up
    assert (counts.eligible, counts.after_filters) == (EXHIBITS, EXHIBITS)
    assert counts.after_coarse == 1 + 40  # the query itself, and a shortlist
    assert dict(counts.not_compared)["scan file missing or damaged"] >= 40 - WHOLE
    assert result.candidates[0].exhibit == "JAM-G0000001"
    assert result.notes == ()


def test_one_and_two_threads_and_full_agree(network, query):
    lists = [
        search(query, ask("JAM"), SearchContext(network, PARAMS, threads=n)).candidates
        for n in (1, 2)
    ]
    assert lists[0] == lists[1]
    full = search(query, ask("JAM", full=True), SearchContext(network, PARAMS))
    assert full.counts.after_coarse == EXHIBITS
    assert [row for row in full.candidates if row in lists[0]] == list(lists[0])


def test_filters_come_before_arithmetic(network, query):
    passes = Counted()
    asked = ask("JAM", filters=Filters(calibre=".40 S&W"))
    result = search(query, asked, SearchContext(network, PARAMS, scorer=passes))
    assert result.counts.eligible == EXHIBITS
    fitting = result.counts.after_filters
    assert EXHIBITS / 5 < fitting < EXHIBITS / 3
    assert passes.scored == [fitting, 100]


def test_what_is_not_shared_is_in_no_pass(network, query):
    passes = Counted()
    from ribin.search.member import answer_search

    with Vault.open(network.members["JAM"].vault) as vault:
        context = SearchContext(network, PARAMS, 2, passes)
        asked = ask("BRB", Scope.NETWORK)
        answer = answer_search(vault, query, asked, Scope.NETWORK, context)
    assert answer.counts.eligible == EXHIBITS  # a gallery is shared with the network
    assert passes.scored == [EXHIBITS, 100]  # also the scan that the asker sent: there it is a row


def test_shards_hold_their_ranges_and_the_same_seed_makes_the_same_sketches(network, tmp_path):
    made = sorted((network.members["JAM"].vault / "index").rglob("*.h5"))
    assert [shard_number(path) for path in made] == [0, 1, 2, 3]
    make_gallery(tmp_path / "again", "JAM", GallerySpec(EXHIBITS, 0), like(), PARAMS)
    again = sorted((tmp_path / "again" / "index").rglob("*.h5"))
    assert len(again) == 4
    one, two = read_shard(made[1]).sketches, read_shard(again[1]).sketches
    assert (one[WHOLE:] == two[:-WHOLE]).all()


def test_surrogates_are_no_copies(network):
    shard = read_shard(sorted((network.members["JAM"].vault / "index").rglob("*.h5"))[1])
    vectors = shard.sketches.astype(float)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = vectors @ vectors.T - np.eye(len(vectors))
    assert np.abs(alike).max() < 0.6
    assert set(shard.marks.ids) == set(range(256, 512))


def test_more_whole_cases_than_exhibits_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"whole: 0 to 3 \(exhibits\) needed, found 4"):
        make_gallery(tmp_path / "x", "JAM", GallerySpec(3, 4), like())


def test_the_command_makes_a_vault_of_whole_cases(ribin, tmp_path):
    done = ribin("synth", "gallery", tmp_path / "few", "--exhibits", 3, "--jobs", 1)
    assert (done.code, done.out) == (0, f"{tmp_path / 'few'}: 3 exhibits\n")
    mate = json.loads(ribin("search", "JAM-G0000000", "--vault", tmp_path / "few", "--json").out)[
        "candidates"
    ][0]
    assert mate["exhibit"] == "JAM-G0000001"  # the other case of the firearm
    assert ribin("store", "check", "--vault", tmp_path / "few").code == 0
    again = ribin("synth", "gallery", tmp_path / "few", "--exhibits", 3, "--jobs", 1)
    assert again.code == 3
