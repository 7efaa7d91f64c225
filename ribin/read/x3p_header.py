"""What main.xml states, where the decoder keeps silent on what it made of it.

x3pio reads a file without a revision, a namespace, an increment, or with the wrong feature type,
and does not say so. Here what is harmless becomes a repair of the scan, and what would invent a
measure is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from ribin.errors import FormatError

_NAMESPACE = "http://www.opengps.eu/2008/ISO5436_2"
_WHOLE = ("I", "L")  # data types of whole numbers


@dataclass(frozen=True)
class StatedHeader:
    """The own words of a file, stripped; empty where it states none.

    Attributes
    ----------
    annotations : tuple of (str, str)
        Colour and meaning of each region of a mask.
    repairs : tuple of str
        A sentence for each deviation that the decoder corrects without a word.
    """

    origin: str
    date: str
    point_link: str
    point_md5: str
    valid_link: str
    valid_md5: str
    background: str
    annotations: tuple[tuple[str, str], ...]
    repairs: tuple[str, ...]


def read_header(main: bytes, info: Any, name: str) -> StatedHeader:
    """Read the header of a surface that x3pio has accepted, so well-formed and without entities.

    Parameters
    ----------
    main : bytes
        main.xml as it was given to x3pio.
    info : x3pio.FileInfo
        What x3pio made of it.

    Raises
    ------
    FormatError
        The increment of x or y is missing, or that of z where heights are whole numbers.
    """
    root = ElementTree.fromstring(main)

    def text(*path: str) -> str:
        found = next(_along(root, path), None)
        return (found.text or "").strip() if found is not None else ""

    def anywhere(element: str) -> Iterator[ElementTree.Element]:
        return (found for found in root.iter() if _local(found) == element)

    def first(element: str) -> str:
        return next(((found.text or "").strip() for found in anywhere(element)), "")

    steps = {axis: text("Record1", "Axes", f"C{axis.upper()}", "Increment") for axis in "xyz"}
    _check_increments(steps, info.header.z.data_type.value in _WHOLE, name)
    link = ("Record3", "DataLink")
    return StatedHeader(
        origin=first("Origin"),
        date=text("Record2", "Date"),
        point_link=text(*link, "PointDataLink"),
        point_md5=text(*link, "MD5ChecksumPointData"),
        valid_link=text(*link, "ValidPointsLink"),
        valid_md5=text(*link, "MD5ChecksumValidPoints"),
        background=first("Background"),
        annotations=tuple(
            ((found.get("color") or "").strip(), " ".join((found.text or "").split())[:80])
            for found in anywhere("Annotation")
        ),
        repairs=tuple(
            _silent_repairs(
                root.tag, text("Record1", "Revision"), text("Record1", "FeatureType"), steps, info
            )
        ),
    )


def _check_increments(steps: dict[str, str], whole: bool, name: str) -> None:
    needed = [axis for axis in "xyz" if not steps[axis] and (axis != "z" or whole)]
    if needed:
        what = "heights in whole numbers" if needed == ["z"] else "a pitch"
        raise FormatError(
            f"{name}: an Increment of {' and '.join(needed)} needed for {what}, found none"
        )


def _silent_repairs(
    tag: str, revision: str, feature: str, steps: dict[str, str], info: Any
) -> Iterator[str]:
    namespace = tag[1:].partition("}")[0] if tag.startswith("{") else ""
    if namespace != _NAMESPACE:
        stated = f"of namespace {namespace[:80]!r}" if namespace else "without a namespace"
        yield f"Root element {stated} read as of {_NAMESPACE!r}."
    if not revision:
        yield f"No Revision stated: read as {info.revision.value!r}."
    read_as = info.feature_type.value
    if feature != read_as:
        rows, cols = info.shape
        why = "" if feature.upper() == read_as else f": the file holds {rows} x {cols} points"
        yield f"FeatureType {feature[:80]!r} read as {read_as!r}{why}."
    if not steps["z"]:
        yield "No increment of z stated: read as 1."


def _along(element: ElementTree.Element, path: tuple[str, ...]) -> Iterator[ElementTree.Element]:
    """The first child of each name on the path; namespaces are left out, as x3pio does."""
    if not path:
        yield element
        return
    child = next((child for child in element if _local(child) == path[0]), None)
    if child is not None:
        yield from _along(child, path[1:])


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
