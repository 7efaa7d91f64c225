"""`ribin report`: a comparison or a search for the case file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ribin.cases.exhibits import Request, Scope
from ribin.cases.results import SearchLists
from ribin.commands.options import (
    A_PATH,
    SCOPES,
    lighting_option,
    mark_option,
    network_option,
    params_option,
    pitch_option,
    reason_option,
    rotation_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import exit_after
from ribin.errors import ParameterError, RibinError
from ribin.report.document import Document
from ribin.services.pair import ReportOptions, report_comparison
from ribin.services.reading import ReadOptions, Side
from ribin.services.search import search_for
from ribin.services.search_output import read_lists, report_search
from ribin.services.session import Session


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
@click.option("--scope", type=click.Choice(SCOPES), show_default="country")
@click.option(
    "--pictures",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Of a search: how many candidates are shown beside the query.",
)
@click.option("--query", type=A_PATH, help="Of a search: the file that was searched with.")
@mark_option
@vault_option
@network_option
@pitch_option
@lighting_option
@params_option
@rotation_option
@who_option
@reason_option
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
    from ribin.services.pair import check_reports, write_reports

    check_reports(outputs)
    document, problems = make_report(reference, comparison, asked)
    write_reports(document, outputs)
    for path in outputs:
        click.echo(f"{path}: {document.title.lower()} written")
    click.echo("\n".join(problems), err=True, nl=bool(problems))
    exit_after(done=1, failed=len(problems))


# Which report `ribin report` was asked for.

_ROWS = 20  # of a list, as `ribin search` has by default


def make_report(
    reference: str, comparison: str | None, asked: Mapping[str, Any]
) -> tuple[Document, list[str]]:
    """The report, and what could not be done for it.

    Raises
    ------
    RibinError
        What is to be reported cannot be read, or may not be seen.
    """
    said, vault = (
        ReportOptions(asked["who"], asked["question"], asked["case_number"]),
        asked["vault"],
    )
    opened = (
        Session.open(vault, asked["network_file"], asked["params"], 1) if vault else nullcontext()
    )
    with opened as session:
        if comparison is None:
            return _of_search(reference, asked, said, session)
        document, result = report_comparison(
            (reference, comparison),
            _reading(asked),
            asked["mark"],
            asked["params"],
            said,
            session,
            _request(session, asked) if session else None,
        )
    return document, [] if result.compared else [f"not compared: {result.reason}"]


def _of_search(
    name: str, asked: Mapping[str, Any], said: ReportOptions, session: Session | None
) -> tuple[Document, list[str]]:
    if Path(name).suffix.lower() != ".json":
        return _of_new_search(name, asked, said, session)
    lists = read_lists(Path(name))
    if session is None:
        return report_search(lists, asked["params"], said)
    made = lists.first.request or _request(session, asked)
    request = replace(made, who=asked["who"], reason=asked["reason"] or made.reason)
    query, problems = _query(lists, asked, session)
    document, others = report_search(
        lists, asked["params"], said, session, request, query, asked["pictures"]
    )
    return document, [*problems, *others]


def _of_new_search(
    name: str, asked: Mapping[str, Any], said: ReportOptions, session: Session | None
) -> tuple[Document, list[str]]:
    """Search with the item in the scope, and report the lists."""
    if session is None:
        raise ParameterError(
            f"{name}: a second item to compare with needed, a vault to search (--vault or "
            "RIBIN_VAULT), or the JSON of a search"
        )
    request = replace(_request(session, asked), top=_ROWS)
    sides, lists = search_for(session, name, _reading(asked), request, asked["mark"])
    document, problems = report_search(
        lists, asked["params"], said, session, request, sides, asked["pictures"]
    )
    unavailable = [f"{member} could not answer: {why}" for member, why in lists.unavailable]
    return document, [*unavailable, *problems]


def _query(
    lists: SearchLists, asked: Mapping[str, Any], session: Session
) -> tuple[Sequence[Side], list[str]]:
    """The marks that were searched with, to be drawn; and why there are none."""
    if not asked["pictures"]:
        return (), []
    name = str(asked["query"] or lists.first.query)
    try:
        return session.read_queries(name, _reading(asked), asked["mark"])[0], []
    except RibinError as error:
        if asked["query"]:
            raise
        return (), [f"{error}; --query FILE names the scan that was searched with"]


def _reading(asked: Mapping[str, Any]) -> ReadOptions:
    return ReadOptions(pixel_pitch_um=asked["pixel_pitch_um"], lighting=asked["lighting"])


def _request(session: Session, asked: Mapping[str, Any]) -> Request:
    scope = Scope(asked["scope"] or Scope.COUNTRY)
    return Request(session.member, scope, who=asked["who"], reason=asked["reason"])
