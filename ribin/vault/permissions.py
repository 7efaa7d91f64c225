"""Who may do what: each act is held against `vouching.ACTS` before it is done.

The check holds it against the table again, with the roles and accounts that there were when its
row of the audit log was written.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping

from ribin.cases.leads import BY_ACCOUNT, SIGNED_OFF, Role
from ribin.cases.record import RecordKind
from ribin.vault.accounts import AccountState
from ribin.vault.people import check_administrators_account, check_role, roles_held
from ribin.vault.records import RECORDS, read_versions
from ribin.vault.vouching import ACTS, ANY_ACT, ActRule, Needed, ProofNeeded, Vouchers

_Held = Mapping[str, Collection[str]]  # by person, the roles held


def check_act(db: sqlite3.Connection, action: str, who: str) -> None:
    """Refuse whoever may not do this; AccessError as of `people.check_role`."""
    rule = ACTS.get(action, ANY_ACT)
    if rule.roles and _is_needed(rule, roles_held(db)):
        check_role(db, who, rule.roles)
    if rule.proof is ProofNeeded.CHIEF:
        check_administrators_account(db, who)


def act_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """A sentence for each row of the log whose person might not do what it says; no exhibit is
    named before it."""
    yield from (("", f"catalogue: {text}") for text in _problems(db, vouched))


def _problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    stated = [
        (said.row.seq, one)
        for kind in (RecordKind.ROLES, RecordKind.ACCOUNT)
        for one in read_versions(db, kind)
        for said in vouched.get(f"{RECORDS}/{one.name}", ())[:1]
    ]
    stated.sort(key=lambda each: each[0], reverse=True)
    held: dict[str, Collection[str]] = {}
    accounts: dict[str, bool] = {}  # by person, whether it can be used
    before = ""
    query = "SELECT seq, action, who, identity, details FROM audit ORDER BY seq"
    for seq, action, who, identity, details in db.execute(query):
        while stated and stated[-1][0] < seq:
            one, body = stated[-1][1], stated.pop()[1].body or {}
            if one.kind is RecordKind.ACCOUNT:
                accounts[one.id] = body.get("standing") == AccountState.ACTIVE
            elif roles := body.get("roles", ()):
                held[one.id] = roles
            else:
                held.pop(one.id, None)
        rule = ACTS.get(action, ANY_ACT)
        row = f"row {seq} of the audit log, {action}"
        roles = _roles_for(rule, details)
        if roles and _is_needed(rule, held) and not set(roles) & set(held.get(who, ())):
            yield f"{row}: {who or 'nobody'} was no {' or '.join(roles)}"
        proved = identity.startswith(f"{BY_ACCOUNT}, {SIGNED_OFF}") and accounts.get(who, False)
        if _is_proof_needed(rule, who, held, accounts) and not proved:
            yield f"{row}: the account of {who} needed, found {identity.partition(',')[0]}"
        if rule.follows and before != rule.follows:
            yield f"{row}: a row of {rule.follows} needed before it, found {before or 'none'}"
        before = action


def _is_needed(rule: ActRule, held: _Held) -> bool:
    if rule.needed is Needed.IN_USE:
        return len(held) > 1
    somebody = any(set(rule.roles) & set(roles) for roles in held.values())
    return rule.needed is Needed.ALWAYS or somebody


def _roles_for(rule: ActRule, details: str) -> tuple[Role, ...]:
    if rule.blanking and json.loads(details).get("blanked"):
        return rule.blanking
    return rule.roles


def _is_proof_needed(rule: ActRule, who: str, held: _Held, accounts: Mapping[str, bool]) -> bool:
    if rule.proof is ProofNeeded.CHIEF:
        chiefs = (person for person, roles in held.items() if Role.ADMINISTRATOR in roles)
        return any(accounts.get(person) for person in chiefs)
    return rule.proof is ProofNeeded.OWN and who in accounts
