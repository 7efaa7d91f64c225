"""What of an exhibit another member may be told.

Class fields and kind always; the exhibit under its opaque name, and nothing of its event, until its
owner has released it to that member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ribin.casework import Event, Exhibit
from ribin.store.releases import Release, released_to
from ribin.store.sharing import opaque_names
from ribin.store.vault import Vault


@dataclass(frozen=True)
class Abroad:
    """The names of all exhibits of a vault as one other member knows them, at one moment."""

    names: Mapping[str, str]  # exhibit -> opaque name
    released: Mapping[str, Release]

    @classmethod
    def of(cls, vault: Vault, receiver: str) -> Abroad:
        """As this receiver knows them now."""
        return cls(opaque_names(vault, vault.exhibits()), released_to(vault, receiver))

    def told(self, exhibit: Exhibit) -> Exhibit:
        """The exhibit as it crosses the border: whole where it is released."""
        if exhibit.exhibit in self.released:
            return exhibit
        return replace(exhibit, exhibit=self.names[exhibit.exhibit], event=Event(""), firearm="")

    def meant(self, name: str) -> str:
        """The exhibit that the receiver calls by this name; empty where it may call none so."""
        if name in self.released:
            return name
        return next((e for e, opaque in self.names.items() if opaque == name), "")

    def gives_original(self, exhibit: str) -> bool:
        """Whether the receiver may have the scans of an exhibit as they were received."""
        return exhibit in self.released and self.released[exhibit].original
