"""The asker's side of a line: a question is sealed, carried, and its answer checked.

Whoever carries it, an answer counts where the member that was asked signed it, for this question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import (
    AccessError,
    FormatError,
    NoAnswerError,
    ParameterError,
    RibinError,
    ScanError,
    StoreError,
)
from ribin.exchange.carrier import Carrier
from ribin.exchange.message import (
    Envelope,
    MessageKind,
    new_id,
    open_message,
    read_body,
    seal_content,
)
from ribin.exchange.questions import AnswerBody, RefusalBody
from ribin.foreign import read_packed

_Answer = TypeVar("_Answer", bound=msgspec.Struct)
_REFUSALS: dict[str, type[RibinError]] = {
    "access": AccessError,
    "store": StoreError,
    "parameter": ParameterError,
    "format": FormatError,
    "scan": ScanError,
    "working": NoAnswerError,
    "held": NoAnswerError,
}


@dataclass(frozen=True)
class PreparedQuestion:
    """A question before it is sealed: sent again, it has the same id and the same body."""

    id: str
    kind: MessageKind
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def prepare(kind: MessageKind, body: msgspec.Struct) -> PreparedQuestion:
    """A question, ready to be sealed and sent."""
    return PreparedQuestion(new_id(), kind, msgspec.msgpack.encode(body))


@dataclass(frozen=True)
class CheckedAnswer(Generic[_Answer]):
    """What was answered, the hash that both logs have, and the log head of the member."""

    content: _Answer
    sha256: str
    anchor: str


@dataclass(frozen=True, eq=False)
class Line:
    """A way to one other member, with the key that our questions are signed with and those that
    its answers are held against."""

    member: str  # ours
    other: str
    carrier: Carrier
    key: Callable[[], PrivateKey]  # asked for when something is sent: it may need a passphrase
    trusted: Callable[[], list[PublicKey]]

    def send(
        self, asked: PreparedQuestion, kind: type[_Answer], deadline_s: float
    ) -> CheckedAnswer[_Answer]:
        """Seal a question, carry it and check its answer.

        Raises what the other side refuses with; NoAnswerError: it has not answered yet;
        StoreError: it cannot be reached; FormatError, AccessError: what came is no answer to this
        question by this member.
        """
        names = self.member, self.other
        raw = seal_content(asked.kind, asked.content, self.key(), *names, asked.id)
        return self.open(asked, self.carrier.send(raw, deadline_s), kind)

    def open(
        self, asked: PreparedQuestion, raw: bytes, kind: type[_Answer]
    ) -> CheckedAnswer[_Answer]:
        """As `send`, of an answer that has come."""
        return open_answer(self.member, self.other, self.trusted(), asked, raw, kind)

    def ask(
        self, kind: MessageKind, body: msgspec.Struct, answer: type[_Answer], deadline_s: float = 30
    ) -> CheckedAnswer[_Answer]:
        """Ask at once; errors as `send`."""
        return self.send(prepare(kind, body), answer, deadline_s)


def open_answer(
    member: str,
    other: str,
    trusted: Iterable[PublicKey],
    asked: PreparedQuestion,
    raw: bytes,
    kind: type[_Answer],
) -> CheckedAnswer[_Answer]:
    """What another member answered to a question of ours; errors as `Line.send`."""
    made = open_message(raw, trusted, member)
    if (made.sender, made.id) != (other, asked.id):
        raise AccessError(f"{made.where}: the answer of {other} to question {asked.id[:8]} needed")
    if made.kind is MessageKind.REFUSAL:
        refused = read_body(made, RefusalBody)
        _check_question(made, refused.question_sha256, asked)
        error = _REFUSALS[refused.word](refused.text, hint=refused.hint)
        if not isinstance(error, NoAnswerError):  # it may answer later
            error.refused_by = other
        raise error
    if made.kind is not MessageKind.ANSWER:
        raise FormatError(f"{made.where}: an answer needed, found a {made.kind}")
    body = read_body(made, AnswerBody)
    _check_question(made, body.question_sha256, asked)
    if hashlib.sha256(body.content).hexdigest() != body.content_sha256:
        raise FormatError(f"{made.where}: contents of the hash that it states needed")
    content = read_packed(body.content, kind, f"{other}: answer")
    return CheckedAnswer(content, body.content_sha256, body.anchor)


def _check_question(made: Envelope, question_sha256: str, asked: PreparedQuestion) -> None:
    if question_sha256 != asked.sha256:
        raise AccessError(f"{made.where}: an answer to the question as it was sent needed")
