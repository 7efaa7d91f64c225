"""What of an exhibit another member may be told.

Class fields and kind always; the exhibit under its opaque name, and nothing of its event, until its
owner has released it to that member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ribin.cases.exhibits import Event, Exhibit
from ribin.vault.releases import Release, released_to
from ribin.vault.settings import read_setting
from ribin.vault.sharing import find_named, opaque_of
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Abroad:
    """What the exhibits of a vault are called by one other member, at one moment."""

    vault: Vault
    opaque_key: str
    released: Mapping[str, Release]

    @classmethod
    def of(cls, vault: Vault, receiver: str) -> Abroad:
        """As this receiver knows them now."""
        with vault.catalogue.reading() as db:
            key = read_setting(db, "opaque_key")
        return cls(vault, key, released_to(vault, receiver))

    def opaque(self, exhibit: str) -> str:
        """The opaque name of an exhibit."""
        return opaque_of(self.opaque_key, exhibit)

    def told(self, exhibit: Exhibit) -> Exhibit:
        """The exhibit as it crosses the border: whole where it is released."""
        if exhibit.exhibit in self.released:
            return exhibit
        return replace(exhibit, exhibit=self.opaque(exhibit.exhibit), event=Event(""), firearm="")

    def meant(self, name: str) -> str:
        """The exhibit that the receiver calls by this name; empty where it may call none so."""
        if name in self.released:
            return name
        with self.vault.catalogue.reading() as db:
            return find_named(db, name) or ""

    def gives_original(self, exhibit: str) -> bool:
        """Whether the receiver may have the scans of an exhibit as they were received."""
        return exhibit in self.released and self.released[exhibit].original
