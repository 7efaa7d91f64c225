"""Passwords as a browser gives them: checked in turn, and not more often than a person would."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio

from ribin.cases.leads import ProvedPerson, acting_by_account
from ribin.errors import AccessError
from ribin.text import NAME_LENGTH, clean_text, text_problem
from ribin.vault.accounts import Account, spelling_of
from ribin.vault.passwords import log_refusal, prove
from ribin.vault.vault import Vault
from ribin.web.rates import GuessLimit

_AT_ONCE = 2  # each takes 64 MiB


@dataclass(frozen=True)
class Proof:
    """What a password proved: the account, or none, and then how long to wait where that is so."""

    account: Account | None
    wait_s: float = 0.0


class PasswordCheck:
    """Checks the passwords of one vault's people; `clock` gives seconds, for the waits."""

    def __init__(self, vault: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._vault = vault
        self._guesses = GuessLimit(clock)
        self._turn = anyio.CapacityLimiter(_AT_ONCE)

    async def prove(self, name: str, password: str, address: str, action: str = "") -> Proof:
        """Whose password this is; `action`, such as a sign-in, is logged where it is right.

        Names that are unknown, removed or misspelt are answered as late and in the same way as a
        wrong password.
        """
        person = clean_text(name)[: NAME_LENGTH + 1]
        if (wait_s := self._guesses.wait_s(person, address)) > 0:
            return Proof(None, wait_s)
        self._guesses.begin(person, address)
        account = await anyio.to_thread.run_sync(
            self._prove, person, password, address, action, limiter=self._turn
        )
        if account:
            self._guesses.right(person, address)
        return Proof(account)

    def _prove(self, person: str, password: str, address: str, action: str) -> Account | None:
        with Vault.open(self._vault) as vault:
            with vault.catalogue.reading() as db:
                person = "" if text_problem(person, NAME_LENGTH) else spelling_of(db, person)
            try:
                account = prove(vault, person, password)
            except AccessError:
                unlogged = self._guesses.may_log()
                if unlogged is not None:
                    facts = {"unlogged_before": unlogged} if unlogged else {}
                    log_refusal(vault, person, address=address, **facts)
                return None
            if action:
                with acting_by_account(ProvedPerson(account.person, at_server=True)):
                    vault.record(action, account.person, account.person, "", address=address)
            return account
