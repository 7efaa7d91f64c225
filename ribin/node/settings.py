"""Where a node listens: node.toml in the folder of its vault, written by `ribin node init`.

address = "127.0.0.1"         # of this machine; others reach the node at it, or at what leads to it
port = 8943
"""

from __future__ import annotations

import ipaddress
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ribin.errors import ParameterError, StoreError
from ribin.exchange.node_client import PORT
from ribin.foreign import Printable, as_facts
from ribin.input_file import read_input
from ribin.vault.files import write_durably
from ribin.vault.vault import Vault

SETTINGS_FILE = "node.toml"


@dataclass(frozen=True)
class NodeSettings:
    """Address and port that a node listens at."""

    address: str = "127.0.0.1"
    port: int = PORT

    @property
    def url(self) -> str:
        """Where a program of this machine finds it."""
        found = ipaddress.ip_address(self.address)
        here = self.address
        if found.is_unspecified:  # all addresses of the machine
            here = "127.0.0.1" if found.version == 4 else "::1"
        return f"https://[{here}]:{self.port}" if ":" in here else f"https://{here}:{self.port}"


class _SettingsFile(Printable, frozen=True):
    address: Annotated[str, Meta(max_length=45)]
    port: Annotated[int, Meta(ge=1, le=65535)]


def write_settings(vault: Vault, settings: NodeSettings) -> Path:
    """Write node.toml into the folder of a vault; ParameterError where the address is none."""
    checked = _checked(settings, "--address")
    path = vault.path / SETTINGS_FILE
    text = f'address = "{checked.address}"\nport = {checked.port}\n'
    try:
        write_durably(path, text.encode())
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def read_settings(vault: Path) -> NodeSettings:
    """What `ribin node init` wrote.

    Raises StoreError: it wrote nothing; ParameterError: the file is not as it writes it.
    """
    path = vault / SETTINGS_FILE
    try:
        table = tomllib.loads(read_input(path, 1).decode("utf-8"))
    except FileNotFoundError as error:
        raise StoreError(
            f"{path}: the settings of a node needed, found none", hint="`ribin node init`"
        ) from error
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path}: a TOML file needed: {error}") from error
    found = as_facts(table, _SettingsFile, str(path), ParameterError)
    return _checked(NodeSettings(found.address, found.port), str(path))


def _checked(settings: NodeSettings, where: str) -> NodeSettings:
    try:
        ipaddress.ip_address(settings.address)
    except ValueError as error:
        found = settings.address[:60]
        raise ParameterError(
            f"{where}: an IP address of this machine needed, found {found!r}"
        ) from error
    return settings
