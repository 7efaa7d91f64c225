"""What was agreed with other members, for a person: stated, and shown with whose key is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ribin.cases.exhibits import Scope
from ribin.errors import ParameterError
from ribin.report.table import table
from ribin.vault.agreements import Agreement, agree, agreements_of
from ribin.vault.keys import own_key, trusted_keys
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class AgreementOptions:
    """What is to be agreed with a member from now on; None leaves it as it was."""

    member: str
    scope: Scope | None = None
    questions_an_hour: int | None = None
    at_once: int | None = None
    most_rows: int | None = None
    hold: bool | None = None
    end: bool = False


@dataclass(frozen=True)
class AgreementState:
    """An agreement, and whether the member's key is trusted; without that it comes to nothing."""

    agreement: Agreement
    key_trusted: bool


def state_agreement(
    vault: Vault, options: AgreementOptions, who: str, reason: str
) -> tuple[AgreementState, int]:
    """State what is agreed with a member; gives its version, 0 where it is as it was.

    Raises ParameterError: there is none yet and no scope is named, or none to end; else as
    `vault.agreements.agree`.
    """
    known = agreements_of(vault).get(options.member)
    if known is None and (options.scope is None or options.end):
        needed = "an agreement to end" if options.end else "--scope"
        raise ParameterError(f"agreement with {options.member}: {needed} needed, found none")
    if known and known.ended and options.scope is None and not options.end:
        raise ParameterError(
            f"agreement with {options.member}: --scope needed, found none; it ended"
        )
    before = known or Agreement(options.member, options.scope or Scope.NETWORK)
    named = ("scope", "questions_an_hour", "at_once", "most_rows", "hold")
    changed = {name: value for name in named if (value := getattr(options, name)) is not None}
    made = replace(before, **changed, ended=options.end)
    version = agree(vault, made, own_key(vault), who, reason)
    return AgreementState(made, made.member in _trusted(vault)), version


def agreement_states(vault: Vault) -> list[AgreementState]:
    """Every agreement as it is now, in the order of codes; those that ended too."""
    trusted = _trusted(vault)
    return [AgreementState(one, one.member in trusted) for one in agreements_of(vault).values()]


def agreements_table(states: Sequence[AgreementState]) -> str:
    """One member a line."""
    rows = []
    for one in states:
        agreed = one.agreement
        rows.append(
            (
                agreed.member,
                "ended" if agreed.ended else str(agreed.scope),
                str(agreed.questions_an_hour),
                str(agreed.at_once),
                str(agreed.most_rows),
                "held" if agreed.hold else "answered",
                "trusted" if one.key_trusted else "not trusted",
            )
        )
    header = ("member", "scope", "an hour", "at once", "rows", "questions", "key")
    return table(header, rows) if rows else "nothing is agreed with another member"


def _trusted(vault: Vault) -> set[str]:
    return {one.key.member for one in trusted_keys(vault) if not one.ended_at}
