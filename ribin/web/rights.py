"""Who may do what of the application: one table, which the guard holds every request against and
pages ask before they offer a step. It says which act of the vault is behind a form; who may do
that act, `vouching.ACTS` says, which the act itself is held against once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ribin.cases.leads import AUDITING, CONCLUDING, LOOKING, SEARCHING
from ribin.vault.people import HeldRoles
from ribin.vault.vouching import ACTS, ActRule, Needed
from ribin.web.query import check_query

_LOOK = ActRule(roles=LOOKING)
_SEARCH = ActRule(roles=SEARCHING)
# Of each page that not all who are appointed may see: the act that it serves, or who may.
_PAGES: dict[str, str | ActRule] = {
    "/entry": "enrol",
    "/entry/found": "enrol",
    "/draft": "enrol",
    "/draft.png": "enrol",
    "/compare": _SEARCH,
    "/candidate.png": _SEARCH,
    "/query.png": _SEARCH,
    "/lead/marks": _SEARCH,
    "/audit": ActRule(roles=AUDITING, needed=Needed.ALWAYS),
}
_FORMS: dict[str, str | ActRule] = {
    "/assign": "assign",
    "/findings/read": "standing search told",
    "/exhibit/edit": "edit",
    "/entry/part": "enrol",
    "/entry/drop": "enrol",
    "/draft/read": "enrol",
    "/draft/judge": "enrol",
    "/draft/enrol": "enrol",
    "/redo/judge": "redo",
    "/redo/done": "redo",
    "/search": "search recorded",
    "/searching/cancel": _SEARCH,
    "/list/review": "candidate reviewed",
    "/annotations": "annotate",
    "/report": _SEARCH,
    "/report/list": _SEARCH,
    "/lead/open": "lead",
    "/review": "review",
    "/lead/confirm": "confirm",
    "/lead/close": "close",
    "/lead/withdraw": ActRule(roles=CONCLUDING, needed=Needed.ALWAYS),
    "/lead/report": _SEARCH,
    "/question/decide": "question allowed",
    "/trace": _LOOK,
    "/people/account": "account",
}
# Forms that change nothing of a vault: those that `--read-only` takes.
CHANGE_NOTHING = frozenset({"/search", "/searching/cancel", "/sign-in", "/sign-out", "/unlock"})


@dataclass(frozen=True)
class Rights:
    """What one person may do here now."""

    held: HeldRoles
    read_only: bool

    def may(self, path: str) -> bool:
        """Whether the person may see a page, or post its form."""
        if self.read_only and path in _FORMS and path not in CHANGE_NOTHING:
            return False
        rule = _rule(path)
        return self.held.have(rule.roles, rule.needed is Needed.ALWAYS)

    def check(self, path: str) -> None:
        """Refuse whoever may not; AccessError says which roles would do."""
        rule = _rule(path)
        self.held.check(rule.roles, rule.needed is Needed.ALWAYS)


def _rule(path: str) -> ActRule:
    named = _FORMS.get(path) or _PAGES.get(path, _LOOK)
    return ACTS[named] if isinstance(named, str) else named


def rights_of(request: Request) -> Rights:
    """What the person whose request it is may do, read once for a request."""
    found: Rights | None = getattr(request.state, "rights", None)
    if found is None:
        state, visit = request.app.state.application, request.state.visit
        with state.session() as session, session.vault.catalogue.reading() as db:
            found = Rights(HeldRoles.of(db, visit.who), state.read_only)
        request.state.rights = found
    return found


def allowed(path: str, endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """What answers at a path, for those who may."""

    def answer(request: Request) -> Response:
        rights_of(request).check(path)
        check_query(request.query_params)
        return endpoint(request)

    return answer
