"""The pages of `ribin serve` do what the commands do, as the same person, by the same rules."""

from __future__ import annotations

import json
import re

import pytest
from vault_makers import make_exhibit, make_mark, make_scan, make_template
from web_client import MATE, OTHER, QUERY, found, hidden_fields, served, state
from wording import forbidden_words

from ribin.model import MarkType
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.vault.leads import read_lead
from ribin.vault.people import appoint
from ribin.vault.vault import Vault
from ribin.web.state import ApplicationState


@pytest.fixture(scope="module")
def network(linked, tmp_path_factory):
    """Two linked members; at JAM there are an examiner and a reviewer."""
    from ribin.cases.leads import Role

    folder = tmp_path_factory.mktemp("network")
    linked(folder, "A. Brown", JAM=(QUERY, OTHER), BLZ=(MATE,))
    with Vault.open(folder / "JAM") as vault:
        appoint(vault, "C. Reid", [Role.REVIEWER], "A. Brown", "")
    return folder


@pytest.fixture(scope="module")
def client(network):
    with served(state(network)) as client:
        client.enter()
        yield client


def logged(network, member):
    with Vault.open(network / member, read_only=True) as vault:
        return vault.audit_log()


def test_exhibits_are_listed_and_sifted(client):
    text = client.get("/exhibits").text
    assert QUERY in text
    assert OTHER in text
    sifted = client.get("/exhibits?q=0038").text
    assert QUERY not in sifted
    assert "1 exhibit" in sifted


def test_the_quality_of_a_mark_stands_with_that_mark(tmp_path):
    original, scan = make_scan(77)
    types = MarkType.BREECH_FACE, MarkType.FIRING_PIN
    marks = [make_mark(scan, one) for one in types]
    templates = [make_template(scan, mark_type=one) for one in types]
    with Vault.create(tmp_path / "JAM", "JAM", "A. Brown") as vault:
        said = {"who": "A. Brown", "verdicts": ("poor", "usable")}
        vault.enrol(original, scan, marks, templates, make_exhibit("X1"), **said)
    alone = ApplicationState(tmp_path / "JAM", None, DEFAULT_PARAMS, "A. Brown")
    with served(alone) as client:
        client.enter()
        cell = (
            client.get("/exhibits").text.partition('data-label="marks">')[2].partition("</td>")[0]
        )
        home = client.get("/").text
    each = [re.sub("<[^>]*>", "", mark) for mark in cell.split("<br>")]
    assert each == ["breech face poor", "firing pin usable"]
    assert "tag due" in cell.split("<br>")[0]
    assert "tag" not in cell.split("<br>")[1]
    assert "Audit log" not in home  # which is a matter of oversight


@pytest.mark.parametrize("path", ["/exhibits", f"/exhibit?name={QUERY}", "/statistics", "/audit"])
def test_days_are_typed_as_they_are_written(client, path):
    """A field of type date shows its day as the browser's language does: 03/05 may be two days."""
    text = client.get(path).text
    fields = re.findall(r"<input[^>]*YYYY-MM-DD[^>]*>", text)
    assert len(fields) >= 2
    assert all("pattern=" in field and "title=" in field for field in fields)
    assert 'type="date"' not in text


@pytest.mark.parametrize("path", ["/exhibits?date_from=", "/statistics?from=", "/audit?from="])
def test_a_day_of_another_form_is_refused_with_the_form_that_is_needed(client, path):
    answer = client.get(f"{path}03/05/2026")
    assert answer.status == 400
    assert "YYYY-MM-DD" in answer.text


def test_an_exhibit_shows_its_marks_and_the_form_to_search_with_it(client):
    answer = client.get(f"/exhibit?name={QUERY}")
    assert "c48e46899150f5f8de5346d6a0f1ea40773a99eb1892034920967f7410f4d78d" in answer.text
    (address,) = answer.links("/mark.png")
    png = client.get(address)
    assert (png.headers["content-type"], png.body[:4]) == ("image/png", b"\x89PNG")
    assert client.get(f"/mark.png?exhibit={QUERY}&mark=999").status == 404


def test_a_search_gives_the_figures_of_the_command(client, network, ribin):
    own = ("--vault", network / "JAM", "--network", network / "network.toml", "--who", "A. Brown")
    asked = ("--scope", "cluster", "--reason", "test", "--json")
    rows = json.loads(ribin("search", QUERY, *own, *asked).out)["candidates"]
    text = " ".join(found(client).text.split())
    for row in rows:
        assert row["exhibit"] in text
        assert f"<b>{row['score']:.1f}</b>" in text
    sums = "".join(f'<td class="number">{number}</td>' for number in (3, 3, 3, 2))
    assert f'<tr><th scope="row">all</th>{sums}</tr>' in text.replace("</td> <td", "</td><td")
    assert forbidden_words(re.sub(r"<[^>]+>", " ", text)) == []


def test_a_search_beyond_the_country_is_written_down_and_needs_its_reason(client, network):
    assert found(client, reason="").status == 403
    found(client, reason="shooting of 14 March")
    last = [row for row in logged(network, "BLZ") if row.action == "answer"][-1]
    assert (last.who, last.reason) == ("A. Brown", "shooting of 14 March")
    assert last.details["asking_member"] == "JAM"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"scope": "world"}, 400),
        ({"date_from": "2026-02-31"}, 400),
        ({"mark": "thumb"}, 409),
        ({"group": "colour"}, 400),
    ],
)
def test_what_cannot_be_asked_is_said_on_a_page(client, asked, status):
    answer = found(client, **asked)
    assert answer.status == status
    assert 'role="alert"' in answer.text
    assert "Traceback" not in answer.text


def first_candidate(client):
    return client.get(found(client).links("/candidate?")[0])


def test_a_candidate_opens_the_comparison_page_with_its_own_policy(client, network):
    answer = first_candidate(client)
    page = client.get(answer.links("/compare")[0])
    policy = page.headers["content-security-policy"]
    assert page.status == 200
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert policy.endswith("; frame-ancestors 'self'"), "the review station shows it within itself"
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert logged(network, "BLZ")[-1].action == "picture"
    png = client.get(answer.links("/candidate.png")[0])
    assert png.body[:4] == b"\x89PNG"


def test_a_report_is_entered_in_the_log(client, network):
    fields = hidden_fields(first_candidate(client).text)
    report = client.post("/report", **fields, case_number="C 7", question="How far?")
    assert report.status == 200
    assert "<h1>Comparison report</h1>" in report.text
    last = logged(network, "JAM")[-1]
    assert last.action == "report"
    assert last.sha256 in report.text
    assert report.headers["content-security-policy"].startswith("default-src 'none'; img-src data:")
    home = client.get("/")
    (again,) = home.links("/reports?")
    assert client.get(again).text == report.text
    assert logged(network, "JAM")[-1] == last, "looking again is not making it again"
    (pdf,) = home.links("/reports.pdf")
    kept = client.get(pdf)
    assert kept.headers["content-type"] == "application/pdf"
    assert (
        kept.headers["content-disposition"] == 'attachment; filename="ribin-comparison-report.pdf"'
    )
    assert kept.body.startswith(b"%PDF")
    assert logged(network, "JAM")[-1] == last
    saved = client.post("/report", **fields, **{"as": "pdf"})
    assert saved.body.startswith(b"%PDF")


def test_lists_have_the_plot_and_the_query_beside_them(client):
    lists = found(client)
    assert "drop of" in lists.text
    assert re.search(r'<svg class="plot".*href="#breech_face-1"', lists.text, re.DOTALL)
    assert 'id="breech_face-1"' in lists.text
    candidate = client.get(lists.links("/candidate?")[0])
    query = client.get(candidate.links("/query.png")[0])
    assert query.body[:4] == b"\x89PNG"
    assert client.get("/query.png?id=guess&mark=breech_face").status == 404
    assert re.search(r">BLZ:x-", lists.text), "as the command line says it"


def test_a_reason_that_is_lacking_is_asked_for_in_the_form(client):
    answer = found(client, reason="")
    assert answer.status in (400, 403)
    assert "the field Reason says it" in answer.text


def test_a_report_of_the_search(client, network):
    lists = found(client)
    report = client.post("/report/list", **hidden_fields(lists.text), case_number="C 8")
    assert report.status == 200
    assert "<h1>Search report</h1>" in report.text
    assert report.text.count("<img") == 2
    assert logged(network, "JAM")[-1].sha256 in report.text


def test_a_lead_and_two_verdicts(client, network):
    first = first_candidate(client).text
    fields, score = hidden_fields(first), re.search(r"<dt>score</dt><dd>([\d.]+)", first).group(1)
    assert client.post("/lead/open", **fields, note="").status == 400
    lead = client.post("/lead/open", **fields, note="agreement <all> round")
    assert lead.status == 200
    assert "agreement &lt;all&gt; round" in lead.text
    assert f"<dt>score</dt><dd>{score}</dd>" in lead.text, "the figures as they were shown"
    number = re.search(r"Lead (JAM-BLZ-L\d+)", lead.text).group(1)
    again = client.post("/lead/open", **fields, note="again")
    assert (again.status, again.links("/lead?")) == (409, [f"/lead?number={number}"])
    for said in ("rank in the list", "SHA-256 of the list"):
        assert f"<dt>{said}</dt>" in lead.text
    assert "params id" not in lead.text
    assert number in client.get("/leads?mine=yes").text
    said = {"lead": number, "conclusion": "inconclusive_a", "examined": "items", "note": "little"}
    first = client.post("/review", **said)
    assert "second review due" in first.text
    assert "1 verdict given, shown when both are in" in first.text
    own = client.post("/review", **said)  # one may not review oneself
    assert own.status == 403
    with served(state(network, who="C. Reid")) as second:
        second.enter()
        blind = second.get(f"/lead?number={number}")
        assert "1 verdict given, shown when both are in" in blind.text
        assert "little" not in blind.text
        done = second.post("/review", **said)
        assert "<b>inconclusive a</b>" in done.text
    reviews = [row for row in logged(network, "JAM") if row.action == "review"]
    assert [row.who for row in reviews] == ["A. Brown", "C. Reid"]
    with Vault.open(network / "BLZ") as vault, vault.catalogue.reading() as db:
        assert len(read_lead(db, number, "BLZ").reviews) == 2
    with Vault.open(network / "JAM") as vault, vault.catalogue.reading() as db:
        file = read_lead(db, number, "JAM")
    assert [one.blind for one in file.reviews] == [True, True]  # both from one login


def test_a_verdict_needs_its_words(client):
    answer = client.post("/review", lead="JAM-L1", conclusion="sure", examined="items", note="x")
    assert answer.status == 400
    assert "a conclusion and what was examined needed" in answer.text


def test_read_only_changes_nothing_but_the_log_of_who_looked(network):
    before = {member: len(logged(network, member)) for member in ("JAM", "BLZ")}
    with served(state(network, read_only=True)) as client:
        client.enter()
        lists = found(client, scope="country", reason="")
        assert lists.status == 200
        candidate = client.get(lists.links("/candidate?")[0])
        assert "Read only" in candidate.text
        assert client.get(candidate.links("/compare")[0]).status == 200
        fields = hidden_fields(candidate.text) or {"id": "x"}
        for path in ("/lead/open", "/review", "/report", "/report/list"):
            assert client.post(path, **fields, note="x").status == 403
        wide = found(client, scope="cluster")
        assert (wide.status, "not on a server that is read only" in wide.text) == (403, True)
        assert client.get("/leads").status == 200
    new = {member: logged(network, member)[before[member] :] for member in ("JAM", "BLZ")}
    assert {row.action for row in new["JAM"]} == {"search", "view"}
    assert new["BLZ"] == []


def test_searches_of_another_session_are_not_known(client):
    assert client.get("/list?id=guess").status == 404
    assert client.get("/candidate?id=guess&mark=breech_face&rank=1").status == 404


def test_a_list_outlives_the_server(client, network):
    """A recorded search is opened by its number, in whichever session."""
    listed = found(client, scope="country")
    (number,) = set(re.findall(r"JAM-Q\d+", listed.text))
    with served(state(network)) as other:
        other.enter()
        again = other.get(f"/list?id={number}")
        assert again.status == 200
        assert re.findall(r"<b>[\d.]+</b>", again.text) == re.findall(r"<b>[\d.]+</b>", listed.text)
        candidate = other.get(again.links("/candidate?")[0])
        assert other.get(candidate.links("/compare")[0]).status == 200
        assert number in other.get("/searches").text


def test_members_that_gave_no_answer_are_named_in_the_list_of_searches(client, network):
    away = (network / "BLZ").rename(network / "away")
    try:
        found(client, scope="cluster")
    finally:
        away.rename(network / "BLZ")
    assert '<td data-label="no answer">BLZ</td>' in client.get("/searches").text


def test_serve_needs_a_vault_a_person_and_its_extra(ribin, network, monkeypatch):
    done = ribin("serve", "--who", "me")
    assert (done.code, "--vault or RIBIN_VAULT needed" in done.err) == (2, True)
    done = ribin("serve", "--vault", network / "JAM", "--who", " ")
    assert (done.code, "a person answers for what is done" in done.err) == (2, True)
    monkeypatch.setattr("ribin.commands.serve.find_spec", lambda name: None)
    done = ribin("serve", "--vault", network / "JAM", "--who", "me")
    line, hint = done.err.splitlines()
    assert line == "ribin: serve: starlette needed, found none"
    assert hint == "hint: pip install 'ribin[web]'"
