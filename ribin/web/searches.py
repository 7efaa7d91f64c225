"""Pages of a search: the lists, a candidate beside the query."""

from __future__ import annotations

from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from ribin.errors import ParameterError, StoreError
from ribin.report.score_plot import largest_drop
from ribin.services.blind_pairs import check_search_shown
from ribin.services.marks import Asker
from ribin.services.pair import candidate_pair, pair_page
from ribin.services.search import candidate_thumbnail
from ribin.view import thumbnail_png
from ribin.view.results import gallery_lists, score_plot
from ribin.web.pages import form_of, page, picture, see, state_of, with_policy
from ribin.web.state import RecentSearch, whole_number


def search(request: Request) -> Response:
    """Search with an exhibit, and go on to its lists."""
    form = form_of(request)
    try:
        key = state_of(request).search(form.get("exhibit", ""), form)
    except ValueError as error:  # a scope that there is not; ParameterError is one
        raise ParameterError(str(error)) from error
    return see(request, f"/found?{urlencode({'id': key})}")


def found(request: Request) -> Response:
    """The lists of a search."""
    asked = _found(request)
    lists = asked.made.lists
    drops = {one.mark: largest_drop([row.score for row in one.candidates]) for one in lists.lists}
    plots = {one.key: Markup(score_plot(one)) for one in gallery_lists(lists) if one.has_scores}
    key = request.query_params["id"]
    return page(request, "found.html", key=key, found=asked, drops=drops, plots=plots)


def query_png(request: Request) -> Response:
    """A small picture of a mark that was searched with."""
    asked, mark = _found(request), request.query_params.get("mark", "")
    side = next((side for side in asked.made.sides if side.mark.mark_type == mark), None)
    if side is None:
        raise StoreError(f"search of {asked.exhibit}: no list by {mark[:20]}")
    return picture(thumbnail_png(side.mark))


def candidate_png(request: Request) -> Response:
    """A small picture of a candidate, lying as the query does."""
    asked = _found(request)
    place = _place(request)
    if place not in asked.thumbnails:
        _, side, row = asked.place(*place)
        with state_of(request).session() as session:
            pair = candidate_pair(session, side, asked.made.request, row)
        asked.thumbnails[place] = candidate_thumbnail(pair)
    return picture(asked.thumbnails[place])


def compare(request: Request) -> Response:
    """The comparison page of the query and a candidate."""
    asked = _found(request)
    _, side, row = asked.place(*_place(request))
    with state_of(request).session() as session:
        pair = candidate_pair(session, side, asked.made.request, row)
        html = pair_page(pair, Asker(session.params, session))
    return with_policy(html)


def candidate(request: Request) -> Response:
    """One candidate: its figures, and the form to take it up as a lead."""
    asked = _found(request)
    one, _, row = asked.place(*_place(request))
    key = request.query_params["id"]
    return page(request, "candidate.html", key=key, found=asked, list=one, row=row)


def _found(request: Request) -> RecentSearch:
    state = state_of(request)
    asked = state.searches.get(request.query_params.get("id", ""))
    with state.session() as session:  # a first verdict may have been given since it was made
        check_search_shown(session, state.who, asked.made.sides, asked.made.request)
    return asked


def _place(request: Request) -> tuple[str, int]:
    rank = request.query_params.get("rank", "")
    return request.query_params.get("mark", ""), whole_number(rank)
