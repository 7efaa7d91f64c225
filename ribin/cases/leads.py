"""From a candidate to a confirmed link: what examiners record, and in which words.

A lead is a candidate that an examiner took up. Two persons examine the items, the second one
without knowing the verdict of the first. What they write is added to, never changed: a later
verdict names the one that it supersedes, and a link ends by its withdrawal.
"""

from __future__ import annotations

import getpass
import json
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ribin.cases.record import RecordKind

LONGEST_NOTE = 10_000  # signs of a note or a reason


class Conclusion(StrEnum):
    """AFTE's range of conclusions (AFTE Journal 24(3), 1992); a person's, never the program's."""

    IDENTIFICATION = "identification"
    INCONCLUSIVE_A = "inconclusive_a"
    INCONCLUSIVE_B = "inconclusive_b"
    INCONCLUSIVE_C = "inconclusive_c"
    ELIMINATION = "elimination"
    UNSUITABLE = "unsuitable"


# What each one means, shortened from AFTE's text.
CONCLUSION_MEANING = {
    Conclusion.IDENTIFICATION: "sufficient agreement of individual characteristics, and of all "
    "discernible class characteristics",
    Conclusion.INCONCLUSIVE_A: "some agreement of individual and all discernible class "
    "characteristics, insufficient for an identification",
    Conclusion.INCONCLUSIVE_B: "agreement of all discernible class characteristics, individual "
    "ones absent, insufficient or not reproduced",
    Conclusion.INCONCLUSIVE_C: "agreement of all discernible class characteristics and "
    "disagreement of individual ones, insufficient for an elimination",
    Conclusion.ELIMINATION: "significant disagreement of discernible class or individual "
    "characteristics",
    Conclusion.UNSUITABLE: "unsuitable for examination",
}


class ReviewBasis(StrEnum):
    """What a verdict rests on. A picture on a screen is not enough for one."""

    ITEMS = "items"
    CAST = "cast"


class ReviewRound(StrEnum):
    """Which of the two examinations a review is."""

    FIRST = "first"
    SECOND = "second"


class LeadStatus(StrEnum):
    """How far a lead has come."""

    LEAD = "lead"
    SECOND_REVIEW_DUE = "second review due"
    FIRST_VERDICT_SEALED = "first verdict not opened"  # both given; its content has not come yet
    BLINDNESS_DUE = "blindness not checked"  # agreed; the log of the other member was not read
    NOT_BLIND = "agreed, not blind"  # two identifications; a third reviewer may give a blind one
    CONFIRMATION_DUE = "confirmation due"  # agreed by one member; an examiner of the other confirms
    CONFIRMED_LINK = "confirmed link"
    NOT_CONFIRMED = "not confirmed"
    INCONCLUSIVE_A = "inconclusive a"
    INCONCLUSIVE_B = "inconclusive b"
    INCONCLUSIVE_C = "inconclusive c"
    WITHDRAWN = "link withdrawn"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        """Whether a verdict is still awaited."""
        return self in (LeadStatus.LEAD, LeadStatus.SECOND_REVIEW_DUE)


@dataclass(frozen=True, order=True)
class ExhibitRef:
    """An exhibit and who holds it. Written MEMBER:EXHIBIT."""

    member: str
    exhibit: str

    def __str__(self) -> str:
        return f"{self.member}:{self.exhibit}"


@dataclass(frozen=True)
class Lead:
    """Two exhibits that an examiner wants compared on the items.

    `figures` is the row of the candidate as the examiner saw it, with the parameters, the version
    and the state of the vaults it came from; empty where no list is named.
    """

    lead: str  # the same number at both members, and through the whole life of the lead
    member: str  # whose examiner took it up
    reference: ExhibitRef
    reference_event: str
    comparison: ExhibitRef
    comparison_event: str
    examiner: str
    at: str
    note: str
    figures: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def pair(self) -> str:
        """The two exhibits whichever way round: equal for leads of the same pair."""
        return pair_of(self.reference, self.comparison)

    @property
    def exhibits(self) -> tuple[ExhibitRef, ExhibitRef]:
        return self.reference, self.comparison

    @property
    def members(self) -> tuple[str, ...]:
        """The one or two members concerned, in order."""
        return tuple(sorted({ref.member for ref in self.exhibits}))


@dataclass(frozen=True)
class Review:
    """One person's verdict on a lead.

    A first verdict of another member is sealed until the second one is in: of its content
    (conclusion, what was examined, note) the salted hash alone is known here.
    """

    review: str
    lead: str
    place: ReviewRound
    conclusion: Conclusion | None  # None where it is sealed
    examined: ReviewBasis | None
    blind: bool  # given before another's verdict could be seen
    reviewer: str
    member: str  # whose laboratory the reviewer belongs to
    at: str
    note: str
    supersedes: str = ""  # an earlier review by the same person
    content_sha256: str = ""  # of its content and a salt

    @property
    def is_sealed(self) -> bool:
        """Whether its content is not known here."""
        return self.conclusion is None


@dataclass(frozen=True)
class VerdictContent:
    """What a verdict says. The salt, 32 random bytes, keeps its hash from telling it."""

    review: str
    lead: str
    member: str
    at: str
    conclusion: str
    examined: str
    note: str
    salt: str


@dataclass(frozen=True)
class Link:
    """Two exhibits marked by one firearm, as two persons concluded; it joins their events. Nobody
    states it: it follows from the verdicts."""

    lead: str
    pair: str
    first_review: str
    second_review: str
    at: str  # of the last statement that it needed


@dataclass(frozen=True)
class LeadWord:
    """What a person states of a lead besides verdicts; `kind` says which.

    - closure: the lead was opened by mistake;
    - confirmation: the word of the other member on two verdicts that one member gave across a
      border, by an examiner who was shown both;
    - withdrawal: the link is taken back;
    - blindness: whether the logs of both members have it that a verdict was blind.
    """

    kind: RecordKind
    id: str
    lead: str
    person: str
    member: str
    at: str
    reason: str
    review: str = ""  # of blindness: which verdict
    blind: bool = False


@dataclass(frozen=True)
class LeadHistory:
    """A lead and all that followed, oldest first.

    `given` are the reviews as they were given, before what came to be known later; `unchecked`
    are those whose blindness awaits the logs of both members; `without_account` those that stay on
    record and do not count, because the rules refuse them now that all is known.
    """

    lead: Lead
    reviews: tuple[Review, ...] = ()
    link: Link | None = None
    withdrawal: LeadWord | None = None
    closure: LeadWord | None = None
    confirmation: LeadWord | None = None
    given: tuple[Review, ...] = field(default=(), compare=False, repr=False)
    unchecked: tuple[str, ...] = ()
    without_account: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Review, ...]:
        """The reviews that count, also those that a later one supersedes."""
        return tuple(r for r in self.reviews if r.review not in self.without_account)

    @property
    def current(self) -> tuple[Review, ...]:
        """The reviews that count and that no later one supersedes."""
        superseded = {review.supersedes for review in self.counted}
        return tuple(review for review in self.counted if review.review not in superseded)

    @property
    def agreed(self) -> bool:
        """Whether both verdicts that count are identifications."""
        both = {review.place for review in self.current} == set(ReviewRound)
        return both and all(r.conclusion is Conclusion.IDENTIFICATION for r in self.current)

    @property
    def lacks_a_member(self) -> bool:
        """Whether both verdicts across a border are of one member and the other has not confirmed
        them."""
        gave = {review.member for review in self.current}
        one_sided = len(self.lead.members) == 2 and len(gave) == 1
        return one_sided and not (self.confirmation and self.confirmation.member not in gave)

    @property
    def awaits_content(self) -> bool:
        """Whether both verdicts are in and the content of one has not come yet."""
        both = {review.place for review in self.counted} == set(ReviewRound)
        ended = self.link is not None or self.closure is not None
        return both and not ended and any(review.is_sealed for review in self.current)

    @property
    def is_open(self) -> bool:
        """Whether it may still lead to a link: a verdict is awaited, the content of one, what logs
        say of two, or a confirmation."""
        awaited = {review.place for review in self.counted} != set(ReviewRound)
        blind = all(review.blind for review in self.current)
        due = bool(self.unchecked) or (blind and self.lacks_a_member)
        ended = self.link is not None or self.closure is not None
        return self.awaits_content or (not ended and (awaited or (self.agreed and due)))

    @property
    def linked(self) -> bool:
        """Whether the link stands."""
        return self.link is not None and self.withdrawal is None


def pair_of(one: ExhibitRef, other: ExhibitRef) -> str:
    """A text that is equal for the same two exhibits whichever way round."""
    return json.dumps(sorted([[h.member, h.exhibit] for h in (one, other)]), ensure_ascii=False)


# Who acts: the roles of a vault's people, and how a name came about.
#
# A name is the login of the operating system, one that somebody states (on the command line, or for
# all commands in the variable RIBIN_USER), or that of a personal account, proved by its password. A
# stated name is kept together with the login that stated it; where variables of the environment
# name another login than the account of the process, the account is kept too. Behind an account in
# a browser there is no login: that of the server is nobody's.

USER_VARIABLE = "RIBIN_USER"
BY_ACCOUNT = "account"  # how a name came about that an account proved
SIGNED_OFF = "signed off"  # with the password, for this very act
_KINDS = ("login", "account")


class Role(StrEnum):
    """What a person may do with a vault; one person may have several roles."""

    TECHNICIAN = "technician"  # enrols and searches
    EXAMINER = "examiner"  # that, takes up leads and gives the first verdict
    REVIEWER = "reviewer"  # gives the second verdict, blind to the first
    ADMINISTRATOR = "administrator"  # appoints people, looks after the vault
    AUDITOR = "auditor"  # reads and exports the audit log


ENROLLING = (Role.TECHNICIAN, Role.EXAMINER)
CORRECTING = (*ENROLLING, Role.ADMINISTRATOR)
LOOKING = tuple(Role)  # at leads, links, traces and what is shared or kept: whoever is appointed
SEARCHING = (Role.TECHNICIAN, Role.EXAMINER, Role.REVIEWER)
ASSIGNING = (*CORRECTING, Role.REVIEWER)  # what is due
EXAMINING = (Role.EXAMINER,)  # takes leads up, confirms links for the own member
CONCLUDING = (Role.EXAMINER, Role.REVIEWER)  # verdicts, annotations, withdrawals
REVIEWING = {ReviewRound.FIRST: Role.EXAMINER, ReviewRound.SECOND: Role.REVIEWER}
CLOSING = (Role.EXAMINER, Role.ADMINISTRATOR)  # leads that were opened by mistake
DISCLOSING = (Role.EXAMINER, Role.ADMINISTRATOR)  # sharing, releases, bundles
AUDITING = (Role.AUDITOR, Role.ADMINISTRATOR)  # reads the audit log
KEEPING = (Role.ADMINISTRATOR,)  # settings, keys, purge, export


def login_name() -> str:
    """The login of the operating system; empty where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, or no pwd module and no variable
        return ""


def account_name() -> str:
    """The account that this process runs under, whatever the environment says; empty where the
    operating system names none."""
    try:
        import pwd
    except ImportError:  # Windows
        try:
            return os.getlogin()
        except OSError:
            return ""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


@dataclass(frozen=True)
class ProvedPerson:
    """Who acts by a personal account of the vault."""

    person: str
    at_server: bool = False  # in a browser, signed in; else on the command line
    signed_off: bool = False  # the password was given for this very act
    found: str = ""  # what was given in its place, where it was not


_PROVED: ContextVar[ProvedPerson | None] = ContextVar("proved_person", default=None)


@contextmanager
def acting_by_account(proved: ProvedPerson) -> Iterator[None]:
    """What is done inside is done by this person's account."""
    token = _PROVED.set(proved)
    try:
        yield
    finally:
        _PROVED.reset(token)


def proved_person(who: str) -> ProvedPerson | None:
    """How a person who acts has proved the account; None where only a name is stated."""
    proved = _PROVED.get()
    return proved if proved and proved.person == who else None


def logins_here(who: str) -> frozenset[str]:
    """The logins behind a person who acts now; none where the account was proved in a browser."""
    proved = proved_person(who)
    served = proved is not None and proved.at_server
    return frozenset() if served else frozenset({login_name(), account_name()} - {""})


def identity_of(who: str) -> str:
    """How the name of the person acting came about, for the audit log."""
    login, account = login_name(), account_name()
    behind = f", account {account}" if account not in ("", login) else ""
    if proved := proved_person(who):
        signed = f", {SIGNED_OFF}" if proved.signed_off else ""
        if proved.at_server:
            return f"{BY_ACCOUNT}{signed}, server of {login or 'unknown'}"
        return f"{BY_ACCOUNT}{signed}, login {login or 'unknown'}{behind}"
    if who == login:
        return f"login{behind}"
    source = USER_VARIABLE if who and who == os.environ.get(USER_VARIABLE) else "stated"
    return f"{source}, login {login or 'unknown'}{behind}"


def logins_behind(who: str, identity: str) -> set[str]:
    """Login and account that acted under a name, from what `identity_of` said of it."""
    how, *more = identity.split(", ")
    found = {word for part in more for kind, _, word in [part.partition(" ")] if kind in _KINDS}
    return found | ({who} if how == "login" else set())


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals, spaces and the form of their letters."""
    first, second = (unicodedata.normalize("NFKC", n).casefold().split() for n in (one, other))
    return "".join(first) == "".join(second)


def is_by(review: Review, who: str, member: str) -> bool:
    """Whether a person of this member gave it: one name in two countries is two persons."""
    return review.member == member and same_person(review.reviewer, who)
