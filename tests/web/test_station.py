"""The review station: what is seen of a candidate is kept, and scores may stay hidden."""

from __future__ import annotations

import json
import re
import threading
import time
from importlib.resources import files

import pytest
from web_client import MATE, OTHER, QUERY, found, record_long_list, served, state

from ribin.comparison import score_text
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.session import Session
from ribin.vault.vault import Vault


@pytest.fixture(scope="module")
def network(linked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    linked(folder, "A. Brown", JAM=(QUERY, OTHER), BLZ=(MATE,))
    return folder


@pytest.fixture(scope="module")
def client(network):
    with served(state(network)) as client:
        client.enter()
        yield client


@pytest.fixture(scope="module")
def number(client):
    return re.search(r"JAM-Q\d+", found(client).text).group(0)


def test_what_was_seen_is_kept_and_shown_again(client, network, number):
    said = {"id": number, "candidate": f"JAM:{OTHER}", "status": "nothing seen"}
    answer = client.post("/list/review", **said)
    assert answer.headers["content-type"] == "application/json"
    kept = json.loads(answer.body)
    assert (kept["status"], kept["others"]) == ("nothing seen", [])
    assert set(kept["scores"]) == {"breech_face"}
    row = row_of(client.get(f"/list?id={number}").text, OTHER)
    assert 'data-seen="nothing seen"' in row
    with Vault.open(network / "JAM", read_only=True) as vault:
        said, opened = vault.audit_log()[-2:]
    assert (said.action, said.who) == ("candidate reviewed", "A. Brown")
    assert (opened.action, opened.subject, opened.who) == ("view", number, "A. Brown")
    assert "1 of 2" in client.get("/searches").text


def row_of(text, exhibit):
    return next(row for row in re.split(r"<li id=", text) if exhibit in row.partition(">")[0])


@pytest.mark.parametrize(
    ("changed", "status", "why"),
    [
        ({"status": "sure"}, 400, "status: one of looked at, nothing seen, lead needed"),
        ({"candidate": "JAM:X9"}, 400, "candidate JAM:X9 needed in a list, found none"),
        ({"id": "JAM-Q99"}, 404, "search JAM-Q99 needed"),
    ],
)
def test_what_cannot_be_kept_is_said(client, number, changed, status, why):
    said = {"id": number, "candidate": f"JAM:{OTHER}", "status": "looked at"}
    answer = client.post("/list/review", **{**said, **changed})
    assert (answer.status, why in answer.text) == (status, True)


def test_scores_stay_hidden_until_a_word_is_said(client):
    listed = found(client)
    (number,) = set(re.findall(r"JAM-Q\d+", listed.text))
    hidden = client.get(f"/list?id={number}&scores=hidden").text
    shown = {
        score_text(float(score)) for score in re.findall(r'data-score="([\d.]+)"', listed.text)
    }
    assert shown
    assert all(score in listed.text and score not in hidden for score in shown)
    assert "congruent" not in hidden
    assert not re.search(r'data-score="', hidden)
    assert "<svg" not in hidden
    ref = re.search(r'data-ref="(BLZ:[^"]+)"', hidden).group(1)
    client.post("/list/review", id=number, candidate=ref, status="looked at")
    marked = client.get(f"/list?id={number}&scores=hidden").text
    (own,) = re.findall(rf'data-ref="{re.escape(ref)}".*?data-score="([\d.]+)"', listed.text, re.S)
    assert re.findall(r'data-score="([\d.]+)"', marked) == [], "the filter has no score to go by"
    seen = {score for score in shown if f">{score}<" in marked}
    assert seen == {score_text(float(own))}


def test_the_comparison_page_opens_without_its_figures(client, number):
    place = f"id={number}&mark=breech_face&rank=1"
    assert '"figures_hidden":false' in client.get(f"/compare?{place}").text
    assert '"figures_hidden":true' in client.get(f"/compare?{place}&figures=hidden").text


def test_annotations_of_the_page_are_kept_and_it_opens_with_them(client, number):
    page = client.get(f"/compare?id={number}&mark=breech_face&rank=2").text
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))
    sides = [{"label": s["label"], "sha256": s["provenance"]["sha256"]} for s in data["sides"]]
    note = {"kind": "agreement", "center_um": [1.0, 2.0], "size_um": [30.0, 30.0]}
    note |= {"text": "a <b> line", "examiner": "A. Brown", "made_on": "2026-11-28"}
    said = {"format": "ribin annotations 1", "mark": "breech_face", "annotations": [note]}
    text = json.dumps(said | {"reference": sides[0], "comparison": sides[1]})
    kept = json.loads(client.post("/annotations", annotations=text).body)
    assert kept == {"number": "JAM-A1", "annotations": 1}
    again = client.get(f"/compare?id={number}&mark=breech_face&rank=2").text
    data = json.loads(re.search(r'id="data">(.*?)</script>', again, re.DOTALL).group(1))
    assert data["annotations"] == [note]
    refused = client.post("/annotations", annotations="[1]")
    assert (refused.status, "annotations of the page" in refused.text) == (409, True)


def test_an_empty_list_says_which_filters_made_it_so(linked, tmp_path):
    linked(tmp_path, "A. Brown", JAM=(QUERY,))
    with served(state(tmp_path)) as alone:
        alone.enter()
        asked = {"date_from": "2030-01-01", "scope": "country", "reason": ""}
        text = " ".join(found(alone, **asked).text.split())
    assert "No candidate. 1 mark could be seen in this scope" in text
    assert "1 of them passed the filters (from 2030-01-01), 0 could be compared" in text
    assert "Search otherwise" in text


def test_a_refused_search_keeps_its_fields(client):
    answer = found(client, reason="", calibre="9x19", top="7", date_from="2020-01-01")
    assert answer.status == 403
    assert 'role="alert"' in answer.text
    for name, value in (("calibre", "9x19"), ("top", "7"), ("date_from", "2020-01-01")):
        assert re.search(rf'name="{name}"[^>]* value="{value}"', answer.text), name
    assert re.search(r"<option selected>cluster</option>", answer.text)


def test_searches_are_filtered_and_say_why_none_is_left(client, number):
    assert number in client.get("/searches?mine=yes").text
    none = client.get("/searches?q=%3Cb%3Exyz")
    assert number not in none.text
    assert "&lt;b&gt;xyz" in none.text


def test_a_script_is_a_file_of_its_own(client, number):
    page = client.get(f"/list?id={number}")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]* src=)", page.text)
    assert not re.search(r"\son\w+=", page.text)
    for name in ("page.js", "station.js"):
        script = client.get(f"/script/{name}")
        assert script.headers["content-type"].startswith("text/javascript")
    assert client.get("/script/style.css").status == 404


def test_a_search_in_the_queue_is_shown_and_cancelled(network):
    application = state(network)
    with served(application) as client:
        client.enter()
        go = threading.Event()
        one = application.queue.put(
            "A. Brown", QUERY, {}, lambda tick: go.wait(30) and tick("", 0, 1)
        )
        other = application.queue.put("A. Brown", OTHER, {}, lambda tick: None)
        waits = client.get(f"/searching?id={other.key}").text
        assert "1 search before it" in waits
        assert OTHER in client.get("/searches").text
        facts = json.loads(client.get(f"/searching/progress?id={other.key}").body)
        assert (facts["state"], facts["before"]) == ("waiting", 1)
        assert "was cancelled" in client.post("/searching/cancel", id=other.key).text
        application.queue.cancel(one)
        go.set()
        assert one.ended.wait(30)
        assert "was cancelled" in client.get(f"/searching?id={one.key}").text
        assert client.get("/searching?id=guess").status == 404


def test_a_list_of_400_is_one_page(client, network, number):
    """Its rows, filters and places are there at once; pictures come when they are looked at."""
    with Session.open(network / "JAM", network / "network.toml", DEFAULT_PARAMS, 1) as session:
        long = record_long_list(session, number, "A. Brown")
    begun = time.perf_counter()
    text = client.get(f"/list?id={long}").text
    assert time.perf_counter() - begun < 5
    assert text.count("data-ref=") == 400
    assert text.count('loading="lazy"') == 400
    assert "400 candidates" in text
    assert "0 of 400" in client.get("/searches").text


def test_a_key_of_the_station_means_nothing_else_on_the_comparison_page_within_it():
    package = files("ribin")
    page = (package / "view" / "page" / "keyboard.js").read_text(encoding="utf-8")
    station = (package / "web" / "pages" / "station.js").read_text(encoding="utf-8")
    of_page = set(re.findall(r"[{ ](\w): (?:\(\)|view|lamp|place)", page))
    (table,) = re.findall(r"const KEYS = \{(.*?)\n?\};", station, re.S)
    of_station = set(re.findall(r"(?:^|[{,\s])(\w): ", table))
    assert {"q", "m", "z", "i"} <= of_page
    assert {"j", "k", "o", "u", "y"} <= of_station
    assert not of_page & of_station
