"""Entry in the browser: files sent in parts, outlines drawn, enrolled, searched, redone."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil

import pytest
from image_files import image_files
from mark_makers import dirty_scan
from PIL import Image
from web_client import MATE, OTHER, QUERY, listed, served, state

from ribin.cases.exhibits import Scope
from ribin.read import read_scan
from ribin.synth.write import write_x3p
from ribin.vault.redescribe import contents_as_read
from ribin.vault.sharing import release_exhibit
from ribin.vault.vault import Vault
from ribin.web.uploads import PART_BYTES

CIRCLE = {"tool": "circle", "points": [[169, 167]], "radius": 130, "inner": 40}


@pytest.fixture
def network(linked, tmp_path):
    linked(tmp_path, "A. Brown", JAM=(QUERY,), BLZ=(MATE,))
    return tmp_path


@pytest.fixture
def client(network):
    with served(state(network)) as client:
        client.enter()
        yield client


def send(client, content, name="case.x3p", step=30_000):
    """Send a file in parts, as the script does; its key."""
    key = ""
    for at in range(0, len(content), step):
        data = base64.b64encode(content[at : at + step]).decode()
        said = {"id": key, "name": name, "size": str(len(content)), "at": str(at), "data": data}
        answer = client.post("/entry/part", **said)
        assert answer.status == 200, answer.text
        key = json.loads(answer.body)["id"]
    assert json.loads(answer.body)["received"] == len(content)
    return key


@pytest.fixture
def sent(client, sample_dir):
    return send(client, (sample_dir / f"{OTHER}.x3p").read_bytes(), f"{OTHER}.x3p")


def outlines(*strokes, mark="breech_face", from_found=False):
    one = {"mark": mark, "from_found": from_found, "strokes": list(strokes)}
    return json.dumps({"outlines": [one]})


def test_a_file_is_sent_in_parts_looked_at_and_enrolled(client, network, sent):
    found = json.loads(client.get(f"/entry/found?id={sent}").body)
    assert found["marks"] == [{"mark": "breech_face", "verdict": "usable"}]
    draft = client.get(f"/draft?id={sent}").text
    assert f'name="exhibit" value="{OTHER}"' in draft
    assert client.get(f"/draft.png?id={sent}").body[:4] == b"\x89PNG"
    fields = {"exhibit": "X7", "event": "E7", "date": "2026-05-03", "place": "<b>Port</b>"}
    fields |= {"calibre": "9x19", "kind": "evidence", "reason": "a new case"}
    done = client.post("/draft/enrol", id=sent, **fields)
    assert "enrolled as X7" in done.text
    with Vault.open(network / "JAM", read_only=True) as vault:
        known = vault.exhibit("X7")
        last = vault.audit_log()[-1]
    assert (known.event.place, known.class_fields.calibre) == ("<b>Port</b>", "9x19")
    assert (last.action, last.who, last.reason) == ("enrol", "A. Brown", "a new case")
    assert "<b>Port</b>" not in client.get("/exhibit?name=X7").text


def test_an_outline_by_hand_is_judged_and_enrolled(client, network, sent):
    said = {"id": sent, "outlines": outlines(CIRCLE)}
    facts = json.loads(client.post("/draft/judge", **said).body)
    (mark,) = facts["marks"]
    assert (mark["origin"], facts["mirrored"]) == ("outlined", False)
    assert max(row for row, _ in mark["polygons"][0]) == pytest.approx(299, abs=3)
    client.post("/draft/enrol", **said, exhibit="X7", event="E7", reason="primer drawn")
    with Vault.open(network / "JAM", read_only=True) as vault:
        (mark,) = vault.marks_of("X7")
        notes = contents_as_read(vault, mark.scan.sha256).provenance.notes
    assert mark.outlined_by == "A. Brown"
    assert "Breech face outlined by hand (1 circle) by A. Brown: primer drawn." in notes


def test_a_cast_is_judged_against_the_picture_as_it_is_seen(client, sent):
    facts = json.loads(client.post("/draft/judge", id=sent, replica="yes").body)
    assert facts["mirrored"] is True


def test_what_is_left_out_is_told_and_can_be_kept(client, network, sample_dir, tmp_path):
    write_x3p(dirty_scan(read_scan(sample_dir / f"{OTHER}.x3p")), tmp_path / "dirty.x3p")
    dirty = send(client, (tmp_path / "dirty.x3p").read_bytes(), "dirty.x3p")
    assert "left out: dust 0." in client.get(f"/draft?id={dirty}").text
    for keep_all, words in (("", "dust 0."), ("yes", "")):
        judged = json.loads(client.post("/draft/judge", id=dirty, keep_all=keep_all).body)
        assert judged["marks"][0]["left_out"].startswith(words)
        assert bool(judged["marks"][0]["left_out"]) == bool(words)
    client.post("/draft/enrol", id=dirty, exhibit="X7", event="E7")
    assert "left out: dust 0." in client.get("/exhibit?name=X7").text
    with Vault.open(network / "JAM", read_only=True) as vault:
        said = {"exhibit": "X7", "scan": vault.marks_of("X7")[0].scan.sha256}
    done = client.post("/redo/done", **said, keep_all="yes", reason="it is the mark")
    assert done.status == 200
    assert "left out" not in client.get("/exhibit?name=X7").text


def test_a_refused_draft_keeps_its_fields_and_outlines(client, sent):
    drawn = outlines({**CIRCLE, "radius": 3, "inner": 0})
    fields = {"exhibit": "X7", "event": "", "place": 'Spanish "Town"', "outlines": drawn}
    refused = client.post("/draft/enrol", id=sent, **fields)
    assert refused.status == 400
    assert "event needed, found nothing" in refused.text
    assert 'name="place" value="Spanish &#34;Town&#34;"' in refused.text
    assert "&#34;radius&#34;: 3" in refused.text
    refused = client.post("/draft/enrol", id=sent, **{**fields, "event": "E7"})
    assert (refused.status, "mm2 of breech face measured" in refused.text) == (400, True)
    again = client.get(f"/draft?id={sent}").text
    assert 'name="event" value="E7"' in again, "the page loaded again has them too"


def test_search_at_once(client, sent):
    done = client.post("/draft/enrol", id=sent, exhibit="X7", event="E7", scope="country")
    assert "Search with X7" in done.text or "JAM-Q1" in done.text


def test_the_next_file_begins_with_the_event_of_the_last(client, sample_dir, sent):
    fields = {"event": "E7", "case_number": "C 7", "date": "2026-05-03"}
    client.post("/draft/enrol", id=sent, exhibit="X7", **fields)
    other = send(client, (sample_dir / "JAM-2025-0051-1.x3p").read_bytes(), "second.x3p")
    draft = client.get(f"/draft?id={other}").text
    for text in ('name="event" value="E7"', 'name="exhibit" value="second"'):
        assert text in draft
    assert "begins as that of X7: E7, C 7, 2026-05-03." in draft


def test_nothing_of_one_exhibit_slides_into_the_next(client, network, sample_dir, sent):
    """Only the name of the event does, and another event has nothing of it."""
    fields = {"case_number": "C 7", "date": "2026-05-03", "place": "Port", "calibre": "9x19"}
    fields |= {"firearm": "G 7", "kind": "test_fire", "reason": "a case", "scope": "country"}
    client.post("/draft/enrol", id=sent, exhibit="X7", event="E7", **fields)
    for event, name in (("E7", "JAM-2025-0051-1"), ("E8", "JAM-2026-0012-1")):
        other = send(client, (sample_dir / f"{name}.x3p").read_bytes(), f"{name}.x3p")
        draft = client.get(f"/draft?id={other}").text
        filled = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]+)"', draft))
        assert [text for text in fields.values() if text in filled.values()] == []
        assert not re.search(r"<option[^>]* selected", draft)
        client.post("/draft/enrol", id=other, exhibit=name, event=event)
    with Vault.open(network / "JAM", read_only=True) as vault:
        same, new = (vault.exhibit(one).event for one in ("JAM-2025-0051-1", "JAM-2026-0012-1"))
    assert (same.case_number, same.date, same.place) == ("C 7", "2026-05-03", "Port")
    assert (new.case_number, new.date, new.place) == ("", "", "")


def test_what_enrolment_says_stands_on_the_page_that_follows(client, sample_dir, sent):
    """Whether that is the next file, the list of files, or the list of a search."""
    said = "calibre &#39;9 mm&#39; is not in the table of calibres"
    second = send(client, (sample_dir / "JAM-2025-0051-1.x3p").read_bytes(), "second.x3p")
    third = send(client, (sample_dir / "JAM-2026-0012-1.x3p").read_bytes(), "third.x3p")
    done = client.post("/draft/enrol", id=sent, exhibit="X7", event="E7", calibre="9 mm")
    assert "<h1>Enrol second.x3p</h1>" in done.text
    assert f"{OTHER}.x3p is enrolled as X7: breech face usable" in done.text
    assert said in done.text
    fields = {"exhibit": "X-7", "event": "E7", "calibre": "9 mn", "scope": "country"}
    searched = listed(client, client.post("/draft/enrol", id=second, **fields))
    assert "<h1>Enrol" not in searched.text
    assert said.replace("mm", "mn") in searched.text
    assert "exhibit &#39;X-7&#39; looks like &#39;X7&#39;" in searched.text
    done = client.post("/draft/enrol", id=third, exhibit="X9", event="E7")
    assert "<h1>Enrol scans</h1>" in done.text
    assert "third.x3p is enrolled as X9" in done.text


def test_what_a_correction_gives_rise_to_is_said_in_the_browser(client):
    fields = {"new_calibre": "9mm Lugar", "reason": "misread"}
    done = client.post("/exhibit/edit", exhibit=QUERY, **fields)
    assert "&#39;9mm Lugar&#39; is not in the table of calibres" in done.text


def test_a_photograph_needs_its_pitch_and_its_light(client, network):
    """Of both nobody knows anything until a person says it."""
    import cv2
    import numpy as np

    grey = np.random.default_rng(3).integers(60, 190, (420, 420)).astype(np.uint8)
    grey = cv2.GaussianBlur(grey, (0, 0), 2.0)
    key = send(client, cv2.imencode(".png", grey)[1].tobytes(), "head.png")
    draft = client.get(f"/draft?id={key}").text
    assert "pitch" in draft
    assert client.post("/draft/read", id=key, pitch="none").status == 400
    read = client.post("/draft/read", id=key, pitch="10,5").text
    assert "420 \N{MULTIPLICATION SIGN} 420 at 10.5 µm" in read
    assert '<option value="ring">' in read
    drawn = outlines({"tool": "circle", "points": [[210, 210]], "radius": 180, "inner": 60})
    said = {"id": key, "exhibit": "P1", "event": "E1", "pitch": "10.5", "outlines": drawn}
    refused = client.post("/draft/enrol", **said)
    assert "the light of a photograph needed" in refused.text
    done = client.post(
        "/draft/enrol", **said, lighting="side", azimuth="90", accept_unusable="test"
    )
    assert "enrolled as P1" in done.text, re.findall(r'role="alert">([^<]+)', done.text)
    with Vault.open(network / "JAM", read_only=True) as vault:
        (mark,) = vault.marks_of("P1")
    assert mark.scan.lighting == "side 90"
    stated = io.BytesIO()
    Image.fromarray(grey).save(stated, "PNG", dpi=(2540, 2540))
    following = client.get(f"/draft?id={send(client, stated.getvalue(), 'next.png')}").text
    assert "420 \N{MULTIPLICATION SIGN} 420 at 10 µm" in following
    assert 'name="pitch" inputmode="decimal" value=""' in following, "not that of the file before"
    assert 'value="side" selected' not in following


def test_marks_are_redone(client, network):
    page = client.get(f"/exhibit?name={QUERY}")
    (link,) = page.links("/redo")
    redo = client.get(link)
    assert client.get(redo.links("/scan.png")[0]).body[:4] == b"\x89PNG"
    fields = dict(
        re.findall(r'<input type="hidden" name="(exhibit|scan)" value="([^"]*)">', redo.text)
    )
    judged = json.loads(client.post("/redo/judge", **fields, outlines=outlines(CIRCLE)).body)
    assert judged["marks"][0]["origin"] == "outlined"
    nothing = client.post("/redo/done", **fields, reason="because")
    assert (nothing.status, "found nothing new" in nothing.text) == (400, True)
    both = client.post("/redo/done", **fields, reason="x", cast="yes", outlines=outlines(CIRCLE))
    assert "an outline or a cast needed, found both" in both.text
    done = client.post("/redo/done", **fields, reason="drawn wrongly", outlines=outlines(CIRCLE))
    assert "outlined by hand" in done.text
    with Vault.open(network / "JAM", read_only=True) as vault:
        assert vault.audit_log()[-1].action == "redo"
        assert vault.check().problems == ()


@pytest.mark.parametrize("reached", [True, False], ids=["over a line", "without one"])
def test_members_that_have_the_exhibit_are_told_of_a_correction_and_the_page_says_so(
    client, network, reached
):
    with Vault.open(network / "JAM") as vault:
        said = {"who": "A. Brown", "reason": "joint case"}
        release_exhibit(vault, QUERY, "BLZ", Scope.CLUSTER, original=False, **said)
    if not reached:
        shutil.move(network / "BLZ", network / "gone")
    outcome = "BLZ: told" if reached else "BLZ: not told yet: "
    place = dict(re.findall(r'name="(exhibit|scan)" value="([^"]*)">', redo_page(client).text))
    assert "are told that its marks are others" in redo_page(client).text
    redone = client.post("/redo/done", **place, reason="wrongly", outlines=outlines(CIRCLE))
    edited = client.post("/exhibit/edit", exhibit=QUERY, new_place="Kingston", reason="misspelt")
    for done in (redone, edited):
        assert f'<p class="notice" role="status">{outcome}' in done.text
    with Vault.open(network / ("BLZ" if reached else "gone"), read_only=True) as vault:
        rows = [row.action for row in vault.audit_log() if row.action == "receive correction"]
    assert len(rows) == 2 * reached


def redo_page(client):
    return client.get(client.get(f"/exhibit?name={QUERY}").links("/redo")[0])


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ({"name": "../../etc/passwd", "at": "0", "size": "4"}, 200, ""),
        ({"name": "", "at": "0", "size": "4"}, 400, "the name of a file needed"),
        ({"name": ".hidden", "at": "0", "size": "4"}, 400, "the name of a file needed"),
        ({"name": "a.x3p", "at": "1", "size": "4"}, 400, "from byte 0 on needed"),
        ({"name": "a.x3p", "at": "0", "size": "3"}, 400, "from byte 0 on needed"),
        ({"name": "a.x3p", "at": "0", "size": str(1 << 40)}, 400, "at most 256 MiB needed"),
        ({"name": "a.x3p", "at": "x", "size": "4"}, 400, "a part of a file needed"),
        ({"name": "a.x3p", "at": "0", "size": "4", "id": "guess"}, 404, "one of this session"),
    ],
)
def test_parts_that_cannot_be(client, said, status, why):
    answer = client.post("/entry/part", data=base64.b64encode(b"1234").decode(), **said)
    assert (answer.status, why in answer.text) == (status, True), answer.text
    if status == 200:
        assert ">passwd</a>" in client.get("/entry").text


@pytest.mark.parametrize("byte", [b"\xff", b"\xfb\xef\xbe", b"\0"])
def test_a_part_of_any_bytes_fits_into_a_form(client, byte):
    """As the script writes them, no letter of a part grows on its way."""
    content = (byte * PART_BYTES)[:PART_BYTES]
    data = base64.urlsafe_b64encode(content).decode()
    answer = client.post("/entry/part", name="a.x3p", at="0", size=str(len(content)), data=data)
    assert answer.status == 200, answer.text
    assert json.loads(answer.body)["received"] == PART_BYTES


def test_what_is_no_base64_is_refused(client):
    answer = client.post("/entry/part", name="a.x3p", at="0", size="4", data="%%%%")
    assert (answer.status, "a part of a file needed" in answer.text) == (400, True)


def test_damaged_files_are_said_to_be_so(client, sample_dir):
    """Each answer is a page or JSON that says why; the server goes on."""
    whole = (sample_dir / f"{OTHER}.x3p").read_bytes()
    pictures = [one.data for one in image_files()[::40]]
    for number, content in enumerate([whole[:900], b"\0" * 50, whole[::-1][:3000], *pictures]):
        key = send(client, content, f"d{number}.x3p")
        facts = json.loads(client.get(f"/entry/found?id={key}").body)
        assert facts["problem"] or facts["marks"]
        assert client.get(f"/draft?id={key}").status == 200
    assert client.get("/entry").status == 200


def test_a_file_that_is_not_whole_is_not_read(client):
    data = base64.b64encode(b"1234").decode()
    answer = client.post("/entry/part", name="a.x3p", at="0", size="9", data=data)
    key = json.loads(answer.body)["id"]
    assert client.get(f"/draft?id={key}").status == 400
    dead_end = client.get(f"/draft?id={key}").text
    assert "all of the file needed, found 4 of 9 bytes" in dead_end
    assert "send it again on the page Enrol" in dead_end
    listed = client.get("/entry")
    assert listed.links(f"/draft?id={key}") == []
    assert "44 %: send it again if it was cut off" in listed.text


def test_a_file_that_was_cut_off_and_is_sent_again_stands_once(client, sample_dir):
    content = (sample_dir / f"{OTHER}.x3p").read_bytes()
    data = base64.b64encode(content[:9000]).decode()
    part = {"at": "0", "size": str(len(content)), "data": data}
    cut_off = json.loads(client.post("/entry/part", name="a.x3p", **part).body)["id"]
    other = json.loads(client.post("/entry/part", name="b.x3p", **part).body)["id"]
    whole = send(client, content, "a.x3p")
    listed = client.get("/entry").text
    assert cut_off not in listed
    assert listed.count(f'data-id="{whole}"') == listed.count(f'data-id="{other}"') == 1


def test_a_whole_file_that_is_sent_twice_is_recognised(client, network, sample_dir, sent):
    content = (sample_dir / f"{OTHER}.x3p").read_bytes()
    assert send(client, content, "the same.x3p") == sent
    assert "the same.x3p" not in client.get("/entry").text
    client.post("/draft/enrol", id=sent, exhibit="X7", event="E7")
    assert send(client, content, "once more.x3p") == sent
    changed = content[:-1] + bytes([content[-1] ^ 1])
    assert send(client, changed, "changed.x3p") != sent


def test_a_pitch_is_asked_for_where_it_is_what_is_missing(client):
    text = send(client, b"no picture at all\n" * 40, "notes.txt")
    assert "Read it so" not in client.get(f"/draft?id={text}").text
    assert "Forget the file" in client.get(f"/draft?id={text}").text
    bare = io.BytesIO()
    Image.new("L", (420, 420)).save(bare, "PNG")
    picture = send(client, bare.getvalue(), "head.png")
    assert "Read it so" in client.get(f"/draft?id={picture}").text
    wrong = client.post("/draft/read", id=picture, pitch="9000").text
    assert "Read it so" in wrong


def test_a_file_is_forgotten(client, sent):
    assert sent in client.get("/entry").text
    assert sent not in client.post("/entry/drop", id=sent).text
    assert client.get(f"/draft?id={sent}").status == 404


def test_read_only_enrols_nothing(network):
    with served(state(network, read_only=True)) as client:
        client.enter()
        assert "Read only" in client.get("/entry").text
        assert client.post("/entry/part", name="a", at="0", size="4", data="").status == 403
