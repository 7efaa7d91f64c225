"""Whether an installation is fit for work: what it runs on, what is missing, what it computes."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from ribin import __version__
from ribin.errors import RibinError
from ribin.services.finding import Finding, State, UnfitError, finding
from ribin.services.self_test import self_test, speed, where_kernels_are

_NEEDED = (
    "click",
    "cryptography",
    "h5py",
    "jinja2",
    "numba",
    "numpy",
    "cv2",
    "PIL",
    "skimage",
    "scipy",
    "threadpoolctl",
    "x3pio",
)
_EXTRAS = {
    "plots": ("matplotlib", "pictures of an evaluation"),
    "pdf": ("reportlab", "reports as PDF"),
    "cluster": ("distributed", "batches and searches on more than one machine"),
    "web": ("starlette", "the application in a browser, `ribin serve`"),
}
_OUT_OF_REACH = (
    "bring its folder in reach, or mend `vault` of this member in {}; meanwhile searches go on "
    "without it and say so"
)
_ROOM_MB = 500.0  # free on a disk: below it a laboratory should look for another one


def examine(vault: Path | None, network_file: Path | None, cores: int) -> Iterator[Finding]:
    """Look at everything, one finding after the other; nothing is changed.

    Parameters
    ----------
    vault, network_file : Path or None
        Looked at where they are named.
    cores : int
        How many this process may use.
    """
    yield finding("program", _program)
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        step = "install again: pip install --force-reinstall ribin"
        yield Finding("libraries", State.BAD, f"missing: {', '.join(missing)}", step)
        return
    yield finding("libraries", _libraries)
    yield from (_extra(name, *what) for name, what in _EXTRAS.items())
    yield finding("compiled kernels", where_kernels_are)
    yield finding("self test", self_test)
    yield finding("speed", partial(speed, cores))
    if vault:
        yield finding("vault", partial(_vault, vault), "`ribin store check` looks at every byte")
    else:
        step = "name it with --vault or RIBIN_VAULT; `ribin init` makes one"
        yield Finding("vault", State.OPTIONAL, "none named", step)
    if network_file:
        yield from _network(network_file)
    else:
        step = "name it with --network or RIBIN_NETWORK, to search beyond the own country"
        yield Finding("network", State.OPTIONAL, "none named", step)


def _program() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"ribin {__version__}, Python {platform.python_version()}, {system}"


def _libraries() -> str:
    """The versions of what ribin requires."""
    try:
        names = [_name(text) for text in requires("ribin") or () if "extra ==" not in text]
        return ", ".join(f"{name} {version(name)}" for name in names)
    except PackageNotFoundError as error:
        step = "install it: pip install -e . in the checkout"
        raise UnfitError(f"no installed package {error.name}", step) from error


def _name(requirement: str) -> str:
    """The name of a package before the versions that are wanted of it."""
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), None)
    return requirement[:end]


def _extra(name: str, module: str, purpose: str) -> Finding:
    if find_spec(module):
        return Finding(f"ribin[{name}]", State.GOOD, f"{module}: {purpose}")
    step = f"pip install 'ribin[{name}]'"
    return Finding(f"ribin[{name}]", State.OPTIONAL, f"no {module}, needed for {purpose}", step)


def _vault(path: Path) -> str:
    from ribin.vault.vault import Vault

    with Vault.open(path) as vault:
        head, exhibits = vault.audit_head(), len(vault.exhibits())
        if not vault.writable:
            raise UnfitError(f"{path} can only be read", "enrol and search as its owner")
        member = vault.member
    free_mb = shutil.disk_usage(path).free / 1e6
    if free_mb < _ROOM_MB:
        raise UnfitError(f"{path}: {free_mb:.0f} MB left on the disk", "make room before enrolling")
    return (
        f"{path}: {member}, {exhibits} exhibits, {free_mb / 1000:.0f} GB left; audit log: row "
        f"{head.seq}, {head.sha256[:16]}"
    )


def _network(path: Path) -> Iterator[Finding]:
    from ribin.search.network import read_network

    try:
        network = read_network(path)
    except RibinError as error:
        yield Finding("network", State.BAD, str(error), "mend the file that is named")
        return
    clusters = ", ".join(f"{name} ({', '.join(c)})" for name, c in network.clusters.items())
    found = f"{path}: {len(network.members)} members; clusters: {clusters or 'none'}"
    yield Finding("network", State.GOOD, found)
    for code, member in sorted(network.members.items()):
        yield finding(f"member {code}", partial(_member, member.vault), _OUT_OF_REACH.format(path))


def _member(path: Path) -> str:
    from ribin.vault.vault import Vault

    with Vault.open(path, read_only=True) as vault:
        return f"{path}: vault of {vault.member}, {len(vault.exhibits())} exhibits"
