"""The scans of a vault described again after parameters changed, read from their originals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ribin.errors import ScanError
from ribin.params.defaults import Params
from ribin.services.enrol import EnrolOptions, accepted_marks
from ribin.services.reading import read_again
from ribin.vault.enrol import scan_path
from ribin.vault.redescribe import admit_description, scans_in_use_with
from ribin.vault.scanfile import read_contents_of_scan
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

    Raises StoreError: the vault is read-only or locked; AccessError: `who` is no administrator.
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
            new = admit_description(
                vault, scan, found.marks, found.templates, who=who, reason=reason
            )
            counted[new] += 1
        except ScanError as error:
            failed.append((stored.source, str(error)))
        progress(number, len(todo))
    return DescribeReport(counted[True], counted[False], len(scans) - len(todo), tuple(failed))
