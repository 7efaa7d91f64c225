"""`ribin report`: a comparison or a search for the case file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from ribin.cases.exhibits import Scope
from ribin.cases.results import SearchLists
from ribin.cases.side import Side
from ribin.commands.options import WEIGHED_PAIR, Call, common_options
from ribin.commands.terminal import exit_after, say
from ribin.errors import ParameterError, RibinError
from ribin.report.document import Document
from ribin.services.marks import Asker, named_source, sides_of
from ribin.services.pair import (
    ReportOptions,
    check_reports,
    prepare_pair,
    report_pair,
    write_reports,
)
from ribin.services.recorded_searches import is_search_number, lists_as_recorded, search_of_list
from ribin.services.redone_marks import lists_now
from ribin.services.search import SearchOptions, report_search, search_for


@click.command(short_help="A comparison or a search as HTML and PDF.")
@click.argument("reference", metavar="REFERENCE|QUERY|SEARCH|LIST.json")
@click.argument("comparison", required=False)
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
@common_options("reports", *WEIGHED_PAIR)
def report(
    reference: str,
    comparison: str | None,
    outputs: tuple[Path, ...],
    question: str,
    case_number: str,
    pictures: int,
    query: str | None,
    call: Call,
) -> None:
    """Write a comparison of two items, or the result of a search, as a report for a case file.

    REFERENCE and COMPARISON are files, exhibits of your vault, or MEMBER:EXHIBIT where the owner
    shows it in the scope. One item alone is searched with. SEARCH is the number of a search that
    your vault recorded (`ribin searches`), and LIST.json what `ribin search --json` printed of it:
    a file that differs from the record is refused. With a vault the report is entered in its audit
    log and states the last row of it.

    The report holds question, items with hashes, method, what was compared and what not, figures,
    pictures, limits, and lines for the examiner's own conclusion.

    \b
    Examples:
      ribin report A.x3p B.x3p -o ab.html -o ab.pdf
      ribin report 2026-17-3 BLZ:2025-42-1 --vault vaults/JAM --network network.toml \\
          --scope cluster --reason "shooting of 3 May" -o report.pdf
      ribin report JAM-Q17 --vault vaults/JAM --network network.toml -o search.pdf
      ribin report 2026-17-3 --vault vaults/JAM -o search.html

    PDF needs the extra `ribin[pdf]`.
    """
    check_reports(outputs)
    said = ReportOptions(call.who, question, case_number)
    with call.asker("report") as asker:
        if comparison is not None:
            document, problems = _of_pair(reference, comparison, call, asker, said)
        elif call.population:
            raise ParameterError(
                "--population: two items needed, found one: the rows of a list are the best "
                "of many and get no likelihood ratio"
            )
        elif Path(reference).suffix.lower() == ".json" or is_search_number(reference):
            vault = asker.session.vault if asker.session else None
            found = search_of_list(vault, reference, call.who)
            lists = lists_now(vault, found) if vault else lists_as_recorded(found)
            document, problems = _of_lists(lists, query, call, asker, said, pictures)
        else:
            document, problems = _of_new_search(reference, call, asker, said, pictures)
    write_reports(document, outputs)
    for path in outputs:
        say(f"{path}: {document.title.lower()} written")
    say("\n".join(problems), err=True, nl=bool(problems))
    exit_after(done=1, failed=len(problems))


# Each gives the report with what could not be done for it.


def _of_pair(
    reference: str, comparison: str, call: Call, asker: Asker, said: ReportOptions
) -> tuple[Document, list[str]]:
    one, two = (named_source(name, asker.session) for name in (reference, comparison))
    pair = prepare_pair(one, two, asker, call.pair())
    result = pair.result
    problems = [] if result.compared else [f"not compared: {result.reason}"]
    return report_pair(pair, asker, said, call.weight(pair, (one, two), asker)), problems


def _of_new_search(
    name: str, call: Call, asker: Asker, said: ReportOptions, pictures: int
) -> tuple[Document, list[str]]:
    """Search with the item in the scope, and report the lists."""
    if asker.session is None:
        raise ParameterError(
            f"{name}: a second item to compare with needed, a vault to search (--vault or "
            "RIBIN_VAULT), or the JSON of a search"
        )
    wanted = SearchOptions(
        call.who,
        call.reason,
        Scope(call.scope or Scope.COUNTRY),
        mark_type=call.mark,
        reading=call.pair().reference,
    )
    made = search_for(asker.session, named_source(name, asker.session), wanted)
    asker = replace(asker, request=made.request)
    document, problems = report_search(made.lists, asker, said, made.sides, pictures)
    unavailable = [f"{member} could not answer: {why}" for member, why in made.lists.unavailable]
    return document, [*unavailable, *problems]


def _of_lists(
    lists: SearchLists,
    query: str | None,
    call: Call,
    asker: Asker,
    said: ReportOptions,
    pictures: int,
) -> tuple[Document, list[str]]:
    """Report the lists, with pictures where the marks that were searched with are found."""
    made = lists.first.request or asker.request
    assert made
    request = replace(made, who=call.who, reason=call.reason or made.reason)
    asker = replace(asker, request=request)
    sides: Sequence[Side] = ()
    problems: list[str] = []
    if pictures:
        try:
            source = named_source(query or lists.first.query, asker.session)
            sides, _ = sides_of(source, asker, call.pair().reference, call.mark)
        except RibinError as error:
            if query:
                raise
            problems = [f"{error}; --query FILE names the scan that was searched with"]
    document, others = report_search(lists, asker, said, sides, pictures)
    return document, [*problems, *others]
