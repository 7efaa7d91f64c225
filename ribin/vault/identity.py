"""vault.toml: whose vault a folder is, and in which schema. Written last, so it says "complete"."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ribin.errors import ParameterError, StoreError
from ribin.vault.files import write_durably
from ribin.vault.schema import SCHEMA_VERSION

IDENTITY_FILE = "vault.toml"
_MEMBER_CODE = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Identity:
    """The member a vault belongs to (ISO 3166 alpha-3) and the version of its schema."""

    member: str
    schema: int


def checked_member_code(code: str, where: str) -> str:
    """The code itself when it has the form of ISO 3166 alpha-3.

    Raises
    ------
    ParameterError
        It is not three capital letters. Which codes exist is the network's business, not ours.
    """
    if not _MEMBER_CODE.fullmatch(code):
        raise ParameterError(
            f"{where}: a member code of three capital letters (ISO 3166 alpha-3) needed, "
            f"found {code!r}"
        )
    return code


def write_identity(folder: Path, member: str) -> None:
    """Declare the folder to be the finished vault of this member."""
    write_durably(folder / IDENTITY_FILE, _as_written(Identity(member, SCHEMA_VERSION)))


def identity_problems(folder: Path) -> list[str]:
    """A sentence where vault.toml says the right thing in other bytes than we write."""
    path = folder / IDENTITY_FILE
    identity = read_identity(folder)
    return [] if path.read_bytes() == _as_written(identity) else [f"{path}: not as it was written"]


def _as_written(identity: Identity) -> bytes:
    return f'member = "{identity.member}"\nschema = {identity.schema}\n'.encode()


def read_identity(folder: Path, older: bool = False) -> Identity:
    """Read and check vault.toml; of a schema before ours only where `older`.

    Raises
    ------
    StoreError
        The folder is missing or no vault, the file is damaged, or its schema is not ours.
    """
    if not folder.is_dir():
        raise StoreError(f"{folder}: the folder of a vault needed, found none")
    path = folder / IDENTITY_FILE
    if not path.is_file():
        raise StoreError(f"{folder}: not a vault: {IDENTITY_FILE} needed, found none")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error
    member, schema = table.get("member"), table.get("schema")
    if set(table) != {"member", "schema"} or not isinstance(schema, int):
        raise StoreError(f"{path}: keys member and schema needed, found {', '.join(table)}")
    if not isinstance(member, str) or not _MEMBER_CODE.fullmatch(member):
        raise StoreError(f"{path}: member of three capital letters needed, found {member!r}")
    if schema > SCHEMA_VERSION:
        raise StoreError(
            f"{path}: schema {SCHEMA_VERSION} needed, found {schema}: a newer ribin made this vault"
        )
    if schema < 1 or (schema < SCHEMA_VERSION and not older):
        mend = f"; `ribin store upgrade --vault {folder}` brings it up to date"
        raise StoreError(
            f"{path}: schema {SCHEMA_VERSION} needed, found {schema}{mend if schema > 0 else ''}"
        )
    return Identity(member, schema)
