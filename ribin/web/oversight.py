"""Pages of oversight: figures of the laboratory, the audit trail, people, the state of a vault."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ribin.errors import ParameterError
from ribin.services.audit import audit_trail
from ribin.services.oversight import listed_people, vault_overview
from ribin.services.statistics import ALL, months_table, statistics_csv, vault_statistics
from ribin.vault.audit import RowFilter
from ribin.vault.passwords import add_account, remove_account, reset_password
from ribin.web.laboratory import Laboratory
from ribin.web.pages import form_of, page, see, state_of
from ribin.web.state import whole_number

_ACTS = ("add", "reset", "remove")


def statistics(request: Request) -> Response:
    """Entries, searches, leads and links by month, how long they took, and what waits."""
    query = request.query_params
    first, last = query.get("from", ""), query.get("to", "")
    member, mark = query.get("member", ALL), query.get("mark", ALL)
    with state_of(request).session() as session:
        found = vault_statistics(session.vault, state_of(request).who, first, last)
    chosen = [one for one in found.months if (one.member, one.mark) == (member, mark)]
    header, rows = months_table(chosen)
    return page(
        request,
        "statistics.html",
        found=found,
        header=header,
        rows=rows,
        members=sorted({one.member for one in found.months} | {ALL}),
        marks=sorted({one.mark for one in found.months} | {ALL}),
        chosen={"from": first, "to": last, "member": member, "mark": mark},
        days=urlencode({"from": first, "to": last}),
    )


def statistics_file(request: Request) -> Response:
    """All counts as a table for a spreadsheet."""
    query = request.query_params
    with state_of(request).session() as session:
        asked = query.get("from", ""), query.get("to", "")
        found = vault_statistics(session.vault, state_of(request).who, *asked)
    name = f"ribin-{found.member}-figures.csv"
    return Response(
        statistics_csv(found).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def audit(request: Request) -> Response:
    """The audit trail: rows of a filter, the newest first."""
    query = request.query_params
    asked = {n: query.get(n, "").strip() for n in ("who", "action", "from", "to", "subject", "how")}
    wanted = RowFilter(
        asked["who"], asked["action"], asked["from"], asked["to"], identity=asked["how"]
    )
    with state_of(request).session() as session:
        who, before = state_of(request).who, whole_number(query.get("before", ""))
        trail = audit_trail(session.vault, wanted, asked["subject"], who, before)
        head = session.vault.audit_head()
    return page(
        request,
        "audit.html",
        trail=trail,
        head=head,
        asked=asked,
        further=urlencode({**asked, "before": trail.more_before}),
    )


def people(request: Request) -> Response:
    """The people of the vault, their roles and accounts; an administrator changes accounts here."""
    state, authenticator = state_of(request), request.app.state.authenticator
    with state.session() as session:
        listed = listed_people(session.vault, state.who)
    here = authenticator.people_here() if isinstance(authenticator, Laboratory) else {}
    return page(request, "people.html", people=listed, here=here)


def change_account(request: Request) -> Response:
    """Make, reset or remove an account, as `ribin account` does."""
    state, form = state_of(request), form_of(request)
    act, person, why = form.get("act", ""), form.get("person", ""), form.get("reason", "")
    password = request.state.form.get("new", "")
    with state.session() as session:
        if act == "add":
            add_account(session.vault, person, password, state.who, why)
        elif act == "reset":
            reset_password(session.vault, person, password, state.who, why)
        elif act == "remove":
            remove_account(session.vault, person, state.who, why)
        else:
            raise ParameterError(f"one of {', '.join(_ACTS)} needed, found {act[:20]!r}")
    return see(request, "/people")


def vault_state(request: Request) -> Response:
    """Keys, agreements, bundles and the health of the vault."""
    state = state_of(request)
    with state.session() as session:
        found = vault_overview(session.vault, state.who)
        head = session.vault.audit_head()
        members = sorted(session.network.members)
    return page(request, "vault.html", found=found, head=head, members=members)
