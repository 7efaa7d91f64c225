"""The members of a network, and what of their vaults one of them may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ribin.cases.exhibits import Scope
from ribin.cases.plausible import country_codes
from ribin.errors import StoreError
from ribin.report.table import remark, table
from ribin.search.network import Network
from ribin.vault.disclosure import may_see
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
    that they share with it. Empty: those that everybody in the network may know of. Raises
    AccessError: the asker is not in the network.
    """
    states = []
    for code, member in sorted(network.members.items()):
        clusters = tuple(name for name, codes in network.clusters.items() if code in codes)
        exhibits, problem = _ask(network, code, asker, who)
        states.append(
            MemberState(code, member.name, clusters, str(member.vault), exhibits, problem)
        )
    return states


def _ask(network: Network, code: str, asker: str, who: str) -> tuple[int | None, str]:
    reach = network.reach(asker, code) if asker else Scope.NETWORK
    try:
        with open_member(network.members[code].vault, code) as vault:
            exhibits = vault.exhibits().values()
            shown = sum(may_see(one, Scope.NETWORK, reach) for one in exhibits)
            if code != asker:
                vault.record("count", code, who, "", asking_member=asker, exhibits=shown)
            return shown, ""
    except StoreError as error:
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
