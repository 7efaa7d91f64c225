"""Pages of entry: files sent, what was read and found in them, outlines drawn, enrolled, redone."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ribin.cases.exhibits import COLUMNS, ExhibitKind, Row, Scope
from ribin.errors import ParameterError, PitchError, RibinError
from ribin.extract.strokes import decode_outlines
from ribin.model import Lamp
from ribin.report.json import plain_value
from ribin.services.enrol import EnrolledRow, EnrolOptions, enrol_rows
from ribin.services.entry import (
    ShownScan,
    enrolled_scan_anew,
    marks_facts,
    show_scan,
    whole_picture,
    words_for_fields,
)
from ribin.services.outbox import tell_now
from ribin.services.reading import AS_STATED, ReadOptions
from ribin.services.redescribe import RedoOptions, redo_marks
from ribin.services.session import Session
from ribin.vault.enrol import EnrolOutcome
from ribin.vault.exhibits import find_event
from ribin.web.pages import (
    form_of,
    page,
    picture,
    see,
    state_of,
    status_of_error,
    who_of,
    worded_of,
)
from ribin.web.state import ApplicationState
from ribin.web.uploads import LARGEST_MIB, PART_BYTES, Upload

_FIELDS = tuple(name for name in COLUMNS if name not in ("file", "member", "lighting"))


# Files are sent in parts, in forms like any other: so every part passes the guard.


def entry(request: Request) -> Response:
    """The files that were sent and wait, and the place to send others."""
    state, who = state_of(request), who_of(request)
    files = state.uploads.of(who)
    return page(request, "entry.html", files=files, part=PART_BYTES, largest=LARGEST_MIB)


def part(request: Request) -> Response:
    """Take a part of a file; the first one begins it."""
    state, who, form = state_of(request), who_of(request), request.state.form
    try:
        content = base64.b64decode(form.get("data", ""), b"-_", validate=True)
        at, size = int(form.get("at", "")), int(form.get("size") or 0)
    except (binascii.Error, ValueError) as error:
        raise ParameterError("upload: a part of a file needed, found something else") from error
    key = form.get("id", "")
    one = state.uploads.get(key, who) if key else state.uploads.begin(who, form["name"], size)
    here = state.uploads.add(one, at, content)
    facts = {"id": here.key, "received": here.received, "there_as": here.name}
    return JSONResponse(facts if here is not one else {"id": one.key, "received": one.received})


def drop(request: Request) -> Response:
    """Forget a file that was sent."""
    state, form = state_of(request), form_of(request)
    state.uploads.drop(state.uploads.get(form.get("id", ""), who_of(request)))
    return see(request, "/entry")


def found(request: Request) -> Response:
    """What was read and found in a file, for the list of files."""
    one = _upload(request)
    shown = _look(state_of(request), one)
    if shown is None:
        return JSONResponse({"problem": worded_of(request)(one.problem), "marks": []})
    marks = [{"mark": m.mark, "verdict": m.verdict} for m in shown.marks]
    return JSONResponse(
        {"problem": worded_of(request)(shown.problem), "kind": shown.kind, "marks": marks}
    )


def _upload(request: Request) -> Upload:
    return state_of(request).uploads.get(request.query_params.get("id", ""), who_of(request))


def _look(state: ApplicationState, one: Upload) -> ShownScan | None:
    """Read a file as it states itself, once; None where it cannot be read."""
    if not one.whole:
        found = f"found {one.received} of {one.size} bytes"
        raise ParameterError(
            f"{one.name}: all of the file needed, {found}",
            hint="it was cut off on its way: send it again on the page Enrol, and this part goes",
        )
    with one.lock:
        if one.shown is None and not one.problem:
            try:
                scan = replace(AS_STATED, pixel_pitch_um=one.pitch_um).scan(one.path, state.params)
                one.shown, one.picture = show_scan(scan, state.params), whole_picture(scan)
            except RibinError as error:
                one.problem = str(error)
                # A pitch that was stated and cannot be is stated once more.
                one.lacks_pitch = isinstance(error, PitchError) or one.pitch_um is not None
    return one.shown


# One file: its picture with the marks, the fields, and enrolment.


def draft(request: Request) -> Response:
    """A file that was sent, with what was found, and the form that enrols it."""
    one = _upload(request)
    return _draft_page(request, one, one.fields or _begin_with(state_of(request), one))


def _begin_with(state: ApplicationState, one: Upload) -> dict[str, str]:
    """What is filled in at first: the name of the file, and the event of the last one, whose case
    number, day and place the vault has. All else is of one exhibit."""
    before = _enrolled_before(state, one)
    event = before.fields.get("event", "") if before else ""
    return {"event": event, "exhibit": Path(one.name).stem}


def _enrolled_before(state: ApplicationState, one: Upload) -> Upload | None:
    """The last file that the same person enrolled."""
    enrolled = [u for u in state.uploads.of(one.person) if u.exhibit]
    return enrolled[-1] if enrolled else None


def _draft_page(
    request: Request, one: Upload, fields: Mapping[str, str], error: RibinError | None = None
) -> Response:
    state = state_of(request)
    shown, before = _look(state, one), _enrolled_before(state, one)
    event = before.fields.get("event", "") if before else ""
    with state.session() as session:
        words = words_for_fields(session.vault)
        with session.vault.catalogue.reading() as db:
            known = find_event(db, event)
        networked = session.networked
    return page(
        request,
        "draft.html",
        status_of_error(error) if error else 200,
        one=one,
        before=before,
        event=known,
        shown=shown,
        facts=_as_text(request, shown),
        asked=defaultdict(str, fields),
        words=words,
        kinds=list(ExhibitKind),
        scopes=list(Scope),
        reach=list(Scope) if networked else [Scope.COUNTRY],
        lamps=list(Lamp),
        error=error,
        files=[u for u in state.uploads.of(one.person) if not u.exhibit],
    )


def _facts(request: Request, shown: ShownScan, mirrored: bool = False) -> Any:
    """What the script of a page draws and says."""
    facts, said = marks_facts(shown, mirrored), worded_of(request)
    return plain_value({**facts, **{name: said(facts[name]) for name in ("problem", "hint")}})


def _as_text(request: Request, shown: ShownScan | None) -> str:
    """The same as an element of the page carries it."""
    return json.dumps(_facts(request, shown)) if shown else ""


def read_so(request: Request) -> Response:
    """Read a file whose pixels nobody knows the size of with the pitch that a person states."""
    state, form = state_of(request), form_of(request)
    one = state.uploads.get(form.get("id", ""), who_of(request))
    one.pitch_um, one.problem = _pitch(form), ""
    one.fields = {**_begin_with(state, one), **one.fields, "pitch": form.get("pitch", "")}
    return see(request, f"/draft?id={one.key}")


def draft_png(request: Request) -> Response:
    """The whole scan of a file."""
    one = _upload(request)
    _look(state_of(request), one)
    return picture(one.picture) if one.picture else Response("no picture", 404)


def judge(request: Request) -> Response:
    """What is found in a file when it is read as the form says: outlines, light, pitch, cast."""
    state, form = state_of(request), form_of(request)
    one = state.uploads.get(form.get("id", ""), who_of(request))
    one.fields = _said(form, request)
    scan = _reading(request, form).scan(one.path, state.params)
    return JSONResponse(_facts(request, show_scan(scan, state.params), scan.provenance.replica))


def enrol(request: Request) -> Response:
    """Enrol a file, and search with it at once where that is wanted."""
    state, form, who = state_of(request), form_of(request), who_of(request)
    one = state.uploads.get(form.get("id", ""), who)
    one.fields = _said(form, request)
    try:
        done = _enrol(state, one, _reading(request, form), form, who)
        one.exhibit = done.exhibit
        notes = (_done_words(done), *done.remarks)
        if form.get("scope"):
            asked = {name: form.get(name, "") for name in ("scope", "reason")}
            queued = state.search(done.exhibit, asked)
            return see(request, f"/searching?id={queued.key}", notes)
    except RibinError as error:
        return _draft_page(request, one, one.fields, error)
    after = [u for u in state.uploads.of(who) if not u.exhibit]
    return see(request, f"/draft?id={after[0].key}" if after else "/entry", notes)


def _done_words(done: EnrolledRow) -> str:
    marks = ", ".join(f"{one.mark.words} {one.verdict}" for one in done.found)
    if done.outcome == EnrolOutcome.ALREADY_THERE:
        return f"{done.file} was enrolled already as {done.exhibit}"
    return f"{done.file} is enrolled as {done.exhibit}: {marks}"


def _enrol(
    state: ApplicationState, one: Upload, reading: ReadOptions, form: Mapping[str, str], who: str
) -> EnrolledRow:
    fields = {name: form.get(name, "") for name in _FIELDS}
    for name in ("event", "exhibit"):
        if not fields[name]:
            raise ParameterError(f"{one.name}: {name} needed, found nothing")
    row = Row.of(one.path.parent, {**fields, "file": one.name, "lighting": reading.lighting})
    options = EnrolOptions(
        params=state.params,
        who=who,
        reason=form.get("reason", ""),
        vault=state.vault,
        network_file=state.network_file,
        reading=reading,
        accept_unusable=form.get("accept_unusable", ""),
    )
    report = enrol_rows([row], options)
    if report.failed:
        raise ParameterError(report.failed[0].reason)
    return report.enrolled[0]


def _said(form: Mapping[str, str], request: Request) -> dict[str, str]:
    """The fields of a form, to be filled in again."""
    said = {name: text for name, text in form.items() if name not in ("csrf", "id")}
    return {**said, "outlines": request.state.form.get("outlines", "")}


def _reading(request: Request, form: Mapping[str, str], replica: bool | None = None) -> ReadOptions:
    """How the form says that a scan is read."""
    lighting = form.get("lighting", "")
    if lighting == Lamp.SIDE and form.get("azimuth"):
        lighting = f"{lighting}:{form['azimuth']}"
    outlines = request.state.form.get("outlines", "")
    drawn = decode_outlines(outlines.encode(), "outlines of the page") if outlines else ()
    return ReadOptions(
        _pitch(form),
        replica=form.get("replica") == "yes" if replica is None else replica,
        who=who_of(request),
        why=form.get("reason", ""),
        lighting=lighting,
        drawn=drawn,
        keep_all=form.get("keep_all") == "yes",
    )


def _pitch(form: Mapping[str, str]) -> float | None:
    text = form.get("pitch", "").replace(",", ".")
    try:
        pitch_um = float(text) if text else None
    except ValueError:
        pitch_um = math.nan
    if pitch_um is not None and not 0 < pitch_um < math.inf:
        raise ParameterError(f"pixel pitch: a number in µm needed, found {text[:20]!r}")
    return pitch_um


# A scan that is enrolled, read anew.


def redo(request: Request) -> Response:
    """An enrolled scan with its marks, and the form that reads or outlines it anew."""
    query = request.query_params
    return _redo_page(request, query.get("exhibit", ""), query.get("scan", ""), {})


def _redo_page(
    request: Request,
    exhibit: str,
    scan: str,
    asked: Mapping[str, str],
    error: RibinError | None = None,
) -> Response:
    state = state_of(request)
    with state.session() as session:
        shown = show_scan(
            enrolled_scan_anew(session.vault, state.params, exhibit, scan), state.params
        )
    return page(
        request,
        "redo.html",
        status_of_error(error) if error else 200,
        exhibit=exhibit,
        shown=shown,
        facts=_as_text(request, shown),
        asked=defaultdict(str, asked),
        lamps=list(Lamp),
        error=error,
    )


def scan_png(request: Request) -> Response:
    """The whole of an enrolled scan."""
    state, query = state_of(request), request.query_params
    name, scan = query.get("exhibit", ""), query.get("scan", "")
    with state.session() as session:
        return picture(whole_picture(enrolled_scan_anew(session.vault, state.params, name, scan)))


def judge_redo(request: Request) -> Response:
    """What would be found in an enrolled scan, read as the form says."""
    state, form = state_of(request), form_of(request)
    with state.session() as session:
        scan = _anew(session, state, request, form)
    return JSONResponse(_facts(request, show_scan(scan, state.params), bool(form.get("cast"))))


def _anew(
    session: Session, state: ApplicationState, request: Request, form: Mapping[str, str]
) -> Any:
    asked = _redo_options(request, form)
    named = asked.exhibit, asked.scan
    return enrolled_scan_anew(
        session.vault, state.params, *named, asked.reading, asked.replica, asked.found
    )


def _redo_options(request: Request, form: Mapping[str, str]) -> RedoOptions:
    cast = {"yes": True, "no": False}.get(form.get("cast", ""))
    reading = _reading(request, form, replica=bool(cast))
    if cast is not None and reading.drawn:
        raise ParameterError(
            "redo: an outline or a cast needed, found both: a cast is mirrored, so say that first "
            "and draw then"
        )
    return RedoOptions(
        form.get("exhibit", ""),
        form.get("scan", ""),
        reading,
        cast,
        form.get("found") == "yes",
        form.get("accept_unusable", ""),
    )


def redo_done(request: Request) -> Response:
    """Read a scan anew as `ribin mark redo` does."""
    state, form = state_of(request), form_of(request)
    try:
        with state.session() as session:
            asked = _redo_options(request, form)
            done, concerned = redo_marks(session.vault, state.params, asked, session.network)
            told = tell_now(session.vault, session.network, concerned, who_of(request))
    except RibinError as error:
        said = _said(form, request)
        return _redo_page(request, form.get("exhibit", ""), form.get("scan", ""), said, error)
    notes = (*done.remarks, *told)
    return see(request, f"/exhibit?{urlencode({'name': done.exhibit})}", notes)
