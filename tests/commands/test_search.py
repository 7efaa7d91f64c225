"""`ribin search`: what it refuses in one line, and what it says it did not compare."""

from __future__ import annotations

import json

import pytest

from ribin.vault.vault import Vault

QUERY, OTHER = "JAM-2026-0007-1", "JAM-2025-0038-1"


@pytest.fixture(scope="module")
def vault(linked, tmp_path_factory):
    """A vault of JAM with two exhibits."""
    return linked(tmp_path_factory.mktemp("vaults"), JAM=(QUERY, OTHER)).with_name("JAM")


def network(folder, vaults):
    text = "".join(f'[members.{code}]\nvault = "{path}"\n' for code, path in vaults.items())
    (folder / "network.toml").write_text(text, encoding="utf-8")
    return folder / "network.toml"


def test_a_network_without_the_asker_is_said_to_lack_it(ribin, vault, tmp_path):
    file = network(tmp_path, {"BLZ": tmp_path / "BLZ"})
    for scope in ("country", "cluster"):
        asked = ("--scope", scope, "--reason", "x", "--who", "me")
        done = ribin("search", QUERY, "--vault", vault, "--network", file, *asked)
        assert (done.code, done.out) == (2, "")
        needed = f"a section [members.JAM] for the vault {vault} needed, found BLZ"
        assert done.err == f"ribin: {file}: {needed}\n"


def test_a_network_of_one_can_be_searched_in_every_scope(ribin, vault, tmp_path):
    file = network(tmp_path, {"JAM": vault})
    asked = ("--scope", "network", "--reason", "x", "--who", "me")
    done = ribin("search", QUERY, "--vault", vault, "--network", file, *asked)
    assert (done.code, done.err) == (0, "")


def test_a_network_that_is_not_there_is_named_once(ribin, vault, tmp_path):
    done = ribin("search", QUERY, "--vault", vault, "--network", tmp_path / "none.toml")
    needed = "a TOML file of the network needed: No such file or directory"
    assert (done.code, done.err) == (2, f"ribin: {tmp_path}/none.toml: {needed}\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("--member", "USA", "--scope", "cluster"),
            "search: either --scope or --member needed, found cluster and USA",
        ),
        (
            ("--from", "2026-05-04", "--to", "2026-05-03"),
            "date_from: 2026-05-03 (date_to) or before needed, found 2026-05-04",
        ),
        (("--picture", "first.jpg"), "first.jpg: a name that ends in .png needed"),
    ],
)
def test_options_that_contradict_each_other(ribin, vault, args, message):
    done = ribin("search", QUERY, "--vault", vault, *args)
    assert (done.code, done.out, done.err) == (2, "", f"ribin: {message}\n")


def test_the_result_names_the_query_as_it_was_asked(ribin, vault, sample_dir):
    by_exhibit = ribin("search", QUERY, "--vault", vault, "--json")
    assert json.loads(by_exhibit.out)["query"] == QUERY
    by_file = ribin("search", sample_dir / f"{QUERY}.x3p", "--vault", vault, "--json")
    assert json.loads(by_file.out)["query"] == f"{QUERY}.x3p"


def test_nothing_compared_for_want_of_equal_parameters_is_said(ribin, vault, sample_dir, tmp_path):
    (tmp_path / "p.toml").write_text("breech_face.describe.min_fill = 0.4\n", encoding="utf-8")
    asked = ("--vault", vault, "--params", tmp_path / "p.toml")
    with Vault.open(vault) as opened:
        made_with = opened.holdings().marks[0].params_id
    done = ribin("search", sample_dir / "BLZ-2025-0042-1.x3p", *asked)
    assert done.code == 1
    assert done.out.splitlines()[1] == "no candidate"
    first = (
        "BLZ-2025-0042-1.x3p: 0 of 2 marks compared, 2 of them described with template parameters"
    )
    assert done.err.startswith(f"{first} other than ")
    done = ribin("search", QUERY, *asked)
    assert done.code == 3
    assert done.err.startswith(f"ribin: {QUERY}: described with template parameters {made_with}, ")
