"""What a page is asked, and what it says: one clear line, in words of a person in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from laboratory_client import HEAD, make_staff, running_laboratory
from starlette.datastructures import QueryParams
from vault_makers import enrol, make_exhibit
from web_client import served

from ribin.errors import ParameterError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.blind_pairs import HINT
from ribin.text import moment_text
from ribin.vault.vault import Vault
from ribin.web.query import check_query
from ribin.web.state import ApplicationState
from ribin.web.wording import said_here

BAD = [
    ("/exhibits?page=-1", "page: a whole number from 0 on needed, found '-1'"),
    ("/exhibits?page=one", "page: a whole number from 0 on needed, found 'one'"),
    ("/exhibits?page=%C2%B2", "page: a whole number from 0 on needed, found '²'"),
    ("/exhibits?page=99999999999999999999", "page: a whole number from 0 on needed"),
    ("/exhibits?kind=toy", "kind: evidence or test_fire needed, found 'toy'"),
    ("/exhibits?verdict=good", "verdict: one of usable, "),
    ("/exhibits?date_from=14/03/2026", "date_from needs a day as YYYY-MM-DD, found '14/03/2026'"),
    ("/exhibits?date_to=2026-02-31", "date_to needs a day as YYYY-MM-DD"),
    ("/exhibits?in_lead=perhaps", "in_lead: yes needed, found 'perhaps'"),
    ("/exhibits?q=%00", "q: a printable text needed"),
    ("/?mine=2", "mine: yes needed, found '2'"),
    ("/?all=%3Cb%3E", "all: yes needed, found '<b>'"),
    ("/leads?standing=won", "standing: one of "),
    ("/searches?open=no", "open: yes needed"),
    ("/lead?number=JAM-L1&own=maybe", "own: yes needed"),
    ("/list?id=x&scores=1", "scores: hidden needed"),
    ("/candidate?id=x&mark=breech_face&rank=first", "rank: a whole number from 0 on needed"),
    ("/statistics?from=soon", "from needs a day as YYYY-MM-DD"),
    ("/statistics.csv?to=1", "to needs a day as YYYY-MM-DD"),
    ("/audit?before=-5", "before: a whole number from 0 on needed"),
    ("/audit?how=magic", "how: one of account, stated, "),
    ("/audit?page=" + "9" * 5000, "page: a whole number from 0 on needed"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked") / "JAM"
    with Vault.create(folder, "JAM", who="A. Brown") as vault:
        enrol(vault, 1, make_exhibit("JAM-1"))
    with served(ApplicationState(folder, None, DEFAULT_PARAMS, "A. Brown")) as client:
        client.enter()
        yield client


@pytest.mark.parametrize(("path", "line"), BAD)
def test_a_bad_address_gets_one_clear_line(client, path, line):
    from html import unescape

    answer = client.send("GET", client._whole(path), cookie=client.cookie, accept="text/html")
    assert answer.status == 400
    (alert,) = unescape(answer.text).split('role="alert">')[1:]
    assert alert.startswith(line), alert[:200]
    assert len(alert.partition("</p>")[0]) < 300
    assert "Traceback" not in answer.text


def test_what_is_empty_or_of_no_meaning_asks_for_nothing():
    check_query(QueryParams("page=&kind=&mine=&date_from=&q=&something=else"))
    check_query(QueryParams("page=0&kind=evidence&mine=yes&q=x"))


@pytest.mark.parametrize(
    ("said", "here"),
    [
        (HINT, "the page of the lead shows the two marks"),
        ("`ribin searches` lists those", "the page Searches lists those"),
        ("--reason, or the field Reason of a page, says it", "the field Reason says it"),
        ("save it as CSV, and name that file", "save it as CSV, and name that file"),
        (
            "`ribin store rebuild-index` makes it again",
            "Ask an administrator to run it: `ribin store rebuild-index` makes it again",
        ),
        (
            "a.png: the image states no pixel pitch, give --pixel-pitch-um",
            "a.png: the image states no pixel pitch, give it in the field Pixel pitch",
        ),
        ("--pixel-pitch-um states the pitch", "the field Pixel pitch states the pitch"),
        ("/srv/ribin/JAM: exhibit X9 needed", "exhibit X9 needed"),
        ("cannot write in /srv/ribin/JAM", "cannot write in the vault"),
    ],
)
def test_what_services_say_is_said_by_what_a_browser_has(said, here):
    assert said_here(said, Path("/srv/ribin/JAM"), None) == here


def test_a_page_of_an_error_names_no_folder(client):
    text = client.get("/exhibit?name=X9").text
    assert "X9" in text
    assert "asked" not in text.partition("<h1>")[2]


def test_a_vault_that_is_gone_is_said_before_anybody_has_signed_in(tmp_path, quick_passwords):
    folder = tmp_path / "JAM"
    with Vault.create(folder, "JAM", who=HEAD) as vault:
        make_staff(vault)
    with running_laboratory(folder) as lab:
        folder.rename(tmp_path / "elsewhere")
        answer = lab.browser().sign_in(HEAD)
    assert 400 <= answer.status < 500
    assert 'role="alert"' in answer.text
    assert str(tmp_path) not in answer.text


def test_a_moment_is_written_as_a_person_reads_it():
    assert moment_text("2026-11-29T03:20:11.123+00:00") == "2026-11-29 03:20"
    assert moment_text("2026-11-29T03:20:11.123+00:00", seconds=True) == "2026-11-29 03:20:11"
    assert moment_text("") == ""


def test_a_bad_query_is_a_parameter_error():
    with pytest.raises(ParameterError, match="page: a whole number"):
        check_query(QueryParams("q=x&page=+1"))
