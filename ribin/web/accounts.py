"""Pages of the own account in a laboratory's server: sign in and out, unlock, another password."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ribin.cases.leads import ProvedPerson, acting_by_account
from ribin.errors import RibinError
from ribin.vault.accounts import find_account
from ribin.vault.passwords import change_password
from ribin.vault.people import roles_of
from ribin.web.laboratory import Laboratory, cookie_of, locked_page, path_after
from ribin.web.pages import PAGES, page, see, state_of, visit_of
from ribin.web.session import wait_text, waiting

_WRONG = "Name or password is not right."
_LOGGED_IN, _LOGGED_OUT = "sign-in", "sign-out"


async def sign_in(request: Request) -> Response:
    """The form for name and password; it takes them, too, and goes on to the page asked for."""
    if request.method != "POST":
        return _sign_in_page(request.query_params.get("next", ""))
    form, laboratory = request.state.form, _laboratory(request)
    name, asked = form.get("name", ""), form.get("next", "")
    proof = await laboratory.passwords.prove(
        name, form.get("password", ""), request.state.address, _LOGGED_IN
    )
    if proof.wait_s > 0:
        said = f"{wait_text(proof.wait_s).capitalize()}."
        return waiting(_sign_in_page(asked, said, name, 429), proof.wait_s)
    if proof.account is None:
        return _sign_in_page(asked, _WRONG, name, 401)
    session = laboratory.begin(proof.account)
    answer = RedirectResponse(f"{session.base}{path_after(asked)}", 303)
    answer.headers["Set-Cookie"] = cookie_of(session)
    return answer


async def unlock(request: Request) -> Response:
    """Go on after the lock; the guard has checked the password that came with the form."""
    laboratory, visit = _laboratory(request), visit_of(request)
    session = laboratory.of_visit(visit)
    asked = path_after(request.state.form.get("next", ""))
    if session is None:
        return RedirectResponse("/sign-in", 303)
    if not (visit.proved and visit.proved.signed_off):
        return locked_page(session, asked, "The password is needed.")
    laboratory.unlock(session)
    return see(request, asked)


async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    laboratory, visit = _laboratory(request), visit_of(request)
    session = laboratory.of_visit(visit)
    if session:
        laboratory.end(session)
        await anyio.to_thread.run_sync(_log_out, request)
    answer = RedirectResponse("/sign-in", 303)
    answer.headers["Clear-Site-Data"] = '"cache"'
    if session:  # a browser that loses the cookie shows no page of the session any more
        answer.headers["Set-Cookie"] = cookie_of(session, ended=True)
    return answer


def account(request: Request) -> Response:
    """The own account: roles, and the form for another password."""
    return _account_page(request)


def own_password(request: Request) -> Response:
    """Give the own account another password; every session of it ends, also this one."""
    visit, form = visit_of(request), request.state.form
    if not (visit.proved and visit.proved.signed_off):
        wrong = bool(visit.proved and visit.proved.found)
        said = (
            "The password is not right." if wrong else "The password that you have now is needed."
        )
        return _account_page(request, said, 403)
    new = form.get("new", "")
    if new != form.get("again", ""):
        return _account_page(request, "The new password was typed in two ways.", 400)
    with state_of(request).session() as session:
        try:
            change_password(session.vault, visit.who, new)
        except RibinError as error:
            return _account_page(request, str(error), 400)
    return RedirectResponse("/sign-in", 303)


def _laboratory(request: Request) -> Laboratory:
    laboratory = request.app.state.authenticator
    assert isinstance(laboratory, Laboratory)
    return laboratory


def _log_out(request: Request) -> None:
    who = visit_of(request).who
    with (
        state_of(request).session() as session,
        acting_by_account(ProvedPerson(who, at_server=True)),
    ):
        session.vault.record(_LOGGED_OUT, who, who, "", address=request.state.address)


def _sign_in_page(asked: str, said: str = "", name: str = "", status: int = 200) -> Response:
    html = PAGES.get_template("sign_in.html").render(
        asked=path_after(asked) if asked else "", said=said, name=name[:200], base=""
    )
    return HTMLResponse(html, status)


def _account_page(request: Request, said: str = "", status: int = 200) -> Response:
    state = state_of(request)
    with state.session() as session, session.vault.catalogue.reading() as db:
        known, roles = find_account(db, state.who), roles_of(db, state.who)
    return page(request, "account.html", status, account=known, roles=roles, said=said)
