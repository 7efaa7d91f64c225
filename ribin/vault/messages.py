"""Messages in a vault: questions of other members with their answers, and own ones on their way.

A question of another member is there once, by sender and id: asked again it gets the stored answer.
An own one stays in the outbox until it is answered. The audit log says what was asked and answered,
and has the hashes of both.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from ribin.text import moment_text
from ribin.vault.audit import now_utc
from ribin.vault.rows import Act, from_row, insert_row

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

# Answers that hold surfaces and originals are not kept: asked again, they are given by the rules of
# then, and the log has it again.
GIVEN_ANEW = ("look", "original")
_TOLD = ("release", "correction")  # what was done here, whoever is told of it
REFUSED = "refused by "  # begins the problem of what arrived and was not taken
KEPT = timedelta(days=90)  # an answer, so that one who asks again by a bundle of old still gets it
_LEASE = timedelta(minutes=15)  # after which work on a question counts as broken off
_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)  # before what waits is sent again


class QuestionState(StrEnum):
    """How far the owner's side is with a question."""

    HELD = "held"  # until a person agrees
    AGREED = "agreed"  # by a person, or not answered for now: worked on when it is asked again
    REFUSED = "refused"  # by a person, who says why
    WORKING = "working"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Question:
    """A question of another member."""

    sender: str
    id: str
    kind: str
    at: str  # when it came, or when work on it began
    body_sha256: str
    way: str  # how it came: over a line, in a bundle, or within one trust domain
    who: str
    reason: str
    state: QuestionState
    answer: bytes

    @property
    def is_worked_on(self) -> bool:
        """Whether somebody works on it now, as far as can be told."""
        begun = datetime.fromisoformat(self.at)
        return self.state is QuestionState.WORKING and datetime.now(UTC) - begun < _LEASE


def find_question(db: sqlite3.Connection, sender: str, question: str) -> Question | None:
    """The question of a member by its id."""
    query = "SELECT * FROM questions WHERE sender = ? AND id = ?"
    row = db.execute(query, (sender, question)).fetchone()
    return from_row(Question, row, state=QuestionState(row["state"])) if row else None


def questions_held(vault: Vault) -> list[Question]:
    """Questions that wait for a person, oldest first."""
    query = "SELECT * FROM questions WHERE state = 'held' ORDER BY at, id"
    with vault.catalogue.reading() as db:
        rows = db.execute(query).fetchall()
    return [from_row(Question, row, state=QuestionState(row["state"])) for row in rows]


def answers_for_bundle(vault: Vault, sender: str) -> list[bytes]:
    """Answers to questions that a member sent in bundles; they go with every bundle to it for 30
    days, since nobody says which one arrived."""
    since = (datetime.now(UTC) - timedelta(days=30)).isoformat(timespec="milliseconds")
    query = (
        "SELECT answer FROM questions WHERE sender = ? AND way = 'bundle' AND state = 'answered' "
        "AND at >= ? ORDER BY at, id"
    )
    with vault.catalogue.reading() as db:
        return [bytes(row[0]) for row in db.execute(query, (sender, since))]


def put_question(act: Act, *, sender: str, id: str, state: QuestionState, **columns: str) -> None:
    """Note a question that came for the first time, as a part of an act; old answers go."""
    before = (datetime.now(UTC) - KEPT).isoformat(timespec="milliseconds")
    act.db.execute("DELETE FROM questions WHERE at < ?", (before,))
    made = {"question": f"{sender}/{id}", "sender": sender, "id": id, "state": state}
    act.insert("questions", {**made, "at": now_utc(), "answer": b"", **columns})


def set_question(
    db: sqlite3.Connection, sender: str, question: str, state: QuestionState, answer: bytes = b""
) -> None:
    """How far it is from now on, and the answer where there is one."""
    query = "UPDATE questions SET state = ?, answer = ?, at = ? WHERE sender = ? AND id = ?"
    db.execute(query, (str(state), answer, now_utc(), sender, question))


def resume_questions(vault: Vault) -> int:
    """Whoever worked on questions is gone: asked again, they are answered without a new row of the
    log. Gives how many there are."""
    query = "UPDATE questions SET state = 'agreed' WHERE state = 'working'"
    with vault.catalogue.writing() as db:
        return db.execute(query).rowcount


def count_questions(db: sqlite3.Connection, sender: str) -> tuple[int, int]:
    """How many a member asked in the last hour, and how many are worked on now."""
    now = datetime.now(UTC)
    hour, lease = (
        (now - span).isoformat(timespec="milliseconds") for span in (timedelta(hours=1), _LEASE)
    )
    query = "SELECT count(*) FROM questions WHERE sender = ? AND at >= ?"
    asked = db.execute(query, (sender, hour)).fetchone()[0]
    working = db.execute(f"{query} AND state = 'working'", (sender, lease)).fetchone()[0]
    return int(asked), int(working)


def forget_told(db: sqlite3.Connection) -> None:
    """Stored answers, and own searches that wait, go: they may tell of what is purged."""
    db.execute("PRAGMA secure_delete = ON")
    db.execute("DELETE FROM questions WHERE state = 'answered'")
    db.execute("DELETE FROM outbox WHERE kind = 'search'")


# Own questions on their way.


@dataclass(frozen=True)
class OwnQuestion:
    """A question of our own that has to reach another member; `problem` says why it has not yet."""

    id: str
    receiver: str
    kind: str
    subject: str  # what it is about: a search, an exhibit, a lead
    question: bytes  # its body; empty where this is a note of what was told of a lead
    at: str = field(default_factory=now_utc)
    answer: bytes = b""
    answered_at: str = ""
    tries: int = 0
    tried_at: str = ""
    problem: str = ""

    @property
    def due_at(self) -> str:
        """When it is sent again by itself: each pause is twice as long as the one before."""
        if not self.tries:
            return self.at
        pause = min(_PAUSE * 2 ** min(self.tries - 1, 16), _LONGEST_PAUSE)
        tried = datetime.fromisoformat(self.tried_at) + pause
        return tried.isoformat(timespec="milliseconds")

    @property
    def is_delivery(self) -> bool:
        """Whether it tells what was done here: a release, a correction, a step of a lead. A search
        waits for the person who made it, and a state of all leads for the next bundle."""
        step = self.kind == "leads" and not self.question
        return step or self.kind in _TOLD

    @property
    def delivery(self) -> str:
        """Whether it has reached the other member, for a person."""
        if self.answered_at:
            return f"delivered {moment_text(self.answered_at)}"
        tried = (
            f", tried {self.tries} times, again {moment_text(self.due_at)}"
            if self.tries > 1
            else ""
        )
        waiting = f"waiting since {moment_text(self.at)}{tried}"
        if self.problem.startswith(REFUSED):
            return f"{self.problem}; {waiting}"
        return f"{waiting}: {self.problem}" if self.problem else waiting


def put_own_questions(vault: Vault, questions: Sequence[OwnQuestion], who: str) -> None:
    """Put questions of one kind into the outbox; the log has their hashes."""
    if not questions:
        return
    with vault.act("message", who, "") as act:
        for one in questions:
            put_own_question(act, one)
        act.log(vault.member, kind=questions[0].kind)


def put_own_question(act: Act, one: OwnQuestion) -> None:
    """As `put_own_questions`, as a part of an act, whose row names the kind."""
    _forget_old(act.db)
    act.insert("outbox", vars(one))


def _forget_old(db: sqlite3.Connection) -> None:
    """Of long ago, answered questions and searches go."""
    before = (datetime.now(UTC) - KEPT).isoformat(timespec="milliseconds")
    db.execute("DELETE FROM outbox WHERE answered_at <> '' AND answered_at < ?", (before,))
    db.execute("DELETE FROM outbox WHERE kind = 'search' AND at < ?", (before,))


def note_answer(vault: Vault, one: OwnQuestion, answer: bytes = b"") -> None:
    """It was answered; the first answer stays, and the log has its hash."""
    with vault.act("message answered", "", "") as act:
        if _set_answer(act.db, one.id, answer):
            sha256 = hashlib.sha256(answer).hexdigest()
            act.log(vault.member, kind=one.kind, message=one.id, sha256=sha256)


def _set_answer(db: sqlite3.Connection, question: str, answer: bytes) -> int:
    query = "UPDATE outbox SET answer = ?, answered_at = ?, problem = '' WHERE id = ?"
    return db.execute(f"{query} AND answered_at = ''", (answer, now_utc(), question)).rowcount


def problem_of(error: Exception) -> str:
    """Why another member has not got what waits for it: no way to it, or its refusal."""
    refused_by = getattr(error, "refused_by", "")
    return f"{REFUSED}{refused_by}: {error}" if refused_by else str(error)


def note_try(db: sqlite3.Connection, question: str, problem: str) -> None:
    """It was sent and not answered."""
    query = "UPDATE outbox SET tries = tries + 1, tried_at = ?, problem = ? WHERE id = ?"
    db.execute(query, (now_utc(), problem[:500], question))


def settle_question(vault: Vault, question: str, problem: str) -> None:
    """A search was answered, or refused: its question goes. With a problem it waits."""
    with vault.catalogue.writing() as db:
        if problem:
            note_try(db, question, problem)
        else:
            db.execute("DELETE FROM outbox WHERE id = ?", (question,))


def name_questions(db: sqlite3.Connection, questions: Sequence[str], subject: str) -> set[str]:
    """What own questions are about, once that has a number; gives the members that are asked."""
    receivers = set()
    for question in questions:
        db.execute("UPDATE outbox SET subject = ? WHERE id = ?", (subject, question))
        query = "SELECT receiver FROM outbox WHERE id = ?"
        receivers |= {str(row[0]) for row in db.execute(query, (question,))}
    return receivers


def forget_own_questions(db: sqlite3.Connection, receiver: str, kind: str, subject: str) -> None:
    """Those that wait go: one that says more takes their place."""
    query = "DELETE FROM outbox WHERE receiver = ? AND kind = ? AND subject = ?"
    db.execute(f"{query} AND answered_at = '' AND length(question) > 0", (receiver, kind, subject))


def note_delivered(db: sqlite3.Connection, question: str) -> None:
    """Another member has got what was done."""
    _set_answer(db, question, b"")


def note_not_delivered(
    vault: Vault, receiver: str, kind: str, subjects: Collection[str], problem: str
) -> None:
    """What waits for another member, of these subjects, was tried and did not reach it."""
    with vault.catalogue.writing() as db:
        for one in _own_questions(db, receiver, kind, "", waiting=True):
            if one.subject in subjects and not one.question:
                note_try(db, one.id, problem)


def await_delivery(
    db: sqlite3.Connection, receiver: str, kind: str, subject: str, question: str
) -> str:
    """Note, with what was done to a subject, that another member has to get it; gives the id.

    One that waits already goes on waiting since then; `question` is the id of a new one.
    """
    where = "receiver = ? AND kind = ? AND subject = ? AND answered_at = ''"
    named = receiver, kind, subject
    known = db.execute(f"SELECT id FROM outbox WHERE {where}", named).fetchone()
    if known:
        return str(known[0])
    _forget_old(db)
    insert_row(db, "outbox", vars(OwnQuestion(question, *named, b"")))
    return question


def own_questions(
    vault: Vault, *, receiver: str = "", kind: str = "", subject: str = "", waiting: bool = False
) -> list[OwnQuestion]:
    """Those in the outbox, oldest first."""
    with vault.catalogue.reading() as db:
        return list(_own_questions(db, receiver, kind, subject, waiting))


def _own_questions(
    db: sqlite3.Connection, receiver: str, kind: str, subject: str, waiting: bool
) -> Iterator[OwnQuestion]:
    wanted = {"receiver": receiver, "kind": kind, "subject": subject}
    named = {name: value for name, value in wanted.items() if value}
    where = [f"{name} = ?" for name in named] + (["answered_at = ''"] if waiting else [])
    query = f"SELECT * FROM outbox WHERE {' AND '.join(where) or '1'} ORDER BY at, id"
    for row in db.execute(query, tuple(named.values())):
        yield from_row(OwnQuestion, row)


# The check: what was asked and answered is as the audit log says.


def message_problems(db: sqlite3.Connection) -> Iterator[str]:
    """A sentence for each question whose state or answer the log does not have, and for each that
    should be here."""
    query = (
        "SELECT seq, at, action, details AS facts, reason FROM audit WHERE action IN "
        "('message', 'purge', 'import', 'search recorded') "
        "OR json_extract(details, '$.message') IS NOT NULL ORDER BY seq"
    )
    log = [from_row(_MessageRow, row, facts=json.loads(row["facts"])) for row in db.execute(query)]
    for text in (*_question_problems(db, log), *_outbox_problems(db, log)):
        yield f"catalogue: {text}"


@dataclass(frozen=True)
class _MessageRow:
    """A row of the log that concerns messages."""

    seq: int
    at: str
    action: str
    facts: dict[str, Any]
    reason: str


def _question_problems(db: sqlite3.Connection, log: Sequence[_MessageRow]) -> Iterator[str]:
    said: dict[tuple[str, str], list[_MessageRow]] = {}
    for one in log:
        if one.action in ("question", "question allowed", "question refused", "refused") or (
            "answer_sha256" in one.facts
        ):
            named = str(one.facts.get("asking_member")), str(one.facts.get("message"))
            if one.action == "question":  # again, after a purge took its answer
                said.pop(named, None)
            said.setdefault(named, []).append(one)
    found = set()
    for row in db.execute("SELECT * FROM questions"):
        question = from_row(Question, row)
        found.add((question.sender, question.id))
        if not _is_as_logged(question, said.get((question.sender, question.id), [])):
            yield f"question {row['question']} is not as the audit log says"
    since = (datetime.now(UTC) - KEPT).isoformat(timespec="milliseconds")
    imported = max((one.seq for one in log if one.action == "import"), default=0)
    purged = max((one.seq for one in log if one.action == "purge"), default=0)
    for named, rows in said.items():
        asked, last = rows[0], rows[-1]
        gone = last.seq < imported or ("answer_sha256" in last.facts and last.seq < purged)
        if named not in found and not gone and asked.action == "question" and asked.at >= since:
            yield f"question {'/'.join(named)} was logged and is not there"


def _is_as_logged(question: Question, rows: Sequence[_MessageRow]) -> bool:
    """Whether the state of a question, and its answer, follow from its rows of the log."""
    if not rows or rows[0].action != "question":
        return False
    by_person = [one for one in rows if one.action.startswith("question ")]
    answers = [one for one in rows if "answer_sha256" in one.facts]
    held, allowed = rows[0].facts.get("held", False), bool(by_person)
    match question.state:
        case QuestionState.HELD:
            return held and not allowed and not question.answer
        case QuestionState.REFUSED:
            why = by_person[-1] if by_person else rows[0]
            return why.action == "question refused" and question.answer == why.reason.encode()
        case QuestionState.ANSWERED:
            if question.kind in GIVEN_ANEW:
                return bool(answers) and not question.answer
            told = _told_sha256(question.answer)
            return bool(answers) and told == answers[-1].facts["answer_sha256"]
        case _:
            passed = not held or (allowed and by_person[-1].action == "question allowed")
            anew = question.kind in GIVEN_ANEW
            return passed and not question.answer and (anew or not answers)


def _told_sha256(answer: bytes) -> str:
    """SHA-256 of what a stored answer says, within its envelope; empty where it is none, or its
    body is not of the hash that is signed."""
    try:
        sealed = msgspec.msgpack.decode(answer)
        told = msgspec.msgpack.decode(sealed["body"])
        if hashlib.sha256(sealed["body"]).hexdigest() != sealed["body_sha256"]:
            return ""
        return hashlib.sha256(told["content"]).hexdigest()
    except (msgspec.DecodeError, LookupError, TypeError, RecursionError):
        return ""


def _outbox_problems(db: sqlite3.Connection, log: Sequence[_MessageRow]) -> Iterator[str]:
    answered = {o.facts["message"]: o for o in log if o.action == "message answered"}
    about = {
        message: o.facts.get("search")
        for o in log
        if o.action == "search recorded"
        for message in o.facts.get("waiting", ())
    }
    found = set()
    for row in db.execute("SELECT * FROM outbox WHERE length(question) > 0"):
        one = from_row(OwnQuestion, row)
        found.add(one.id)
        told = answered.get(one.id)
        sha256 = hashlib.sha256(one.answer).hexdigest()
        if bool(told) != bool(one.answered_at) or (told and told.facts.get("sha256") != sha256):
            yield f"outbox {one.id}: whether it was answered is not as the audit log says"
        if one.kind == "search" and one.subject != about.get(one.id, ""):
            yield f"outbox {one.id}: its search is not the one that the audit log names"
    imported = max((one.seq for one in log if one.action == "import"), default=0)
    for said in log:
        # These wait until they are told, whatever happens; what else waits may be asked anew.
        waits = said.action == "message" and said.facts.get("kind") in _TOLD
        if not waits or said.seq < imported:
            continue
        for name in said.facts.get("records", {}):
            message = name.partition("/")[2]
            if message not in found and message not in answered:
                yield f"outbox {message}: what was not told yet needed, found none"
