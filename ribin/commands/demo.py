"""`ribin demo`: the whole program on a small made-up network."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

import ribin
from ribin.cases.exhibits import Row, Scope, read_manifest
from ribin.cases.leads import ExhibitRef, login_name
from ribin.commands.options import A_PATH, jobs_option
from ribin.commands.terminal import Progress, say
from ribin.errors import StoreError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.text import search_table
from ribin.search.network import read_network
from ribin.services.enrol import EnrolOptions, enrol_rows
from ribin.services.search import SearchOptions, search_for, search_problems
from ribin.services.session import Session, Vaults
from ribin.synth.sample import QUERY_FILE, write_sample_data
from ribin.vault.vault import Vault


@click.command(short_help="Search a small made-up network.")
@click.option("--keep", type=A_PATH, help="Folder for the network, to go on with afterwards.")
@click.option("--picture", type=A_PATH, default="ribin-demo.png", show_default=True)
@jobs_option
def demo(keep: Path | None, picture: Path, jobs: int) -> None:
    """Enrol the sample scans of five countries, search in each scope, and draw the evidence.

    The scans are synthetic. The network is made in a temporary folder unless --keep names one.

    \b
    Examples:
      ribin demo
      ribin demo --keep demo && \\
          ribin network show --network demo/network.toml --vault demo/vaults/JAM
    """
    from ribin.services.files import check_picture

    check_picture(picture)
    with tour_folder(keep) as folder:
        show_tour(folder, picture, jobs, Progress(), say)


# The demonstration: a network of sample scans, one query in three scopes, a picture.

WHO = "ribin demo"
REASON = "demonstration"


@contextmanager
def tour_folder(keep: Path | None) -> Iterator[Path]:
    """The folder for the network: the one to keep, or a temporary one that goes away."""
    if keep:
        if keep.exists() and any(keep.iterdir()):
            raise StoreError(f"{keep}: a new or empty folder needed, found files in it")
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="ribin-demo-") as folder:
        yield Path(folder)


def show_tour(
    folder: Path,
    picture: Path,
    threads: int,
    tick: Callable[[str, int, int], None],
    say: Callable[[str], None],
) -> None:
    """Enrol the sample, run the query in each scope and say what came back; draw the last one."""
    sample = sample_folder(folder)
    rows = read_manifest(sample / "exhibits.csv")
    network_file = build_network(sample, rows, folder, tick)
    say(f"{len(rows)} synthetic scans of {len({row.member for row in rows})} members enrolled")
    query = next(row for row in rows if row.path.name == QUERY_FILE)
    member, exhibit = query.member, query.fields["exhibit"]
    say(f"query: exhibit {exhibit} of {member}")
    own = read_network(network_file).members[member].vault
    with Session.open(own, network_file, DEFAULT_PARAMS, threads) as session:
        for scope in Scope:
            options = SearchOptions(WHO, REASON, scope, top=5)
            made = search_for(session, ExhibitRef(member, exhibit), options)
            say(f"\n{search_table(made.lists.first)}")
            if scope is Scope.CLUSTER:
                problems = search_problems(session, made, picture)
                if problems:
                    raise StoreError(problems[0])
    say(f"\npicture of the first candidate in the cluster: {picture.resolve()}")


def build_network(
    sample: Path, rows: Sequence[Row], folder: Path, tick: Callable[[str, int, int], None]
) -> Path:
    """Make the vaults of the sample network in a folder and enrol the rows; its network.toml.

    Raises
    ------
    StoreError
        A sample scan was refused.
    """
    network_file = folder / "network.toml"
    shutil.copyfile(sample / "network.toml", network_file)
    for code, member in read_network(network_file).members.items():
        Vault.create(member.vault, code, login_name() or WHO).close()
    with Vaults(None, network_file) as vaults:
        report = enrol_rows(rows, vaults.of, EnrolOptions(DEFAULT_PARAMS, WHO, REASON), tick)
    if report.failed:
        first = report.failed[0]
        raise StoreError(f"{sample}: {len(report.failed)} scans refused, {first.reason}")
    return network_file


def sample_folder(folder: Path) -> Path:
    """The sample scans of a checkout; where ribin is installed without them, made again."""
    beside = Path(ribin.__file__).parents[1] / "sample_data"
    if (beside / "exhibits.csv").is_file():
        return beside
    made = folder / "sample_data"
    write_sample_data(made)
    return made
