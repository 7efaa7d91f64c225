"""`ribin vocabulary`: the values of class fields that a vault has, and which spellings mean one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ribin.commands.options import CLASS_FIELDS, Call, common_options
from ribin.report.table import table

if TYPE_CHECKING:
    from ribin.cases.calibres import Calibre
    from ribin.vault.vocabulary import FieldValue


@click.command(short_help="Values of class fields, and their synonyms.")
@click.argument("field", required=False, type=click.Choice(CLASS_FIELDS))
@click.option("--same", metavar="SPELLING=VALUE", help="Say that a spelling means a value.")
@click.option("--not-same", metavar="SPELLING", help="Take that back.")
@click.option("--calibres", "shipped", is_flag=True, help="The table of calibres of CIP and SAAMI.")
@common_options("vault", "who", "reason", "json")
def vocabulary(
    field: str | None, same: str | None, not_same: str | None, shipped: bool, call: Call
) -> None:
    """List the values of FIELD, or of all class fields, that your vault has, with their synonyms.

    A calibre has one code for all its spellings, as 9x19 for 9 mm Luger and 9 mm Para; it travels
    in the filters of a search. For makers, models and shapes a laboratory says itself which
    spellings mean the same: they are no contradiction then.

    \b
    Examples:
      ribin vocabulary ammunition --vault vaults/JAM
      ribin vocabulary ammunition --same "S&B=Sellier & Bellot" --reason "label of the box"
      ribin vocabulary --calibres
    """
    from ribin.cases.calibres import calibres
    from ribin.vault.vocabulary import field_values, state_synonym

    if shipped:
        call.show(calibres(), _calibres_table, "calibres")
        return
    with call.shown_vault() as vault:
        if same or not_same:
            text, equals, value = (same or f"{not_same}=").partition("=")
            if not field or not equals or (same and not value):
                raise click.UsageError("FIELD with --same SPELLING=VALUE, or --not-same, needed")
            state_synonym(vault, field, text, value, who=call.who, reason=call.reason)
        found = [one for one in field_values(vault) if field in (None, one.field)]
    call.show(found, _values_table, "values")


def _calibres_table(known: tuple[Calibre, ...]) -> str:
    return table(
        ("code", "name", "synonyms"), [(c.code, c.name, ", ".join(c.synonyms)) for c in known]
    )


def _values_table(found: list[FieldValue]) -> str:
    header = ("field", "value", "code", "exhibits", "synonyms")
    rows = [(v.field, v.value, v.code or "-", v.exhibits, ", ".join(v.synonyms)) for v in found]
    return table(header, rows) if rows else "no value"
