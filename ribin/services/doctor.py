"""Whether an installation is fit for work: what it runs on, what is missing, what it computes."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from ribin._version import __version__
from ribin.errors import RibinError
from ribin.params.defaults import DEFAULT_PARAMS, Params

_EXTRAS = {
    "plots": ("matplotlib", "pictures of an evaluation"),
    "pdf": ("reportlab", "reports as PDF"),
    "cluster": ("distributed", "batches and searches on more than one machine"),
    "web": ("starlette", "the application in a browser, `ribin serve`"),
    "node": ("urllib3", "lines between laboratories, `ribin node`"),
}
_OUT_OF_REACH = (
    "bring its folder in reach, or mend `vault` of this member in {}; meanwhile searches go on "
    "without it and say so"
)
_CLOCKS_S = 60.0  # messages are refused at five minutes
_ROOM_MB = 500.0  # free on a disk: below it a laboratory should look for another one


def examine(
    vault: Path | None, network_file: Path | None, cores: int, params: Params = DEFAULT_PARAMS
) -> Iterator[Finding]:
    """Look at everything, one finding after the other; nothing is changed."""
    yield finding("program", _program)
    yield finding("libraries", _libraries)
    yield from (_extra(name, *what) for name, what in _EXTRAS.items())
    yield finding("compiled kernels", kernel_folder)
    yield finding("self test", partial(self_test, cores))
    if vault:
        yield from examine_vault(vault)
    else:
        step = "name it with --vault or RIBIN_VAULT; `ribin init` makes one"
        yield Finding("vault", State.OPTIONAL, "none named", step)
    if network_file:
        yield from examine_network(network_file, vault, params)
    else:
        step = "name it with --network or RIBIN_NETWORK, to search beyond the own country"
        yield Finding("network", State.OPTIONAL, "none named", step)


def examine_vault(vault: Path) -> Iterator[Finding]:
    """Look at a vault alone: whether it can be written, room, clock, who may read it."""
    yield finding("vault", partial(_vault, vault), "`ribin store check` looks at every byte")
    yield _access(vault)


def _program() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"ribin {__version__}, Python {platform.python_version()}, {system}"


def _libraries() -> str:
    """The versions of what ribin requires."""
    try:
        names = [_name(text) for text in requires("ribin") or () if "extra ==" not in text]
        return ", ".join(f"{name} {version(name)}" for name in names)
    except PackageNotFoundError as error:
        step = "install again: pip install --force-reinstall ribin"
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
    from ribin.vault.audit import now_utc
    from ribin.vault.vault import Vault

    with Vault.open(path) as vault:
        head, exhibits = vault.audit_head(), vault.count_exhibits()
        if not vault.writable:
            raise UnfitError(f"{path} can only be read", "enrol and search as its owner")
        member = vault.member
    now = now_utc()
    if head.at > now:
        raise UnfitError(
            f"the clock says {now}, and the last row of the audit log is of {head.at}",
            "set the clock: times of what is logged would be wrong",
        )
    free_mb = shutil.disk_usage(path).free / 1e6
    if free_mb < _ROOM_MB:
        raise UnfitError(f"{path}: {free_mb:.0f} MB left on the disk", "make room before enrolling")
    return (
        f"{path}: {member}, {exhibits} exhibits, {free_mb / 1000:.0f} GB left; audit log: row "
        f"{head.seq}, {head.sha256[:16]}"
    )


def _access(path: Path) -> Finding:
    """Whether logins that have nothing to do with a vault are kept out of it."""
    from ribin.vault.files import access_problem

    if os.name == "nt":
        found = f"{path}: cannot be checked on Windows"
        step = "see that its folder is closed to others: Properties, Security"
        return Finding("who may read", State.OPTIONAL, found, step)
    try:
        problem = access_problem(path)
    except (RibinError, OSError) as error:
        return Finding("who may read", State.BAD, str(error))
    if problem:
        step = (
            f"close it to other logins: chmod -R u=rwX,go= {path}; for a group "
            f"chgrp -R GROUP {path} && chmod -R u=rwX,g=u,o= {path}, and g+s on every folder"
        )
        return Finding("who may read", State.BAD, f"{path}: {problem}", step)
    return Finding("who may read", State.GOOD, f"{path}: its owner or group alone")


def examine_network(path: Path, vault: Path | None, params: Params) -> Iterator[Finding]:
    """Look at a network.toml, and try the line to each member: certificate, key, clock, version,
    parameters, agreement and round trip."""
    from ribin.search.network import read_network

    try:
        network = read_network(path)
    except RibinError as error:
        yield Finding("network", State.BAD, str(error), "mend the file that is named")
        return
    clusters = ", ".join(f"{name} ({', '.join(c)})" for name, c in network.clusters.items())
    found = f"{path}: {len(network.members)} members"
    if clusters:  # where members have doors of their own, agreements say who is linked
        found += f"; clusters: {clusters}"
    if network.is_one_domain and len(network.members) > 1:
        found += f"; {ONE_DOMAIN}"
    yield Finding("network", State.GOOD, found)
    for code, member in sorted(network.members.items()):
        if member.vault:
            look = partial(_member, member.vault)
            yield finding(f"member {code}", look, _OUT_OF_REACH.format(path))
        elif member.node:
            yield _line(code, member.node, vault, params)


def _member(path: Path) -> str:
    """What the folder of a vault says of itself; nobody but its owner's side opens it."""
    from ribin.vault.catalogue import read_member

    return f"{path}: vault of {read_member(path)}"


def _line(code: str, address: str, own: Path | None, params: Params) -> Finding:
    """Whether the node of a member takes our certificate, shows its own, and suits us."""
    area = f"line to {code}"
    if own is None:
        step = "name your vault with --vault or RIBIN_VAULT: its key opens the line"
        return Finding(area, State.OPTIONAL, f"{address}: not tried", step)
    step = "see that the node runs there, and that both firewalls let the port through"
    return finding(area, partial(_try_line, code, address, own, params), step)


def _try_line(code: str, address: str, own: Path, params: Params) -> str:
    from ribin.exchange.node_client import ENDED
    from ribin.services.lines import node_carrier
    from ribin.vault.agreements import agreements_of
    from ribin.vault.parameter_sets import NO_SET_SHARED, kept_parameters
    from ribin.vault.vault import Vault

    with Vault.open(own, read_only=True) as vault:
        agreed, kept = agreements_of(vault).get(code), kept_parameters(own)
        try:
            told = node_carrier(vault, address, code).line()
        except RibinError as error:
            raise UnfitError(str(error), error.hint) if error.hint else error from error
    ours, theirs = (params.template_id, *kept), (told.template_id, *told.earlier)
    shared = [one for one in ours if one in theirs]
    problems = []
    if abs(told.clock_s) > _CLOCKS_S:
        problems.append(
            (
                f"a clock within {_CLOCKS_S:g} s of ours needed, found it {told.clock_s:+.0f} s "
                "off",
                "set the clocks of both machines by a time server",
            )
        )
    if not shared:
        problems.append(
            (
                f"ribin {told.version} with template parameters {' or '.join(theirs)} there, "
                f"{__version__} with {' or '.join(dict.fromkeys(ours))} here",
                f"a set that both have: {NO_SET_SHARED}",
            )
        )
    if told.scope in ("", ENDED):
        said = f"{code} has {'ended its agreement' if told.scope else 'agreed nothing'} with us"
        step = f"its administrator states one: `ribin network agree` at {code}"
        problems.append((said, step))
    if agreed is None or agreed.ended:
        said = f"{'the agreement has ended' if agreed else 'nothing agreed'} with {code} here"
        problems.append((said, f"`ribin network agree {code}`"))
    if problems:
        found, steps = ("; ".join(part) for part in zip(*problems, strict=True))
        raise UnfitError(f"{address}: {found}", steps)
    near = f"{told.scope} there, {agreed.scope} here" if agreed else ""
    return (
        f"{address}: certificate by the trusted key of {code}; ribin {told.version}, marks "
        f"described with template parameters {shared[0]} on both sides; agreed: {near}; clock "
        f"{told.clock_s:+.1f} s; round trip {1000 * told.round_trip_s:.0f} ms"
    )


# What `ribin doctor` finds of one thing that it looks at.


ONE_DOMAIN = "folders of one trust domain: whoever opens one can read and change all"


class State(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    OPTIONAL = "optional"  # not there, and only needed for what it says
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `next_step` says what mends it."""

    area: str
    state: State
    found: str
    next_step: str = ""


class UnfitError(Exception):
    """What was found is not as it must be; the second argument says what mends it."""


def finding(area: str, look: Callable[[], str], step: str = "") -> Finding:
    """Look at one thing; what cannot be looked at is unfit, and the finding says why.

    `step` says what mends a thing that cannot be looked at.
    """
    try:
        return Finding(area, State.GOOD, look())
    except UnfitError as unfit:
        found, step = unfit.args
        return Finding(area, State.BAD, found, step)
    except (RibinError, OSError, ImportError) as error:
        return Finding(area, State.BAD, str(error), step)


# Whether this machine computes what others do, where it keeps its kernels, and how fast it is.

_MATE_SCORE, _OTHER_SCORE = 90.0, 40.0  # measured 99.7 and 9.4


def kernel_folder() -> str:
    """Where compiled code stays; without it each start compiles again, for about a minute."""
    from ribin.correlate import blocks

    folder = Path(str(blocks._patch_ccf.stats.cache_path))
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise UnfitError(
            f"{folder} cannot be written: every start compiles again",
            "let NUMBA_CACHE_DIR name a folder that can be written",
        )
    return f"in {folder}"


def self_test(cores: int) -> str:
    """Two made-up cases of one firearm and one of another must score as they do elsewhere."""
    mate, other, describe_s, pair_s = _three_cases()
    if mate < _MATE_SCORE or other > _OTHER_SCORE:
        raise UnfitError(
            f"cases of one firearm score {mate:.1f} ({_MATE_SCORE:g} or more needed), of two "
            f"{other:.1f} ({_OTHER_SCORE:g} or less needed)",
            "do not use this installation; install the exact versions of constraints.txt",
        )
    return (
        f"cases of one made-up firearm score {mate:.1f}, of two {other:.1f}; "
        f"method parameters {DEFAULT_PARAMS.params_id}; {describe_s:.2f} s to describe a scan, "
        f"{1000 * pair_s:.1f} ms a comparison on one thread, {cores} cores to use"
    )


def _three_cases() -> tuple[float, float, float, float]:
    """Scores of two mates and of two strangers; seconds for a template and for a comparison."""
    from ribin.pipeline import compare_many, describe_mark, extract_marks
    from ribin.synth.cartridge import fire
    from ribin.synth.firearm import make_firearm

    scans = [fire(make_firearm(gun), shot) for gun, shot in ((1, 0), (1, 1), (2, 0))]
    templates = []
    for scan in scans:
        begun = time.perf_counter()
        templates.append(describe_mark(extract_marks(scan)[0]))
    described_s = time.perf_counter() - begun  # of the last one, when all is compiled
    mate, other = compare_many(templates[0], templates[1:])
    begun = time.perf_counter()
    compare_many(templates[0], templates[1:] * 5, threads=1)
    return mate.score, other.score, described_s, (time.perf_counter() - begun) / 10
