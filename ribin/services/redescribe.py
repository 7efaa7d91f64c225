"""Scans described again from their originals: after parameters changed, or read otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.errors import ParameterError, ScanError
from ribin.model import Scan
from ribin.params.defaults import Params
from ribin.search.network import Network
from ribin.services.corrections import telling_corrections
from ribin.services.enrol import EnrolOptions, UsableMarks, accepted_marks
from ribin.services.enrol_remarks import mark_remarks
from ribin.services.reading import ReadOptions, read_again, reading_anew
from ribin.vault.corrections import find_scan
from ribin.vault.parameter_sets import keep_parameters
from ribin.vault.permissions import check_act
from ribin.vault.redescribe import admit_description, contents_as_read, scans_in_use_with
from ribin.vault.scanfile import ScanContents
from ribin.vault.states import scan_state
from ribin.vault.vault import Vault
from ribin.workers import Tick, silent

_ACCEPTED = "accepted at enrolment"


@dataclass(frozen=True)
class DescribeReport:
    """How many scans were described now, had been before, and could not be."""

    described: int
    used_again: int
    up_to_date: int
    failed: tuple[tuple[str, str], ...]  # file name, why


def describe_vault(
    vault: Vault, params: Params, *, who: str, reason: str, progress: Tick = silent
) -> DescribeReport:
    """Describe each scan whose marks in use were made with other parameters.

    Scan files and earlier records stay as they are, and members with templates of the earlier set
    are still answered (`vault/parameter_sets.py`). A scan that fails keeps its marks. A run that
    was stopped goes on where it was.

    Raises StoreError: the vault is read-only or locked; AccessError: `who` is no administrator.
    """
    with vault.catalogue.reading() as db:
        check_act(db, "describe", who)
    if vault.writable:
        keep_parameters(vault.path, params)
    with vault.catalogue.reading() as db:
        done = scans_in_use_with(db, vault.path, params.template_id)
    scans = vault.holdings().scans
    todo = [scan for scan in scans if scan.sha256 not in done]
    counted = {True: 0, False: 0}
    failed = []
    for number, stored in enumerate(todo, start=1):
        try:
            contents = contents_as_read(vault, stored.sha256)
            scan = read_again(contents, params)
            options = EnrolOptions(params, who, reason, accept_unusable=_accepted(contents))
            _, found = accepted_marks(scan, options)
            counted[_admit(vault, scan, found, options)] += 1
        except ScanError as error:
            failed.append((stored.source, str(error)))
        progress(number, len(todo))
    return DescribeReport(counted[True], counted[False], len(scans) - len(todo), tuple(failed))


# Marks that a person outlines, or has read, otherwise than before.


@dataclass(frozen=True)
class RedoOptions:
    """How one scan of an exhibit is read from now on.

    `scan` is as of `find_scan`; `replica` is None where it stays a cast or none; with `found`
    outlines of persons are forgotten before those of `reading` are drawn.
    """

    exhibit: str
    scan: str
    reading: ReadOptions
    replica: bool | None = None
    found: bool = False
    accept_unusable: str = ""


@dataclass(frozen=True)
class RedoneScan:
    """A scan as it is read now, and the marks of it that count with their verdicts."""

    exhibit: str
    sha256: str
    source: str
    reading: int
    said: str
    marks: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()


def redo_marks(
    vault: Vault, params: Params, asked: RedoOptions, network: Network | None = None
) -> tuple[RedoneScan, set[str]]:
    """Outline and read a scan anew from its stored original; what is found counts from now on.

    Gives also the members whose messages on it wait in the outbox now.

    What counted before stays as evidence of what earlier lists and leads rest on.

    Raises ParameterError: nobody says who and why, nothing is said anew, or the scan is not told
    from others; ScanError, FormatError: a mark cannot be used so; StoreError, AccessError: as
    `admit_description`.
    """
    who, reason = asked.reading.who, asked.reading.why
    if not who.strip() or not reason.strip():
        raise ParameterError("mark redo: who and reason needed for a change, found one missing")
    exhibit = vault.exhibit(asked.exhibit).exhibit
    with vault.catalogue.reading() as db:
        sha256, source = find_scan(db, exhibit, asked.scan)
    kept = contents_as_read(vault, sha256)
    scan = reading_anew(kept, asked.reading, params, asked.replica, asked.found)
    said = [note for note in scan.provenance.notes if note not in kept.provenance.notes]
    if not said:
        raise ParameterError(
            f"exhibit {exhibit}: something to read otherwise needed, found nothing new",
            hint="--circle, --mask, --keep-all, --found, --replica, --lighting and "
            "--pixel-pitch-um say it",
        )
    accepted = asked.accept_unusable or _accepted(kept)
    options = EnrolOptions(params, who, reason, accept_unusable=accepted)
    scan, found = accepted_marks(scan, options)
    with telling_corrections(vault, who, network) as concerned:
        _admit(vault, scan, found, options, " ".join(said))
    keep_parameters(vault.path, params)
    with vault.catalogue.reading() as db:
        state = scan_state(db, sha256)
    judged = zip(found.marks, found.verdicts, strict=True)
    listed = tuple((str(mark.mark_type), str(verdict)) for mark, verdict in judged)
    remarks = tuple(mark_remarks(found.found, exhibit, params.quality))
    done = RedoneScan(exhibit, sha256, source, state.reading, state.said, listed, remarks)
    return done, concerned


def _admit(
    vault: Vault, scan: Scan, found: UsableMarks, options: EnrolOptions, said: str = ""
) -> bool:
    """Let what was found in a scan count from now on; gives and raises as `admit_description`."""
    return admit_description(
        vault,
        scan,
        found.marks,
        found.templates,
        who=options.who,
        reason=options.reason,
        verdicts=found.verdicts,
        said=said,
    )


def _accepted(contents: ScanContents) -> str:
    """Why an unusable mark is kept: somebody accepted one at enrolment."""
    return _ACCEPTED if "accepted" in " ".join(contents.provenance.notes) else ""
