"""`ribin report`: a comparison or a search for the case file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ribin.cases.exhibits import Request, Scope
from ribin.cases.results import SearchLists
from ribin.cases.side import Side
from ribin.commands.options import (
    A_PATH,
    asker_with,
    pair_options,
    pair_options_of,
    weight_options,
    weight_with,
)
from ribin.commands.terminal import exit_after
from ribin.errors import ParameterError, RibinError
from ribin.report.document import Document
from ribin.services.marks import Asker, named_source, sides_of
from ribin.services.pair import (
    PairOptions,
    ReportOptions,
    check_reports,
    prepare_pair,
    report_pair,
    write_reports,
)
from ribin.services.search import SearchOptions, search_for
from ribin.services.search_output import read_lists, report_search


@click.command(short_help="A comparison or a search as HTML and PDF.")
@click.argument("reference", metavar="REFERENCE|QUERY|LIST.json")
@click.argument("comparison", required=False)
@click.option(
    "-o",
    "--output",
    "outputs",
    metavar="FILE",
    type=A_PATH,
    multiple=True,
    required=True,
    help="Report to write, .html or .pdf; may be given twice.",
)
@click.option("--question", default="", help="What the report is to answer, in your words.")
@click.option("--case-number", default="", help="Case number for the head of the report.")
@click.option(
    "--pictures",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Of a search: how many candidates are shown beside the query.",
)
@click.option("--query", help="Of a search: the file or exhibit that was searched with.")
@pair_options
@weight_options
def report(reference: str, comparison: str | None, outputs: tuple[Path, ...], **asked: Any) -> None:
    """Write a comparison of two items, or the result of a search, as a report for a case file.

    REFERENCE and COMPARISON are files, exhibits of your vault, or MEMBER:EXHIBIT where the owner
    shows it in the scope. One item alone is searched with. LIST.json is what `ribin search --json`
    printed: the list as you saw it. With a vault the report is entered in its audit log and states
    the last row of it.

    The report holds question, items with hashes, method, what was compared and what not, figures,
    pictures, limits, and lines for the examiner's own conclusion.

    \b
    Examples:
      ribin report A.x3p B.x3p -o ab.html -o ab.pdf
      ribin report 2026-17-3 BLZ:2025-42-1 --vault vaults/JAM --network network.toml \\
          --scope cluster --reason "shooting of 3 May" -o report.pdf
      ribin report list.json --vault vaults/JAM --network network.toml -o search.pdf
      ribin report 2026-17-3 --vault vaults/JAM -o search.html

    PDF needs the extra `ribin[pdf]`.
    """
    check_reports(outputs)
    document, problems = _make_report(reference, comparison, asked)
    write_reports(document, outputs)
    for path in outputs:
        click.echo(f"{path}: {document.title.lower()} written")
    click.echo("\n".join(problems), err=True, nl=bool(problems))
    exit_after(done=1, failed=len(problems))


# Which report `ribin report` was asked for; each gives it with what could not be done for it.


def _make_report(
    reference: str, comparison: str | None, asked: Mapping[str, Any]
) -> tuple[Document, list[str]]:
    said = ReportOptions(asked["who"], asked["question"], asked["case_number"])
    options = pair_options_of(asked)
    with asker_with(asked, "report") as asker:
        if comparison is not None:
            one, two = (named_source(name, asker.session) for name in (reference, comparison))
            pair = prepare_pair(one, two, asker, options)
            result = pair.result
            problems = [] if result.compared else [f"not compared: {result.reason}"]
            weight = weight_with(asked, pair, asker)
            return report_pair(pair, asker, said, weight), problems
        if asked["population"]:
            raise ParameterError(
                "--population: two items needed, found one: the rows of a list are the best "
                "of many and get no likelihood ratio"
            )
        if Path(reference).suffix.lower() != ".json":
            return _of_new_search(reference, asked, said, asker, options)
        lists = read_lists(Path(reference))
        if asker.session is None:
            return report_search(lists, asker, said)
        made = lists.first.request or asker.request or Request(asker.session.member, Scope.COUNTRY)
        request = replace(made, who=asked["who"], reason=asked["reason"] or made.reason)
        asker = replace(asker, request=request)
        query, problems = _query(lists, asked, asker, options)
        document, others = report_search(lists, asker, said, query, asked["pictures"])
        return document, [*problems, *others]


def _of_new_search(
    name: str,
    asked: Mapping[str, Any],
    said: ReportOptions,
    asker: Asker,
    options: PairOptions,
) -> tuple[Document, list[str]]:
    """Search with the item in the scope, and report the lists."""
    if asker.session is None:
        raise ParameterError(
            f"{name}: a second item to compare with needed, a vault to search (--vault or "
            "RIBIN_VAULT), or the JSON of a search"
        )
    wanted = SearchOptions(
        asked["who"],
        asked["reason"],
        Scope(asked["scope"] or Scope.COUNTRY),
        mark_type=options.mark_type,
        reading=options.reference,
    )
    made = search_for(asker.session, named_source(name, asker.session), wanted)
    asker = replace(asker, request=made.request)
    document, problems = report_search(made.lists, asker, said, made.sides, asked["pictures"])
    unavailable = [f"{member} could not answer: {why}" for member, why in made.lists.unavailable]
    return document, [*unavailable, *problems]


def _query(
    lists: SearchLists, asked: Mapping[str, Any], asker: Asker, options: PairOptions
) -> tuple[Sequence[Side], list[str]]:
    """The marks that were searched with, to be drawn; and why there are none."""
    if not asked["pictures"]:
        return (), []
    named = asked["query"] or lists.first.query
    try:
        source = named_source(named, asker.session)
        return sides_of(source, asker, options.reference, options.mark_type)[0], []
    except RibinError as error:
        if asked["query"]:
            raise
        return (), [f"{error}; --query FILE names the scan that was searched with"]
