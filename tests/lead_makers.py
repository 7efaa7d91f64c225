"""Two vaults of linked countries with an exhibit or more each, and the people who work there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.cases.lead_history import verdicts_are_known
from ribin.cases.leads import ExhibitRef, Role
from ribin.search.network import Network, NetworkMember
from ribin.services.lines import connected
from ribin.vault.people import appoint
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault

EXAMINER, SECOND, THIRD = "Ana Brown", "Ben Cole", "Cy Dale"
STAFF = {
    EXAMINER: (Role.EXAMINER,),
    SECOND: (Role.REVIEWER, Role.EXAMINER),
    THIRD: (Role.REVIEWER,),
}


def make_member(folder: Path, code: str, exhibits: int, sharing: Scope = Scope.NETWORK) -> Vault:
    """A vault with exhibits CODE-1, CODE-2, ... of January, February, ... and the staff above."""
    vault = Vault.create(folder / code, code, who="head")
    for name, roles in STAFF.items():
        appoint(vault, name, roles, "head", "hired")
    appoint(vault, "tester", (Role.TECHNICIAN,), "head", "hired")
    for n in range(1, exhibits + 1):
        seed = sum(map(ord, code)) * 100 + n
        day = f"2025-{n:02d}-10"
        enrol(vault, seed, make_exhibit(f"{code}-{n}", sharing=sharing, date=day, calibre="9x19"))
    return vault


def make_network(folder: Path, *codes: str) -> Network:
    members = {code: NetworkMember(code, code, folder / code) for code in codes}
    return connected(Network(members, {"cluster": tuple(codes)}))


def exhibit_ref(text: str) -> ExhibitRef:
    return ExhibitRef(*text.split(":"))


def as_both_have_it(file):
    """A lead without the content of a verdict that is sealed at one side."""
    if verdicts_are_known(file):
        return file
    sealed = (replace(r, conclusion=None, examined=None, note="") for r in file.reviews)
    return replace(file, reviews=tuple(sealed))


def known_as(vault: Vault, exhibit: str) -> str:
    """The name of an exhibit as other members know it."""
    with vault.catalogue.reading() as db:
        return f"{vault.member}:{pseudonym(db, exhibit)}"
