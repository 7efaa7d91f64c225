"""The index is derived: stale, damaged or missing, it costs time and changes no list."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest
from search_makers import PARAMS_ID, SMALL, ask, fill, make_network, make_query, search
from vault_makers import enrol, make_exhibit

from ribin.errors import StoreError
from ribin.search.context import SearchContext
from ribin.search.index import check_index, index_folder, rebuild_index, sweep_index
from ribin.vault.files import read_derived, write_derived
from ribin.vault.retention import purge_exhibit
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")


@pytest.fixture
def network(tmp_path):
    made = make_network(tmp_path, ("JAM",), ())
    fill(made, "JAM", range(18))
    return made


def folder(network) -> Path:
    return network.members["JAM"].vault / "index"


def files(network) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder(network).rglob("*.h5")}


def run(network, params=SMALL, **more):
    result = search(make_query(), ask("JAM"), SearchContext(network, params, **more))
    assert result.counts.adds_up
    return result


def test_a_search_brings_the_index_up_to_date_once(network, templates_read):
    read = templates_read
    first = run(network)
    assert sorted(read) == list(range(1, 19))  # the full comparison reads what was packed by then
    made = files(network)
    assert len(made) == 5  # 18 marks in shards of 4
    del read[:]
    assert run(network).candidates == first.candidates
    assert read == []
    assert files(network) == made


def test_an_index_that_grew_equals_one_made_at_once(network):
    run(network)
    for seeds in (range(18, 19), range(19, 25), range(25, 26)):
        fill(network, "JAM", seeds)
        run(network)
    grown = files(network)
    with Vault.open(network.members["JAM"].vault) as vault:
        (folder(network) / "stray.txt").write_text("")
        assert rebuild_index(vault, SMALL) == 26
    assert files(network) == grown
    assert len(grown) == 7


def test_only_new_marks_are_read_for_the_index(network, templates_read):
    run(network)
    fill(network, "JAM", (30,))
    templates_read.clear()
    run(network)
    assert templates_read == [19]


def test_any_flipped_byte_is_noticed_mended_and_never_searched(network):
    sound = run(network)
    made = files(network)
    rng = random.Random(3)
    for _ in range(6):
        path = next(folder(network).rglob(f"{rng.choice(sorted(made))}"))
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        with Vault.open(network.members["JAM"].vault) as vault:
            assert check_index(vault) == [f"{path}: damaged"]
        result = run(network)
        assert result.candidates == sound.candidates
        assert result.notes == ("JAM: a damaged index was found and not used",)
        assert files(network) == made
    assert run(network).notes == ()


def test_a_shard_under_another_name_is_damaged(network):
    run(network)
    path = sorted(folder(network).rglob("*.h5"))[0]
    path.rename(path.with_name("00000-" + "0" * 32 + ".h5"))
    assert run(network).notes != ()
    assert run(network).notes == ()


def test_rows_of_marks_that_are_gone_are_not_used(network, tmp_path):
    """An index copied from another vault: sound files, other marks."""
    run(network)
    other = make_network(tmp_path / "other", ("JAM",), ())
    fill(other, "JAM", range(40, 58))
    wanted = run(other)
    for path in folder(other).rglob("*.h5"):
        path.unlink()
    (foreign,) = folder(network).glob(f"breech_face-topography-{PARAMS_ID}-*")
    for path in foreign.iterdir():
        (folder(other) / foreign.name / path.name).write_bytes(path.read_bytes())
    assert run(other).candidates == wanted.candidates


def test_a_read_only_vault_is_searched_and_left_as_it_is(network, monkeypatch):
    wanted = run(network)
    with Vault.open(network.members["JAM"].vault) as vault:
        rebuild_index(vault, SMALL)
    for path in folder(network).rglob("*.h5"):
        path.unlink()
    real = Vault.open.__func__
    monkeypatch.setattr(Vault, "open", classmethod(lambda cls, path: real(cls, path, True)))
    unlogged = search(make_query(), ask("JAM", unlogged=True), SearchContext(network, SMALL))
    assert unlogged.candidates == wanted.candidates
    assert files(network) == {}
    with (
        Vault.open(network.members["JAM"].vault) as vault,
        pytest.raises(StoreError, match="a writable vault needed, found a read-only one"),
    ):
        rebuild_index(vault)


def test_a_disk_that_refuses_the_index_stops_nothing(network, monkeypatch):
    wanted = run(network)
    fill(network, "JAM", (30,))

    def refuse(*paths):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ribin.vault.files.os.replace", refuse)
        assert run(network).counts.eligible == 19
    again = run(network)
    assert len(again.candidates) == len(wanted.candidates)
    assert not list(folder(network).rglob("*.aside"))


def test_equal_surfaces_of_two_files_share_nothing_but_their_vector(network):
    with Vault.open(network.members["JAM"].vault) as vault:
        vector = vault.template(vault.holdings().marks[0]).arrays["coarse"]
        enrol(vault, 70, make_exhibit("copy"), vector=vector, params_id=PARAMS_ID)
    run(network)
    made = files(network)
    assert run(network).counts.eligible == 19
    assert files(network) == made


COARSER = dataclasses.replace(
    SMALL,
    breech_face=dataclasses.replace(
        SMALL.breech_face,
        describe=dataclasses.replace(SMALL.breech_face.describe, medium_pitch_um=62.5),
    ),
)


def test_marks_of_other_parameters_are_not_sketched_with_these(network):
    """Another pitch is another folder; what only they can sketch waits for their search."""
    with Vault.open(network.members["JAM"].vault) as vault:
        enrol(vault, 40, make_exhibit("coarser"), params_id=COARSER.template_id)
        making = "breech_face", "topography", COARSER.template_id
        assert index_folder(vault, *making, COARSER) != index_folder(vault, *making, SMALL)
        held = rebuild_index(vault, SMALL)
        assert held == rebuild_index(vault, SMALL)
        assert not index_folder(vault, *making, SMALL).exists()
        assert rebuild_index(vault, COARSER) == 1
        assert index_folder(vault, *making, COARSER).exists()


def test_a_sweep_takes_out_what_was_purged_and_no_more(network):
    with Vault.open(network.members["JAM"].vault) as vault:
        held = rebuild_index(vault, SMALL)
        files = sorted((vault.path / "index").rglob("*.h5"))
        whole = {path.name: path.read_bytes() for path in files}
        exhibit = next(iter(vault.holdings().scans)).exhibit.exhibit
        number = len(vault.marks_of(exhibit))
        purge_exhibit(vault, exhibit, "tester", "its day has come")
        assert [text for text in check_index(vault) if f"holds {number} marks" in text]
        assert sweep_index(vault) == number
        assert check_index(vault) == []
        left = {path.name: path.read_bytes() for path in (vault.path / "index").rglob("*.h5")}
        assert len(whole.items() - left.items()) == 1  # of the other shards every byte
        assert rebuild_index(vault, SMALL) == held - number
        assert left == {p.name: p.read_bytes() for p in (vault.path / "index").rglob("*.h5")}


def test_a_search_ends_in_the_middle_of_the_coarse_stage(network):
    """Whoever is told how far it is may end it there, before any full comparison; also while marks
    are sketched, and with an index that is there."""

    class EnoughError(Exception):
        pass

    told = []

    def enough(stage, done, total):
        told.append((stage, done, total))
        raise EnoughError

    for _ in range(2):
        with pytest.raises(EnoughError):
            run(network, progress=enough)
        assert {stage for stage, *_ in told} == {"JAM: coarse stage"}
        assert all(0 < done <= total for _, done, total in told)
        run(network)  # leaves an index behind


@pytest.mark.parametrize("number", [0, 1, 4095, 8192, 12_295, 40_000])
def test_a_name_tells_every_flipped_bit(tmp_path, number):
    """Also the same bit in two words, the highest of all, and bytes that are added or cut off."""
    some = random.Random(number)
    content = some.randbytes(number)
    path = write_derived(tmp_path, "00001", ".h5", content)
    assert read_derived(path) == content
    changed = [content + b"\0", *([content[:-1]] if number else [])]
    for bit in (0, 3, 7) if number else ():
        for _ in range(20):
            first, apart = some.randrange(number), 8 * some.randrange(300)
            other = bytearray(content)
            for place in {first, min(first + apart, number - 1)}:
                other[place] ^= 1 << bit
            changed.append(bytes(other))
    for other in changed:
        path.write_bytes(other)
        assert read_derived(path) is None
