"""The members of a network, and what of their vaults one of them may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ribin.cases.plausible import country_codes
from ribin.errors import AccessError, FormatError, StoreError
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import CountsAnswer, CountsQuestion
from ribin.report.table import remark, table
from ribin.search.network import Network
from ribin.vault.vault import open_member


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
