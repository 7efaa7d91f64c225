"""Making the folder of a vault, and opening one after checking that it is one."""

from __future__ import annotations

from pathlib import Path

from ribin.errors import StoreError
from ribin.store.audit import append_row
from ribin.store.catalogue import Catalogue, may_write
from ribin.store.durable import fsync_folder
from ribin.store.identity import checked_member_code, read_identity, write_identity
from ribin.store.incoming import INCOMING_FOLDER, MARKS_FOLDER


def make_vault(folder: Path, member: str, who: str, wait_s: float) -> Catalogue:
    """Make an empty vault; vault.toml comes last, so a folder that has it is complete.

    Raises
    ------
    ParameterError
        `member` is not of the form of ISO 3166 alpha-3.
    StoreError
        The folder holds something already, or cannot be made.
    """
    checked_member_code(member, "member")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"{folder}: an empty folder needed, found files in it")
        for name in (MARKS_FOLDER, INCOMING_FOLDER):
            (folder / name).mkdir()
        catalogue = Catalogue.create(folder, wait_s)
        with catalogue.writing() as db:
            append_row(db, "create", member, who, "", {})
        fsync_folder(folder)
        fsync_folder(folder.resolve().parent)
        write_identity(folder, member)
    except OSError as error:
        raise StoreError(f"{folder}: a vault cannot be made here: {error}") from error
    return catalogue


def open_vault(folder: Path, read_only: bool, wait_s: float) -> tuple[str, Catalogue]:
    """The member and the catalogue, writable where the folder is and `read_only` is False.

    Raises
    ------
    StoreError
        The folder is no vault, a newer ribin made it, or its catalogue is damaged, locked for
        longer than `wait_s`, or another member's.
    """
    member = read_identity(folder).member
    catalogue = Catalogue(folder, may_write(folder) and not read_only, wait_s)
    try:
        with catalogue.reading() as db:
            first = db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()
        owner = first["subject"] if first else "nobody"
        if owner != member:
            raise StoreError(f"{folder}: vault.toml names {member}, the catalogue {owner}")
    except BaseException:
        catalogue.close()
        raise
    return member, catalogue
