"""Passwords of personal accounts: which may be one, and the hash that is kept of one (Argon2id)."""

from __future__ import annotations

import hashlib
import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from ribin.errors import ParameterError

# Argon2id, the second choice of RFC 9106 (section 4): 64 MiB, three passes, four lanes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4, type=Type.ID)
# Of a password that nobody has: what is checked where there is no account, so that the answer takes
# as long as for one that there is.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$cmliaW4gbm9ib2R5IGhlcmU$"
    "Zf8mCq7d3cKbeUUk5E0VWl5o6ZGf0yJqYj1bqf0yJqY"
)
LEAST_LETTERS = 12  # NIST SP 800-63B asks for 8 at least, and long ones before mixed ones
MOST_LETTERS = 200  # what is longer is no password, and costs time to hash
_LEAST_NAME = 3  # letters of a name that is looked for in a password
_LEAST_KINDS = 5  # different letters, so that one key held down is none


def checked_password(password: str, person: str) -> str:
    """The password in the one form that is hashed (NFKC).

    Raises ParameterError: it is too short or too long, of too few letters, or says the name of its
    person; the message does not repeat it.
    """
    text = unicodedata.normalize("NFKC", password)
    if not LEAST_LETTERS <= len(text) <= MOST_LETTERS:
        needed = f"{LEAST_LETTERS} to {MOST_LETTERS} characters needed"
        raise ParameterError(f"password: {needed}, found {len(text)}")
    if len(set(text)) < _LEAST_KINDS:
        needed = f"{_LEAST_KINDS} different characters needed"
        raise ParameterError(f"password: {needed}, found {len(set(text))}")
    if len(_plain(person)) >= _LEAST_NAME and _plain(person) in _plain(text):
        raise ParameterError("password: one without the name of its person needed")
    return text


def hash_password(password: str, person: str) -> str:
    """What is kept of a password; another each time. Errors as `checked_password`."""
    return _HASHER.hash(checked_password(password, person))


def is_password(secret: str, password: str) -> bool:
    """Whether a password is the one of which this was kept; an empty one is nobody's, and takes
    as long."""
    given = unicodedata.normalize("NFKC", password)[: MOST_LETTERS + 1]
    try:
        return _HASHER.verify(secret or _NOBODY, given.encode("utf-8", "replace")) and bool(secret)
    except (VerificationError, InvalidHashError):
        return False


def secret_sha256(secret: str) -> str:
    """What a record may say of the hash of a password: its own hash, from which nobody can guess,
    because the salt is not in the record."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
