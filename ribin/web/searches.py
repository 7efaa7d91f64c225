"""Pages of a search: asked for, waiting for its turn, and the review station with its lists."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ribin.cases.exhibits import Filters, SearchResult
from ribin.cases.leads import ExhibitRef
from ribin.cases.searches import CandidateStatus
from ribin.errors import ParameterError, RibinError
from ribin.services.annotations import annotations_for_page, save_annotation_text
from ribin.services.list_review import (
    CandidateReview,
    OpenList,
    candidate_reviews,
    list_progress,
    list_thumbnail,
    note_look,
    review_candidate,
)
from ribin.services.marks import Asker
from ribin.services.pair import candidate_pair, pair_page
from ribin.services.search_queue import QueuedSearch, QueueState
from ribin.view import thumbnail_png
from ribin.view.results import GalleryRow, gallery_lists, score_plot
from ribin.web.exhibits import exhibit_form
from ribin.web.pages import form_of, notes_of, page, picture, see, state_of, who_of, with_policy
from ribin.web.state import whole_number

_MOST_SHOWN = 500  # searches of a table
_PATIENCE_S = 1.5  # for a search that is done at once: its list is the answer


# A search that was asked for.


def search(request: Request) -> Response:
    """Search with an exhibit, and go on to its lists, or to the page that says how far it is."""
    form = form_of(request)
    try:
        one = state_of(request).search(form.get("exhibit", ""), form)
    except (RibinError, ValueError) as error:  # a scope that there is not; ParameterError is one
        return exhibit_form(request, form, error if isinstance(error, RibinError) else _bad(error))
    one.ended.wait(_PATIENCE_S)
    if one.state is QueueState.DONE:
        return see(request, f"/list?{urlencode({'id': one.result})}")
    if one.state is QueueState.FAILED and isinstance(one.error, RibinError):
        return exhibit_form(request, form, one.error)
    return see(request, f"/searching?{urlencode({'id': one.key})}")


def _bad(error: ValueError) -> ParameterError:
    return ParameterError(str(error))


def searching(request: Request) -> Response:
    """How far a search is; its lists once they are there."""
    one = _queued(request)
    if one.state is QueueState.DONE:
        return see(request, f"/list?{urlencode({'id': one.result})}", notes_of(request))
    if one.state is QueueState.FAILED and isinstance(one.error, RibinError):
        return exhibit_form(request, one.asked, one.error)
    before = state_of(request).queue.place(one)
    return page(request, "searching.html", one=one, before=before)


def progress(request: Request) -> Response:
    """The same for the script of that page."""
    one = _queued(request)
    before = state_of(request).queue.place(one)
    facts = {"stage": one.stage, "done": one.done, "total": one.total, "before": before}
    return JSONResponse({"state": one.state, **facts})


def cancel(request: Request) -> Response:
    """Take a search back."""
    state, form = state_of(request), form_of(request)
    one = state.queue.get(form.get("id", ""), who_of(request))
    state.queue.cancel(one)
    one.ended.wait(_PATIENCE_S)
    return see(request, f"/searching?{urlencode({'id': one.key})}")


def _queued(request: Request) -> QueuedSearch:
    key = request.query_params.get("id", "")
    return state_of(request).queue.get(key, who_of(request))


def searches(request: Request) -> Response:
    """Every search that the vault has recorded, and those of this person that are being made."""
    state, who = state_of(request), who_of(request)
    query = request.query_params
    text, mine, open_ = query.get("q", "").strip(), query.get("mine"), query.get("open")
    with state.session() as session:
        found = list_progress(session.vault, who)
    rows = [
        one
        for one in found
        if text.casefold() in f"{one.search.number} {one.exhibit} {one.search.person}".casefold()
        and (not mine or one.search.person == who)
        and (not open_ or not (one.reviewed or one.search.stated.ended))
    ]
    waiting = [(one, state.queue.place(one)) for one in state.queue.of(who)]
    return page(
        request,
        "searches.html",
        rows=rows[:_MOST_SHOWN],
        waiting=waiting,
        found=len(rows),
        total=len(found),
        text=text,
        mine=mine,
        open=open_,
    )


# The review station: a list, and the comparison page of the candidate that is looked at.


@dataclass(frozen=True)
class StationRow:
    """A row of the list at the left."""

    row: GalleryRow
    review: CandidateReview
    figures: bool  # whether rank and scores are shown to this person

    @property
    def ref(self) -> str:
        return f"{self.row.member}:{self.row.exhibit}"


def review_list(request: Request) -> Response:
    """The lists of a search with what was seen of each candidate."""
    opened, who = _opened(request), who_of(request)
    lists = opened.made.lists
    hidden = request.query_params.get("scores") == "hidden"
    with state_of(request).session() as session:
        reviews = candidate_reviews(session.vault, opened, who)
        if not hidden:
            note_look(session, opened, who)
    shown = gallery_lists(lists)
    by = request.query_params.get("by", "")
    one = next((one for one in shown if one.key == by), shown[0])
    rows = [_station_row(row, reviews, hidden) for row in one.rows]
    choices = {
        "member": sorted({s.row.member for s in rows}),
        "calibre": sorted({s.row.class_fields.calibre for s in rows} - {""}),
        "firing pin": sorted({s.row.class_fields.firing_pin_shape for s in rows} - {""}),
        "ammunition": sorted({s.row.class_fields.ammunition for s in rows} - {""}),
    }
    return page(
        request,
        "list.html",
        opened=opened,
        key=request.query_params["id"],
        lists=shown,
        one=one,
        rows=rows,
        choices=choices,
        hidden=hidden,
        plot=Markup(score_plot(one)) if one.has_scores and not hidden else "",
        reviewed=sum(s.review.status is not None for s in rows),
        statuses=[CandidateStatus.LOOKED_AT, CandidateStatus.NOTHING_SEEN],
        passing=_filters_words(lists.first),
    )


def _station_row(
    row: GalleryRow, reviews: dict[ExhibitRef, CandidateReview], hidden: bool
) -> StationRow:
    review = reviews.get(ExhibitRef(row.member, row.exhibit), CandidateReview())
    return StationRow(row, review, not (hidden and review.status is None))


def _filters_words(first: SearchResult) -> str:
    """The filters that a search was made with, in words; empty where there were none."""
    filters = first.request.filters if first.request else Filters()
    said = [
        f"calibre {filters.calibre}" if filters.calibre else "",
        f"from {filters.date_from}" if filters.date_from else "",
        f"until {filters.date_to}" if filters.date_to else "",
        str(filters.kind).replace("_", " ") if filters.kind else "",
    ]
    return ", ".join(filter(None, said))


def review_row(request: Request) -> Response:
    """Keep what this person has seen of a candidate; gives the row's figures, for the script."""
    form, who, state = form_of(request), who_of(request), state_of(request)
    opened = state.list(form.get("id", ""))
    ref = _ref(form.get("candidate", ""))
    try:
        status = CandidateStatus(form.get("status", ""))
    except ValueError as error:
        raise ParameterError(f"status: one of {', '.join(CandidateStatus)} needed") from error
    with state.session() as session:
        review_candidate(session, opened, ref, status, who)
        review = candidate_reviews(session.vault, opened, who)[ref]
    scores = {str(row.mark): [row.rank, row.score] for row in opened.candidates(ref)}
    others = [f"{one.person}: {one.status}" for one in review.others]
    return JSONResponse({"status": review.status, "others": others, "scores": scores})


def _ref(text: str) -> ExhibitRef:
    member, _, exhibit = text.partition(":")
    return ExhibitRef(member, exhibit)


def query_png(request: Request) -> Response:
    """A small picture of a mark that was searched with."""
    opened, mark = _opened(request), request.query_params.get("mark", "")
    return picture(thumbnail_png(opened.side(mark).mark))


def candidate_png(request: Request) -> Response:
    """A small picture of a candidate, lying as the query does."""
    opened = _opened(request)
    _, row = opened.place(*_place(request))
    with state_of(request).session() as session:
        return picture(list_thumbnail(session, opened, row))


def compare(request: Request) -> Response:
    """The comparison page of the query and a candidate, with this person's annotations."""
    opened, who = _opened(request), who_of(request)
    one, row = opened.place(*_place(request))
    hidden = request.query_params.get("figures") == "hidden"
    with state_of(request).session() as session:
        pair = candidate_pair(
            session, opened.side(one.mark), opened.made.request, row, listed_at=opened.at
        )
        notes = annotations_for_page(session.vault, who, pair)
        html = pair_page(pair, Asker(session.params, session), notes, hidden)
    return with_policy(html, framed=True)


def annotate(request: Request) -> Response:
    """Save what a comparison page says was annotated, in place of what this person saved before."""
    text = request.state.form.get("annotations", "")
    with state_of(request).session() as session:
        saved = save_annotation_text(session.vault, text, who_of(request), "")
    return JSONResponse({"number": saved.number, "annotations": len(saved.pair.annotations)})


def candidate(request: Request) -> Response:
    """One candidate: its figures, and the form to take it up as a lead."""
    opened, who = _opened(request), who_of(request)
    one, row = opened.place(*_place(request))
    with state_of(request).session() as session:
        review = candidate_reviews(session.vault, opened, who)[ExhibitRef(row.member, row.exhibit)]
        note_look(session, opened, who)
    key = request.query_params["id"]
    return page(request, "candidate.html", key=key, opened=opened, list=one, row=row, review=review)


def _opened(request: Request) -> OpenList:
    return state_of(request).list(request.query_params.get("id", ""))


def _place(request: Request) -> tuple[str, int]:
    rank = request.query_params.get("rank", "")
    return request.query_params.get("mark", ""), whole_number(rank)
