"""What a laboratory records and asks: events, exhibits, scopes, candidates.

These are facts about cases; `model.py` holds what is known about surfaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar

from ribin.cases.calibres import calibre_code
from ribin.cases.csv_files import OWN_FORM, TableForm, read_csv
from ribin.cases.plausible import DayOrder, iso_day
from ribin.errors import ParameterError
from ribin.model import MarkType
from ribin.text import NAME_LENGTH, checked_text, clean_text


class Scope(StrEnum):
    """How wide a search reaches, or an exhibit may be seen; each holds the one before."""

    COUNTRY = "country"
    CLUSTER = "cluster"
    NETWORK = "network"

    @property
    def width(self) -> int:
        return tuple(Scope).index(self)


class ExhibitKind(StrEnum):
    """Whether an exhibit was found or made."""

    EVIDENCE = "evidence"
    TEST_FIRE = "test_fire"


class Grouping(StrEnum):
    """What a row of a list stands for: a scan, or the best scan of a firearm or of an event.

    A firearm is known of a test fire; evidence without one stands for itself.
    """

    NONE = "none"
    FIREARM = "firearm"
    EVENT = "event"


@dataclass(frozen=True)
class Event:
    """One incident or test firing."""

    event: str
    case_number: str = ""
    date: str = ""  # ISO 8601 day; empty where unknown
    place: str = ""


@dataclass(frozen=True)
class ClassFields:
    """Class characteristics of an exhibit; empty where not determined."""

    calibre: str = ""
    firing_pin_shape: str = ""
    breech_face_type: str = ""
    ammunition: str = ""  # its maker
    make: str = ""  # of the firearm
    model: str = ""


@dataclass(frozen=True)
class Exhibit:
    """One physical cartridge case and what its owner allows."""

    exhibit: str
    event: Event
    kind: ExhibitKind = ExhibitKind.EVIDENCE
    class_fields: ClassFields = ClassFields()
    sharing: Scope = Scope.COUNTRY  # the widest scope in which it may be seen
    firearm: str = ""  # the weapon of a test fire; empty for evidence


CLASS_FIELDS = tuple(ClassFields.__dataclass_fields__)


# What another member's exhibit is looked at for, as its owner's audit log names it.
LookPurpose = Literal["query", "picture", "comparison", "report", "original"]


@dataclass(frozen=True)
class Filters:
    """Class gates of a search; an exhibit whose field is empty passes that gate.

    A calibre of the table travels as its code, so that all members mean the same.
    """

    calibre: str = ""
    date_from: str = ""  # ISO 8601 day, inclusive
    date_to: str = ""  # ISO 8601 day, inclusive
    kind: ExhibitKind | None = None
    firing_pin_shape: str = ""
    breech_face_type: str = ""
    ammunition: str = ""
    make: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        """Raises ParameterError: a class field holds what a text may not."""
        for name, text in self.of_class.items():
            clean = checked_text(text, f"filter {name.replace('_', ' ')}", NAME_LENGTH)
            object.__setattr__(self, name, clean)
        object.__setattr__(self, "calibre", calibre_code(self.calibre) or self.calibre)

    @property
    def of_class(self) -> dict[str, str]:
        """The class fields that are asked for, by their names."""
        fields = {name: getattr(self, name) for name in CLASS_FIELDS}
        return {name: text for name, text in fields.items() if text}


@dataclass(frozen=True)
class Request:
    """What one member asks another: who asks, how wide, and why."""

    asking_member: str  # ISO 3166 alpha-3
    scope: Scope
    filters: Filters = Filters()
    who: str = ""  # the person; audit logs of both sides keep it
    reason: str = ""  # needed beyond the country
    full: bool = False  # compare everything, without a coarse cut
    top: int | None = None  # how many rows are wanted at most; None for all that were compared
    group: Grouping = Grouping.NONE  # cut to `top` after grouping, so that rows are not used up
    leave_out: tuple[tuple[str, str], ...] = ()  # member and exhibit, as the asker knows them
    unlogged: bool = False  # in a copy on read-only media, which no audit log can say anything of
    anchor: str = ""  # of the asker's log, once it has the question; see vault/anchors.py
    query: str = ""  # what other members may call the scan that is searched with


@dataclass(frozen=True)
class Counts:
    """What was compared, so that nothing is lost in silence (DESIGN decision 9).

    The unit is a mark of the query's type; a scan without one counts as one mark that could not
    be compared. Exhibits that scope and sharing hide are in none of the numbers. Each number counts
    some of those before it.
    """

    eligible: int  # marks that scope and sharing let the asker see
    after_filters: int  # that pass the class gates
    after_coarse: int  # that the coarse stage did not set aside as too unlike the query, if it ran
    compared: int  # that have a score
    not_compared: tuple[tuple[str, int], ...] = ()  # reason (such as the query) and number

    @property
    def adds_up(self) -> bool:
        """Whether every eligible mark is accounted for exactly once."""
        rest = sum(number for _, number in self.not_compared)
        narrowing = self.eligible >= self.after_filters >= self.after_coarse
        return narrowing and self.after_coarse == self.compared + rest


@dataclass(frozen=True)
class Candidate:
    """One row of a ranked list: a suggestion to look, never a conclusion.

    Of another member's exhibit `exhibit` is a pseudonym and `event` empty, until its owner has
    released it to the asker. Rotation and shift say how the query comes to lie on it.
    """

    rank: int  # from 1
    member: str
    exhibit: str
    event: str
    mark: MarkType
    score: float  # similarity, 0 to 100, never NaN: what was not compared is in `Counts` alone
    cmc: float  # congruent ones of the cells that could be compared
    cmc_fraction: float  # their share
    cells: int  # that could be compared
    ccf: float  # -1 to 1
    rotation_deg: float  # counter-clockwise as displayed
    shift_um: tuple[float, float]  # down and right
    sha256: str = ""
    group: str = ""  # what the row stands for, where rows are grouped
    others: int = 0  # further scans of the group that were compared, none above this row
    class_fields: ClassFields = ClassFields()
    known_as: str = ""  # of another member's released exhibit, the pseudonym that it had before
    same_file: bool = False  # as the query, which another member has enrolled too
    along: str = ""  # lines that the score rests on, which other firearms may share; or empty
    note: str = ""  # what an examiner should know of this row: along what, how turned, scaled

    @property
    def exhibit_words(self) -> str:
        """The exhibit, and whether its scan is the very file that was searched with."""
        return f"{self.exhibit} (the same file)" if self.same_file else self.exhibit


@dataclass(frozen=True)
class SearchResult:
    """A ranked list and the account of how it came about."""

    query: str  # the exhibit, or the name of the file
    scope: str
    members: tuple[str, ...]  # who was asked, by code
    unavailable: tuple[tuple[str, str], ...]  # member, why it could not answer
    counts: Counts
    counts_by_member: dict[str, Counts]
    candidates: tuple[Candidate, ...]
    snapshot: dict[str, str]  # member -> state of its vault when asked
    params_id: str
    version: str
    elapsed_s: float  # differs from run to run; the rest does not
    notes: tuple[str, ...] = ()  # what a reader should know: an audit log or index not written, ...
    mark: str = ""  # type of mark that was searched with
    query_sha256: str = ""  # of the scan that was searched with
    request: Request | None = None  # who asked, how wide, why and with which filters
    asked_at: str = field(default="", compare=False)  # UTC, ISO 8601


# exhibits.csv: one row for each scan to enrol.

_EVENT, _CLASS = tuple(Event.__dataclass_fields__), tuple(ClassFields.__dataclass_fields__)
COLUMNS = ("file", "member", *_EVENT, "exhibit", "kind", *_CLASS, "firearm", "sharing", "lighting")
_NEEDED = ("file", "event", "exhibit")
_Word = TypeVar("_Word", ExhibitKind, Scope)


@dataclass(frozen=True)
class Row:
    """One scan to enrol: its file, its owner (empty where not named) and its fields as written.

    `line` is that of a manifest; 0 where there is none.
    """

    path: Path
    member: str
    fields: Mapping[str, str]
    line: int = 0

    @classmethod
    def of(
        cls, folder: Path, cells: Mapping[str, str], line: int = 0, days: DayOrder = DayOrder.ISO
    ) -> Row:
        """The row of these cells, its file found from the folder; texts are cleaned, days ISO."""
        fields = {n: clean_text(c) if n != "file" else c for n, c in cells.items()}
        if fields.get("date"):
            fields["date"] = iso_day(fields["date"], days)
        return cls(folder / fields.get("file", ""), fields.get("member", ""), fields, line)

    @property
    def name(self) -> str:
        """What a report calls it: the file, or the line of a manifest that names none."""
        return self.path.name if self.fields.get("file", "given") else f"line {self.line}"


@dataclass(frozen=True)
class Manifest:
    """The rows of a table of exhibits; `note` says how it was read, where that is not as usual."""

    rows: tuple[Row, ...]
    note: str = ""


def read_manifest(
    path: Path, usual: Mapping[str, str] | None = None, form: TableForm = OWN_FORM
) -> Manifest:
    """Read a table of exhibits; files are found from its folder.

    `usual`, `form` and errors as of `read_csv`; the columns file, event and exhibit are needed.
    """
    table = read_csv(path, "a CSV file of exhibits", _NEEDED, COLUMNS, usual, form)
    rows = (Row.of(path.parent, cells, line, form.days) for line, cells in table.rows)
    return Manifest(tuple(rows), table.note)


def exhibit_of(fields: Mapping[str, str], stored: Exhibit | None = None) -> Exhibit:
    """An exhibit from texts by column name; an absent or empty one is not known.

    Kind and sharing always have a value: where they are not given, that of the exhibit as it is
    `stored`, or evidence that only its own country sees.

    Raises ParameterError: `kind` or `sharing` is not one of its words.
    """

    def known(name: str) -> str:
        return fields.get(name) or ""

    usual = stored or Exhibit(known("exhibit"), Event(known("event")))
    return Exhibit(
        exhibit=known("exhibit"),
        event=Event(*map(known, _EVENT)),
        kind=_word(ExhibitKind, "kind", known("kind") or usual.kind),
        class_fields=ClassFields(*map(known, _CLASS)),
        sharing=_word(Scope, "sharing", known("sharing") or usual.sharing),
        firearm=known("firearm"),
    )


def _word(words: type[_Word], name: str, found: str) -> _Word:
    try:
        return words(found)
    except ValueError as error:
        raise ParameterError(f"{name} needs one of {', '.join(words)}, found {found!r}") from error
