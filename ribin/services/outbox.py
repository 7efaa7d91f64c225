"""What others are told of what was done here: the own record first, then delivery, with retries."""

from __future__ import annotations

import msgspec

from ribin.errors import RibinError, StoreError
from ribin.exchange.line import Line, Prepared, prepare
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import ReleaseAnswer
from ribin.search.network import Network
from ribin.vault.messages import (
    OwnQuestion,
    note_answer,
    note_try,
    own_questions,
    put_own_questions,
)
from ribin.vault.vault import Vault

DELIVERY_S = 30.0
_ANSWERS: dict[str, type[msgspec.Struct]] = {str(MessageKind.RELEASE): ReleaseAnswer}


def deliver(
    vault: Vault,
    network: Network,
    receiver: str,
    kind: MessageKind,
    body: msgspec.Struct,
    subject: str,
    who: str,
) -> str:
    """Tell another member, now or when it can be reached; why it has not got it yet, or nothing.

    What waits for it longer goes first, so that it is told in order.
    """
    told = prepare(kind, body)
    put_own_questions(
        vault, [OwnQuestion(told.id, receiver, str(kind), subject, told.content)], who
    )
    return _deliver_to(vault, network, receiver)


def deliver_waiting(vault: Vault, network: Network) -> tuple[str, ...]:
    """Send again what waits; a note of each member that still cannot be reached."""
    waiting = [one for one in own_questions(vault, waiting=True) if one.kind in _ANSWERS]
    tried = (
        (receiver, _deliver_to(vault, network, receiver))
        for receiver in sorted({one.receiver for one in waiting} & set(network.members))
    )
    return tuple(f"{receiver}: not told yet: {why}" for receiver, why in tried if why)


def _deliver_to(vault: Vault, network: Network, receiver: str) -> str:
    try:
        line = network.line(vault.member, receiver)
    except StoreError as error:
        return str(error)
    for one in own_questions(vault, receiver=receiver, waiting=True):
        if one.kind in _ANSWERS and (problem := _send(vault, line, one)):
            return problem
    return ""


def _send(vault: Vault, line: Line, one: OwnQuestion) -> str:
    """Send one; why it did not arrive, or nothing."""
    told = Prepared(one.id, MessageKind(one.kind), one.question)
    try:
        line.send(told, _ANSWERS[one.kind], DELIVERY_S)
    except (RibinError, OSError) as error:
        with vault.catalogue.writing() as db:
            note_try(db, one.id, str(error))
        return str(error)
    note_answer(vault, one)
    return ""
