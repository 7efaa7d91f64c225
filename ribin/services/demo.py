"""Made-up evidence: the network of the demonstration with its searches, and vaults of any size."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ribin
from ribin.cases.exhibits import Row, Scope, SearchResult, read_manifest
from ribin.cases.leads import ExhibitRef, login_name
from ribin.errors import StoreError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.search.network import read_network
from ribin.services.enrol import EnrolOptions, EnrolReport, enrol_rows
from ribin.services.search import SearchOptions, search_for, search_problems
from ribin.services.session import Session
from ribin.synth.sample import QUERY_FILE, Series, write_sample_data, write_series
from ribin.vault.vault import Vault
from ribin.workers import OnProgress

WHO, REASON = "ribin demo", "demonstration"


@dataclass(frozen=True)
class Demo:
    """The network of the demonstration, and the exhibit that is searched with."""

    network_file: Path
    scans: int
    members: int
    member: str
    exhibit: str


@contextmanager
def demo_folder(folder: Path | None) -> Iterator[Path]:
    """The folder for the network: a new or empty one, or where none is named a temporary one."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="ribin-demo-") as scratch:
            yield Path(scratch)
        return
    if folder.exists() and any(folder.iterdir()):
        raise StoreError(f"{folder}: a new or empty folder needed, found files in it")
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def build_demo(folder: Path, jobs: int, progress: OnProgress) -> Demo:
    """Make the vaults of the sample network in a folder and enrol its scans.

    Raises StoreError: a sample scan was refused.
    """
    sample = _sample_folder(folder)
    rows = read_manifest(sample / "exhibits.csv").rows
    network_file = folder / "network.toml"
    shutil.copyfile(sample / "network.toml", network_file)
    for code, member in read_network(network_file).members.items():
        Vault.create(member.folder, code, login_name() or WHO).close()
    options = EnrolOptions(DEFAULT_PARAMS, WHO, REASON, network_file=network_file, jobs=jobs)
    report = enrol_rows(rows, options, progress)
    _all_enrolled(report, sample)
    query = next(row for row in rows if row.path.name == QUERY_FILE)
    members = len({row.member for row in rows})
    return Demo(network_file, len(rows), members, query.member, query.fields["exhibit"])


def search_demo(demo: Demo, picture: Path, threads: int) -> Iterator[SearchResult]:
    """Search with the query in each scope, and draw it beside the first candidate in the cluster.

    Raises StoreError: there is no candidate to draw.
    """
    own = read_network(demo.network_file).members[demo.member].vault
    with Session.open(own, demo.network_file, DEFAULT_PARAMS, threads) as session:
        for scope in Scope:
            options = SearchOptions(WHO, REASON, scope, top=5)
            made = search_for(session, ExhibitRef(demo.member, demo.exhibit), options)
            yield made.lists.first
            if scope is Scope.CLUSTER and (problems := search_problems(session, made, picture)):
                raise StoreError(problems[0])


def _sample_folder(folder: Path) -> Path:
    """The sample scans of a checkout; where ribin is installed without them, made again."""
    beside = Path(ribin.__file__).parents[1] / "sample_data"
    if (beside / "exhibits.csv").is_file():
        return beside
    made = folder / "sample_data"
    write_sample_data(made)
    return made


def _all_enrolled(report: EnrolReport, place: Path) -> None:
    if report.failed:
        first = report.failed[0]
        raise StoreError(f"{place}: {len(report.failed)} scans refused, {first.reason}")


# A vault of whole synthetic cases, to try searches with; no evidence goes into it.

_CASES = 2  # of each firearm
_CALIBRES = ("9 mm Luger", ".40 S&W", ".45 ACP", "7.62x39")


def make_gallery(
    folder: Path, member: str, exhibits: int, seed: int, jobs: int, progress: OnProgress
) -> None:
    """Make a vault of synthetic cases in a new or empty folder, two of each firearm.

    Raises StoreError: the folder cannot be used.
    """
    firearms = -(-exhibits // _CASES)
    with tempfile.TemporaryDirectory(prefix="ribin-gallery-") as scratch:
        Vault.create(folder, member, WHO).close()
        scans = Path(scratch) / "scans"
        write_series(scans, Series(firearms, _CASES, seed, mark_strength=1.0), progress)
        rows = [
            Row(
                path,
                "",
                {
                    "event": f"{member}-E{number:07d}",
                    "exhibit": f"{member}-G{number:07d}",
                    "calibre": _CALIBRES[number // _CASES % len(_CALIBRES)],
                    "sharing": str(Scope.NETWORK),
                },
            )
            for number, path in enumerate(sorted(scans.glob("*.x3p"))[:exhibits])
        ]
        why = "a vault to try searches with"
        options = EnrolOptions(DEFAULT_PARAMS, WHO, why, folder, jobs=jobs)
        report = enrol_rows(rows, options, progress)
    _all_enrolled(report, folder)
