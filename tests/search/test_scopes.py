"""Every asker, scope and sharing level: not one row too many, not one too few."""

from __future__ import annotations

import itertools

import pytest
from search_makers import (
    LINKED,
    PARAMS_ID,
    ask,
    make_network,
    make_query,
    own_name,
    own_names,
    search,
)
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.errors import AccessError
from ribin.search.context import Query, SearchContext
from ribin.search.member import member_of
from ribin.vault.disclosure import may_see
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")

MEMBERS = ("BLZ", "BRB", "JAM", "TTO", "USA")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Five members, three of them linked, each with an exhibit of every sharing level."""
    made = make_network(tmp_path_factory.mktemp("network"), MEMBERS)
    for number, code in enumerate(MEMBERS):
        with Vault.open(made.members[code].vault) as vault:
            for level, sharing in enumerate(Scope):
                exhibit = make_exhibit(f"{code}-{sharing}", sharing)
                enrol(vault, 10 * number + level, exhibit, params_id=PARAMS_ID)
    return made


def visible(asker: str, owner: str, scope: str) -> set[str]:
    """The rule of the network, written out a second time as a table."""
    if owner == asker:
        levels = ["country", "cluster", "network"]
    elif owner in LINKED and asker in LINKED:
        levels = [] if scope == "country" else ["cluster", "network"]
    else:
        levels = ["network"] if scope == "network" else []
    return {f"{owner}-{level}" for level in levels}


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("asker", MEMBERS)
def test_rows_are_those_that_scope_and_owner_allow(network, asker, scope):
    result = search(make_query(), ask(asker, scope), SearchContext(network))
    wanted = set().union(*(visible(asker, owner, scope) for owner in MEMBERS))
    assert sorted(own_names(network, result.candidates)) == sorted(wanted)
    assert all(own_name(network, row).startswith(row.member) for row in result.candidates)
    for row in result.candidates:  # own names stay at home
        assert row.exhibit.startswith("x-") is (row.member != asker)
        assert (row.event == "") is (row.member != asker)
    assert result.counts.eligible == result.counts.compared == len(wanted)
    asked = {o for o in MEMBERS if o == asker or scope == "network" or visible(asker, o, scope)}
    assert set(result.members) == asked
    assert result.unavailable == ()


@pytest.mark.parametrize("asker", ["JAM", "USA"])
def test_named_members_are_held_against_their_distance(network, asker):
    for number in (1, 2):
        for named in itertools.combinations(MEMBERS, number):
            result = search(make_query(), ask(asker), SearchContext(network), members=named)
            # Naming needs no scope: each owner shows what it shows at its distance.
            wanted = set().union(*(visible(asker, owner, "network") for owner in named))
            assert set(own_names(network, result.candidates)) == wanted
            assert result.members == named
            assert result.scope == ",".join(named)


def test_scope_and_sharing_are_both_needed():
    """The owner's rule alone, also for scopes that a request is refused for before."""
    seen = {
        (reach, scope, sharing)
        for reach, scope, sharing in itertools.product(Scope, repeat=3)
        if may_see(make_exhibit(sharing=sharing), scope, reach)
    }
    anything, (_, cluster, network_wide) = tuple(Scope), tuple(Scope)
    wide = (cluster, network_wide)
    assert seen == {
        *itertools.product([Scope.COUNTRY], anything, anything),
        *itertools.product([cluster], wide, wide),
        (network_wide, network_wide, network_wide),
    }


@pytest.mark.parametrize("missing", ["who", "reason"])
def test_a_search_beyond_the_country_says_who_and_why(network, missing):
    for scope in (Scope.CLUSTER, Scope.NETWORK):
        with pytest.raises(AccessError, match=f"scope {scope}: {missing} needed beyond"):
            search(make_query(), ask("JAM", scope, **{missing: " "}), SearchContext(network))
    with pytest.raises(AccessError, match=f"scope cluster: {missing} needed"):
        search(make_query(), ask("JAM", **{missing: ""}), SearchContext(network), members=["BRB"])
    assert search(make_query(), ask("JAM", **{missing: ""}), SearchContext(network)).candidates


def test_strangers_neither_ask_nor_are_asked(network):
    with pytest.raises(AccessError, match="member XXX: a member of the network needed"):
        search(make_query(), ask("XXX"), SearchContext(network))
    with pytest.raises(AccessError, match="member XXX"):
        search(make_query(), ask("JAM"), SearchContext(network), members=["XXX"])


def test_a_member_refuses_a_scope_that_does_not_reach_it(network):
    """Also when the asking side does not keep the rules."""
    far = member_of("USA", "JAM", SearchContext(network))
    for scope in (Scope.COUNTRY, Scope.CLUSTER):
        with pytest.raises(AccessError, match=f"scope {scope}: scope network needed to ask"):
            far.answer(Query(make_query()), ask("JAM", scope))
    with pytest.raises(AccessError, match="reason needed"):
        far.answer(Query(make_query()), ask("JAM", Scope.NETWORK, reason=""))


def test_a_search_is_in_the_log_of_both_sides(network):
    before = {code: len(log(network, code)) for code in MEMBERS}
    search(make_query(), ask("JAM"), SearchContext(network))
    row = log(network, "JAM")[-1]
    assert (row.action, list(row.details["rows"])) == ("search", ["JAM"])
    before["JAM"] += 1
    assert {code: len(log(network, code)) for code in MEMBERS} == before

    query = make_query()
    search(query, ask("JAM", Scope.NETWORK, top=1), SearchContext(network))
    new = {code: log(network, code)[before[code] :] for code in MEMBERS}
    assert [row.action for row in new["JAM"]] == ["search", "search answered"]
    assert new["JAM"][0].details["members"] == list(MEMBERS)
    assert new["JAM"][1].details["rows"] == dict.fromkeys(MEMBERS, 1)
    for code in MEMBERS:
        for row in new[code]:
            assert (row.who, row.reason) == ("examiner", "a shooting")
            # Others have a name of the scan that was searched with, and not its hash.
            assert (row.subject == query.provenance.sha256) is (code == "JAM")
            assert len(row.subject) == 64
            assert (row.details["asking_member"], row.details["scope"]) == ("JAM", "network")
        if code != "JAM":
            question, answer = new[code]
            assert (question.action, answer.action) == ("question", "answer")
            assert answer.details["rows"] == 1
            answers = new["JAM"][1].details["answers"]
            assert answer.details["answer_sha256"] == answers[code]
        with Vault.open(network.members[code].vault) as vault:
            assert vault.check().clean


def log(network, code):
    with Vault.open(network.members[code].vault) as vault:
        return vault.audit_log()
