"""The one entrance to a vault: every message of another member is answered here, however carried.

    opened, its sender known by its key -> what was agreed with it -> the same question before?
    -> quota, or held for a person -> logged -> answered -> logged with the hash of the answer

No log, no answer. What is told of the vault is decided by `vault/disclosure.py` alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ribin.cases.exhibits import Scope
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError, FormatError, ParameterError, RibinError, ScanError, StoreError
from ribin.exchange.carrier import Delivery, Way
from ribin.exchange.message import (
    Envelope,
    MessageKind,
    check_time,
    open_message,
    read_body,
    seal_message,
)
from ribin.exchange.questions import AnswerBody, RefusalBody, RefusalWord
from ribin.search.context import SearchContext
from ribin.search.network import Network
from ribin.services.replies import HANDLERS, Asked, Handler, Reply
from ribin.text import clean_text, escaped
from ribin.vault.agreements import Agreement, agreements_of
from ribin.vault.anchors import own_anchor
from ribin.vault.keys import own_key, trusted_keys
from ribin.vault.messages import (
    GIVEN_ANEW,
    QuestionState,
    count_questions,
    find_question,
    put_question,
    set_question,
)
from ribin.vault.vault import Vault, check_log, open_member

NO_NETWORK = Network({}, {})
BY_LINE = Delivery(Way.LINE)
ALONE = SearchContext(NO_NETWORK)  # the owner's side needs none: who asks is in its own vault


def answer(
    vault: Vault, raw: bytes, delivery: Delivery = BY_LINE, context: SearchContext = ALONE
) -> bytes:
    """The signed answer to a question, or a signed refusal.

    The same question again, by its id, gets the stored answer, and the log no second row.

    Parameters
    ----------
    raw : bytes
        The message as it came.
    delivery : Delivery
        How it came; over a line its time must be of now.
    context : SearchContext
        Parameters and threads that the owner compares with.

    Raises
    ------
    FormatError, AccessError
        It is no message, or of nobody who is known here: there is nobody to sign an answer to.
    StoreError
        The vault's key cannot be used, or its log cannot be written or is locked.
    """
    made = open_message(raw, _keys(vault, delivery), vault.member)
    key = _own_key(vault, delivery)
    try:
        return _answer(vault, made, delivery, context, key)
    except RibinError as error:
        return _refusal(vault, made, delivery, key, error)


def answer_in_folder(
    member: str, context: SearchContext
) -> Callable[[Path, bytes, Delivery], bytes]:
    """The owner's side of a member whose vault is a folder of the same trust domain."""

    def answering(folder: Path, raw: bytes, delivery: Delivery) -> bytes:
        with open_member(folder, member) as vault:
            return answer(vault, raw, delivery, context)

    return answering


def _answer(
    vault: Vault, made: Envelope, delivery: Delivery, context: SearchContext, key: PrivateKey
) -> bytes:
    if delivery.way is Way.LINE:
        check_time(made, delivery.received)
    agreed = _agreement(vault, made.sender, delivery)
    handler = HANDLERS.get(made.kind)
    if handler is None:
        raise FormatError(f"{made.where}: a question needed, found a {made.kind}")
    body = read_body(made, handler.question)
    check_log(vault)
    stored = _admit(vault, made, agreed, body, handler, delivery.way)
    if stored:
        return stored
    most_rows = agreed.most_rows if agreed else None
    reach = agreed.scope if agreed else delivery.reach or Scope.NETWORK
    asked = Asked(vault, made, reach, context, most_rows)
    try:
        reply = handler.answer(asked, body)
        return _log_answer(vault, made, key, reply, body)
    except BaseException as error:
        _break_off(vault, made, body, error)
        raise


def _keys(vault: Vault, delivery: Delivery) -> list[PublicKey]:
    """The keys that a sender may have signed with."""
    if delivery.domain:
        return delivery.domain.publics()
    return [trusted.key for trusted in trusted_keys(vault) if not trusted.ended_at]


def _own_key(vault: Vault, delivery: Delivery) -> PrivateKey:
    if delivery.domain:
        return delivery.domain.key(vault.member)
    return delivery.key or own_key(vault)


def _agreement(vault: Vault, sender: str, delivery: Delivery) -> Agreement | None:
    """What was agreed with a sender; None within one trust domain whose vault has agreed nothing:
    its network.toml says how near the two are."""
    agreed = agreements_of(vault)
    if not agreed and delivery.domain:
        return None
    found = agreed.get(sender)
    if found is None or found.ended:
        why = "it ended" if found else "found none"
        raise AccessError(
            f"{vault.member}: an agreement with {sender} needed, {why}",
            hint=f"the administrator of {vault.member} states one: `ribin network agree {sender}`",
        )
    return found


def _admit(
    vault: Vault, made: Envelope, agreed: Agreement | None, body: Any, handler: Handler, way: Way
) -> bytes:
    """Log a question that came for the first time; the stored answer of one that came before, else
    nothing.

    Raises AccessError: its id was another question's, or its sender asks more than was agreed;
    HeldError, WorkingError: it is not answered yet.
    """
    who, reason = body.who, getattr(body, "reason", "")
    with vault.act("question", who, reason) as act:
        known = find_question(act.db, made.sender, made.id)
        if known:
            if (known.kind, known.body_sha256) != (made.kind, made.body_sha256):
                raise AccessError(f"{made.where}: an id of its own needed, found one used before")
            if known.state is QuestionState.ANSWERED and known.answer:
                return known.answer
            if known.state is QuestionState.REFUSED:
                raise AccessError(f"{vault.member} refused the question: {known.answer.decode()}")
            if known.state is QuestionState.HELD:
                raise HeldError(f"{vault.member}: the question waits until a person there agrees")
            if known.is_worked_on:
                raise WorkingError(f"{vault.member}: still at work on the question")
            set_question(act.db, made.sender, made.id, QuestionState.WORKING)
            return b""
        held = agreed is not None and agreed.hold
        if agreed:
            _check_quota(act.db, vault.member, made.sender, agreed)
        put_question(
            act,
            sender=made.sender,
            id=made.id,
            kind=str(made.kind),
            body_sha256=made.body_sha256,
            way=str(way),
            who=who,
            reason=reason,
            state=QuestionState.HELD if held else QuestionState.WORKING,
        )
        act.log(
            handler.subject(body) or vault.member,
            asking_member=made.sender,
            kind=str(made.kind),
            message=made.id,
            sent_at=made.time,
            body_sha256=made.body_sha256,
            signature=made.signature.hex(),
            held=held,
            **({"scope": str(body.scope)} if hasattr(body, "scope") else {}),
        )
    if held:
        raise HeldError(f"{vault.member}: the question waits until a person there agrees")
    return b""


def _check_quota(db: Any, member: str, sender: str, agreed: Agreement) -> None:
    asked, working = count_questions(db, sender)
    if asked >= agreed.questions_an_hour:
        raise AccessError(
            f"{member}: at most {agreed.questions_an_hour} questions of {sender} an hour agreed, "
            f"found {asked}",
            hint="ask again later, or agree on more",
        )
    if working >= agreed.at_once:
        raise WorkingError(f"{member}: still at work on {working} questions of {sender}")


def _log_answer(vault: Vault, made: Envelope, key: PrivateKey, reply: Reply, body: Any) -> bytes:
    """Log what is told to whom, and store it; in one transaction, so that both are there or none.
    Gives the sealed answer."""
    content = msgspec.msgpack.encode(reply.content)
    sha256 = hashlib.sha256(content).hexdigest()
    with vault.act("answer", body.who, getattr(body, "reason", "")) as act:
        for number, row in enumerate(reply.rows, start=1):
            last = (
                {"message": made.id, "answer_sha256": sha256} if number == len(reply.rows) else {}
            )
            act.log(row.subject, row.action, asking_member=made.sender, **row.facts, **last)
        told = AnswerBody(made.body_sha256, content, sha256, own_anchor(act.db))
        names = vault.member, made.sender
        sealed = seal_message(MessageKind.ANSWER, told, key, *names, answers=made.id)
        stored = sealed if made.kind not in GIVEN_ANEW else b""
        set_question(act.db, made.sender, made.id, QuestionState.ANSWERED, stored)
    return sealed


def _break_off(vault: Vault, made: Envelope, body: Any, error: BaseException) -> None:
    """A question that was logged and is not answered: the log says why. It may come again, and
    counts as asked."""
    why = str(error) if isinstance(error, RibinError) else type(error).__name__
    with vault.act("refused", body.who, getattr(body, "reason", "")) as act:
        set_question(act.db, made.sender, made.id, QuestionState.AGREED)
        facts = {"asking_member": made.sender, "message": made.id, "kind": str(made.kind)}
        act.log(vault.member, **facts, why=escaped(why)[:1000])


class HeldError(StoreError):
    """The question waits for a person of the owner's side."""


class WorkingError(StoreError):
    """The owner's side is at work on the question."""


_WORDS: tuple[tuple[type[RibinError], RefusalWord], ...] = (
    (HeldError, "held"),
    (WorkingError, "working"),
    (AccessError, "access"),
    (ParameterError, "parameter"),
    (ScanError, "scan"),
    (FormatError, "format"),
    (StoreError, "store"),
)


def _refusal(
    vault: Vault, made: Envelope, delivery: Delivery, key: PrivateKey, error: RibinError
) -> bytes:
    """Why there is no answer, signed. What a vault says of its own files is for its own people."""
    words = (word for kind, word in _WORDS if isinstance(error, kind))
    word: RefusalWord = next(words, "store")
    text, hint = str(error), error.hint
    if word == "store" and not delivery.domain:
        text = f"{vault.member} cannot answer now; its own log or its administrator can say why"
        hint = ""
    # What is refused may be quoted in it, and a message takes texts that are clean alone.
    said, further = clean_text(escaped(text))[:9_999], clean_text(escaped(hint))[:1_999]
    told = RefusalBody(made.body_sha256, word, said.strip(), further.strip())
    names = vault.member, made.sender
    return seal_message(MessageKind.REFUSAL, told, key, *names, answers=made.id)
