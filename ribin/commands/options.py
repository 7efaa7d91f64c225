"""Options that mean the same in every command."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ribin.cases.leads import USER_VARIABLE, login_name
from ribin.commands.settings import user_settings
from ribin.commands.terminal import say
from ribin.errors import RibinError
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import ANY_ROTATION_DEG, load_params, with_rotation
from ribin.text import TEXT_LENGTH, checked_text

if TYPE_CHECKING:
    from ribin.cases.csv_files import TableForm
    from ribin.cases.exhibits import LookPurpose
    from ribin.evaluate.weight import Weight
    from ribin.search.network import Network
    from ribin.services.marks import Asker, Source
    from ribin.services.pair import ComparedPair, PairOptions
    from ribin.services.reading import ReadOptions
    from ribin.services.search import SearchOptions
    from ribin.services.session import Session
    from ribin.vault.vault import Vault

# Written out, because importing ribin.cases.exhibits for them would load numpy for `--help`.
SCOPES = ("country", "cluster", "network")
EXHIBIT_KINDS = ("evidence", "test_fire")
GROUPINGS = ("firearm", "event")
CLASS_FIELDS = (
    *("calibre", "firing_pin_shape", "breech_face_type", "ammunition", "make", "model"),
)
DAY_ORDERS = ("iso", "day-first", "month-first")
MARKS = ("breech_face", "firing_pin", "ejector")
A_PATH = click.Path(path_type=Path)
ITEM_FACTS = {
    "instrument": "To weigh: in place of what the scan says.",
    "calibre": "To weigh: of both items, or given twice for each.",
    "ammunition": "To weigh: as --calibre.",
    "firearm": "To weigh: of a test fire, as --calibre.",
}
_MASK = "[MARK:]FILE"
_CIRCLE = "MARK:ROW,COL,RADIUS[,INNER]"
_ROTATION = "ribin.rotation"  # where --rotation waits until --params has been read


def _requirements(
    ctx: click.Context, param: click.Parameter, said: tuple[str, ...]
) -> dict[str, float]:
    """The most that is accepted of each figure of a validation."""
    found = {}
    for text in said:
        name, _, most = text.partition("=")
        try:
            found[name] = float(most)
        except ValueError as error:
            raise click.BadParameter(f"FIGURE=MOST needed, found {text}") from error
    return found


class FiniteRange(click.FloatRange):
    """A number within bounds, also with a decimal comma; neither infinite nor `nan`, which is
    within all bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and re.fullmatch(r"[-+]?\d+,\d+", value):
            value = value.replace(",", ".")
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


def _text(ctx: click.Context, param: click.Parameter, text: str) -> str:
    return checked_text(text, f"--{param.name}", TEXT_LENGTH)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: what this process may use, not what is built in
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Options that mean the same in every command, by the names that `common_options` takes.
COMMON: dict[str, Callable[[Any], Any]] = {
    "vault": click.option(
        "--vault",
        type=A_PATH,
        envvar="RIBIN_VAULT",
        default=lambda: user_settings().vault,
        help="Vault of your member (RIBIN_VAULT).",
    ),
    "network": click.option(
        "--network",
        "network_file",
        type=A_PATH,
        envvar="RIBIN_NETWORK",
        default=lambda: user_settings().network,
        help="network.toml: members, their vaults, clusters (RIBIN_NETWORK).",
    ),
    "params": click.option(
        "--params",
        type=A_PATH,
        envvar="RIBIN_PARAMS",
        default=lambda: user_settings().params,
        callback=_params,
        help="TOML file that overrides parameters (RIBIN_PARAMS).",
    ),
    "rotation": click.option(
        "--rotation",
        metavar="any|DEG",
        callback=_rotation,
        expose_value=False,
        is_eager=True,  # before --params, whose callback puts it into the parameters
        help="Turns to search, to either side; any for the whole circle.  [default: 30 degrees]",
    ),
    "jobs": click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=_usable_cores,
        show_default="all cores",
        help="Threads or processes; the results do not depend on it.",
    ),
    "scheduler": click.option(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="Use the workers of this dask scheduler; needs ribin[cluster].",
    ),
    "json": click.option("--json", "json_output", is_flag=True, help="Print JSON for programs."),
    "pitch": click.option(
        "--pixel-pitch-um",
        type=FiniteRange(min=0, min_open=True),
        help="Pixel pitch of an image that does not state its own.",
    ),
    "who": click.option(
        "--who",
        "--as",
        "who",
        envvar=USER_VARIABLE,
        default=lambda: user_settings().person or login_name(),
        callback=_text,
        show_default="settings file, or login name",
        help="Person who acts (RIBIN_USER); the audit log keeps the login too.",
    ),
    "password": click.option(
        "--password-file",
        type=A_PATH,
        help="File whose first line is the password of who acts; otherwise it is asked for, where "
        "the person has an account.",
    ),
    "reason": click.option("--reason", default="", callback=_text, help="Why, for the audit log."),
    "mask": click.option(
        "--mask",
        "masks",
        multiple=True,
        metavar=_MASK,
        help="Image of the scan's shape, white inside the breech face, or inside the MARK that is "
        "named (breech_face, firing_pin or ejector); replaces what is found.",
    ),
    "circle": click.option(
        "--circle",
        "circles",
        multiple=True,
        metavar=_CIRCLE,
        help="Outline a mark (breech_face, firing_pin or ejector) by circles, in pixels of the "
        "scan.",
    ),
    "replica": click.option(
        "--replica", is_flag=True, help="The scan shows a cast: mirrored and inverted."
    ),
    "keep all": click.option(
        "--keep-all",
        is_flag=True,
        help="Leave nothing out of a breech face as dust, firing pin drag or flowback.",
    ),
    "lighting": click.option(
        "--lighting",
        metavar="ring|side[:DEG]|unknown",
        default="",
        help="Lamp of a photograph that does not state it; DEG counter-clockwise from the right.",
    ),
    "map": click.option(
        "--map",
        "columns",
        multiple=True,
        metavar="THEIRS=OURS",
        help="What a column of the table is called here; THEIRS= leaves it out.",
    ),
    "dates": click.option(
        "--dates",
        type=click.Choice(DAY_ORDERS),
        default=DAY_ORDERS[0],
        show_default=True,
        help="How days are written: 2026-03-14, 14/03/2026 or 03/14/2026.",
    ),
    "mark": click.option(
        "--mark",
        type=click.Choice(MARKS),
        help="Type of mark; by default the first found, breech face before the others.",
    ),
    "scope": click.option("--scope", type=click.Choice(SCOPES), show_default="country"),
    "replica of a side": click.option(
        "--replica",
        "replica_side",
        type=click.Choice(("reference", "comparison", "both")),
        help="Which side is a scan of a cast: mirrored and inverted.",
    ),
    "mask of the reference": click.option(
        "--reference-mask",
        multiple=True,
        metavar=_MASK,
        help="White inside the reference's breech face, or the MARK that is named.",
    ),
    "mask of the comparison": click.option(
        "--comparison-mask",
        multiple=True,
        metavar=_MASK,
        help="White inside the comparison's breech face, or the MARK that is named.",
    ),
    "circle of the reference": click.option(
        "--reference-circle", multiple=True, metavar=_CIRCLE, help="Outline, in pixels."
    ),
    "circle of the comparison": click.option(
        "--comparison-circle", multiple=True, metavar=_CIRCLE, help="Outline, in pixels."
    ),
    "figure": click.option(
        "--figure",
        type=click.Choice(("score", "ccf", "cmc")),
        default="score",
        show_default=True,
        help="The figure that is weighed.",
    ),
    "reports": click.option(
        "-o",
        "--output",
        "outputs",
        metavar="FILE",
        type=A_PATH,
        multiple=True,
        required=True,
        help="Report to write, .html or .pdf; may be given twice.",
    ),
    "requirements": click.option(
        "--require",
        "required",
        metavar="FIGURE=MOST",
        multiple=True,
        callback=_requirements,
        help="Criterion of the validation, as cllr=0.2; may be given again.",
    ),
    "population": click.option(
        "--population",
        metavar="P.json",
        type=A_PATH,
        help="Reference data (ribin population make) to weigh the comparison with.",
    ),
    **{
        f"{name} of the items": click.option(f"--{name}", f"item_{name}", multiple=True, help=text)
        for name, text in ITEM_FACTS.items()
    },
}
# Of whatever takes a file, an exhibit of the own vault, or MEMBER:EXHIBIT.
_SOURCE = ("pitch", "lighting", "vault", "network", "scope", "params", "who", "reason")
SCAN = ("mask", "circle", "replica", "keep all", *_SOURCE)
PAIR = (
    *("mark", "replica of a side", "mask of the reference", "mask of the comparison"),
    *("circle of the reference", "circle of the comparison", "keep all", *_SOURCE, "rotation"),
)
WEIGHED_PAIR = (*PAIR, "population", *(f"{name} of the items" for name in ITEM_FACTS))


@dataclass(frozen=True)
class Call:
    """What the options say that mean the same in every command; a default where one lacks it."""

    vault: Path | None = None
    network_file: Path | None = None
    params: Params = DEFAULT_PARAMS
    jobs: int = 1
    scheduler: str | None = None
    json_output: bool = False
    who: str = ""
    password_file: Path | None = None
    reason: str = ""
    pixel_pitch_um: float | None = None
    lighting: str = ""
    scope: str | None = None
    mark: str | None = None
    masks: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    replica: bool = False
    replica_side: str | None = None
    keep_all: bool = False
    reference_mask: tuple[str, ...] = ()
    comparison_mask: tuple[str, ...] = ()
    reference_circle: tuple[str, ...] = ()
    comparison_circle: tuple[str, ...] = ()
    population: Path | None = None
    columns: tuple[str, ...] = ()
    dates: str = DAY_ORDERS[0]
    item_instrument: tuple[str, ...] = ()
    item_calibre: tuple[str, ...] = ()
    item_ammunition: tuple[str, ...] = ()
    item_firearm: tuple[str, ...] = ()

    def own_vault(self) -> Vault:
        """The vault of --vault, opened; ParameterError where there is none."""
        from ribin.services.session import open_own

        return open_own(self.vault)

    @contextmanager
    def shown_vault(self) -> Iterator[Vault]:
        """The vault of --vault, opened for a person who may see what is in it.

        Raises AccessError: the vault's people have roles, and the person has none; ParameterError:
        there is no vault.
        """
        from ribin.vault.people import check_looker

        with self.own_vault() as vault:
            check_looker(vault.catalogue, self.who)
            yield vault

    def network(self) -> Network | None:
        """The network of --network; None where none is named."""
        from ribin.services.lines import open_network

        return open_network(self.network_file, self.vault) if self.network_file else None

    def needed_network(self) -> Network:
        """The network of --network; wrong usage where none is named."""
        network = self.network()
        if network is None:
            raise click.UsageError("--network or RIBIN_NETWORK needed: network.toml")
        return network

    def tell_waiting(self) -> None:
        """Tell the members that this command reached over a line what waits for them."""
        if "ribin.services.lines" not in sys.modules or not (self.vault and self.network_file):
            return
        from ribin.services.lines import take_reached

        if reached := take_reached():
            from ribin.services.outbox import deliver_waiting

            with suppress(RibinError, OSError), self.own_vault() as vault:
                network = self.needed_network()
                sent = deliver_waiting(vault, network, who=self.who, receivers=reached)
                for receiver in dict.fromkeys(one.receiver for one, why in sent if not why):
                    say(f"{receiver}: told now what had waited for it", err=True)
            take_reached()

    def session(self) -> Session:
        """The session of --vault in the network of --network; errors as `Session.open`."""
        from ribin.services.session import Session

        return Session.open(self.vault, self.network_file, self.params, self.jobs)

    def reading(self) -> ReadOptions:
        """How the scans are read."""
        from ribin.services.reading import ReadOptions, parse_mask

        return ReadOptions(
            pixel_pitch_um=self.pixel_pitch_um,
            masks=tuple(map(parse_mask, self.masks)),
            circles=self.circles,
            replica=self.replica,
            who=self.who,
            why=self.reason,
            lighting=self.lighting,
            keep_all=self.keep_all,
        )

    def table_form(self) -> TableForm:
        """How the table is written, by --map and --dates."""
        from ribin.cases.csv_files import TableForm
        from ribin.cases.plausible import DayOrder

        parts = [(text, *text.rpartition("=")) for text in self.columns]
        for text, theirs, equals, _ in parts:
            if not (equals and theirs):
                raise click.UsageError(f"--map THEIRS=OURS needed, found {text!r}")
        named = {theirs: ours for _, theirs, _, ours in parts}
        return TableForm(named, DayOrder(self.dates))

    def pair(self, **more: bool) -> PairOptions:
        """How the two sides of `PAIR` are read and compared."""
        from ribin.services.pair import PairOptions
        from ribin.services.reading import parse_mask

        reference = replace(
            self.reading(),
            masks=tuple(map(parse_mask, self.reference_mask)),
            circles=self.reference_circle,
            replica=self.replica_side in ("reference", "both"),
        )
        comparison = replace(
            reference,
            masks=tuple(map(parse_mask, self.comparison_mask)),
            circles=self.comparison_circle,
            replica=self.replica_side in ("comparison", "both"),
        )
        return PairOptions(reference, comparison, self.mark, **more)

    def weight(
        self, pair: ComparedPair, sources: tuple[Source, Source], asker: Asker
    ) -> Weight | None:
        """The weight of a pair by the population of --population; None where none is named."""
        said = {name: getattr(self, f"item_{name}") for name in ITEM_FACTS}
        given = [name for name in ITEM_FACTS if said[name]]
        if self.population is None and given:
            raise click.UsageError(f"--{given[0]} needs --population")
        if several := [name for name in given if len(said[name]) > 2]:
            raise click.UsageError(f"--{several[0]}: one for both items or one for each needed")
        if self.population is None:
            return None
        from ribin.evaluate.weight import CaseItem
        from ribin.services.weight import PairToWeigh, weigh

        one, two = (CaseItem(**{name: said[name][side] for name in given}) for side in (0, -1))
        return weigh(PairToWeigh(pair, sources, self.pair(), (one, two)), asker, self.population)

    def search(self, **rows: Any) -> SearchOptions:
        """What is searched for, with the rows that `ranking_options` choose."""
        from ribin.cases.exhibits import Filters, Grouping, Scope
        from ribin.services.search import SearchOptions

        return SearchOptions(
            self.who,
            self.reason,
            scope=Scope(self.scope) if self.scope else None,
            filters=Filters(**{n: rows.pop(n) for n in Filters.__dataclass_fields__ if n in rows}),
            group=Grouping(rows.pop("group") or Grouping.NONE),
            mark_type=self.mark,
            reading=self.reading(),
            **rows,
        )

    @contextmanager
    def asker(self, action: LookPurpose) -> Iterator[Asker]:
        """Who asks for files and exhibits, in a session where there is a vault."""
        from ribin.cases.exhibits import Request, Scope
        from ribin.services.marks import Asker

        with self.session() if self.vault else nullcontext() as session:
            request = None
            if session:
                scope = Scope(self.scope or Scope.COUNTRY)
                request = Request(session.member, scope, who=self.who, reason=self.reason)
            yield Asker(self.params, session, request, action)

    def show(self, value: Any, text: Callable[[Any], str], key: str = "") -> None:
        """Print a text of the value, or with --json the value, under the key where one is named."""
        from ribin.report.json import as_json

        if self.json_output:
            say(as_json({key: value} if key else value))
        else:
            say(text(value))


_FIELDS = frozenset(field.name for field in fields(Call))


def common_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of these names, in this order; the command gets what they say as `call`.

    An option of the command's own goes there too where it is named like a field of `Call`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_call(*args: Any, **values: Any) -> Any:
            call = Call(**{name: values.pop(name) for name in _FIELDS & values.keys()})
            try:
                done = command(*args, call=call, **values)
            except click.exceptions.Exit:  # some failed, and the rest is done
                call.tell_waiting()
                raise
            call.tell_waiting()
            return done

        return stacked(*(COMMON[name] for name in names))(with_call)

    return decorate


def stacked(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


# Which rows of a ranked list are wanted; `Call.search` takes what they say.
ranking_options = stacked(
    click.option("--top", type=click.IntRange(min=1), default=20, show_default=True),
    click.option("--full", is_flag=True, help="Compare everything, without a coarse cut."),
    click.option("--calibre", default="", help="Only this calibre, and where it is not known."),
    click.option("--firing-pin-shape", default="", help="As --calibre, such as round."),
    click.option("--breech-face-type", default="", help="As --calibre, such as parallel."),
    click.option("--ammunition", default="", help="As --calibre: the maker of the cartridge."),
    click.option("--make", default="", help="As --calibre, of the firearm of a test fire."),
    click.option("--model", default="", help="As --make."),
    click.option("--from", "date_from", default="", help="First day of the event, YYYY-MM-DD."),
    click.option("--to", "date_to", default="", help="Last day of the event, YYYY-MM-DD."),
    click.option(
        "--group", type=click.Choice(GROUPINGS), help="One row for each gun or each event."
    ),
    click.option("--leave-out-reviewed", is_flag=True, help="Leave out pairs with both verdicts."),
    click.option(
        "--fuse-all",
        is_flag=True,
        help="Order exhibits by firing pins and ejector marks too, not validated on real marks.",
    ),
    click.option(
        "--unlogged",
        is_flag=True,
        help="Search a copy of your vault that can only be read; every list says so.",
    ),
)
