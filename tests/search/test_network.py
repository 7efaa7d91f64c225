"""network.toml says who is reached in which scope; the code knows no country."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.errors import AccessError, ParameterError
from ribin.search.network import read_network
from ribin.vault.vault import Vault

GOOD = """
[members.AAA]
name = "First"
vault = "a"
[members.BBB]
vault = "/elsewhere/b"
[members.CCC]
vault = "c"
[members.DDD]
vault = "d"
[clusters]
one = ["AAA", "BBB"]
two = ["CCC", "BBB"]
"""


def read(tmp_path: Path, text: str):
    (tmp_path / "network.toml").write_text(text, encoding="utf-8")
    return read_network(tmp_path / "network.toml")


def test_members_and_their_vaults(tmp_path):
    network = read(tmp_path, GOOD)
    first, second = network.members["AAA"], network.members["BBB"]
    assert (first.name, first.vault) == ("First", tmp_path / "a")
    assert (second.name, second.vault) == ("BBB", Path("/elsewhere/b"))
    assert network.clusters == {"one": ("AAA", "BBB"), "two": ("CCC", "BBB")}


def test_scopes_nest_and_need_no_cluster(tmp_path):
    network = read(tmp_path, GOOD)
    within = {
        code: [network.members_within(code, scope) for scope in Scope] for code in network.members
    }
    everybody = ("AAA", "BBB", "CCC", "DDD")
    assert within == {
        "AAA": [("AAA",), ("AAA", "BBB"), everybody],
        "BBB": [("BBB",), ("AAA", "BBB", "CCC"), everybody],
        "CCC": [("CCC",), ("BBB", "CCC"), everybody],
        "DDD": [("DDD",), ("DDD",), everybody],
    }
    for asker, owner in itertools.product(everybody, repeat=2):
        assert network.reach(asker, owner) is network.reach(owner, asker)


def test_the_scope_of_named_members_is_the_widest_needed(tmp_path):
    network = read(tmp_path, GOOD)
    assert network.scope_of("AAA", ["AAA"]) is Scope.COUNTRY
    assert network.scope_of("AAA", ["AAA", "BBB"]) is Scope.CLUSTER
    assert network.scope_of("AAA", ["BBB", "CCC"]) is Scope.NETWORK


def test_a_stranger_reaches_nobody(tmp_path):
    network = read(tmp_path, GOOD)
    for pair in (("XXX", "AAA"), ("AAA", "XXX")):
        with pytest.raises(AccessError, match="member XXX: a member of the network needed"):
            network.reach(*pair)
    with pytest.raises(AccessError, match=r"\(AAA, BBB, CCC, DDD\)"):
        network.members_within("XXX", Scope.COUNTRY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"at least one section \[members.CODE\] needed"),
        ("members = 3", "members needs an object, found 3"),
        ("[members]\nAAA = 'a'", "members.AAA: an object needed, found 'a'"),
        ("[members.aaa]\nvault = 'a'", "three capital letters .* found 'aaa'"),
        ("[members.AAA]", "members.AAA: one of vault, node and bundle needed, found none"),
        ("[members.AAA]\nvault = 3", "members.AAA: vault needs a text, found 3"),
        ("[members.AAA]\nvault = ''", "members.AAA: vault needs a text of length >= 1, found ''"),
        ("[members.AAA]\nvault = 'a'\nname = 3", "name needs a text, found 3"),
        (
            "[members.AAA]\nvault = 'a'\nkey = 3",
            "members.AAA: no key 'key'; known: vault, node, bundle, name",
        ),
        ("[members.AAA]\nvault = 'a'\n[cluster]", "no key 'cluster'; known: members, clusters"),
        (
            "[members.AAA]\nvault = 'a'\n[members.BBB]\nvault = 'x/../a'",
            "AAA and BBB both name .*a",
        ),
        (GOOD + "three = 'AAA'", "clusters.three: a list needed, found 'AAA'"),
        (GOOD + "three = ['XXX']", "clusters.three: members of this network needed, found XXX"),
        (GOOD + "three = ['AAA', 'AAA']", "each member once needed, found AAA, AAA"),
        ("[members.AAA", "a TOML file of the network needed"),
    ],
)
def test_a_network_that_means_nothing_is_refused(tmp_path, text, message):
    with pytest.raises(ParameterError, match=message) as refused:
        read(tmp_path, text)
    assert "network.toml" in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"none\.toml: a TOML file of the network needed"):
        read_network(tmp_path / "none.toml")


def test_show_counts_what_the_asker_may_know_of(ribin, tmp_path):
    shared = {"JAM": (2, 1, 1), "BLZ": (3, 2, 1), "USA": (1, 4, 2)}
    lines = []
    for number, (code, levels) in enumerate(shared.items()):
        lines.append(f'[members.{code}]\nvault = "{code}"')
        with Vault.create(tmp_path / code, code, "head") as vault:
            drawn = [level for level, n in zip(Scope, levels, strict=True) for _ in range(n)]
            for n, level in enumerate(drawn):
                enrol(vault, 100 * number + n, make_exhibit(f"{code}-{n}", level))
    lines.append('[clusters]\nlinked = ["BLZ", "JAM"]')
    file = tmp_path / "network.toml"
    file.write_text("\n".join(lines), encoding="utf-8")

    def counted(*vault):
        done = ribin("network", "show", "--network", file, *vault, "--json")
        assert done.code == 0, done.err
        return {m["member"]: m["exhibits"] for m in json.loads(done.out)["members"]}

    assert counted("--vault", tmp_path / "JAM") == {"JAM": 4, "BLZ": 3, "USA": 2}
    assert counted("--vault", tmp_path / "USA") == {"JAM": 1, "BLZ": 1, "USA": 7}
    assert counted() == {"JAM": None, "BLZ": None, "USA": None}  # nobody asks
    Vault.create(tmp_path / "CUB", "CUB", "head").close()
    done = ribin("network", "show", "--network", file, "--vault", tmp_path / "CUB")
    assert (done.code, "member CUB: a member of the network needed" in done.err) == (2, True)
