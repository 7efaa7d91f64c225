"""The session of one member from which searches are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ribin.describe.steps import template_mark
from ribin.errors import AccessError, FormatError, ParameterError, ScanError, StoreError
from ribin.model import NO_TRACE, MarkType, mark_with_article
from ribin.params.defaults import Params
from ribin.search.context import OnProgress, SearchContext, silent
from ribin.search.index import CoarseScorer
from ribin.search.network import Network, NetworkMember, read_network
from ribin.search.rules import OTHER_PARAMETERS
from ribin.services.reading import ReadOptions, Side, read_side, sides_of
from ribin.vault.exhibits import StoredMark
from ribin.vault.vault import Vault


@dataclass(frozen=True, eq=False)
class Session:
    """The asker's own vault, and the network it stands in."""

    vault: Vault
    network: Network
    networked: bool  # whether a network.toml says who is in it
    params: Params
    threads: int
    scorer: CoarseScorer | None = None  # who looks at shards, where not this machine
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

        Raises
        ------
        ParameterError
            The network lacks this member, or names another vault for it.
        """
        own = open_own(vault)
        try:
            network = network_around(own, network_file)
            listed = network.members.get(own.member)
            if not listed:
                known = ", ".join(sorted(network.members))
                raise ParameterError(
                    f"{network_file}: a section [members.{own.member}] for the vault {own.path} "
                    f"needed, found {known}"
                )
            if listed.vault.resolve() != own.path.resolve():
                raise ParameterError(
                    f"{network_file}: the vault of {own.member} is {listed.vault}, found {own.path}"
                )
        except BaseException:
            own.close()
            raise
        return cls(own, network, network_file is not None, params, threads)

    @property
    def member(self) -> str:
        return self.vault.member

    def read_query(self, query: str, reading: ReadOptions, mark_type: str | None = None) -> Side:
        """A mark, by default the first, of a file or of an exhibit of the asker's vault.

        Raises
        ------
        ScanError
            There is no mark of this type.
        StoreError
            The exhibit was described with other parameters.
        """
        if Path(query).is_file():
            return read_side(Path(query), reading, self.params, mark_type)
        return stored_side(self.vault, self.marks_of(query, mark_type)[0])

    def read_queries(
        self, query: str, reading: ReadOptions, mark_type: str | None = None
    ) -> tuple[list[Side], tuple[str, ...]]:
        """The first mark of each type, or of the one type, and notes of what is left out.

        Raises
        ------
        RibinError
            As `read_query`.
        """
        if mark_type:
            return [self.read_query(query, reading, mark_type)], ()
        if Path(query).is_file():
            return sides_of(reading.scan(Path(query), self.params), self.params)
        return first_of_each_type(self.vault, self.marks_of(query)), ()

    def marks_of(self, exhibit: str, mark_type: str | None = None) -> list[StoredMark]:
        """The marks of an exhibit that can be searched with, at least one; errors as above."""
        try:
            stored = self.vault.marks_of(exhibit)
        except StoreError as error:
            raise FormatError(f"{exhibit}: neither a file nor an exhibit, {error}") from error
        # An exhibit scanned under other parameters has marks that cannot be searched with.
        needed = self.params.template_id
        chosen = [m for m in stored if m.params_id == needed]
        if stored and not chosen:
            found = ", ".join(sorted({m.params_id for m in stored}))
            raise StoreError(
                f"{exhibit}: {OTHER_PARAMETERS} {found}, {needed} needed",
                hint="`ribin store describe` describes them anew",
            )
        wanted = [m for m in chosen if mark_type in (None, m.mark_type)]
        if not wanted:
            found = ", ".join(m.mark_type.words for m in chosen) or "none"
            needed = mark_with_article(mark_type)
            raise ScanError(
                f"{exhibit}: {needed} needed, found {found}",
                hint="`ribin extract FILE --overlay found.png` shows what a scan holds",
            )
        return wanted

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.vault.close()


def stored_side(vault: Vault, stored: StoredMark, whole: bool = True) -> Side:
    """A mark of a vault as one side of a comparison.

    Where it may not be seen whole, because another member has not released its original, what is
    drawn is the surface in its template, which is all that crossed the border.
    """
    template = vault.template(stored)
    return Side(vault.mark(stored) if whole else template_mark(template), template, NO_TRACE)


def first_of_each_type(vault: Vault, marks: Sequence[StoredMark]) -> list[Side]:
    """The first of these marks of each type, breech face before the others."""
    first: dict[MarkType, StoredMark] = {}
    for mark in marks:
        first.setdefault(mark.mark_type, mark)
    return [stored_side(vault, first[mark_type]) for mark_type in MarkType if mark_type in first]


# Which vaults and which network a piece of work is about.


class Vaults:
    """The vaults that `--vault` and `--network` name, opened when first needed.

    With a network a member's vault is the one the network names; without, there is only the
    vault of `--vault`.
    """

    def __init__(self, vault: Path | None, network_file: Path | None) -> None:
        if vault is None and network_file is None:
            raise ParameterError("--vault (RIBIN_VAULT) or --network (RIBIN_NETWORK) needed")
        self._network = read_network(network_file) if network_file else None
        self._own = Vault.open(vault) if vault else None
        self._open: dict[str, Vault] = {self._own.member: self._own} if self._own else {}

    def of(self, member: str) -> Vault:
        """The vault of a member; an empty code means the one of `--vault`.

        Raises
        ------
        AccessError
            The member is not the owner of the only vault, or not in the network.
        ParameterError
            No member is named and there is no `--vault`.
        """
        if not member and not self._own:
            raise ParameterError("member: a code needed where there is no --vault, found none")
        code = member or (self._own.member if self._own else "")
        if code not in self._open:
            self._open[code] = Vault.open(self._place(code))
        return self._open[code]

    def _place(self, code: str) -> Path:
        if self._network is None:
            raise AccessError(f"member {code}: the owner of the vault needed ({self._owner()})")
        if code not in self._network.members:
            known = ", ".join(self._network.members)
            raise AccessError(f"member {code}: a member of the network needed ({known})")
        return self._network.members[code].vault

    def _owner(self) -> str:
        return self._own.member if self._own else "none"

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


def network_around(vault: Vault, network_file: Path | None) -> Network:
    """The network of `--network`, or the network of one country where none is given."""
    if network_file:
        return read_network(network_file)
    return Network({vault.member: NetworkMember(vault.member, vault.member, vault.path)}, {})


@contextmanager
def open_with_network(
    vault: Path | None, network_file: Path | None
) -> Iterator[tuple[Vault, Network]]:
    """The own vault and the network that it is in.

    Raises
    ------
    ParameterError
        There is no vault or no network.
    """
    if network_file is None:
        raise ParameterError("--network or RIBIN_NETWORK needed: network.toml")
    with open_own(vault) as opened:
        yield opened, read_network(network_file)


def needed_receiver(code: str) -> str:
    """The member of `--to`; ParameterError where there is none."""
    if not code:
        raise ParameterError("--to needed: the code of another member")
    return code
