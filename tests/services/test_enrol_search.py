"""A new exhibit against the cases that are there: searched with at once, in the scope asked for."""

from __future__ import annotations

import json

import pytest

from ribin.search.network import read_network
from ribin.vault.vault import Vault

QUERY, MATE, OTHER = "JAM-2026-0007-1", "BLZ-2025-0042-1", "JAM-2025-0038-1"


@pytest.fixture
def network(linked, tmp_path):
    """JAM and BLZ, linked; BLZ holds the mate of the query, JAM another case."""
    return linked(tmp_path, BLZ=(MATE,), JAM=(OTHER,))


def put(ribin, sample_dir, vault, name, *more):
    fields = ("--event", f"E-{name}", "--exhibit", name, "--vault", vault, "--who", "me")
    return ribin("enrol", sample_dir / f"{name}.x3p", *fields, *more)


def test_an_exhibit_is_searched_with_once_it_is_new(ribin, sample_dir, network, tmp_path):
    asked = ("--network", network, "--search", "cluster", "--reason", "shooting", "--top", 3)
    done = put(ribin, sample_dir, tmp_path / "JAM", QUERY, *asked)
    assert (done.code, done.err) == (0, "")
    enrolled, found = done.out.split("\n\n")
    assert "1 new, 0 already there" in enrolled
    assert found.startswith(f"query {QUERY}, scope cluster: BLZ, JAM")
    assert found.splitlines()[2].split()[:2] == ["1", "BLZ"]
    again = put(ribin, sample_dir, tmp_path / "JAM", QUERY, *asked, "--json")
    said = json.loads(again.out)
    assert (said["enrolled"][0]["outcome"], said["searches"]) == ("already there", [])
    with Vault.open(read_network(network).members["BLZ"].vault) as vault:
        assert [row.reason for row in vault.audit_log() if row.action == "answer"] == ["shooting"]


def test_a_search_that_was_not_made_is_made_when_the_command_is_given_again(
    ribin, sample_dir, network, tmp_path
):
    assert put(ribin, sample_dir, tmp_path / "JAM", QUERY).code == 0  # stopped before its search
    asked = ("--network", network, "--search", "cluster", "--reason", "shooting", "--json")
    said = json.loads(put(ribin, sample_dir, tmp_path / "JAM", QUERY, *asked).out)
    assert (said["enrolled"][0]["outcome"], len(said["searches"])) == ("already there", 1)
    assert json.loads(put(ribin, sample_dir, tmp_path / "JAM", QUERY, *asked).out)["searches"] == []


def test_what_cannot_be_searched_is_refused_before_it_is_enrolled(
    ribin, sample_dir, network, tmp_path
):
    for more, message in (
        (
            ("--network", network),
            "scope cluster: reason needed beyond the country, found none\n"
            "hint: --reason, or the field Reason of a page, says it",
        ),
        (("--reason", "x"), "search cluster: --network or RIBIN_NETWORK needed"),
    ):
        done = put(ribin, sample_dir, tmp_path / "JAM", QUERY, "--search", "cluster", *more)
        assert (done.code, done.out, done.err) == (2, "", f"ribin: {message}\n")
    with Vault.open(tmp_path / "JAM") as vault:
        assert list(vault.exhibits()) == [OTHER]


def test_a_member_that_cannot_answer_does_not_undo_the_enrolment(
    ribin, sample_dir, network, tmp_path
):
    (tmp_path / "BLZ" / "vault.toml").unlink()
    asked = ("--network", network, "--search", "cluster", "--reason", "shooting", "--json")
    done = put(ribin, sample_dir, tmp_path / "JAM", QUERY, *asked)
    said = json.loads(done.out)
    assert done.code == 1
    assert said["enrolled"][0]["outcome"] == "new"
    assert [c["exhibit"] for c in said["searches"][0]["candidates"]] == [OTHER]
    assert said["searches"][0]["unavailable"][0][0] == "BLZ"
