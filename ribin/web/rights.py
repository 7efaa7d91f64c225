"""Who may do what of the application: one table, which the door holds every request against and
pages ask before they offer a step. The vault's acts check the same roles once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ribin.cases.leads import (
    ASSIGNING,
    AUDITING,
    CLOSING,
    CONCLUDING,
    CORRECTING,
    DISCLOSING,
    ENROLLING,
    EXAMINING,
    KEEPING,
    LOOKING,
    SEARCHING,
    Role,
)
from ribin.vault.people import HeldRoles
from ribin.web.query import check_query

# Whoever is appointed may look at a page that is not named here.
_PAGES = {
    "/entry": ENROLLING,
    "/entry/found": ENROLLING,
    "/draft": ENROLLING,
    "/draft.png": ENROLLING,
    "/compare": SEARCHING,
    "/candidate.png": SEARCHING,
    "/query.png": SEARCHING,
    "/lead/marks": SEARCHING,
    "/audit": AUDITING,
}
_FORMS = {
    "/assign": ASSIGNING,
    "/findings/read": SEARCHING,
    "/exhibit/edit": CORRECTING,
    "/entry/part": ENROLLING,
    "/entry/drop": ENROLLING,
    "/draft/read": ENROLLING,
    "/draft/judge": ENROLLING,
    "/draft/enrol": ENROLLING,
    "/redo/judge": CORRECTING,
    "/redo/done": CORRECTING,
    "/search": SEARCHING,
    "/searching/cancel": SEARCHING,
    "/list/review": SEARCHING,
    "/annotations": CONCLUDING,
    "/report": SEARCHING,
    "/report/list": SEARCHING,
    "/lead/open": EXAMINING,
    "/review": CONCLUDING,
    "/lead/confirm": EXAMINING,
    "/lead/close": CLOSING,
    "/lead/withdraw": CONCLUDING,
    "/lead/report": SEARCHING,
    "/question/decide": DISCLOSING,
    "/trace": LOOKING,
    "/people/account": KEEPING,
}
# What needs its role also before a second person is appointed to a vault.
_ALWAYS = frozenset(
    {
        "/lead/open",
        "/review",
        "/lead/confirm",
        "/lead/close",
        "/lead/withdraw",
        "/audit",
        "/people/account",
    }
)
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
        return self.held.have(_roles(path), path in _ALWAYS)

    def check(self, path: str) -> None:
        """Refuse whoever may not; AccessError says which roles would do."""
        self.held.check(_roles(path), path in _ALWAYS)


def _roles(path: str) -> tuple[Role, ...]:
    return _FORMS.get(path) or _PAGES.get(path, LOOKING)


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
