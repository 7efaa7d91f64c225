"""New exhibits searched with as soon as they are enrolled, each from the desk of its member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.cases.exhibits import Request, Scope
from ribin.cases.results import SearchLists
from ribin.errors import ParameterError, RibinError
from ribin.params.defaults import Params
from ribin.search.rules import check_request
from ribin.services.enrol import Enrolled, Refused
from ribin.services.search import search_scan
from ribin.services.session import Desk
from ribin.vault.enrol import EnrolOutcome
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class AtOnce:
    """What to search for after an enrolment; the asking member is the owner of each exhibit."""

    scope: Scope
    network_file: Path | None
    params: Params
    threads: int
    who: str
    reason: str
    top: int

    @property
    def request(self) -> Request:
        return Request("", self.scope, who=self.who, reason=self.reason, top=self.top)

    def check(self) -> None:
        """Refuse before anything is enrolled what no search could be made with.

        Raises
        ------
        AccessError
            A search beyond the country does not say who asks and why.
        ParameterError
            There is no network to ask.
        """
        check_request(self.request, Scope.COUNTRY)
        if self.scope is not Scope.COUNTRY and self.network_file is None:
            raise ParameterError(f"search {self.scope}: --network or RIBIN_NETWORK needed")


def search_enrolled(
    enrolled: Sequence[Enrolled],
    vault_of: Callable[[str], Path],
    wanted: AtOnce,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> tuple[list[SearchLists], list[Refused]]:
    """Search with every scan that is new, or that no search was made with yet.

    So a job that was stopped between an enrolment and its search goes on. Gives the lists, and
    where no search could be made, why.

    Parameters
    ----------
    vault_of : callable
        Gives the folder of a member's vault.
    """
    searched: dict[str, Counter[str]] = {}
    new = [one for one in enrolled if _is_due(one, vault_of, searched)]
    found: list[SearchLists] = []
    failed: list[Refused] = []
    for number, one in enumerate(new, start=1):
        try:
            folder = vault_of(one.member)
            with Desk.open(folder, wanted.network_file, wanted.params, wanted.threads) as desk:
                request = replace(wanted.request, asking_member=desk.member)
                found.append(search_scan(desk, one.exhibit, one.sha256, request))
        except (RibinError, OSError) as error:
            failed.append(Refused(f"search with {one.exhibit}", str(error)))
        tick("searching", number, len(new))
    return found, failed


def _is_due(
    one: Enrolled, vault_of: Callable[[str], Path], searched: dict[str, Counter[str]]
) -> bool:
    """Whether a scan is new, or its audit log has no answered search for each of its marks."""
    if one.outcome == EnrolOutcome.NEW:
        return True
    if one.member not in searched:
        with Vault.open(vault_of(one.member), read_only=True) as vault:
            searched[one.member] = _answered(vault)
    return searched[one.member][one.sha256] < one.marks


def _answered(vault: Vault) -> Counter[str]:
    """Of each scan, by its SHA-256, the types of mark that this member searched with."""
    made = {
        (row.subject, row.details.get("mark"))
        for row in vault.audit_log()
        if row.action == "search answered"
        or (row.action == "search" and row.details.get("scope") == Scope.COUNTRY)
    }
    return Counter(sha256 for sha256, _ in made)
