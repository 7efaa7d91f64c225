"""Questions of other members that wait for a person of the own one: allowed or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ribin.errors import ParameterError, StoreError
from ribin.report.table import table
from ribin.text import moment_text
from ribin.vault.messages import Question, QuestionState, questions_held, set_question
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault


def held_questions(vault: Vault, who: str) -> list[Question]:
    """Those that wait, oldest first; AccessError: the vault's people have roles, `who` has none."""
    check_looker(vault.catalogue, who)
    return questions_held(vault)


def inbox_table(held: Sequence[Question]) -> str:
    """One question a line."""
    if not held:
        return "no question waits"
    rows = [(q.id[:12], q.sender, q.kind, moment_text(q.at), q.who, q.reason) for q in held]
    return table(("question", "member", "kind", "since", "who", "reason"), rows)


def inbox_facts(held: Sequence[Question]) -> list[dict[str, Any]]:
    """The same for programs."""
    names = ("id", "sender", "kind", "at", "who", "reason")
    return [{name: getattr(question, name) for name in names} for question in held]


def allow_question(vault: Vault, question: str, who: str, reason: str) -> Question:
    """Let a question be answered; it is, when the other member asks it again.

    `question`: its id, or the beginning. Raises StoreError: no such question waits, or several;
    ParameterError: there is no reason; AccessError: `who` may not disclose.
    """
    return _decide(vault, question, QuestionState.AGREED, who, reason)


def refuse_question(vault: Vault, question: str, who: str, reason: str) -> Question:
    """Refuse a question; the other member is told so, and why. Errors as `allow_question`."""
    return _decide(vault, question, QuestionState.REFUSED, who, reason)


def _decide(vault: Vault, question: str, state: QuestionState, who: str, reason: str) -> Question:
    if not reason.strip():
        raise ParameterError("inbox: a reason needed, found none")
    action = "question allowed" if state is QuestionState.AGREED else "question refused"
    with vault.act(action, who, reason) as act:
        found = [one for one in questions_held(vault) if one.id.startswith(question)]
        if len(found) != 1 or not question:
            raise StoreError(
                f"question {question[:32]}: a question that waits needed, found "
                f"{len(found) or 'none'}",
                hint="`ribin node inbox` lists those that wait",
            )
        (one,) = found
        text = act.reason.encode() if state is QuestionState.REFUSED else b""
        set_question(act.db, one.sender, one.id, state, text)
        act.log(vault.member, asking_member=one.sender, message=one.id, kind=one.kind)
    return one
