"""What a person should know of an enrolment or a correction: poor marks, look-alikes, what is in no
table, what was not taken over. Commands and pages show it, and JSON has it as `remarks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass

from ribin.cases.exhibits import Exhibit, exhibit_of
from ribin.cases.plausible import NameBook
from ribin.model import Verdict, left_out_words
from ribin.params.defaults import QualityParams
from ribin.pipeline import MarkVerdict
from ribin.report.outlines import KEEP_ALL
from ribin.vault.exhibits import fields_of
from ribin.vault.vault import Vault
from ribin.vault.vocabulary import Vocabulary, read_vocabulary


@dataclass
class _KnownWords:
    """Names of a vault by what they name, and its words for class fields."""

    names: dict[str, NameBook]
    vocabulary: Vocabulary

    @classmethod
    def of(cls, vault: Vault, but: Collection[str]) -> _KnownWords:
        with vault.catalogue.reading() as db:
            vocabulary = read_vocabulary(db, but)
            query = "SELECT exhibit, event, firearm FROM exhibits"
            rows = [row for row in db.execute(query) if row["exhibit"] not in but]
        columns = zip(("exhibit", "event", "firearm"), zip(*rows, strict=True), strict=False)
        names = {name: NameBook(set(column) - {""}) for name, column in columns}
        return cls(names, vocabulary)


class NewWords:
    """What is new to the vaults of a job, which look for it once and then learn row by row; of the
    exhibits `but` they know nothing."""

    def __init__(self, but: Collection[str] = ()) -> None:
        self._but = frozenset(but)
        self._known: dict[str, _KnownWords] = {}

    def remarks(self, vault: Vault, exhibit: Exhibit) -> list[str]:
        """Of what is stated of an exhibit that the vault does not know yet; it does from now on."""
        if vault.member not in self._known:
            self._known[vault.member] = _KnownWords.of(vault, self._but)
        known = self._known[vault.member]
        remarks = list(known.vocabulary.remarks(exhibit.class_fields))
        fields = fields_of(exhibit)
        for what in ("exhibit", "event", "firearm"):
            book, name = known.names.setdefault(what, NameBook()), fields[what]
            remarks += [
                f"{what} {name!r} looks like {other!r}: is it the same?"
                for other in (book.look_alikes(name) if name else ())
            ]
            if name:
                book.add(name)
        known.vocabulary.add(exhibit.class_fields)
        return remarks


def correction_remarks(vault: Vault, corrected: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Of exhibits that were corrected, by their names with the fields that are others now: what all
    other exhibits, and those before them, have otherwise."""
    words = NewWords(corrected)
    stated = []
    for exhibit, changed in corrected.items():
        fields = fields_of(vault.exhibit(exhibit))
        stated.append(exhibit_of({name: fields[name] for name in changed if name in fields}))
    return [words.remarks(vault, one) for one in stated]


def mark_remarks(found: tuple[MarkVerdict, ...], scan: str, params: QualityParams) -> Iterator[str]:
    """A sentence for each mark that is not good, or of which much is left out, with the picture to
    look at; `scan` is the file, or the exhibit that has it."""
    for one in found:
        said = []
        if one.verdict is not Verdict.USABLE:
            said.append(f"is {one.verdict}, {one.reasons}")
        if sum(one.left_out.values()) >= params.remarked_left_out:
            said.append(f"has {left_out_words(one.left_out)} of it left out ({KEEP_ALL})")
        if said:
            words = f"{one.mark.words} ({one.origin}) {' and '.join(said)}"
            yield f"{words}: look at `ribin extract {scan} --overlay found.png`"


def not_taken_over(vault: Vault, wanted: Exhibit) -> Iterator[str]:
    """One sentence where a scan is in the vault already and more is said of it than the vault has.

    Where its scan would be read otherwise, it is refused before.
    """
    stored = vault.exhibit(wanted.exhibit)
    has = {**fields_of(stored), **asdict(stored.event)}
    said = {**fields_of(wanted), **asdict(wanted.event)}
    fields = [f"{name} {value!r}" for name, value in said.items() if value and not has[name]]
    if fields:
        correct = f"`ribin exhibit edit {stored.exhibit}` corrects it"
        yield f"not taken over: {', '.join(fields)}; {correct}"
