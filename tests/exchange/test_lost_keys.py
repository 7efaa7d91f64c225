"""A key that was lost takes with it what it signed since; a key that is changed takes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from bundle_makers import changed_manifest, members_of_bundle, signed_again

from ribin.cases.exhibits import Scope
from ribin.crypto.keys import PrivateKey, read_public, write_public
from ribin.errors import AccessError, FormatError, ParameterError
from ribin.exchange.send import export_bundle
from ribin.services.audit import verify_log
from ribin.vault.anchors import kept_anchors
from ribin.vault.keys import change_key, end_trust, own_key, trust_key
from ribin.vault.received import ReceivedGallery, last_bundle
from ribin.vault.sharing import release_exhibit

pytestmark = pytest.mark.usefixtures("small_templates")

TODAY = datetime.now(UTC).date()


def held(pair) -> int:
    return len(ReceivedGallery(pair.receiver, "BLZ").holdings().scans)


def altered(pair, **changes):
    """A bundle that whoever has the key of Belize may make."""
    path = pair.send()
    members = changed_manifest(members_of_bundle(path), **changes)
    return signed_again(path, members, own_key(pair.sender))


@pytest.mark.parametrize("made_at", ["2020-01-01T00:00:00.000+00:00", None])
def test_what_a_lost_key_signed_since_is_left_out_also_where_it_is_dated_back(pair, made_at):
    first = pair.send()
    facts = {"made_at": made_at} if made_at else {}
    pair.receive(altered(pair, number=900_000, **facts))
    assert held(pair) == 2
    ended, left_out = end_trust(pair.receiver, "BLZ", "bob", "stolen", TODAY.isoformat())
    assert (ended.member, left_out, held(pair)) == ("BLZ", 1, 0)
    assert not (pair.receiver.path / "received" / "BLZ").exists()
    with pair.receiver.catalogue.reading() as db:
        assert "BLZ" not in kept_anchors(db)  # no false alarm for who lost the key
    assert verify_log(pair.receiver.path, None, ()).problems == ()
    with pytest.raises(AccessError, match="signed by a trusted key needed"):
        pair.receive(first)
    # The owner's next bundle, under a new key, is not older than what was left out.
    key = PrivateKey.make("BLZ")
    trust_key(pair.receiver, key.public, "bob", "read out by telephone")
    path = pair.folder / "next.zip"
    said = {"who": "ann", "reason": "weekly"}
    export_bundle(pair.sender, "JAM", Scope.CLUSTER, key, path, **said)
    assert pair.receive(path).outcome == "new"
    assert held(pair) == 2


def test_what_was_there_before_the_day_stays(pair, monkeypatch):
    before = (TODAY - timedelta(days=40)).isoformat()
    long_ago = f"{before}T10:00:00.000+00:00"
    with monkeypatch.context() as patched:
        for place in ("exchange.send", "vault.audit", "vault.received"):
            patched.setattr(f"ribin.{place}.now_utc", lambda: long_ago)
        pair.receive(pair.send())
    lost = (TODAY - timedelta(days=3)).isoformat()
    assert end_trust(pair.receiver, "BLZ", "bob", "stolen", lost)[1] == 0
    assert held(pair) == 2
    assert end_trust(pair.receiver, "BLZ", "bob", "earlier than thought", before)[1] == 1
    assert held(pair) == 0


def test_a_bundle_of_before_may_stay_on_record_without_what_it_brought(pair, monkeypatch):
    long_ago = f"{(TODAY - timedelta(days=40)).isoformat()}T10:00:00.000+00:00"
    with monkeypatch.context() as patched:
        for place in ("exchange.send", "vault.audit", "vault.received"):
            patched.setattr(f"ribin.{place}.now_utc", lambda: long_ago)
        pair.receive(pair.send())
    pair.receive(pair.send())
    assert end_trust(pair.receiver, "BLZ", "bob", "stolen", TODAY.isoformat())[1] == 1
    assert (held(pair), last_bundle(pair.receiver, "BLZ").number) == (0, 1)
    assert pair.receiver.check().problems == ()


def test_a_day_that_is_none_or_to_come_is_refused(pair):
    for day in ("yesterday", "2025-02-30", (TODAY + timedelta(days=2)).isoformat()):
        with pytest.raises(ParameterError, match="lost since"):
            end_trust(pair.receiver, "BLZ", "bob", "stolen", day)


def test_a_key_that_is_changed_is_trusted_by_its_signature_and_leaves_out_nothing(pair, ribin):
    pair.receive(pair.send())
    before = own_key(pair.sender).public
    file = pair.folder / "BLZ.key.json"
    said = ("--who", "ann", "--reason", "yearly", "--vault", pair.sender.path)
    assert ribin("network", "key", "change", file, *said).code == 0
    after = own_key(pair.sender).public
    assert after != before
    assert (pair.sender.path / "member.key").stat().st_mode & 0o777 == 0o600
    to_jam = ("--who", "bob", "--reason", "yearly", "--vault", pair.receiver.path)
    done = ribin("network", "key", "trust", file, *to_jam)
    assert (done.code, "signed by the key of BLZ that you trust" in done.err) == (0, True)
    assert held(pair) == 2
    assert last_bundle(pair.receiver, "BLZ").number == 1
    assert pair.receive(pair.send()).outcome == "new"


def test_a_key_that_another_signed_is_not_trusted_by_its_word(pair, ribin):
    """A forged signature is refused, and one of a stranger or of an ended key asks as ever."""
    following, stranger = PrivateKey.make("BLZ"), PrivateKey.make("BLZ")
    file = pair.folder / "BLZ.key.json"
    to_jam = ("--who", "bob", "--reason", "yearly", "--vault", pair.receiver.path)
    facts = json.loads(write_public(following.public, own_key(pair.sender)))
    facts["follows"]["signature"] = "00" * 64
    file.write_text(json.dumps(facts))
    done = ribin("network", "key", "trust", file, *to_jam)
    assert (done.code, "a signature by BLZ" in done.err) == (2, True)
    file.write_bytes(write_public(following.public, stranger))
    assert ribin("network", "key", "trust", file, *to_jam).code != 0  # nobody answers
    text = change_key(pair.sender, "ann", "yearly")
    end_trust(pair.receiver, "BLZ", "bob", "stolen")
    file.write_bytes(text)
    assert ribin("network", "key", "trust", file, *to_jam).code != 0
    assert read_public(text, "key").member == "BLZ"


# Statements that no vault can have made.


def released_both(pair) -> dict:
    said = {"who": "ann", "reason": "homicide", "original": False}
    for level in ("cluster", "network"):
        release_exhibit(pair.sender, f"BLZ-secret-{level}", "JAM", Scope.CLUSTER, **said)
    return json.loads(members_of_bundle(pair.send())["manifest.json"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exhibit": "BLZ-secret-cluster"}, "BLZ-secret-cluster occurs twice"),
        ({"exhibit": "x-pseudonym"}, "occurs twice"),
        ({"exhibit": "JAM:JAM-1"}, "an identifier that commands do not read as a file"),
        ({"exhibit": "./x"}, "an identifier that commands do not read as a file"),
        ({"date": "2025-02-30"}, "needs a day as YYYY-MM-DD, found '2025-02-30'"),
        ({"date": "soon"}, "needs a day as YYYY-MM-DD, found 'soon'"),
        ({"date": "2999-01-01"}, "needed, found 2999-01-01"),
        ({"firearm": "Glock"}, "only a test fire has a known firearm"),
        ({"event": "E-BLZ-secret-cluster", "place": "elsewhere"}, "is stated in two ways"),
    ],
)
def test_an_exhibit_that_could_be_none_of_its_owner_is_refused(pair, changes, message):
    facts = released_both(pair)
    first, second = facts["exhibits"]
    if first["released"]["exhibit"] != "BLZ-secret-cluster":
        first, second = second, first
    named = {n: first["exhibit"] if v == "x-pseudonym" else v for n, v in changes.items()}
    second["released"] |= named
    before = pair.receiver.audit_head()
    with pytest.raises(FormatError, match=message):
        pair.receive(altered(pair, exhibits=facts["exhibits"]))
    assert pair.receiver.audit_head() == before


@pytest.mark.parametrize(
    "made_at", ["2999-01-01T00:00:00+00:00", "soon", "2025-13-45T00:00:00+00:00"]
)
def test_a_bundle_of_an_impossible_day_is_refused(pair, made_at):
    with pytest.raises(FormatError, match="made_at"):
        pair.receive(altered(pair, made_at=made_at))
