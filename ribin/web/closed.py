"""A request that ends before any page: a line, and in a browser the way back beside it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Scope

from ribin.web.templates import PAGES

_WAYS = {
    401: "This session has ended, or the address was not complete. Start `ribin serve` again in a "
    "terminal, and open the address that it prints.",
    403: "Nothing was changed. Go back with your browser and load the page again.",
    404: "Go back with your browser.",
    413: "Nothing was changed. Go back with your browser and shorten the text.",
}


def closed(scope: Scope, status: int, why: str) -> Response:
    """The answer: a page where a browser asks for one, otherwise the plain line."""
    line = f"ribin: {why}"
    if "text/html" not in Headers(scope=scope).get("accept", ""):
        return PlainTextResponse(f"{line}\n", status)
    way = _WAYS.get(status, "Go back with your browser.")
    html = PAGES.get_template("closed.html").render(line=line, way=way, back=status != 401)
    return HTMLResponse(html, status)
