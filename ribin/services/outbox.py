"""What others are told of what was done here: the own record first, then delivery, with retries.

What waits goes again with the next command that reaches the member, and by the node at times that
grow apart; `ribin lead sync` sends all at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import msgspec

from ribin.errors import RibinError, StoreError
from ribin.exchange.line import Line, PreparedQuestion, prepare
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import LoggedAnswer
from ribin.leads.both_sides import LeadChoice, both_sides
from ribin.leads.merge import merge_stated
from ribin.search.network import Network
from ribin.services.leads import announce_received
from ribin.vault.messages import (
    OwnQuestion,
    note_answer,
    note_not_delivered,
    note_try,
    own_questions,
    problem_of,
)
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault

DELIVERY_S = 30.0
_LEADS = str(MessageKind.LEADS)


def to_tell(receiver: str, kind: MessageKind, body: msgspec.Struct, subject: str) -> OwnQuestion:
    """What another member is to be told; it is put into the outbox with what it tells of."""
    told = prepare(kind, body)
    return OwnQuestion(told.id, receiver, str(kind), subject, told.content)


def deliver(vault: Vault, network: Network, receiver: str) -> str:
    """Tell another member what waits for it, the oldest first; why it has not got it yet, or
    nothing."""
    try:
        line = network.line(vault.member, receiver)
    except StoreError as error:
        return str(error)
    waiting = [one for one in _deliveries(vault) if one.receiver == receiver]
    return next((why for _, why in _send_in_order(vault, line, waiting) if why), "")


def deliver_waiting(
    vault: Vault, network: Network, *, who: str, receivers: Collection[str] | None = None
) -> list[tuple[OwnQuestion, str]]:
    """Send again what waits for these members, or for all that have a way to them; each that was
    sent, and why it was not delivered, or nothing.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    waiting = {one.receiver for one in _deliveries(vault)}
    return _deliver(vault, network, waiting.intersection(receivers or waiting), who)


def deliver_due(vault: Vault, network: Network, who: str) -> list[tuple[OwnQuestion, str]]:
    """As `deliver_waiting`, by the node, to those members for which the pause after the last try is
    over; it sends what persons have done before, under the login that it runs as, and asks for no
    role."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    due = {one.receiver for one in _deliveries(vault) if one.due_at <= now}
    return _deliver(vault, network, due, who)


def _deliver(
    vault: Vault, network: Network, receivers: Collection[str], who: str
) -> list[tuple[OwnQuestion, str]]:
    sent: list[tuple[OwnQuestion, str]] = []
    for receiver in sorted(receivers):
        member = network.members.get(receiver)
        some = [one for one in _deliveries(vault) if one.receiver == receiver]
        if member is None or not member.is_reached:
            continue
        sent += _send_in_order(vault, network.line(vault.member, receiver), some)
        steps = [one for one in some if one.kind == _LEADS]
        if steps and not any(why for one, why in sent if one.receiver == receiver):
            problems = _tell_steps(vault, network, receiver, steps, who)
            sent += [(one, problems.get(one.id, "")) for one in steps]
    return sent


def tell_now(
    vault: Vault, network: Network | None, members: Collection[str], who: str
) -> list[str]:
    """Tell members what waits for them, where there is a way to them; whether each has got it."""
    sent = deliver_waiting(vault, network, who=who, receivers=members) if network else []
    failed = {one.receiver: why for one, why in sent if why}
    told = {one.receiver for one, _ in sent} - failed.keys()
    return [
        f"{member}: told"
        if member in told
        else f"{member}: not told yet: {failed.get(member, 'no line to it now')}"
        for member in sorted(members)
    ]


def _deliveries(vault: Vault) -> list[OwnQuestion]:
    return [one for one in own_questions(vault, waiting=True) if one.is_delivery]


def _send_in_order(
    vault: Vault, line: Line, waiting: list[OwnQuestion]
) -> Iterator[tuple[OwnQuestion, str]]:
    """Send releases and corrections, oldest first, until one does not arrive."""
    for one in waiting:
        if one.question:
            why = _send(vault, line, one)
            yield one, why
            if why:
                return


def _send(vault: Vault, line: Line, one: OwnQuestion) -> str:
    """Send one; why it did not arrive, or nothing."""
    told = PreparedQuestion(one.id, MessageKind(one.kind), one.question)
    try:
        line.send(told, LoggedAnswer, DELIVERY_S)
    except (RibinError, OSError) as error:
        with vault.catalogue.writing() as db:
            note_try(db, one.id, problem_of(error))
        return problem_of(error)
    note_answer(vault, one)
    return ""


def _tell_steps(
    vault: Vault, network: Network, receiver: str, steps: list[OwnQuestion], who: str
) -> dict[str, str]:
    """Bring the leads of these steps up to date at both sides, and write the notices that come of
    it; why that could not be, by the id of each step for which it could not."""
    numbers = tuple(one.subject for one in steps)
    with both_sides(vault, network, (receiver,), who, LeadChoice(numbers=numbers)) as both:
        merge_stated(both)
    if receiver in both.theirs:
        announce_received(vault, network, who)
    else:
        note_not_delivered(vault, receiver, _LEADS, numbers, both.missing[receiver])
    waiting = own_questions(vault, receiver=receiver, kind=_LEADS, waiting=True)
    return {one.id: one.problem for one in waiting}
