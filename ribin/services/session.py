"""The session of one member from which searches are made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ribin.errors import AccessError, ParameterError
from ribin.params.defaults import Params
from ribin.search.context import SearchContext
from ribin.search.index import CoarseScorer
from ribin.search.network import Network, NetworkMember
from ribin.services.lines import linked_as_agreed, open_network
from ribin.vault.vault import Vault
from ribin.workers import OnProgress, silent


@dataclass(frozen=True, eq=False)
class Session:
    """The asker's own vault, and the network it stands in."""

    vault: Vault
    network: Network
    networked: bool  # whether a network.toml says who is in it
    params: Params
    threads: int
    scorer: CoarseScorer | None = None  # who scores shards, where not this machine
    tick: OnProgress = silent  # who is told how far a search is

    @property
    def context(self) -> SearchContext:
        """What its searches are made with."""
        return SearchContext(self.network, self.params, self.threads, self.scorer, self.tick)

    @classmethod
    def open(
        cls, vault: Path | None, network_file: Path | None, params: Params, threads: int
    ) -> Session:
        """Open the asker's vault.

        Raises ParameterError: the network lacks this member, or names another vault for it.
        """
        own = open_own(vault)
        try:
            network = (
                linked_as_agreed(open_network(network_file), own)
                if network_file
                else Network({own.member: NetworkMember(own.member, own.member, own.path)}, {})
            )
            listed = network.members.get(own.member)
            if not listed:
                known = ", ".join(sorted(network.members))
                raise ParameterError(
                    f"{network_file}: a section [members.{own.member}] for the vault {own.path} "
                    f"needed, found {known}"
                )
            if listed.vault is None or listed.vault.resolve() != own.path.resolve():
                raise ParameterError(
                    f"{network_file}: the vault of {own.member} is {listed.place}, found {own.path}"
                )
        except BaseException:
            own.close()
            raise
        return cls(own, network, network_file is not None, params, threads)

    @property
    def member(self) -> str:
        return self.vault.member

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.vault.close()


# Which vaults and which network a piece of work is about.


class Vaults:
    """The vaults that `--vault` and `--network` name, opened when first needed.

    With a network a member's vault is the one the network names; without, there is only the
    vault of `--vault`.
    """

    def __init__(self, vault: Path | None, network_file: Path | None) -> None:
        if vault is None and network_file is None:
            raise ParameterError("--vault (RIBIN_VAULT) or --network (RIBIN_NETWORK) needed")
        self._network = open_network(network_file) if network_file else None
        self._own = Vault.open(vault) if vault else None
        self._open: dict[str, Vault] = {self._own.member: self._own} if self._own else {}

    def of(self, member: str) -> Vault:
        """The vault of a member; an empty code means the one of `--vault`.

        Raises AccessError: the member is not the owner of the only vault, or not in the network;
        ParameterError: no member is named and there is no `--vault`.
        """
        if not member and not self._own:
            raise ParameterError("member: a code needed where there is no --vault, found none")
        code = member or (self._own.member if self._own else "")
        if code not in self._open:
            self._open[code] = Vault.open(self._place(code))
        return self._open[code]

    def _place(self, code: str) -> Path:
        if self._network is None:
            owner = self._own.member if self._own else "none"
            raise AccessError(f"member {code}: the owner of the vault needed ({owner})")
        if code not in self._network.members:
            known = ", ".join(self._network.members)
            raise AccessError(f"member {code}: a member of the network needed ({known})")
        return self._network.members[code].folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        for vault in self._open.values():
            vault.close()


def open_own(vault: Path | None) -> Vault:
    """The vault of `--vault`; ParameterError where there is none."""
    return Vault.open(needed_vault(vault))


def needed_vault(vault: Path | None) -> Path:
    """The folder of `--vault`; ParameterError where there is none."""
    if vault is None:
        raise ParameterError(
            "--vault or RIBIN_VAULT needed: the folder of a vault, found none",
            hint="`ribin init FOLDER --member CODE` makes one, the settings file can name it",
        )
    return vault
