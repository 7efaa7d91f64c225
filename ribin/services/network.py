"""The network for a person: its members, what is agreed with each, whose keys are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.cases.exhibits import Scope
from ribin.cases.plausible import country_codes
from ribin.crypto.keys import PublicKey, follows_trusted, read_public
from ribin.errors import AccessError, FormatError, ParameterError, StoreError
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import CountsAnswer, CountsQuestion
from ribin.input_file import read_input
from ribin.report.table import remark, table
from ribin.search.network import Network
from ribin.vault.agreements import Agreement, agree, agreements_of
from ribin.vault.keys import TrustedKey, own_key, trusted_keys
from ribin.vault.vault import Vault, open_member

# The members, and what of their vaults one of them may know.


@dataclass(frozen=True)
class MemberState:
    """One member, and how many of its exhibits the asker may know of.

    `exhibits` is None and `problem` says why where it cannot answer, or log that it was asked.
    """

    member: str
    name: str
    clusters: tuple[str, ...]
    vault: str
    exhibits: int | None
    problem: str = ""


def member_states(network: Network, asker: str = "", who: str = "") -> list[MemberState]:
    """Ask every member how many exhibits the asker may know of; its audit log has the question.

    `asker`: code of the member that asks: all of its own exhibits are counted, and of others those
    that they share with it. Empty: nobody is asked. Raises AccessError:
    the asker is not in the network.
    """
    states = []
    for code, member in sorted(network.members.items()):
        clusters = tuple(name for name, codes in network.clusters.items() if code in codes)
        exhibits, problem = _ask(network, code, asker, who)
        states.append(MemberState(code, member.name, clusters, member.place, exhibits, problem))
    return states


def _ask(network: Network, code: str, asker: str, who: str) -> tuple[int | None, str]:
    if not asker:
        return None, "not asked: --vault says who asks"
    network.reach(asker, code)
    try:
        if code == asker:
            with open_member(network.members[code].folder, code) as vault:
                return vault.count_exhibits(), ""
        line = network.line(asker, code)
        told = line.ask(MessageKind.COUNTS, CountsQuestion(who), CountsAnswer).content
        return told.exhibits, ""
    except (StoreError, AccessError, FormatError) as error:
        return None, str(error)


def members_table(states: Sequence[MemberState]) -> str:
    """One member a line."""
    header = ("member", "name", "clusters", "exhibits", "vault")
    rows = []
    for one in states:
        held = "not available" if one.exhibits is None else str(one.exhibits)
        rows.append((one.member, one.name, ", ".join(one.clusters) or "-", held, one.vault))
    strange = [one.member for one in states if one.member not in country_codes()]
    lines = [remark(f"{code}: no code of ISO 3166 alpha-3") for code in strange]
    return "\n".join([table(header, rows), *lines])


# What was agreed with other members, and whether the key of each is trusted.


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


# Keys of other members: read from files, told apart by what was read out, listed.

_LARGEST_KEY_MIB = 0.01


def read_key_file(path: Path) -> PublicKey:
    """The key in a file; FormatError where there is none."""
    try:
        return read_public(read_input(path, _LARGEST_KEY_MIB), path.name)
    except OSError as error:
        raise FormatError(f"{path}: a public key needed, {error.strerror}") from error


def signed_by_trusted(vault: Vault, path: Path) -> bool:
    """Whether the key in a file was signed by the key of its member that is trusted now."""
    now = [one.key for one in trusted_keys(vault) if not one.ended_at]
    return follows_trusted(read_input(path, _LARGEST_KEY_MIB), path.name, now)


def same_fingerprint(key: PublicKey, needed: str, where: str) -> None:
    """Refuse a key of another fingerprint than was read out; capitals and blanks aside."""
    digits = "".join(needed.split()).lower()
    if digits and digits != key.fingerprint.replace(" ", ""):
        raise AccessError(f"{where}: fingerprint {needed} needed, found {key.fingerprint}")


def key_facts(keys: Sequence[TrustedKey]) -> dict[str, object]:
    """The keys for programs."""
    return {
        "keys": [
            {
                "member": k.key.member,
                "fingerprint": k.key.fingerprint,
                "trusted_at": k.at,
                "who": k.who,
                "ended_at": k.ended_at,
            }
            for k in keys
        ]
    }


def keys_table(keys: Sequence[TrustedKey]) -> str:
    """One key a line."""
    rows = [(k.key.member, k.at[:10], k.ended_at[:10] or "-", k.key.fingerprint) for k in keys]
    header = ("member", "trusted", "ended", "fingerprint")
    return table(header, rows) if rows else "no key is trusted"
