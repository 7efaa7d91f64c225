"""network.toml: who is in the network, where each one's vault is, and which states are linked.

[members.JAM]
name = "Jamaica"
vault = "vaults/JAM"          # from the folder of this file, or an absolute path

[clusters]
caribbean = ["BRB", "BLZ", "JAM"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ribin.cases.exhibits import Scope
from ribin.errors import AccessError, ParameterError
from ribin.foreign import Printable, Statement, as_facts
from ribin.input_file import read_input
from ribin.vault.catalogue import checked_member_code


@dataclass(frozen=True)
class NetworkMember:
    """One country of the network."""

    code: str  # ISO 3166 alpha-3
    name: str
    vault: Path


@dataclass(frozen=True)
class Network:
    """Members by code, and clusters of codes by name. Who may be reached is decided here alone."""

    members: dict[str, NetworkMember]
    clusters: dict[str, tuple[str, ...]]

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
        A section `[members.CODE]` (ISO 3166 alpha-3) for each member with its `vault`, a folder
        seen from the file's own, and `name`; under `[clusters]` lists of codes.

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
    owners: dict[Path, str] = {}
    for code, section in listed.members.items():
        where = f"{file}: members.{code}"
        checked_member_code(code, where)
        entry = as_facts(section, _MemberSection, where, ParameterError)
        members[code] = NetworkMember(code, entry.name or code, file.parent / entry.vault)
        other = owners.setdefault(members[code].vault.resolve(), code)
        if other != code:
            raise ParameterError(f"{file}: {other} and {code} both name {members[code].vault}")
    clusters = {}
    for name, listing in listed.clusters.items():
        where = f"{file}: clusters.{name}"
        codes = as_facts(listing, tuple[str, ...], where, ParameterError)
        strangers = [code for code in codes if code not in members]
        if strangers:
            raise ParameterError(f"{where}: members of this network needed, found {strangers[0]}")
        if len(set(codes)) != len(codes):
            raise ParameterError(f"{where}: each member once needed, found {', '.join(codes)}")
        clusters[name] = codes
    return Network(members, clusters)


class _NetworkFile(Statement, frozen=True):
    members: dict[str, object] = {}  # noqa: RUF012 (msgspec copies it)
    clusters: dict[str, object] = {}  # noqa: RUF012


class _MemberSection(Printable, frozen=True):
    vault: Annotated[str, Meta(min_length=1)]
    name: str = ""
