"""What an examiner marked on a comparison page, as the page saves it and opens it again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ribin.errors import FormatError, ParameterError
from ribin.model import Mark

FORMAT = "ribin annotations 1"
KINDS = ("agreement", "disagreement")


def read_annotations(path: Path, reference: Mark, comparison: Mark) -> list[dict[str, Any]]:
    """The annotations in a file that a comparison page of this pair saved.

    Returns
    -------
    list of dict
        Each with `kind`, `center_um` and `size_um` (row, col, from the centre of the reference),
        `text`, `examiner` and `made_on`.

    Raises
    ------
    ParameterError
        The file cannot be read, or its annotations are of another pair.
    FormatError
        It holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{path}: a file of annotations needed, {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: the JSON of a comparison page needed, {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        what = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise FormatError(f'{path}: "{FORMAT}" needed, found {what}')
    items = found.get("annotations")
    if not isinstance(items, list):
        raise FormatError(f"{path}: a list of annotations needed, found {type(items).__name__}")
    for number, item in enumerate(items, start=1):
        if not _is_annotation(item):
            raise FormatError(
                f"{path}: annotation {number} of {len(items)}: kind, place, size and text needed, "
                f"found {_what(item)}"
            )
    for side, mark in (("reference", reference), ("comparison", comparison)):
        said = found.get(side)
        sha256 = said.get("sha256") if isinstance(said, dict) else None
        if sha256 != mark.provenance.sha256:
            raise ParameterError(
                f"{path}: annotations of the {side} {mark.provenance.sha256[:12]}... needed, "
                f"found those of {str(sha256)[:12]}..."
            )
    return items


def _is_annotation(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.get("kind") in KINDS
        and all(_is_pair(item.get(name)) for name in ("center_um", "size_um"))
        and all(isinstance(item.get(name), str) for name in ("text", "examiner", "made_on"))
    )


def _what(item: Any) -> str:
    """What stands in place of an annotation, short enough for a line."""
    text = json.dumps(item, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(v, (int, float)) and math.isfinite(v) for v in value)
    )
