"""What somebody else wrote is taken as its types say, or refused with one line that says why."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import pytest
from msgspec import Meta

from ribin.errors import FormatError, ParameterError
from ribin.foreign import Finite, Hex32, LongText, MemberCode, Statement, as_facts, read_facts


class _Metal(StrEnum):
    BRASS = "brass"
    STEEL = "steel"


class _Part(Statement, frozen=True):
    metal: _Metal
    size_um: Finite = 0.0
    place: tuple[float, float] = (0.0, 0.0)


class _Case(Statement, frozen=True):
    member: MemberCode
    sha256: Hex32
    text: LongText
    number: Annotated[int, Meta(ge=1, lt=9)]
    parts: tuple[_Part, ...] = ()
    named: dict[str, _Part] = {}  # noqa: RUF012


GOOD = {
    "member": "JAM",
    "sha256": "0a" * 32,
    "text": "é",
    "number": 3,
    "parts": [{"metal": "brass"}],
}


def read(**changes):
    return read_facts(json.dumps({**GOOD, **changes}).encode(), _Case, "it")


def test_what_fits_is_typed():
    case = read(parts=[{"metal": "steel", "size_um": 2, "place": [1, 2.5]}])
    assert case.parts == (_Part(_Metal.STEEL, 2.0, (1.0, 2.5)),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"member": "JAM\n"}, r"it: member needs three capital letters, found 'JAM\\n'"),
        ({"member": "jam"}, "member needs three capital letters, found 'jam'"),
        ({"sha256": "0A" * 32}, "sha256 needs 64 hexadecimal digits, found '0A0A"),
        ({"sha256": "0a" * 31}, "sha256 needs 64 hexadecimal digits"),
        ({"text": "x" * 1001}, r"text needs a text of length <= 1000, found 'xxx.*\.\.\.$"),
        ({"text": None}, "text needs a text, found None"),
        ({"number": True}, "number needs a whole number, found True"),
        ({"number": 1.0}, "number needs a whole number, found 1.0"),
        ({"number": "1"}, "number needs a whole number, found '1'"),
        ({"number": 9}, "number needs a whole number <= 8, found 9"),
        ({"number": 10**40}, "number needs a whole number <= 8, found 1000"),
        ({"extra": 1}, "it: no key 'extra'; known: member, sha256, text, number, parts, named"),
        ({"parts": {}}, "parts needs a list, found {}"),
        ({"parts": [1]}, r"parts\[0\] needs an object, found 1"),
        ({"parts": [{}]}, r"parts\[0\]\.metal needed, found none"),
        ({"parts": [{"metal": "gold"}]}, r"parts\[0\]\.metal needs a word .*, found 'gold'"),
        ({"parts": [{"metal": "brass", "x": 1}]}, r"it: parts\[0\]: no key 'x'"),
        ({"parts": [{"metal": "brass", "place": [1]}]}, r"\[0\]\.place needs a list of length 2"),
        (
            {"parts": [{"metal": "brass", "size_um": 1e13}]},
            r"size_um needs a number <= .*found 10000",
        ),
        ({"named": {"a": {"metal": 1}}}, r"named\[\.\.\.\]\.metal needs"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(FormatError, match=message) as refused:
        read(**changes)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "it: a JSON object needed"),
        (b"{", "it: a JSON object needed"),
        (b"[]", r"it: a JSON object needed, found \[\]"),
        (b'{"number": 1, "number": 1}', "a key occurs twice"),
        (b'{"number": NaN}', "NaN is no JSON"),
        (b'{"number": -Infinity}', "-Infinity is no JSON"),
        (b'{"number": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "it: a JSON object needed"),
        (b'{"parts": [{"metal": "brass", "size_um": 1e999}]}', "size_um needs a .*found inf"),
        (b'{"number": ' + b"1" * 5000 + b"}", "it: a JSON object needed"),
    ],
)
def test_what_is_no_json_is_refused(content, message):
    with pytest.raises(FormatError, match=message):
        read_facts(content, _Case, "it")


def test_another_form_or_version_is_named_first():
    with pytest.raises(FormatError, match="it: a form of version 2 needed"):
        read_facts(b'{"format": "form", "version": 1, "extra": 1}', _Case, "it", "form", 2)


def test_the_refusal_is_of_the_kind_that_was_asked_for():
    with pytest.raises(ParameterError, match="it: an object needed, found 3"):
        as_facts(3, _Case, "it", ParameterError)
