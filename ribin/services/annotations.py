"""Annotations for a person: saved from the file of a comparison page, and listed."""

from __future__ import annotations

from pathlib import Path

from ribin.cases.annotation import SavedAnnotations, decode_annotations
from ribin.errors import ParameterError
from ribin.input_file import read_input
from ribin.services.blind_pairs import shown_annotations
from ribin.vault.annotations import read_annotations, save_annotations
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault


def save_annotation_file(vault: Vault, path: Path, who: str, reason: str) -> SavedAnnotations:
    """Save what is in the file of a comparison page.

    Raises ParameterError: it cannot be read; FormatError: it holds something else; else as
    `save_annotations`.
    """
    try:
        content = read_input(path, 64)
    except OSError as error:
        raise ParameterError(f"{path}: a file of annotations needed, {error.strerror}") from error
    return save_annotations(vault, decode_annotations(content, str(path)), str(path), who, reason)


def saved_annotations(vault: Vault, who: str) -> tuple[list[SavedAnnotations], tuple[str, ...]]:
    """What counts now of all annotations, oldest first, without those of others on a pair that this
    person is to examine blind; and notes that say so.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        saved = read_annotations(db)
    return shown_annotations(vault, who, saved)
