"""Messages in a vault: questions of other members with their answers, and own ones on their way.

A question of another member is there once, by sender and id: asked again it gets the stored answer.
An own one stays in the outbox until it is answered. Neither is evidence: the audit log says what
was asked and answered, and names both by their hashes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from ribin.vault.audit import now_utc
from ribin.vault.rows import from_row
from ribin.vault.vault import Vault

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


def put_question(db: sqlite3.Connection, **columns: Any) -> None:
    """Note a question that came for the first time; old answers go."""
    before = (datetime.now(UTC) - KEPT).isoformat(timespec="milliseconds")
    db.execute("DELETE FROM questions WHERE at < ?", (before,))
    columns = {"at": now_utc(), "answer": b"", **columns}
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    db.execute(f"INSERT INTO questions ({names}) VALUES ({marks})", tuple(columns.values()))


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
    at: str
    question: bytes  # its body
    answer: bytes
    answered_at: str
    tries: int
    tried_at: str
    problem: str

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
        return step or self.kind in ("release", "correction")

    @property
    def standing(self) -> str:
        """As it is shown to a person."""
        if self.answered_at:
            return f"delivered {self.answered_at[:16]}"
        tried = f", tried {self.tries} times, again {self.due_at[:16]}" if self.tries > 1 else ""
        why = f": {self.problem}" if self.problem else ""
        return f"waiting since {self.at[:16]}{tried}{why}"


def put_own_question(
    db: sqlite3.Connection, question: str, receiver: str, kind: str, subject: str, raw: bytes
) -> None:
    """Put a question into the outbox; of long ago, answered ones and searches go."""
    before = (datetime.now(UTC) - KEPT).isoformat(timespec="milliseconds")
    db.execute("DELETE FROM outbox WHERE answered_at <> '' AND answered_at < ?", (before,))
    db.execute("DELETE FROM outbox WHERE kind = 'search' AND at < ?", (before,))
    columns = {"id": question, "receiver": receiver, "kind": kind, "subject": subject}
    columns |= {"at": now_utc(), "question": raw}  # type: ignore[dict-item]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    db.execute(f"INSERT INTO outbox ({names}) VALUES ({marks})", tuple(columns.values()))


def note_answer(db: sqlite3.Connection, question: str, answer: bytes) -> None:
    """It was answered; the first answer stays."""
    query = "UPDATE outbox SET answer = ?, answered_at = ?, problem = '' WHERE id = ?"
    db.execute(f"{query} AND answered_at = ''", (answer, now_utc(), question))


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


def note_delivery(
    vault: Vault, receiver: str, kind: str, subject: str, question: str, problem: str = ""
) -> None:
    """Whether another member has got what was done to a subject; with a problem it waits for it.

    One that waits already goes on waiting since then; `question` is the id of a new one.
    """
    where = "receiver = ? AND kind = ? AND subject = ? AND answered_at = ''"
    named = receiver, kind, subject
    with vault.catalogue.writing() as db:
        known = db.execute(f"SELECT id FROM outbox WHERE {where}", named).fetchone()
        if known is None:
            put_own_question(db, question, receiver, kind, subject, b"")
        held = known[0] if known else question
        if problem:
            note_try(db, held, problem)
        else:
            note_answer(db, held, b"")


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
