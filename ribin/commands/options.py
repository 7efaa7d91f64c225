"""Options that mean the same in every command."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ribin.cases.leads import USER_VARIABLE, login_name
from ribin.commands.settings import user_settings
from ribin.commands.terminal import Progress
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import ANY_ROTATION_DEG, load_params, with_rotation

if TYPE_CHECKING:
    from ribin.evaluate.weight import Weight
    from ribin.services.marks import Asker
    from ribin.services.pair import ComparedPair, PairOptions
    from ribin.services.reading import ReadOptions
    from ribin.services.session import Session

# Written out, because importing ribin.cases.exhibits for them would load numpy for `--help`.
SCOPES = ("country", "cluster", "network")
EXHIBIT_KINDS = ("evidence", "test_fire")
GROUPINGS = ("firearm", "event")
MARKS = ("breech_face", "firing_pin", "ejector")
A_PATH = click.Path(path_type=Path)
_ROTATION = "ribin.rotation"  # where --rotation waits until --params has been read


class FiniteRange(click.FloatRange):
    """A number within bounds; neither infinite nor `nan`, which is within all bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"a finite number needed, found {value}", param, ctx)
        return number


def _params(ctx: click.Context, param: click.Parameter, path: Path | None) -> Params:
    params = load_params(path) if path else DEFAULT_PARAMS
    range_deg = ctx.meta.get(_ROTATION)
    return params if range_deg is None else with_rotation(params, range_deg)


def _rotation(ctx: click.Context, param: click.Parameter, text: str | None) -> None:
    if text is None:
        return
    try:
        range_deg = ANY_ROTATION_DEG if text == "any" else float(text)
        with_rotation(DEFAULT_PARAMS, range_deg)
    except ValueError as error:  # a ParameterError is one
        needed = f"any, or degrees from 0 to {ANY_ROTATION_DEG:g}, needed, found {text}"
        raise click.BadParameter(needed) from error
    ctx.meta[_ROTATION] = range_deg


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: what this process may use, not what is built in
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


vault_option = click.option(
    "--vault",
    type=A_PATH,
    envvar="RIBIN_VAULT",
    default=lambda: user_settings().vault,
    help="Vault of your member (RIBIN_VAULT).",
)
network_option = click.option(
    "--network",
    "network_file",
    type=A_PATH,
    envvar="RIBIN_NETWORK",
    default=lambda: user_settings().network,
    help="network.toml: members, their vaults, clusters (RIBIN_NETWORK).",
)
params_option = click.option(
    "--params", type=A_PATH, callback=_params, help="TOML file that overrides parameters."
)
rotation_option = click.option(
    "--rotation",
    metavar="any|DEG",
    callback=_rotation,
    expose_value=False,
    is_eager=True,  # before --params, whose callback puts it into the parameters
    help="Turns to search, to either side; any for the whole circle.  [default: 30 degrees]",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=_usable_cores,
    show_default="all cores",
    help="Threads or processes; the results do not depend on it.",
)
scheduler_option = click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    help="Use the workers of this dask scheduler; needs ribin[cluster].",
)
json_option = click.option("--json", "json_output", is_flag=True, help="Print JSON for programs.")
pitch_option = click.option(
    "--pixel-pitch-um",
    type=FiniteRange(min=0, min_open=True),
    help="Pixel pitch of an image that does not state its own.",
)
who_option = click.option(
    "--who",
    "--as",
    "who",
    envvar=USER_VARIABLE,
    default=lambda: user_settings().person or login_name(),
    show_default="settings file, or login name",
    help="Person who acts (RIBIN_USER); the audit log keeps the login too.",
)
reason_option = click.option("--reason", default="", help="Why, for the audit log.")
mask_option = click.option(
    "--mask",
    type=A_PATH,
    help="Image of the scan's shape, white inside the breech face; replaces what is found.",
)
circle_option = click.option(
    "--circle",
    "circles",
    multiple=True,
    metavar="MARK:ROW,COL,RADIUS[,INNER]",
    help="Outline a mark (breech_face, firing_pin or ejector) by circles, in pixels of the scan.",
)
replica_option = click.option(
    "--replica", is_flag=True, help="The scan shows a cast: mirrored and inverted."
)
lighting_option = click.option(
    "--lighting",
    metavar="ring|side[:DEG]",
    default="",
    help="Lamp of an image that does not state it; DEG counter-clockwise from the right.",
)
mark_option = click.option(
    "--mark",
    type=click.Choice(MARKS),
    help="Type of mark; by default the first found, breech face before the others.",
)


scope_option = click.option("--scope", type=click.Choice(SCOPES), show_default="country")
_CIRCLE = "MARK:ROW,COL,RADIUS[,INNER]"

Command = TypeVar("Command", bound=Callable[..., Any])


def stacked(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


# Of whatever takes a file, an exhibit of the own vault, or MEMBER:EXHIBIT.
source_options = stacked(
    pitch_option,
    lighting_option,
    vault_option,
    network_option,
    scope_option,
    params_option,
    who_option,
    reason_option,
)
scan_options = stacked(mask_option, circle_option, replica_option, source_options)
pair_options = stacked(
    mark_option,
    click.option(
        "--replica",
        type=click.Choice(("reference", "comparison", "both")),
        help="Which side is a scan of a cast: mirrored and inverted.",
    ),
    click.option("--reference-mask", type=A_PATH, help="White inside the reference's breech face."),
    click.option(
        "--comparison-mask", type=A_PATH, help="White inside the comparison's breech face."
    ),
    click.option("--reference-circle", multiple=True, metavar=_CIRCLE, help="Outline, in pixels."),
    click.option("--comparison-circle", multiple=True, metavar=_CIRCLE, help="Outline, in pixels."),
    source_options,
    rotation_option,
)

# Of a comparison that is weighed by reference data.
weight_options = stacked(
    click.option(
        "--population",
        metavar="P.json",
        type=A_PATH,
        help="Reference data (ribin population make) to weigh the comparison with.",
    ),
    click.option(
        "--calibre", multiple=True, help="To weigh: of both items, or given twice for each."
    ),
    click.option("--ammunition", multiple=True, help="To weigh: as --calibre."),
    click.option("--instrument", multiple=True, help="To weigh: in place of what the scan says."),
    click.option("--firearm", multiple=True, help="To weigh: of a test fire, as --calibre."),
)


# What the options of a command say: how scans are read, and who asks.


def pair_options_of(asked: Mapping[str, Any], **more: bool) -> PairOptions:
    """How the two sides of `pair_options` are read and compared."""
    from ribin.services.pair import PairOptions
    from ribin.services.reading import ReadOptions

    def side(name: str) -> ReadOptions:
        return ReadOptions(
            pixel_pitch_um=asked["pixel_pitch_um"],
            mask=asked[f"{name}_mask"],
            circles=asked[f"{name}_circle"],
            replica=asked["replica"] in (name, "both"),
            who=asked["who"],
            why=asked["reason"],
            lighting=asked["lighting"],
        )

    return PairOptions(side("reference"), side("comparison"), asked["mark"], **more)


def weight_with(asked: Mapping[str, Any], pair: ComparedPair, asker: Asker) -> Weight | None:
    """The weight of a pair by the options of `weight_options`; None where none is asked for."""
    names = ("instrument", "calibre", "ammunition", "firearm")
    if asked["population"] is None:
        if given := [name for name in names if asked[name]]:
            raise click.UsageError(f"--{given[0]} needs --population")
        return None
    from ribin.services.weight import StatedFacts, weigh

    stated = StatedFacts(**{name: asked[name] for name in names})
    return weigh(pair, asker, asked["population"], stated)


def reading_of(asked: Mapping[str, Any]) -> ReadOptions:
    """How the one scan of `scan_options` is read."""
    from ribin.services.reading import ReadOptions

    return ReadOptions(
        asked["pixel_pitch_um"],
        asked["mask"],
        asked["circles"],
        asked["replica"],
        asked["who"],
        asked["reason"],
        asked["lighting"],
    )


@contextmanager
def asker_with(asked: Mapping[str, Any], action: str) -> Iterator[Asker]:
    """Who asks for files and exhibits by `source_options`, in a session where there is a vault."""
    from ribin.cases.exhibits import Request, Scope
    from ribin.services.marks import Asker
    from ribin.services.session import Session

    params, vault = asked["params"], asked["vault"]
    opened = Session.open(vault, asked["network_file"], params, 1) if vault else nullcontext()
    with opened as session:
        request = None
        if session:
            scope = Scope(asked["scope"] or Scope.COUNTRY)
            request = Request(session.member, scope, who=asked["who"], reason=asked["reason"])
        yield Asker(params, session, request, action)


# Who computes: the cores of this machine, or the workers of a scheduler.


@contextmanager
def session_with(
    scheduler: str | None,
    vault: Path | None,
    network_file: Path | None,
    params: Params,
    jobs: int,
) -> Iterator[Session]:
    """The asker's session; coarse searches run on the scheduler's workers where one is named."""
    from ribin.services.session import Session

    with ExitStack() as stack:
        session = stack.enter_context(Session.open(vault, network_file, params, jobs))
        session = replace(session, tick=Progress(every_s=30.0))
        if scheduler:
            from ribin.services.cluster import ClusterScorer, connected

            scorer = ClusterScorer(stack.enter_context(connected(scheduler)))
            session = replace(session, scorer=scorer)
        yield session
