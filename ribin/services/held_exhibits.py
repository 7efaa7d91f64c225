"""An exhibit in the vault that holds it, as its owner shows it to one member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ribin.cases.exhibits import Exhibit
from ribin.cases.side import Side
from ribin.describe.steps import template_mark
from ribin.errors import AccessError, ScanError, StoreError
from ribin.exchange.looks import ExhibitView, ScanWish
from ribin.exchange.questions import TEMPLATE_ALONE
from ribin.model import MarkType, Provenance, Template, mark_with_article
from ribin.search.rules import OTHER_PARAMETERS
from ribin.vault.disclosure import Disclosure
from ribin.vault.exhibits import StoredMark
from ribin.vault.parameter_sets import kept_parameters
from ribin.vault.redescribe import contents_as_read
from ribin.vault.scanfile import ScanContents
from ribin.vault.vault import Vault


@dataclass(frozen=True, eq=False)
class HeldExhibit:
    """An exhibit in the vault that holds it, for the eyes of one member."""

    vault: Vault
    own_name: str  # what its owner calls it
    exhibit: Exhibit  # what the asker may know of it
    name: str
    seen: Disclosure

    @property
    def whole(self) -> bool:
        """Whether the asker may have the original."""
        return self.seen.gives_original(self.own_name)

    def show(
        self,
        sets: Sequence[str],
        mark_type: str | None,
        sha256: str,
        every: bool,
        scan: ScanWish,
        any_params: bool,
    ) -> ExhibitView:
        """The sides that are wanted, at least one, or where it is wanted the scan that they are cut
        from; refuses as `side_of`.

        `sets` are the parameters that the asker has, first the one that it wants."""
        marks = self._marks(sets, mark_type, sha256, any_params)
        chosen = self._first_of_each(marks) if every else marks[:1]
        scans = tuple(dict.fromkeys(mark.scan.sha256 for mark in chosen))
        if scan == "needed" or (scan == "if whole" and self.whole):
            first = marks[0].scan.sha256
            return ExhibitView(self.name, self.exhibit, self.whole, (), self._scan(first), (first,))
        sides = tuple(map(self._side, chosen))
        return ExhibitView(self.name, self.exhibit, self.whole, sides, None, scans)

    def _is_called(self, sha256: str, name: str) -> bool:
        """Whether the asker may call a scan so: as it is called now, or was before its release."""
        return name in (
            self.seen.scan_name(self.own_name, sha256),
            self.seen.hidden_scan_name(sha256),
        )

    def _marks(
        self, sets: Sequence[str], mark_type: str | None, sha256: str, any_params: bool
    ) -> list[StoredMark]:
        """The marks of the first of these sets that there are any of; refuses as `side_of`."""
        stored = self.vault.marks_of(self.own_name)
        of_sets = (self._of_set(params_id) for params_id in sets)
        # An exhibit described under other parameters has marks that cannot be compared.
        chosen = stored if any_params else next(filter(None, of_sets), [])
        if stored and not chosen:
            found = ", ".join(sorted({mark.params_id for mark in stored}))
            raise StoreError(
                f"{self.name}: {OTHER_PARAMETERS} {found}, {' or '.join(sets)} needed",
                hint="`ribin store describe` describes them anew",
            )
        fitting = [
            mark
            for mark in chosen
            if mark_type in (None, mark.mark_type)
            and (not sha256 or self._is_called(mark.scan.sha256, sha256))
        ]
        if not fitting:
            found = ", ".join(mark.mark_type.words for mark in chosen) or "none"
            of = f" of the scan {sha256[:12]}" if sha256 else ""
            raise ScanError(
                f"{self.name}: {mark_with_article(mark_type)}{of} needed, found {found}",
                hint="`ribin extract FILE --overlay found.png` shows what a scan holds",
            )
        return fitting

    def _of_set(self, params_id: str) -> list[StoredMark]:
        marks = self.vault.marks_of(self.own_name, params_id)
        return [mark for mark in marks if mark.params_id == params_id]

    def _earlier(self, stored: StoredMark) -> tuple[Template, ...]:
        """The same mark of the own vault as it is with the other sets that are kept."""
        sets = (
            kept_parameters(self.vault.path).keys() - {stored.params_id} if self.seen.is_own else ()
        )
        marks = (mark for one in sorted(sets) for mark in self._of_set(one))
        wanted = stored.scan.sha256, stored.mark_type
        return tuple(
            self.vault.template(mark)
            for mark in marks
            if (mark.scan.sha256, mark.mark_type) == wanted
        )

    @staticmethod
    def _first_of_each(marks: Sequence[StoredMark]) -> list[StoredMark]:
        """The first of these marks of each type, breech face before the others."""
        first = {mark.mark_type: mark for mark in reversed(marks)}
        return [first[mark_type] for mark_type in MarkType if mark_type in first]

    def _side(self, stored: StoredMark) -> Side:
        """A mark as it is in the vault; where it is not whole, the surface of its template."""
        template, sha256 = self._template(stored), stored.scan.sha256
        marks = self._of_set(stored.params_id)
        same_scan = [m for m in marks if m.scan.sha256 == sha256 and m.mark_id != stored.mark_id]
        original = None
        if not self.whole:  # nor what its file says of itself: name, size, instrument, day, person
            name, lighting = self.exhibit.exhibit, template.provenance.lighting
            scan = self.seen.scan_name(self.own_name, sha256)
            told = Provenance(name, scan, 0, TEMPLATE_ALONE, lighting=lighting)
            template = replace(template, provenance=told)
            mark = template_mark(template)
        else:
            mark = self.vault.mark(stored)
            if not self.seen.is_own:
                original = self.vault.original(sha256)
        return Side(
            self.name,
            mark,
            template,
            others=tuple(m.mark_type for m in same_scan),
            member=self.vault.member,
            exhibit=self.exhibit,
            known_as="" if self.seen.is_own else self.seen.pseudonym(self.own_name),
            whole=self.whole,
            original=original,
            earlier=self._earlier(stored),
            quality=stored.verdict,
        )

    def _template(self, stored: StoredMark) -> Template:
        try:
            return self.vault.template(stored)
        except StoreError as error:
            if self.whole:
                raise
            # The path of the file tells the SHA-256 of the original.
            raise StoreError(f"{self.name}: {self.vault.member} cannot read its mark") from error

    def _scan(self, sha256: str) -> ScanContents:
        """A scan as it was read at enrolment; AccessError where its original is not the asker's to
        have."""
        if not self.whole:
            raise AccessError(
                f"{self.name}: a released original needed, because the provenance of a scan tells "
                f"day, instrument and hash; {self.vault.member} has not released this one"
            )
        return contents_as_read(self.vault, sha256)
