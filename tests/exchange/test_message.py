"""The envelope of a message: what is signed is read, and nothing else."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from mutations import mutated

from ribin.cases.exhibits import Scope
from ribin.crypto.keys import PrivateKey
from ribin.errors import AccessError, FormatError
from ribin.exchange import message
from ribin.exchange.looks import LookQuestion
from ribin.exchange.message import (
    Envelope,
    MessageKind,
    check_time,
    open_message,
    read_body,
    seal_message,
)
from ribin.foreign import LongText, Printable, read_packed


class Note(Printable, frozen=True):
    who: LongText
    number: int


BLZ, JAM = PrivateKey.make("BLZ"), PrivateKey.make("JAM")
BODY = Note("ann", 7)


def sealed(kind=MessageKind.COUNTS, body=BODY, key=BLZ, sender="BLZ", receiver="JAM", **more):
    return seal_message(kind, body, key, sender, receiver, **more)


def opened(raw, trusted=(BLZ.public,), receiver="JAM"):
    return open_message(raw, trusted, receiver)


def altered(raw, **changes):
    return msgspec.msgpack.encode(
        msgspec.structs.replace(msgspec.msgpack.decode(raw, type=Envelope), **changes)
    )


def test_what_was_sealed_is_read():
    found = opened(sealed())
    assert (found.kind, found.sender, found.receiver) == (MessageKind.COUNTS, "BLZ", "JAM")
    assert read_body(found, Note) == BODY
    answer = open_message(
        sealed(MessageKind.ANSWER, key=JAM, sender="JAM", receiver="BLZ", answers=found.id),
        [JAM.public],
        "BLZ",
    )
    assert answer.id == found.id


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": MessageKind.RELEASE},
        {"id": "ab" * 16},
        {"time": "2020-01-01T00:00:00+00:00"},
        {"body": msgspec.msgpack.encode(Note("bob", 7))},
        {"body_sha256": "ab" * 32},
        {"signature": bytes(64)},
    ],
)
def test_an_altered_message_is_refused(changes):
    with pytest.raises(AccessError, match=r"message [0-9a-f]{8} of BLZ: "):
        opened(altered(sealed(), **changes))


def test_a_message_of_a_stranger_for_another_or_in_anothers_name_is_refused():
    with pytest.raises(AccessError, match="a trusted key of BLZ needed, found none"):
        opened(sealed(), trusted=[JAM.public])
    with pytest.raises(AccessError, match="one to BRB needed, found one to JAM"):
        opened(sealed(), receiver="BRB")
    with pytest.raises(AccessError, match="a signature by JAM"):
        opened(sealed(sender="JAM"), trusted=[BLZ.public, JAM.public])
    with pytest.raises(AccessError, match="a signature by BLZ"):  # addressed anew on its way
        opened(altered(sealed(), receiver="BRB"), receiver="BRB")


def test_another_version_and_what_is_too_large_are_named(monkeypatch):
    with pytest.raises(FormatError, match="version 1 needed, found version 2"):
        opened(altered(sealed(), version=2))
    monkeypatch.setitem(message.MOST_BYTES, MessageKind.COUNTS, 10)
    large = Note("a" * 30, 1)
    with pytest.raises(FormatError, match="counts to JAM: at most 10 bytes needed, found 4"):
        sealed(body=large)
    raw = sealed(MessageKind.RELEASE, large)
    with pytest.raises(FormatError, match="at most 10 bytes needed"):
        opened(altered(raw, kind=MessageKind.COUNTS))


def test_over_a_line_clocks_may_differ_by_minutes():
    found = opened(sealed())
    now = datetime.now(UTC)
    for minutes in (-4, 0, 4):
        check_time(found, now + timedelta(minutes=minutes))
    for minutes in (-6, 6, 60):
        with pytest.raises(AccessError, match="one of the last 5 minutes needed"):
            check_time(found, now + timedelta(minutes=minutes))


def test_a_body_says_which_field_is_wrong():
    class Other(Printable, frozen=True):
        who: LongText
        number: str

    with pytest.raises(FormatError, match="number: needed: a text, found a whole number"):
        read_body(opened(sealed()), Other)


def test_mutated_messages_are_refused_in_one_line(counted):
    """2,000 messages with bytes changed, cut, doubled or put in: none is taken for a message."""
    rng, raw, refused = random.Random(11), sealed(), 0
    for _ in range(2000):
        bad = mutated(raw, rng)
        if bad == raw:
            continue
        with pytest.raises((FormatError, AccessError)) as error:
            opened(bad)
        assert "\n" not in str(error.value)
        refused += 1
    counted(f"{refused} mutated messages refused")


@pytest.mark.parametrize("action", ["blindness", "purge", "review", "restore", "pictures"])
def test_nobody_chooses_the_action_of_a_row_of_the_owners_log(action):
    """What rests on rows of the log, such as roles and blindness, would be anybody's to write."""
    asked = LookQuestion("x-0123456789abcdef", Scope.CLUSTER, "ann", "a case", "picture", "0a1b")
    read = read_packed(msgspec.msgpack.encode(asked), LookQuestion, "question")
    assert read == asked
    facts = {**msgspec.to_builtins(asked), "action": action}
    with pytest.raises(FormatError, match="question: action"):
        read_packed(msgspec.msgpack.encode(facts), LookQuestion, "question")
