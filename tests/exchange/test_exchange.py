"""Bundles between members without a line: what they carry, and what is refused."""

from __future__ import annotations

import json
import sqlite3
import zipfile

import pytest
from bundle_makers import changed_manifest, members_of_bundle, signed_again, state_of
from search_makers import PARAMS_ID, ask, make_query, search
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.cases.searches import SearchStatement
from ribin.crypto.keys import PrivateKey
from ribin.errors import AccessError, FormatError, ParameterError, RibinError
from ribin.exchange.receive import import_bundle
from ribin.exchange.send import export_bundle
from ribin.search.context import SearchContext
from ribin.vault.corrections import correct_exhibits
from ribin.vault.keys import end_trust, make_key, own_key, trust_key
from ribin.vault.received import read_exhibits
from ribin.vault.recorded_searches import add_search
from ribin.vault.sharing import end_release, pseudonyms, release_exhibit, set_sharing
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("small_templates")

SECRETS = (b"secret", b"Dangriga", b"C-99", b"E-BLZ", b"scan1.x3p", b"not a real X3P")


def found(network, scope=Scope.CLUSTER):
    result = search(make_query(), ask("JAM", scope), SearchContext(network))
    return {(row.exhibit, row.event) for row in result.candidates if row.member == "BLZ"}, result


def release(pair, original=False):
    said = {"who": "ann", "reason": "homicide", "original": original}
    return release_exhibit(pair.sender, "BLZ-secret-cluster", "JAM", Scope.CLUSTER, **said)


def test_no_search_of_the_sender_is_in_a_bundle(pair):
    counts = {"compared": 0}
    made = SearchStatement("BLZ-secret-cluster", "0" * 64, "country", ("BLZ",), 0, counts, "f" * 64)
    with pair.sender.act("search recorded", "ann", "a secret reason") as act:
        add_search(act, "BLZ-Q1", made)
    content = b"".join(members_of_bundle(pair.send()).values())
    for text in (b"BLZ-Q1", b"f" * 64, b"a secret reason", b"BLZ-secret-cluster"):
        assert text not in content


def test_a_bundle_carries_class_fields_templates_and_opaque_names(pair, network):
    path = pair.send()
    whole = path.read_bytes()
    assert not any(secret in whole for secret in SECRETS)
    facts = json.loads(members_of_bundle(path)["manifest.json"])
    names = pseudonyms(pair.sender, ["BLZ-secret-cluster", "BLZ-secret-network"])
    assert {one["exhibit"] for one in facts["exhibits"]} == set(names.values())
    assert {one["class_fields"]["calibre"] for one in facts["exhibits"]} == {"9x19"}
    done = pair.receive(path)
    assert (done.outcome, done.sender, done.number, done.exhibits, done.new) == (
        *("new", "BLZ", 1, 2),
        2,
    )
    rows, result = found(network)
    assert rows == {(name, "") for name in names.values()}
    assert result.candidates[0].class_fields.calibre == "9x19"
    assert result.unavailable == ()
    assert any("BLZ: no line; answered by its bundle 1 of" in note for note in result.notes)
    assert result.counts.adds_up


def test_the_scope_of_a_search_holds_without_a_line(pair, network):
    pair.receive(pair.send())
    assert found(network, Scope.COUNTRY)[0] == set()
    assert len(found(network, Scope.CLUSTER)[0]) == 2


def test_a_wider_distance_carries_less(pair):
    facts = json.loads(members_of_bundle(pair.send(reach=Scope.NETWORK))["manifest.json"])
    wanted = pseudonyms(pair.sender, ["BLZ-secret-network"])
    assert [one["exhibit"] for one in facts["exhibits"]] == list(wanted.values())


def test_the_same_bundle_again_changes_nothing(pair):
    path = pair.send()
    pair.receive(path)
    before = state_of(pair.receiver)
    assert pair.receive(path).outcome == "already there"
    assert state_of(pair.receiver) == before


def test_a_changed_row_of_a_received_bundle_is_found(pair):
    pair.receive(pair.send())
    with pair.receiver.catalogue.writing() as db:
        db.execute("UPDATE received_exhibits SET calibre = '9x18' WHERE rowid = 1")
    problems = pair.receiver.check().problems
    assert [p.text for p in problems] == ["catalogue: the bundle of BLZ is not as it was received"]
    with pair.receiver.catalogue.writing() as db:
        db.execute("UPDATE received_exhibits SET calibre = '9x19' WHERE rowid = 1")


def test_a_later_bundle_takes_the_place_and_an_old_one_is_refused(pair, network):
    first = pair.send()
    pair.receive(first)
    set_sharing(pair.sender, ["BLZ-secret-cluster"], Scope.COUNTRY, "ann", "trial")
    enrol(pair.sender, 9, make_exhibit("BLZ-new", Scope.CLUSTER), params_id=PARAMS_ID)
    second = pair.send()
    done = pair.receive(second)
    assert (done.number, done.new, done.gone) == (2, 1, 1)
    names = pseudonyms(pair.sender, ["BLZ-secret-network", "BLZ-new"])
    assert {exhibit for exhibit, _ in found(network)[0]} == set(names.values())
    before = state_of(pair.receiver)
    with pytest.raises(AccessError, match=r"bundle1.zip: a bundle of BLZ after number 2 needed"):
        pair.receive(first)
    assert state_of(pair.receiver) == before
    kept = list((pair.receiver.path / "received").rglob("*.packed"))
    assert len(kept) == 2  # what the first bundle alone had is gone


def test_a_release_names_exhibit_and_event_and_is_in_both_logs(pair, network):
    pair.receive(pair.send())
    release(pair)
    path = pair.send()
    assert not any(name.startswith("originals/") for name in members_of_bundle(path))
    assert pair.receive(path).released == 1
    opaque = pseudonyms(pair.sender, ["BLZ-secret-cluster", "BLZ-secret-network"])
    assert found(network)[0] == {
        ("BLZ-secret-cluster", "E-BLZ-secret-cluster"),
        (opaque["BLZ-secret-network"], ""),
    }
    told = f"BLZ:{opaque['BLZ-secret-cluster']}"
    assert ("release", "BLZ-secret-cluster", "ann") in logged(pair.sender)
    assert ("receive release", told, "bob") in logged(pair.receiver)
    said = {"who": "ann", "reason": "closed"}
    end_release(pair.sender, "BLZ-secret-cluster", "JAM", **said)
    assert pair.receive(pair.send()).ended == 1
    assert found(network)[0] == {(name, "") for name in opaque.values()}
    assert ("release ended", told, "bob") in logged(pair.receiver)


def logged(vault):
    return [(row.action, row.subject, row.who) for row in vault.audit_log()]


def test_an_original_travels_only_where_it_was_released(pair):
    release(pair, original=True)
    path = pair.send()
    originals = {n: c for n, c in members_of_bundle(path).items() if n.startswith("originals/")}
    mark = pair.sender.marks_of("BLZ-secret-cluster")[0]
    assert originals == {f"originals/{mark.scan.sha256}": pair.sender.original(mark.scan.sha256)}
    pair.receive(path)
    kept = pair.receiver.path / "received" / "BLZ" / "originals" / mark.scan.sha256
    assert kept.read_bytes() == pair.sender.original(mark.scan.sha256)


def test_a_sealed_bundle_is_read_by_its_receiver_alone(pair, tmp_path):
    path = pair.send(sealed=True)
    whole = path.read_bytes()
    assert b"manifest.json" not in whole
    assert b"9x19" not in whole
    with Vault.create(tmp_path / "BRB", "BRB", "eve") as other:
        make_key(other, "eve")
        trust_key(other, own_key(pair.sender).public, "eve", "")
        with pytest.raises(AccessError, match="sealed for BRB needed, found one altered or for an"):
            import_bundle(other, path, who="eve")
    assert pair.receive(path).outcome == "new"


def test_every_byte_counts(pair):
    """One bit at each of 400 places, of an open and of a sealed bundle."""
    for sealed in (False, True):
        path = pair.send(sealed=sealed)
        content = path.read_bytes()
        before = state_of(pair.receiver)
        step = max(1, len(content) // 200)
        refused = 0
        for place in range(0, len(content), step):
            changed = bytearray(content)
            changed[place] ^= 1 << place % 8
            path.write_bytes(bytes(changed))
            with pytest.raises((AccessError, FormatError)):
                pair.receive(path)
            refused += 1
        for cut in (0, 1, 30, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:cut])
            with pytest.raises((AccessError, FormatError)):
                pair.receive(path)
        path.write_bytes(content + b"x")
        with pytest.raises((AccessError, FormatError)):
            pair.receive(path)
        assert refused >= 200
        assert state_of(pair.receiver) == before


def test_strangers_are_refused(pair):
    path = pair.send()
    members = list(members_of_bundle(path).items())
    before = state_of(pair.receiver)
    stranger = PrivateKey.make("BLZ")
    with pytest.raises(AccessError, match="signed by a trusted key needed, found one that says BL"):
        pair.receive(signed_again(path, members, stranger))
    unsigned = path.with_name("unsigned.zip")
    with zipfile.ZipFile(unsigned, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    with pytest.raises(AccessError, match="a signed bundle needed, found none"):
        pair.receive(unsigned)
    assert state_of(pair.receiver) == before
    end_trust(pair.receiver, "BLZ", "bob", "key lost")
    with pytest.raises(AccessError, match="signed by a trusted key needed"):
        pair.receive(path)


def test_a_new_key_of_a_member_ends_the_old_one(pair):
    path = pair.send()
    trust_key(pair.receiver, PrivateKey.make("BLZ").public, "bob", "new key")
    with pytest.raises(AccessError, match="signed by a trusted key needed"):
        pair.receive(path)
    assert trust_key(pair.receiver, own_key(pair.sender).public, "bob", "the old one after all")
    assert pair.receive(path).outcome == "new"


def test_a_bundle_for_another_or_of_another_is_refused(pair):
    with pytest.raises(AccessError, match="a bundle for JAM needed, found one for BRB"):
        pair.receive(pair.send(to="BRB"))
    path = pair.send()
    members = members_of_bundle(path)
    key = own_key(pair.sender)
    forged = signed_again(path, changed_manifest(members, sender="USA"), key)
    with pytest.raises(AccessError, match="a bundle of BLZ, who signed it, needed, found USA"):
        pair.receive(forged)
    with pytest.raises(AccessError, match="another member needed to send a bundle to"):
        pair.send(to="BLZ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "a ribin bundle of version 1 needed"),
        ({"version": 2}, "a ribin bundle of version 1 needed"),
        ({"number": 0}, "number needs a whole number >= 1, found 0"),
        ({"number": True}, "number needs a whole number, found True"),
        ({"bundle": "x"}, "bundle needs 64 hexadecimal digits"),
        ({"extra": 1}, "no key 'extra'"),
        ({"files": []}, "is not among the files"),
        ({"exhibits": []}, "is named by no exhibit"),
        ({"exhibits": [1]}, r"exhibits\[0\] needs an object, found 1"),
        ({"sender": "../x"}, "sender needs three capital letters, found '../x'"),
    ],
)
def test_statements_that_cannot_be(pair, changes, message):
    path = pair.send()
    members = members_of_bundle(path)
    before = state_of(pair.receiver)
    with pytest.raises(FormatError, match=message):
        pair.receive(signed_again(path, changed_manifest(members, **changes), own_key(pair.sender)))
    assert state_of(pair.receiver) == before


def test_a_member_that_the_manifest_does_not_list(pair):
    path = pair.send()
    members = members_of_bundle(path)
    for name in ("../../evil", "templates/x.packed", "/etc/passwd"):
        odd = signed_again(path, [*members.items(), (name, b"x")], own_key(pair.sender))
        with pytest.raises(FormatError, match="members as its manifest lists needed"):
            pair.receive(odd)
    assert not (pair.folder.parent / "evil").exists()


def test_a_template_that_its_mark_does_not_name(pair):
    path = pair.send()
    members = members_of_bundle(path)
    facts = json.loads(members["manifest.json"])
    facts["exhibits"][0]["scans"][0]["marks"][0]["template_sha256"] = "0" * 64
    changed = [*{**members, "manifest.json": json.dumps(facts).encode()}.items()]
    with pytest.raises(FormatError, match="is not the template that its mark names"):
        pair.receive(signed_again(path, changed, own_key(pair.sender)))


def test_nothing_is_sent_without_who_and_why(pair, tmp_path):
    key, path = own_key(pair.sender), tmp_path / "b.zip"
    for said in ({"who": "", "reason": "x"}, {"who": "x", "reason": " "}):
        with pytest.raises(AccessError, match="who and reason needed"):
            export_bundle(pair.sender, "JAM", Scope.CLUSTER, key, path, **said)
    path.write_bytes(b"")
    with pytest.raises(ParameterError, match="a new file needed, found one"):
        export_bundle(pair.sender, "JAM", Scope.CLUSTER, key, path, who="x", reason="x")
    missing = tmp_path / "no" / "b.zip"
    with pytest.raises(ParameterError, match="a file to write needed, No such file"):
        export_bundle(pair.sender, "JAM", Scope.CLUSTER, key, missing, who="x", reason="x")


def test_what_was_sent_is_in_the_log_before_the_file_is_there(pair, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ribin.exchange.send.os.replace", refuse)
    with pytest.raises(ParameterError, match="a file to write needed, No space left on device"):
        pair.send()
    row = pair.sender.audit_log()[-1]
    assert (row.action, row.subject, row.details["number"]) == ("export bundle", "JAM", 1)
    assert [p.name for p in pair.folder.iterdir() if p.is_file()] == []


def test_a_disk_that_refuses_leaves_the_bundle_before(pair, network, monkeypatch):
    pair.receive(pair.send())
    before = found(network)[0]
    enrol(pair.sender, 9, make_exhibit("BLZ-new", Scope.CLUSTER), params_id=PARAMS_ID)
    path = pair.send()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ribin.exchange.receive.write_synced", refuse)
        with pytest.raises(RibinError, match="cannot be written: No space left on device"):
            pair.receive(path)
    assert found(network)[0] == before
    assert pair.receive(path).outcome == "new"


def test_a_damaged_received_template_is_counted_and_mended_by_the_next_bundle(pair, network):
    pair.receive(pair.send())
    one = next((pair.receiver.path / "received" / "BLZ").glob("??/*.packed"))
    one.write_bytes(one.read_bytes()[:-1] + b"\xff")
    rows, result = found(network)
    assert len(rows) == 1
    assert result.counts.not_compared == (("scan file missing or damaged", 1),)
    pair.receive(pair.send())
    assert len(found(network)[0]) == 2


def test_the_line_goes_before_the_bundle(pair, network):
    pair.receive(pair.send())
    (pair.folder / "nowhere").symlink_to(pair.folder / "BLZ")
    _, result = found(network)
    assert not any("no line" in note for note in result.notes)


def test_numbers_are_guarded_by_the_catalogue_too(pair):
    path = pair.send()
    pair.receive(path)
    with sqlite3.connect(pair.receiver.catalogue.path) as db:
        rows = db.execute("SELECT direction, member, number FROM bundles").fetchall()
    db.close()
    assert rows == [("received", "BLZ", 1)]


def test_what_was_reviewed_stays_left_out_when_its_name_was_told(pair, network):
    """A lead names the exhibit as it was known when the lead was taken up, and for good."""
    opaque = pseudonyms(pair.sender, ["BLZ-secret-cluster"])["BLZ-secret-cluster"]
    for told in (opaque, "BLZ-secret-cluster"):
        pair.receive(pair.send())
        for name in {opaque, told}:
            asked = ask("JAM", Scope.CLUSTER, leave_out=(("BLZ", name),))
            result = search(make_query(), asked, SearchContext(network))
            assert len(result.candidates) == 1
            assert dict(result.counts.not_compared)["reviewed already"] == 1
        release(pair)


def test_nothing_of_what_is_gone_stays_in_the_index(pair, network):
    """A shard and the comparisons of a search without a cut name templates by their hashes."""
    pair.receive(pair.send())
    mark = pair.sender.marks_of("BLZ-secret-cluster")[0]
    index = pair.receiver.path / "received" / "BLZ" / "index"
    index.mkdir()
    (index / "full-0.journal").write_text(mark.template_sha256)
    set_sharing(pair.sender, ["BLZ-secret-cluster"], Scope.COUNTRY, "ann", "trial")
    path = pair.send()
    assert pair.receive(path).gone == 1
    assert not index.exists()
    index.mkdir()  # as where the import was stopped before it came to the index
    assert pair.receive(path).outcome == "already there"
    assert not index.exists()
    assert len(found(network)[0]) == 1


def test_the_next_bundle_corrects_what_was_told_and_tells_no_history(pair):
    before = known(pair)
    said = {"who": "ann", "reason": "misread"}
    fields = {"calibre": ".40", "exhibit": "BLZ-9", "place": "San Ignacio"}
    release_exhibit(pair.sender, "BLZ-secret-network", "JAM", Scope.CLUSTER, original=False, **said)
    correct_exhibits(pair.sender, ["BLZ-secret-network"], fields, **said)
    path = pair.send()
    pair.receive(path)
    now = known(pair)
    assert before.keys() == now.keys()  # under the same pseudonyms
    changed = [one for name, one in now.items() if one != before[name]]
    (one,) = changed
    assert one.class_fields.calibre == ".40"
    assert (one.released.exhibit, one.released.event.place) == ("BLZ-9", "San Ignacio")
    content = path.read_bytes()
    assert b'"BLZ-secret-network"' not in content
    assert b"misread" not in content
    assert pair.receiver.check().problems == ()
    assert pair.sender.check().problems == ()


def known(pair):
    pair.receive(pair.send())
    with pair.receiver.catalogue.reading() as db:
        return {one.exhibit: one for one in read_exhibits(db, "BLZ")}
