"""What an administrator or auditor looks at: people and accounts, keys, lines, bundles, health."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Role
from ribin.services.doctor import Finding, examine_vault
from ribin.vault.accounts import Account, read_accounts
from ribin.vault.agreements import agreements_of
from ribin.vault.keys import TrustedKey, trusted_keys
from ribin.vault.people import check_looker, read_people
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class ListedPerson:
    """A person of a vault: the roles held now, and the account, where there is or was one."""

    person: str
    roles: tuple[Role, ...]
    since: str
    account: Account | None


@dataclass(frozen=True)
class ListedAgreement:
    """What another member may ask here."""

    member: str
    scope: Scope
    questions_an_hour: int
    hold: bool
    ended: bool


@dataclass(frozen=True)
class ListedBundle:
    """A bundle that was sent or received."""

    direction: str
    member: str
    number: int
    at: str
    exhibits: int


@dataclass(frozen=True)
class Overview:
    """The state of a vault at one moment."""

    keys: tuple[TrustedKey, ...]
    agreements: tuple[ListedAgreement, ...]
    bundles: tuple[ListedBundle, ...]  # the last of each member and direction
    findings: tuple[Finding, ...]
    backed_up: str  # moment of the last backup; empty where there was none
    refused: int  # sign-ins of the last 30 days


def listed_people(vault: Vault, who: str) -> list[ListedPerson]:
    """Everybody who holds a role, or has or had an account.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    held = {one.person: one for one in read_people(vault.catalogue)}
    with vault.catalogue.reading() as db:
        accounts = {one.person: one for one in read_accounts(db)}
    return [
        ListedPerson(
            name,
            held[name].roles if name in held else (),
            held[name].since if name in held else "",
            accounts.get(name),
        )
        for name in sorted({*held, *accounts})
    ]


def vault_overview(vault: Vault, who: str) -> Overview:
    """Keys, agreements, bundles and health; errors as `listed_people`."""
    check_looker(vault.catalogue, who)
    agreed = agreements_of(vault)
    with vault.catalogue.reading() as db:
        query = (
            "SELECT direction, member, max(number) AS number, at, exhibits FROM bundles "
            "GROUP BY direction, member ORDER BY member, direction"
        )
        bundles = [ListedBundle(**dict(row)) for row in db.execute(query)]
        backed_up = db.execute("SELECT max(at) FROM audit WHERE action = 'backup'").fetchone()[0]
        query = (
            "SELECT count(*) FROM audit WHERE action = 'sign-in refused' "
            "AND at >= strftime('%Y-%m-%dT%H:%M:%S', 'now', '-30 days')"
        )
        refused = db.execute(query).fetchone()[0]
    return Overview(
        tuple(trusted_keys(vault)),
        tuple(
            ListedAgreement(one.member, one.scope, one.questions_an_hour, one.hold, one.ended)
            for _, one in sorted(agreed.items())
        ),
        tuple(bundles),
        tuple(examine_vault(vault.path)),
        backed_up or "",
        refused,
    )
