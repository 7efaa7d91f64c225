"""What a person may not do is not offered on any page, and is refused where it is posted.

Each role walks all pages that it is led to, and posts every form: those that it is offered, and
those that it is not.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import urlencode

import pytest
from page_walk import forms_of, walk
from web_client import MATE, OTHER, QUERY, found, served, state

from ribin.cases.leads import Role
from ribin.vault.audit import now_utc
from ribin.vault.messages import QuestionState, put_question
from ribin.vault.people import appoint
from ribin.vault.vault import Vault
from ribin.web import app, rights

HEAD, SECOND = "A. Brown", "B. Cole"
LACKS = re.compile(r"(technician|examiner|reviewer|administrator|auditor) needed, found")
VERDICT = {"conclusion": "identification", "examined": "items", "note": "agrees"}
POSTED = {route.path for route in app._ROUTES if "POST" in route.methods}
# What whoever is appointed may do, where there is a series to ask about.
LOOKING_DOES = {"/trace"}


def who_is(role: Role) -> str:
    return f"the {role}"


def take_up(client, listed, rank, note):
    address = listed.links("/candidate?")[rank]
    fields = dict(re.findall(r"(id|mark|rank)=([^&]+)", address))
    answer = client.post("/lead/open", **fields, note=note)
    return re.search(r"Lead (JAM-\w*L\d+)|Lead (JAM-L\d+)", answer.text).group(0).split()[1]


@pytest.fixture(scope="module")
def network(linked, tmp_path_factory):
    """A vault with a list, a lead whose second verdict is due, a link, and two questions."""
    folder = tmp_path_factory.mktemp("roles")
    linked(folder, HEAD, JAM=(QUERY, OTHER, "JAM-2026-0012-1"), BLZ=(MATE,))
    with Vault.open(folder / "JAM") as vault:
        appoint(vault, SECOND, [Role.REVIEWER], HEAD, "")
        for role in Role:
            appoint(vault, who_is(role), [role], HEAD, "")
        columns = {"sender": "BLZ", "kind": "search", "at": now_utc(), "body_sha256": "0" * 64}
        columns |= {"who": "B. Pech", "reason": "joint case", "way": "line"}
        with vault.act("question", "B. Pech", "") as act:
            for number in ("a" * 32, "b" * 32):
                put_question(act, id=number, state=QuestionState.HELD, **columns)
                act.log(vault.member)
    with served(state(folder, HEAD)) as head, served(state(folder, SECOND)) as second:
        head.enter()
        second.enter()
        listed = found(head, scope="country", reason="")
        assert take_up(head, listed, 0, "alike") == "JAM-L1"
        assert take_up(head, listed, 1, "alike too") == "JAM-L2"
        for lead in ("JAM-L1", "JAM-L2"):
            head.post("/review", lead=lead, **VERDICT)
        assert "confirmed link" in second.post("/review", lead="JAM-L2", **VERDICT).text
    return folder


@pytest.fixture(scope="module", params=Role, ids=str)
def walked(request, network):
    """A browser of a person of one role, the pages that it is led to, and the forms on them."""
    with served(state(network, who_is(request.param))) as client:
        client.enter()
        if request.param in (Role.TECHNICIAN, Role.EXAMINER):
            file = (network / "network.toml").read_bytes()
            data = base64.b64encode(file).decode()
            client.post("/entry/part", name="a.x3p", at="0", size=str(len(file)), data=data)
        pages = walk(client)
        yield request.param, client, pages, forms_of(pages)


def rows_of(network):
    with Vault.open(network / "JAM", read_only=True) as vault:
        return [row for row in vault.audit_log() if row.action not in ("view", "picture")]


@pytest.mark.slow
def test_every_page_that_is_offered_opens(walked, network):
    role, _, pages, _ = walked
    lacking = {path: answer.status for path, answer in pages.items() if LACKS.search(_text(answer))}
    assert lacking == {}
    # Also of a list with a pair that a reviewer is to examine blind nothing is offered.
    assert {path: answer.status for path, answer in pages.items() if answer.status != 200} == {}
    assert ("/list?id=JAM-Q1" in pages) == (role is not Role.REVIEWER)
    assert len(pages) > 15
    for path, answer in pages.items():  # by what a browser has, without the server's folders
        text = _text(answer)
        assert str(network) not in text, path
        if 'class="top"' in text:  # not a comparison page, which is one long line
            said = re.split("[<>]", text)
            assert [one for one in said if "`ribin " in one and "administrator" not in one] == []
            assert [one for one in said if re.search(r"\d-\d\dT\d\d:", one)] == [], path


def _text(answer):
    kind = answer.headers.get("content-type", "")
    return answer.text if kind.startswith("text/") else ""


@pytest.mark.slow
def test_what_is_not_offered_is_refused_and_writes_nothing(walked, network):
    role, client, _, forms = walked
    before = rows_of(network)
    values = {"lead": "JAM-L1", "exhibit": QUERY, "id": "JAM-Q1", "mark": "breech_face"}
    values |= {
        "rank": "1",
        "reason": "because",
        "new_place": "elsewhere",
        "word": "allow",
        "act": "remove",
    }
    values |= {"candidate": f"JAM:{OTHER}", "status": "looked at", "person": SECOND, **VERDICT}
    values |= {"work": "EXHIBIT", "about": OTHER, "name": "a.x3p", "at": "0", "size": "4"}
    values |= {"data": "MTIzNA==", "annotations": "[1]", "scope": "country"}
    missing = POSTED - set(forms) - LOOKING_DOES
    assert missing
    for action in sorted(missing):
        answer = client.send(
            "POST",
            client._whole(action),
            urlencode({"csrf": client.session.csrf, **values}),
            cookie=client.cookie,
            accept="text/html",
            origin=f"http://127.0.0.1:{client.session.port}",
            content_type="application/x-www-form-urlencoded",
        )
        # Who has read all findings that there are may say so once more.
        refused = 400 <= answer.status < 500 or action == "/findings/read"
        assert refused, (role, action, answer.status)
    assert rows_of(network) == before


@pytest.mark.slow
def test_what_is_offered_is_refused_for_lack_of_no_role(walked):
    role, client, _, forms = walked
    offered = {action: form for action, form in forms.items() if action != "/sign-out"}
    for action, form in sorted(offered.items(), key=lambda one: one[0] in LAST):
        fields = {name: text for name, text in form.fields.items() if name != "csrf"}
        answer = client.post(action, **fields)
        assert answer.status < 500, action
        assert not LACKS.search(_text(answer)), f"{role} is offered {action}: {_text(answer)}"
    assert set(offered) <= POSTED
    expected = {
        Role.AUDITOR: set(),
        Role.TECHNICIAN: {"/entry/part", "/search", "/exhibit/edit"},
        Role.EXAMINER: {"/entry/part", "/lead/open", "/question/decide", "/redo/done"},
        Role.REVIEWER: {"/review", "/search"},
        Role.ADMINISTRATOR: {"/exhibit/edit", "/question/decide", "/people/account"},
    }[role]
    assert expected <= set(offered)
    if role is Role.AUDITOR:
        assert set(offered) <= LOOKING_DOES


LAST = ("/lead/withdraw", "/lead/close", "/people/account", "/question/decide", "/entry/drop")


def test_who_holds_no_role_sees_no_page_and_posts_no_form(network):
    before = rows_of(network)
    with served(state(network, "a stranger")) as client:
        client.enter()
        for route in app._ROUTES:
            for method in sorted(route.methods - {"HEAD"}):
                answer = client.send(
                    method,
                    client._whole(route.path),
                    urlencode({"csrf": client.session.csrf}) if method == "POST" else None,
                    cookie=client.cookie,
                    accept="text/html",
                    origin=f"http://127.0.0.1:{client.session.port}",
                    content_type="application/x-www-form-urlencoded",
                )
                assert (answer.status, route.path) == (403, route.path)
                assert LACKS.search(answer.text), route.path
    assert rows_of(network) == before


def test_the_table_names_every_form():
    assert set(rights._FORMS) == POSTED
    for path in (*rights._FORMS, *rights._PAGES):
        assert rights._rule(path).roles, path
    paths = {route.path for route in app._ROUTES}
    assert set(rights._PAGES) <= paths


def test_read_only_offers_the_search_alone(network):
    with served(state(network, HEAD, read_only=True)) as client:
        client.enter()
        offered = set(forms_of(walk(client)))
        assert offered <= rights.CHANGE_NOTHING
        assert "/search" in offered


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.REVIEWER, Role.ADMINISTRATOR])
def test_uploads_of_who_may_not_enrol_are_refused_at_the_door(network, role):
    with served(state(network, who_is(role))) as client:
        client.enter()
        answer = client.post("/entry/part", name="a.x3p", at="0", size="4", data="MTIzNA==")
        assert (answer.status, "technician or examiner needed" in answer.text) == (403, True)
        assert client.get("/entry").status == 403
        assert client.get("/entry").text.count("Enrol</a>") == 0
