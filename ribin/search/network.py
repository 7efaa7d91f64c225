"""network.toml: who is in the network, and how each one is reached.

[members.JAM]
name = "Jamaica"
vault = "vaults/JAM"          # from the folder of this file, or an absolute path

[members.BRB]
node = "https://ribin.example.bb:8440"      # its node

[members.BLZ]
bundle = true                 # no line: bundles go to and fro

Where each member is a vault in a folder, all are one trust domain, and the file says too which
states are linked:

[clusters]
caribbean = ["BRB", "BLZ", "JAM"]

Where another member is reached by a line, each side says in its own vault how near the other is
(`ribin network agree`); a file of somebody else says nothing of it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from ribin.cases.exhibits import Scope
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.exchange.line import Line
from ribin.foreign import Printable, Statement, as_facts
from ribin.input_file import read_input
from ribin.vault.catalogue import IDENTITY_FILE, checked_member_code

_ADDRESS = re.compile(r"https://[^/\s?#@]+(:\d{1,5})?/?")


@dataclass(frozen=True)
class NetworkMember:
    """One country of the network."""

    code: str  # ISO 3166 alpha-3
    name: str
    vault: Path | None = None  # a folder of the same trust domain
    node: str = ""  # the address of its node
    bundle: bool = False  # reached by bundles alone

    @property
    def folder(self) -> Path:
        """The folder of its vault; StoreError where it is reached otherwise."""
        if self.vault is None:
            raise StoreError(f"{self.code}: a vault in a folder needed, found {self.place}")
        return self.vault

    @property
    def place(self) -> str:
        """How it is reached, for a person."""
        return str(self.vault) if self.vault else self.node or "by bundle"

    @property
    def is_reached(self) -> bool:
        """Whether there is a way to it that answers at once."""
        return bool(self.node) or bool(self.vault and (self.vault / IDENTITY_FILE).is_file())


# Makes the line of our own member to another; what a folder has to be answered with is in the
# context of a search, where it is one.
LineMaker = Callable[["Network", str, str, Any], Line]


@dataclass(frozen=True)
class Network:
    """Members by code, and clusters of codes by name. Who may be reached is decided here alone."""

    members: dict[str, NetworkMember]
    clusters: dict[str, tuple[str, ...]]
    lines: LineMaker | None = field(default=None, compare=False)

    @property
    def is_one_domain(self) -> bool:
        """Whether every member is a folder: whoever can open one can open, and change, all."""
        return all(member.vault for member in self.members.values())

    def line(self, own: str, other: str, context: Any = None) -> Line:
        """The line of our own member to another.

        Raises AccessError: the other is not in the network; StoreError: there is no way to it.
        """
        self.reach(own, other)
        if self.lines is None:
            raise StoreError(f"{other}: no line to it from here")
        return self.lines(self, own, other, context)

    def reach(self, asker: str, owner: str) -> Scope:
        """The narrowest scope in which the one member reaches the other.

        Raises AccessError: one of them is not in the network.
        """
        for code in (asker, owner):
            if code not in self.members:
                known = ", ".join(sorted(self.members))
                raise AccessError(f"member {code}: a member of the network needed ({known})")
        if asker == owner:
            return Scope.COUNTRY
        linked = any(asker in codes and owner in codes for codes in self.clusters.values())
        return Scope.CLUSTER if linked else Scope.NETWORK

    def members_within(self, asker: str, scope: Scope) -> tuple[str, ...]:
        """Codes of all whom the asker reaches in this scope, itself included, in order."""
        return tuple(
            code for code in sorted(self.members) if self.reach(asker, code).width <= scope.width
        )

    def scope_of(self, asker: str, members: Iterable[str]) -> Scope:
        """The narrowest scope in which the asker reaches all of these members."""
        return max((self.reach(asker, code) for code in members), key=lambda s: s.width)


def read_network(path: str | Path) -> Network:
    """Read and check a network.toml; vaults are not looked at.

    Parameters
    ----------
    path : str or Path
        A section `[members.CODE]` (ISO 3166 alpha-3) for each member with its `name` and one of
        `vault`, a folder seen from the file's own, `node`, an address, and `bundle`; where all are
        folders, lists of codes under `[clusters]`.

    Returns
    -------
    Network
        The members, and the clusters of linked ones.

    Raises
    ------
    ParameterError
        The file cannot be read, a member lacks its vault, two members share one, a cluster names
        a stranger, or there is a key that means nothing.
    """
    file = Path(path)
    try:
        tables = tomllib.loads(read_input(file, 1).decode("utf-8"))
    except OSError as error:
        needed = f"{file}: a TOML file of the network needed"
        raise ParameterError(f"{needed}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{file}: a TOML file of the network needed: {error}") from error
    listed = as_facts(tables, _NetworkFile, str(file), ParameterError)
    if not listed.members:
        raise ParameterError(f"{file}: at least one section [members.CODE] needed, found none")
    members: dict[str, NetworkMember] = {}
    owners: dict[object, str] = {}
    for code, section in listed.members.items():
        members[code] = _member(file, code, section)
        vault = members[code].vault
        place = vault.resolve() if vault else members[code].node
        other = owners.setdefault(place, code) if place else code
        if other != code:
            raise ParameterError(f"{file}: {other} and {code} both name {members[code].place}")
    network = Network(members, _clusters(file, listed.clusters, members))
    if network.clusters and not network.is_one_domain:
        raise ParameterError(
            f"{file}: no [clusters] needed where members have doors of their own, found "
            f"{', '.join(network.clusters)}",
            hint="each side says how near the other is: `ribin network agree BRB --scope cluster`",
        )
    return network


def _member(file: Path, code: str, section: object) -> NetworkMember:
    where = f"{file}: members.{code}"
    checked_member_code(code, where)
    entry = as_facts(section, _MemberSection, where, ParameterError)
    ways = [name for name in ("vault", "node", "bundle") if getattr(entry, name)]
    if len(ways) != 1:
        found = " and ".join(ways) or "none"
        raise ParameterError(f"{where}: one of vault, node and bundle needed, found {found}")
    if entry.node and not _ADDRESS.fullmatch(entry.node):
        raise ParameterError(
            f"{where}: an address https://HOST:PORT needed, found {entry.node[:80]!r}"
        )
    vault = file.parent / entry.vault if entry.vault else None
    return NetworkMember(code, entry.name or code, vault, entry.node, entry.bundle)


def _clusters(
    file: Path, listed: Mapping[str, object], members: Mapping[str, NetworkMember]
) -> dict[str, tuple[str, ...]]:
    clusters = {}
    for name, listing in listed.items():
        where = f"{file}: clusters.{name}"
        codes = as_facts(listing, tuple[str, ...], where, ParameterError)
        strangers = [code for code in codes if code not in members]
        if strangers:
            raise ParameterError(f"{where}: members of this network needed, found {strangers[0]}")
        if len(set(codes)) != len(codes):
            raise ParameterError(f"{where}: each member once needed, found {', '.join(codes)}")
        clusters[name] = codes
    return clusters


class _NetworkFile(Statement, frozen=True):
    members: dict[str, object] = {}  # noqa: RUF012 (msgspec copies it)
    clusters: dict[str, object] = {}  # noqa: RUF012


class _MemberSection(Printable, frozen=True):
    vault: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    node: Annotated[str, Meta(max_length=300)] = ""
    bundle: bool = False
    name: str = ""
