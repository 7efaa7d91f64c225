"""The envelope of a message between two members: one question, or the answer to one.

A node, a bundle and a folder carry the same bytes (MessagePack). The member's Ed25519 key signs
kind, sender, receiver, id, time and the hash of the body; who carries a message is nowhere in it,
and is never trusted for who asks. An answer has the id of its question, sender and receiver
swapped.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError, FormatError
from ribin.foreign import Hex32, MemberCode, Statement, read_packed

VERSION = 1
CLOCKS_MAY_DIFFER = timedelta(minutes=5)  # over a line; a bundle may be of any age
_SIGNED = b"ribin message 1\n"
_MIB = 1 << 20
_ROOM = 1024  # bytes of an envelope beside its body, at most
_MOMENT = r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00\Z"
_Body = TypeVar("_Body", bound=msgspec.Struct)


class MessageKind(StrEnum):
    """What a message is: a question of one of these kinds, its answer, or why there is none."""

    SEARCH = "search"
    COUNTS = "counts"
    LOOK = "look"
    LOG_HEADS = "log_heads"
    ORIGINAL = "original"
    RELEASE = "release"
    CORRECTION = "correction"
    LEADS = "leads"
    TRACE = "trace"
    ANSWER = "answer"
    REFUSAL = "refusal"


# Bytes of a body at most. A template is at most 60 kB packed; a released original is a whole scan;
# a list of all rows that were compared has some 400 bytes a row.
MOST_BYTES: dict[MessageKind, int] = {
    MessageKind.SEARCH: 8 * _MIB,
    MessageKind.COUNTS: 64 << 10,
    MessageKind.LOOK: 64 << 10,
    MessageKind.LOG_HEADS: _MIB,
    MessageKind.ORIGINAL: 64 << 10,
    MessageKind.RELEASE: 64 << 10,
    MessageKind.CORRECTION: 64 << 10,
    MessageKind.LEADS: 8 * _MIB,
    MessageKind.TRACE: 64 << 10,
    MessageKind.ANSWER: 1024 * _MIB,
    MessageKind.REFUSAL: 64 << 10,
}
MOST_QUESTION_BYTES = _ROOM + max(
    size for kind, size in MOST_BYTES.items() if kind is not MessageKind.ANSWER
)
MOST_ANSWER_BYTES = _ROOM + MOST_BYTES[MessageKind.ANSWER]

MessageId = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]


class Envelope(Statement, frozen=True):
    """One message. `open_message` gives those alone whose signature is good."""

    version: int
    kind: MessageKind
    sender: MemberCode
    receiver: MemberCode
    id: MessageId
    time: Annotated[str, Meta(pattern=_MOMENT)]  # UTC, ISO 8601
    body_sha256: Hex32
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    body: bytes

    @property
    def where(self) -> str:
        """What a refusal calls it."""
        return f"message {self.id[:8]} of {self.sender}"


def seal_message(
    kind: MessageKind,
    body: msgspec.Struct,
    key: PrivateKey,
    sender: str,
    receiver: str,
    *,
    answers: str = "",
) -> bytes:
    """The bytes of a message; `answers` is the id of the question, where it is an answer.

    Raises FormatError: the body is larger than a message of this kind may be.
    """
    content = msgspec.msgpack.encode(body)
    return seal_content(kind, content, key, sender, receiver, answers or new_id())


def new_id() -> str:
    """An id that no other message has."""
    return uuid.uuid4().hex


def seal_content(
    kind: MessageKind, content: bytes, key: PrivateKey, sender: str, receiver: str, message: str
) -> bytes:
    """As `seal_message`, of a body that is encoded already, under the id `message`: a question that
    is sent again has the id that it had, and the time of now."""
    _check_size(len(content), kind, f"{kind} to {receiver}")
    facts = {
        "sender": sender,
        "receiver": receiver,
        "id": message,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "body_sha256": hashlib.sha256(content).hexdigest(),
    }
    signature = key.sign(_signed(kind, **facts))
    made = Envelope(version=VERSION, kind=kind, signature=signature, body=content, **facts)
    return msgspec.msgpack.encode(made)


def open_message(raw: bytes, trusted: Iterable[PublicKey], receiver: str) -> Envelope:
    """The envelope of a message to `receiver` that one of the trusted keys signed for its member.

    Raises FormatError: it is no message, of another version, or larger than its kind may be;
    AccessError: it is for another member, or no trusted key of its sender signed it as it is.
    """
    if len(raw) > MOST_ANSWER_BYTES:
        raise FormatError(f"message: at most {MOST_ANSWER_BYTES} bytes needed, found {len(raw)}")
    made = read_packed(raw, Envelope, "message")
    if made.version != VERSION:
        raise FormatError(
            f"{made.where}: a message of version {VERSION} needed, found version {made.version}"
        )
    _check_size(len(made.body), made.kind, made.where)
    if made.receiver != receiver:
        raise AccessError(f"{made.where}: one to {receiver} needed, found one to {made.receiver}")
    keys = [key for key in trusted if key.member == made.sender]
    if not keys:
        raise AccessError(f"{made.where}: a trusted key of {made.sender} needed, found none")
    if hashlib.sha256(made.body).hexdigest() != made.body_sha256:
        raise AccessError(f"{made.where}: the body that was signed needed, found another")
    _check_signature(made, keys)
    return made


def check_time(made: Envelope, now: datetime | None) -> None:
    """Refuse what came over a line and was not made just now; AccessError says both times."""
    moment = datetime.fromisoformat(made.time)
    current = now or datetime.now(UTC)
    if abs(current - moment) > CLOCKS_MAY_DIFFER:
        minutes = int(CLOCKS_MAY_DIFFER.total_seconds() // 60)
        raise AccessError(
            f"{made.where}: one of the last {minutes} minutes needed, found one of {made.time}; "
            f"it is {current.isoformat(timespec='seconds')} here",
            hint="set the clocks of both machines by a time server",
        )


def read_body(made: Envelope, kind: type[_Body]) -> _Body:
    """What a message states; FormatError names what is missing, unknown or out of its limits."""
    return read_packed(made.body, kind, f"{made.where}: {made.kind}")


def _check_signature(made: Envelope, keys: list[PublicKey]) -> None:
    facts = (made.kind, made.sender, made.receiver, made.id, made.time, made.body_sha256)
    signed = _signed(*facts)
    for number, key in enumerate(keys, start=1):
        try:
            key.check(made.signature, signed, made.where)
        except AccessError:
            if number == len(keys):
                raise
        else:
            return


def _signed(kind: str, sender: str, receiver: str, id: str, time: str, body_sha256: str) -> bytes:
    """What the signature is over; no part can hold the sign between them."""
    return _SIGNED + "|".join((kind, sender, receiver, id, time, body_sha256)).encode()


def _check_size(size: int, kind: MessageKind, where: str) -> None:
    if size > MOST_BYTES[kind]:
        raise FormatError(f"{where}: at most {MOST_BYTES[kind]} bytes needed, found {size}")
