"""A record: what a person states, version by version; it is added to and never changed.

Each version names the hash of its body, of its reason and of the version before. The hash of a
version leaves body and reason themselves out, so that the text of an old one can be blanked and the
chain still holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ribin.errors import ParameterError

NO_VERSION = "0" * 64  # the hash before a first version


class RecordKind(StrEnum):
    """What a record is about."""

    EVENT = "event"
    EXHIBIT = "exhibit"
    SEARCH = "search"  # its request, marks, lists and counts
    ANNOTATIONS = "annotations"  # of a pair of marks, by one person
    SCAN = "scan"  # which exhibit it shows, its light, and how a person had it read
    CLOSURE = "closure"  # of a lead that was opened by mistake
    ACCOUNT = "account"  # of a person, with the hash of what is kept of the password
    ROLES = "roles"  # that a person holds
    RELEASE = "release"  # of an exhibit to another member, and its end
    CANDIDATE = "candidate"  # of a recorded search: what one person has seen of it
    ASSIGNMENT = "assignment"  # of what is due to a person
    CONFIRMATION = "confirmation"  # by one member of two verdicts that the other gave on a lead
    VERDICT = "verdict"  # the content of a review, which has its hash
    WITHDRAWAL = "withdrawal"  # of a link
    BLINDNESS = "blindness"  # what the logs of both members say of a verdict on a lead
    AGREEMENT = "agreement"  # with another member: how near it is, and how much it may ask


@dataclass(frozen=True)
class Record:
    """One version of a record.

    `identity` says how the person was known, as the audit log does; `at` is UTC in ISO 8601.
    `body` is None where its text was blanked.
    """

    kind: RecordKind
    id: str  # within its kind
    version: int  # from 1
    member: str
    person: str
    identity: str
    at: str
    reason: str  # empty where it was blanked
    reason_sha256: str
    body: Mapping[str, Any] | None
    body_sha256: str
    previous_sha256: str  # of the version before; NO_VERSION for the first

    @property
    def name(self) -> str:
        """Kind, id and version, which name it in the audit log."""
        return f"{self.kind}/{self.id}/{self.version}"

    @property
    def sha256(self) -> str:
        """The hash that vouches for the version and those before it, blanked or not."""
        blankable = ("body", "reason")
        stated = {name: value for name, value in vars(self).items() if name not in blankable}
        return hashlib.sha256(canonical_bytes(stated)).hexdigest()


def canonical_bytes(value: Any) -> bytes:
    """JSON in one spelling: keys in order, no space, UTF-8.

    Raises ParameterError: a number that is not finite, or what JSON has no words for.
    """
    try:
        text = json.dumps(
            value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError) as error:
        raise ParameterError(f"record: values of JSON needed: {error}") from error
    return text.encode("utf-8", "surrogatepass")


def body_sha256(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical bytes of a body."""
    return hashlib.sha256(canonical_bytes(body)).hexdigest()


def reason_sha256(reason: str) -> str:
    """What is left of a reason that was blanked."""
    return hashlib.sha256(reason.encode("utf-8", "surrogatepass")).hexdigest()


def version_problem(one: Record, before: Record | None) -> str:
    """What is wrong with a version, given the one before it; empty where nothing is."""
    number, previous = (before.version + 1, before.sha256) if before else (1, NO_VERSION)
    if one.version != number:
        return f"version {number} needed, found {one.version}"
    if one.previous_sha256 != previous:
        return "it does not follow the version before"
    if one.body is not None and body_sha256(one.body) != one.body_sha256:
        return "its text is not as it was written"
    if one.reason and reason_sha256(one.reason) != one.reason_sha256:
        return "its reason is not as it was written"
    return ""
