"""What a session keeps in memory: the last few of a kind, each under a key that nobody guesses."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from ribin.errors import StoreError

_KEPT = 20  # the oldest is forgotten first

T = TypeVar("T")


def new_key() -> str:
    """A key for one more."""
    return secrets.token_urlsafe(8)


class Shelf(Generic[T]):
    """The last ones of a kind, `what` in refusals; safe in several threads."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, one: T) -> None:
        with self._lock:
            self._kept[key] = one
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def get(self, key: str) -> T:
        """The one of a key; StoreError where there is none such, or no more."""
        with self._lock:
            if key not in self._kept:
                raise StoreError(f"{self._what} {key[:20]}: not of this session, or forgotten")
            return self._kept[key]

    def newest_first(self) -> list[tuple[str, T]]:
        with self._lock:
            return list(reversed(self._kept.items()))
