"""From empty vaults to a ranked list: init, enrol, search, network, store check."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from search_makers import owner_name

from ribin.cases.exhibits import ExhibitKind, Scope, exhibit_of, read_manifest
from ribin.errors import FormatError
from ribin.search.network import read_network
from ribin.vault.vault import Vault

QUERY = "JAM-2026-0007-1"  # its mates are in BLZ (shared with the cluster) and TTO (the network)
FILES = (
    "JAM-2026-0007-1",
    "JAM-2025-0038-1",
    "BLZ-2025-0042-1",
    "BLZ-2025-0029-1",
    "TTO-2025-0088-1",
)


def manifest(folder, rows, name="exhibits.csv"):
    with (folder / name).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def sample_rows(sample_dir, files=FILES):
    text = (sample_dir / "exhibits.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["exhibit"] in files]
    return [{**row, "file": str(sample_dir / row["file"])} for row in rows]


@pytest.fixture(scope="module")
def built(sample_dir, tmp_path_factory):
    """A network of five vaults with five exhibits, enrolled through the command."""
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    folder = tmp_path_factory.mktemp("network")
    shutil.copyfile(sample_dir / "network.toml", folder / "network.toml")
    for code, member in read_network(folder / "network.toml").members.items():
        assert run(app, ["init", str(member.vault), "--member", code, "--who", "tester"]) == 0
    path = manifest(folder, sample_rows(sample_dir))
    args = ["enrol", "--manifest", str(path), "--network", str(folder / "network.toml")]
    assert run(app, [*args, "--who", "tester"]) == 0
    return folder


@pytest.fixture
def copied(built, tmp_path):
    """The same network, to be changed by one test."""
    shutil.copytree(built, tmp_path / "network")
    return tmp_path / "network"


def session(folder, member="JAM"):
    network = folder / "network.toml"
    vault = read_network(network).members[member].vault
    return ("--vault", vault, "--network", network, "--who", "tester")


def found(done, folder):
    """Member and exhibit of each row; another member's as that one calls it."""
    network = read_network(folder / "network.toml")
    rows = json.loads(done.out)["candidates"]
    return [(c["member"], owner_name(network, c["member"], c["exhibit"])) for c in rows]


def test_each_scope_shows_what_it_may_and_no_more(ribin, built):
    asked = (*session(built), "--reason", "test", "--json")
    lists = {s: ribin("search", QUERY, "--scope", s, *asked) for s in tuple(Scope)}
    assert all(done.code == 0 for done in lists.values())
    assert found(lists["country"], built) == [("JAM", "JAM-2025-0038-1")]
    assert found(lists["cluster"], built)[0] == ("BLZ", "BLZ-2025-0042-1")
    assert {member for member, _ in found(lists["cluster"], built)} <= {"JAM", "BLZ"}
    assert {e for _, e in found(lists["network"], built)[:2]} == {
        "BLZ-2025-0042-1",
        "TTO-2025-0088-1",
    }
    result = json.loads(lists["network"].out)
    for row in result["candidates"]:  # names stay at home until they are released
        assert row["exhibit"].startswith("x-") is (row["event"] == "") is (row["member"] != "JAM")
    assert {"query", "scope", "members", "counts", "candidates"} <= set(result)
    assert result["counts"]["not_compared"][0] == ["the query itself", 1]
    assert set(result["candidates"][0]) >= {
        *("rank", "member", "exhibit", "event", "mark", "score", "cmc", "cmc_fraction"),
        *("cells", "ccf", "rotation_deg", "shift_um"),
    }


def test_a_file_and_its_exhibit_give_the_same_list(ribin, built, sample_dir):
    asked = (*session(built), "--scope", "cluster", "--reason", "test", "--json")
    by_file = ribin("search", sample_dir / f"{QUERY}.x3p", *asked)
    by_exhibit = ribin("search", QUERY, *asked)
    assert json.loads(by_file.out)["candidates"] == json.loads(by_exhibit.out)["candidates"]


def test_named_members_and_top(ribin, built):
    asked = (*session(built), "--reason", "test", "--json")
    done = ribin("search", QUERY, "--member", "TTO", "--top", "1", *asked)
    assert found(done, built) == [("TTO", "TTO-2025-0088-1")]


def test_the_picture_is_logged_by_the_owner_of_the_candidate(ribin, copied, tmp_path):
    picture = tmp_path / "first.png"
    asked = (*session(copied), "--scope", "cluster", "--reason", "murder of 3 May")
    done = ribin("search", QUERY, *asked, "--picture", picture)
    assert (done.code, done.err) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")
    with Vault.open(read_network(copied / "network.toml").members["BLZ"].vault) as vault:
        last = vault.audit_log()[-1]
    assert (last.action, last.who, last.reason) == ("picture", "tester", "murder of 3 May")


def test_a_member_that_cannot_answer_is_named(ribin, copied):
    shutil.rmtree(read_network(copied / "network.toml").members["BRB"].vault)
    done = ribin("search", QUERY, *session(copied), "--scope", "cluster", "--reason", "test")
    assert done.code == 1
    assert "BRB could not answer: " in done.out
    assert "   1  BLZ     x-" in done.out


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("--scope", "cluster"), 2, "ribin: scope cluster: reason needed beyond the country"),
        (("--member", "XXX", "--reason", "x"), 2, "member XXX: a member of the network needed"),
        (("--from", "3 May"), 2, "date_from needs a day as YYYY-MM-DD, found '3 May'"),
    ],
)
def test_searches_that_are_refused(ribin, built, args, code, message):
    done = ribin("search", QUERY, *session(built), *args)
    assert (done.code, done.out) == (code, "")
    line, *hint = done.err.splitlines()
    assert message in line
    assert [text[:6] for text in hint] in ([], ["hint: "])


def test_a_query_that_is_nothing(ribin, built):
    done = ribin("search", "nothing", *session(built))
    assert done.code == 3
    assert done.err.startswith("ribin: nothing: neither a file nor an exhibit")


def test_a_wider_scope_needs_a_network(ribin, built):
    vault = read_network(built / "network.toml").members["JAM"].vault
    done = ribin("search", QUERY, "--vault", vault, "--scope", "cluster", "--reason", "x")
    assert (done.code, done.err) == (2, "ribin: scope cluster: --network or RIBIN_NETWORK needed\n")


def test_the_vault_must_be_the_one_of_the_network(ribin, built, tmp_path):
    ribin("init", tmp_path / "other", "--member", "JAM", "--who", "tester")
    asked = ("--vault", tmp_path / "other", "--network", built / "network.toml")
    done = ribin("search", QUERY, *asked)
    assert done.code == 2
    assert "the vault of JAM is" in done.err


def test_vault_and_network_come_from_the_environment(ribin, built, monkeypatch):
    member = read_network(built / "network.toml").members["JAM"]
    monkeypatch.setenv("RIBIN_VAULT", str(member.vault))
    monkeypatch.setenv("RIBIN_NETWORK", str(built / "network.toml"))
    assert "JAM     Jamaica                   CARICOM-3  2 " in ribin("network", "show").out
    assert ribin("store", "check").out.startswith("2 scans")


def test_enrolling_again_changes_nothing_and_says_so(ribin, built):
    asked = ("--network", built / "network.toml", "--who", "tester")
    done = ribin("enrol", "--manifest", built / "exhibits.csv", *asked)
    assert done.code == 0
    assert "0 new, 5 already there, 0 failed" in done.out


def test_one_bad_row_does_not_stop_the_others(ribin, sample_dir, tmp_path):
    good, other = sample_rows(sample_dir, FILES[:2])
    (tmp_path / "broken.x3p").write_bytes(b"PK\x03\x04 cut off")
    broken = {**good, "file": "broken.x3p", "exhibit": "E-1"}
    typo = {**good, "exhibit": "E-2", "sharing": "everybody"}
    foreign = {**other, "member": "USA"}
    path = manifest(tmp_path, [broken, typo, foreign, good])
    vault = tmp_path / "vault"
    ribin("init", vault, "--member", "JAM", "--who", "tester")
    done = ribin("enrol", "--manifest", path, "--vault", vault, "--who", "tester")
    assert done.code == 1
    assert "1 new, 0 already there, 3 failed" in done.out
    reasons = done.err.splitlines()
    assert reasons[0].startswith("broken.x3p: ")
    assert reasons[1].endswith("sharing needs one of country, cluster, network, found 'everybody'")
    assert reasons[2].endswith("member USA: the owner of the vault needed (JAM)")
    with Vault.open(vault) as opened:
        assert list(opened.exhibits()) == [good["exhibit"]]


def test_enrol_one_scan_with_options(ribin, sample_dir, tmp_path):
    vault = tmp_path / "vault"
    ribin("init", vault, "--member", "JAM", "--who", "tester")
    fields = ("--event", "E", "--exhibit", "X", "--calibre", "9x19", "--sharing", "network")
    asked = ("--vault", vault, "--who", "tester", "--json")
    done = ribin("enrol", sample_dir / f"{QUERY}.x3p", *fields, *asked)
    assert done.code == 0
    assert json.loads(done.out)["enrolled"][0]["outcome"] == "new"
    with Vault.open(vault) as opened:
        exhibit = opened.exhibit("X")
    assert (exhibit.sharing, exhibit.class_fields.calibre) == (Scope.NETWORK, "9x19")
    again = ribin("enrol", sample_dir / f"{QUERY}.x3p", *fields[:4], *asked)
    assert json.loads(again.out)["enrolled"][0]["outcome"] == "already there"
    narrower = ribin(
        "enrol", sample_dir / f"{QUERY}.x3p", *fields[:4], "--sharing", "country", *asked
    )
    assert narrower.code == 3
    assert "sharing is 'network' in the vault, found 'country'" in narrower.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "either FILE... or --manifest needed"),
        (("a", "--manifest", "b"), "either FILE... or --manifest needed"),
        (("a", "--event", "E"), "--event and --exhibit needed with FILE..."),
        (("a", "--event", "E", "--exhibit", "X"), "--vault (RIBIN_VAULT) or --network"),
    ],
)
def test_wrong_usage_of_enrol(ribin, args, message):
    done = ribin("enrol", *args)
    assert done.code == 2
    assert message in done.err


def test_store_check_finds_a_flipped_byte(ribin, copied):
    vault = read_network(copied / "network.toml").members["BLZ"].vault
    assert ribin("store", "check", "--vault", vault).code == 0
    file = sorted((vault / "marks").rglob("*.h5"))[0]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    done = ribin("store", "check", "--vault", vault)
    assert done.code == 1
    assert str(file) in done.out


def test_rebuild_index(ribin, copied):
    vault = read_network(copied / "network.toml").members["BLZ"].vault
    done = ribin("store", "rebuild-index", "--vault", vault)
    assert (done.code, done.out) == (0, f"{vault}: index of 2 marks made\n")


def test_network_show_names_a_vault_that_is_gone(ribin, copied):
    members = read_network(copied / "network.toml").members
    shutil.rmtree(members["USA"].vault)
    asked = ("--network", copied / "network.toml", "--vault", members["BLZ"].vault)
    done = ribin("network", "show", *asked, "--json")
    states = {s["member"]: s for s in json.loads(done.out)["members"]}
    assert states["BLZ"]["exhibits"] == 2
    assert states["USA"]["exhibits"] is None
    assert states["USA"]["problem"].endswith("the folder of a vault needed, found none")


def test_init_refuses_a_folder_with_files(ribin, tmp_path):
    (tmp_path / "letter.txt").write_text("here", encoding="utf-8")
    done = ribin("init", tmp_path, "--member", "JAM", "--who", "tester")
    assert done.code == 3
    assert done.err == f"ribin: {tmp_path}: a new or empty folder needed, found files in it\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,event\na,E\n", "no column exhibit, found file, event; known: file, member"),
        ("file,event,exhibit,caliber\n", "column 'caliber' means nothing, found .*; known: file"),
        ("", "no column file"),
    ],
)
def test_manifests_that_are_refused(tmp_path, text, message):
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_manifest(tmp_path / "m.csv")


def test_a_row_with_too_many_cells_is_refused(tmp_path):
    text = "file,event,exhibit\na,E,X,Kingston\n"
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=r"line 2: one cell for each column .* found Kingston"):
        read_manifest(tmp_path / "m.csv")


def test_fields_of_an_exhibit():
    fields = {
        "event": "E",
        "exhibit": "X",
        "kind": "test_fire",
        "firearm": "W",
        "place": "Belmopan",
    }
    exhibit = exhibit_of(fields)
    assert (exhibit.kind, exhibit.firearm) == (ExhibitKind.TEST_FIRE, "W")
    assert (exhibit.event.place, exhibit.sharing) == ("Belmopan", Scope.COUNTRY)
