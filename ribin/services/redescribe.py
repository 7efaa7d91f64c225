"""The scans of a vault described again after parameters changed, read from their originals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.errors import RibinError, ScanError
from ribin.extract.outlines import set_outlines, state_lighting, unfold_replica
from ribin.model import Scan, ScanKind
from ribin.params.defaults import Params
from ribin.read import read_scan
from ribin.services.enrol import EnrolOptions, accepted_marks, describe_accepted
from ribin.vault.enrol import scan_path
from ribin.vault.redescribe import admit_description, scans_in_use_with
from ribin.vault.scanfile import ScanContents, read_contents_of_scan
from ribin.vault.vault import Vault

_ACCEPTED = "accepted at enrolment"


@dataclass(frozen=True)
class DescribeReport:
    """How many scans were described now, had been before, and could not be."""

    described: int
    used_again: int
    up_to_date: int
    failed: tuple[tuple[str, str], ...]  # file name, why


def describe_vault(
    vault: Vault,
    params: Params,
    *,
    who: str,
    reason: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> DescribeReport:
    """Describe each scan whose marks in use were made with other parameters.

    Scan files and earlier records stay as they are. A scan that fails keeps its marks. A run that
    was stopped goes on where it was.

    Raises
    ------
    StoreError
        The vault is read-only or locked.
    AccessError
        `who` is no administrator.
    """
    with vault.catalogue.reading() as db:
        done = scans_in_use_with(db, vault.path, params.template_id)
    scans = vault.holdings().scans
    todo = [scan for scan in scans if scan.sha256 not in done]
    counted = {True: 0, False: 0}
    failed = []
    for number, stored in enumerate(todo, start=1):
        try:
            contents = read_contents_of_scan(scan_path(vault.path, stored.sha256))
            accepted = _ACCEPTED if "accepted" in " ".join(contents.provenance.notes) else ""
            scan = read_again(contents, params)
            options = EnrolOptions(params, who, accept_unusable=accepted)
            _, found = accepted_marks(scan, options)
            marks, templates = describe_accepted(found, params)
            new = admit_description(vault, scan, marks, templates, who=who, reason=reason)
            counted[new] += 1
        except ScanError as error:
            failed.append((stored.source, str(error)))
        progress(number, len(todo))
    return DescribeReport(counted[True], counted[False], len(scans) - len(todo), tuple(failed))


def read_again(contents: ScanContents, params: Params) -> Scan:
    """The scan as it was read at enrolment: its pitch, light and outlines, and whether a cast.

    Raises
    ------
    ScanError
        Today's reader refuses the original, or reads it in another shape than the outlines have.
    """
    source = contents.provenance.source
    try:
        with tempfile.TemporaryDirectory(prefix="ribin-describe-") as folder:
            path = Path(folder) / f"scan{Path(source).suffix}"
            path.write_bytes(contents.original)
            pitch = contents.row_pitch_um if contents.kind is ScanKind.IMAGE else None
            scan = read_scan(path, pixel_pitch_um=pitch, params=params.read)
    except RibinError as error:
        raise ScanError(f"{source}: cannot be read again: {error}") from error
    if contents.provenance.lighting and scan.kind is ScanKind.IMAGE and not contents.replica:
        scan = state_lighting(scan, contents.provenance.lighting)
    if contents.replica:
        scan = unfold_replica(scan)
    provenance = replace(
        contents.provenance, reader=scan.provenance.reader, replica=contents.replica
    )
    return replace(set_outlines(scan, contents.outlines), provenance=provenance)
