"""How often somebody may ask: guesses of passwords, and requests of one address."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

# Guesses. OWASP's Authentication Cheat Sheet asks for a threshold and a growing wait; these let a
# person who mistypes go on, and give an attacker a few hundred guesses a day.
FREE_OF_PAIR = 5  # wrong ones of one name from one address, before a wait
FREE_OF_NAME = 30  # of one name from everywhere
FREE_OF_ADDRESS = 20  # of all names from one address
FORGOTTEN_S = 3600.0  # after so long without a guess the count begins again
FIRST_WAIT_S = 2.0  # after the free ones; doubled with each further guess
LONGEST_WAIT_S = 900.0
LOGGED_AN_HOUR = 100  # rows of the audit log for refusals; what is beyond is counted in the next

_MOST_KEYS = 10_000  # names and addresses that are remembered


@dataclass
class _Guesses:
    wrong: int = 0
    last: float = 0.0
    free_at: float = 0.0


@dataclass
class GuessLimit:
    """Wrong guesses by name and address; unknown names count as known ones do."""

    clock: Callable[[], float]
    _of: OrderedDict[tuple[str, str], _Guesses] = field(default_factory=OrderedDict)
    _logged: deque[float] = field(default_factory=deque)
    _unlogged: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, name: str, address: str) -> float:
        """How long to wait before the next guess; 0 where it may be made."""
        now = self.clock()
        with self._lock:
            known = (self._of.get(key) for key, _ in _keys(name, address))
            return max((one.free_at - now for one in known if one), default=0.0)

    def begin(self, name: str, address: str) -> None:
        """Count a guess as wrong until it is known to be right: many at once are no way round."""
        now = self.clock()
        with self._lock:
            for key, free in _keys(name, address):
                one = self._of.pop(key, None) or _Guesses()
                if now - one.last > FORGOTTEN_S:
                    one = _Guesses()
                one.wrong, one.last = one.wrong + 1, now
                if one.wrong >= free:
                    doubled = FIRST_WAIT_S * 2.0 ** min(one.wrong - free, 20)
                    one.free_at = now + min(doubled, LONGEST_WAIT_S)
                self._of[key] = one
            while len(self._of) > _MOST_KEYS:
                self._of.popitem(last=False)

    def right(self, name: str, address: str) -> None:
        """The guess was right: nothing is held against this name here. What else came from this
        address stays counted, so that an own account is no way to guess at others."""
        with self._lock:
            pair, of_name, of_address = (key for key, _ in _keys(name, address))
            self._of.pop(pair, None)
            self._of.pop(of_name, None)
            if counted := self._of.get(of_address):
                counted.wrong -= 1
                if counted.wrong < FREE_OF_ADDRESS:
                    counted.free_at = 0.0

    def may_log(self) -> int | None:
        """How many refusals went unlogged before this one; None where this one goes so too."""
        now = self.clock()
        with self._lock:
            while self._logged and now - self._logged[0] > 3600.0:
                self._logged.popleft()
            if len(self._logged) >= LOGGED_AN_HOUR:
                self._unlogged += 1
                return None
            self._logged.append(now)
            left, self._unlogged = self._unlogged, 0
            return left


def _keys(name: str, address: str) -> Iterable[tuple[tuple[str, str], int]]:
    plain = "".join(name.casefold().split())[:200]
    return (
        ((plain, address), FREE_OF_PAIR),
        ((plain, ""), FREE_OF_NAME),
        (("", address), FREE_OF_ADDRESS),
    )


# Requests of one address to a laboratory's server. A list of 400 candidates asks for a picture of
# each, and a person may page through several; a program that asks without end is slowed down.
BURST = 3000
EACH_SECOND = 100.0


@dataclass
class RequestLimit:
    """A bucket of requests for each address, which fills again as time goes."""

    clock: Callable[[], float]
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, address: str) -> bool:
        """Whether this address may ask once more now."""
        now = self.clock()
        with self._lock:
            left, at = self._left.pop(address, (float(BURST), now))
            left = min(float(BURST), left + (now - at) * EACH_SECOND)
            allowed = left >= 1.0
            self._left[address] = (left - 1.0 if allowed else left, now)
            while len(self._left) > _MOST_KEYS:
                self._left.popitem(last=False)
            return allowed
