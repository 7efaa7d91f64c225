"""Annotations for a person: saved from the file of a comparison page, and listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import to_builtins

from ribin.cases.annotation import SavedAnnotations, decode_annotations
from ribin.cases.leads import same_person
from ribin.errors import ParameterError
from ribin.input_file import read_input
from ribin.services.blind_pairs import shown_annotations
from ribin.services.pair import ComparedPair
from ribin.vault.annotations import annotations_of, read_annotations, save_annotations
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


def save_annotation_text(vault: Vault, text: str, who: str, reason: str) -> SavedAnnotations:
    """Save what a comparison page inside the application says; errors as `save_annotation_file`."""
    where = "annotations of the page"
    return save_annotations(vault, decode_annotations(text.encode(), where), where, who, reason)


def annotations_for_page(vault: Vault, who: str, pair: ComparedPair) -> list[dict[str, Any]]:
    """What this person saved on a pair in this order, for its page to open with."""
    marks = [side.mark for side in pair.sides]
    scans = (marks[0].provenance.sha256, marks[1].provenance.sha256)
    with vault.catalogue.reading() as db:
        saved = annotations_of(db, scans, str(marks[0].mark_type))
    mine = [one for one in saved if same_person(one.person, who) and one.pair.scans == scans]
    return [to_builtins(note) for note in mine[-1].pair.annotations] if mine else []


def saved_annotations(vault: Vault, who: str) -> tuple[list[SavedAnnotations], tuple[str, ...]]:
    """What counts now of all annotations, oldest first, without those of others on a pair that this
    person is to examine blind; and notes that say so.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        saved = read_annotations(db)
    return shown_annotations(vault, who, saved)
