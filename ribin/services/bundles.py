"""Bundles that carry messages: own ones go along, those of the other member are taken up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from ribin.crypto.keys import PrivateKey
from ribin.errors import AccessError, RibinError
from ribin.exchange.carrier import Delivery, Way
from ribin.exchange.lead_statements import LeadsAnswer, LeadsQuestion
from ribin.exchange.line import CheckedAnswer, PreparedQuestion, open_answer
from ribin.exchange.message import Envelope, MessageKind, new_id, seal_content
from ribin.exchange.questions import LoggedAnswer, RefusalBody, SearchAnswer
from ribin.exchange.receive import ImportResult, import_bundle
from ribin.foreign import read_packed
from ribin.leads.both_sides import BothSides, LeadChoice, settle_deliveries
from ribin.leads.merge import merge_stated
from ribin.leads.statements import TheirSide, state_leads
from ribin.services.answers import answer
from ribin.services.leads import announce_own
from ribin.vault.keys import trusted_keys
from ribin.vault.leads import find_lead
from ribin.vault.messages import (
    OwnQuestion,
    answers_for_bundle,
    forget_own_questions,
    note_answer,
    note_try,
    own_questions,
    problem_of,
    put_own_question,
)
from ribin.vault.vault import Vault

_ANSWERS: dict[str, type[msgspec.Struct]] = {
    str(MessageKind.RELEASE): LoggedAnswer,
    str(MessageKind.CORRECTION): LoggedAnswer,
    str(MessageKind.LEADS): LeadsAnswer,
    str(MessageKind.SEARCH): SearchAnswer,
}
_LEADS = str(MessageKind.LEADS)


def messages_for(vault: Vault, receiver: str, key: PrivateKey, who: str) -> list[bytes]:
    """What travels in the next bundle to a member: what the vault has of leads with it, other
    questions that wait for it, and answers to what it sent in bundles."""
    _ask_for_leads(vault, receiver, who)
    waiting = [one for one in own_questions(vault, receiver=receiver, waiting=True) if one.question]
    asked = [
        seal_content(MessageKind(one.kind), one.question, key, vault.member, receiver, one.id)
        for one in waiting
        if one.kind in _ANSWERS
    ]
    return [*asked, *answers_for_bundle(vault, receiver)]


def _ask_for_leads(vault: Vault, receiver: str, who: str) -> None:
    with vault.act("message", who, "") as act:
        forget_own_questions(act.db, receiver, _LEADS, "")
        numbers = LeadChoice(every=True).found_in(act.db, vault.member, receiver)
        if numbers:
            leads = state_leads(vault, act.db, receiver, numbers).leads
            content = msgspec.msgpack.encode(LeadsQuestion(who=who, leads=leads, every=True))
            put_own_question(act, OwnQuestion(new_id(), receiver, _LEADS, "", content))
            act.log(vault.member, kind=_LEADS)


def take_in_bundle(vault: Vault, path: Path, *, who: str, reason: str = "") -> ImportResult:
    """Take in a bundle, and answer what travelled in it; errors as `import_bundle`.

    What a message comes to is in the note of the result: one that is refused stops no other.
    """
    came: list[bytes] = []
    done = import_bundle(vault, path, who=who, reason=reason, on_messages=came.extend)
    notes = [note for raw in came for note in _take(vault, raw, done.sender, who)]
    return replace(done, note="; ".join(dict.fromkeys([*filter(None, [done.note]), *notes])))


def _take(vault: Vault, raw: bytes, sender: str, who: str) -> list[str]:
    try:
        made = read_packed(raw, Envelope, "message")
        if made.sender != sender:  # caught elsewhere, and put into a bundle
            raise AccessError(f"{made.where}: a message of {sender}, whose bundle it is, needed")
        if made.kind in (MessageKind.ANSWER, MessageKind.REFUSAL):
            return _take_answer(vault, made, raw, who)
        told = read_packed(answer(vault, raw, Delivery(Way.BUNDLE)), Envelope, "answer")
        if told.kind is MessageKind.REFUSAL:
            why = read_packed(told.body, RefusalBody, "refusal").text
            return [f"{made.where}: {made.kind} not answered: {why}"]
    except RibinError as error:
        return [str(error)]
    return []


def _take_answer(vault: Vault, made: Envelope, raw: bytes, who: str) -> list[str]:
    """Notes of what an answer came to; one to a question that waits no more says nothing new."""
    waiting = own_questions(vault, receiver=made.sender, waiting=True)
    one = next((asked for asked in waiting if asked.id == made.id and asked.question), None)
    if one is None:
        return []
    keys = [trusted.key for trusted in trusted_keys(vault) if not trusted.ended_at]
    asked = PreparedQuestion(one.id, MessageKind(one.kind), one.question)
    try:
        told = open_answer(vault.member, made.sender, keys, asked, raw, _ANSWERS[one.kind])
    except RibinError as error:
        if error.refused_by:
            with vault.catalogue.writing() as db:
                note_try(db, one.id, problem_of(error))
        raise
    notes = _take_leads(vault, one, told, who) if one.kind == _LEADS else []
    note_answer(vault, one, raw if one.kind == str(MessageKind.SEARCH) else b"")
    return notes


def _take_leads(
    vault: Vault, asked: OwnQuestion, told: CheckedAnswer[msgspec.Struct], who: str
) -> list[str]:
    sender, content = asked.receiver, told.content
    assert isinstance(content, LeadsAnswer)
    side = TheirSide.of(sender, content.leads)
    with vault.catalogue.writing() as db:
        both = BothSides(vault, db, who, vault.member, {sender: side}, [*side.notes])
        merge_stated(both)
    for number, ends in _ends(side, sender):
        with vault.catalogue.reading() as db:
            history = find_lead(db, number)
        if history and history.link:
            announce_own(vault, history, ends)
    said = msgspec.msgpack.decode(asked.question, type=LeadsQuestion).leads
    sent = TheirSide.of(vault.member, said)
    steps = {number: sent.steps_of(vault.member, number) or frozenset() for number in sent.leads}
    settle_deliveries(vault, steps, side, content.notes)
    return [*both.notes, *content.notes]


def _ends(side: TheirSide, sender: str) -> Iterable[tuple[str, dict]]:
    for number in side.leads:
        end = side.own_end(number)
        yield number, {sender: end} if end else {}
