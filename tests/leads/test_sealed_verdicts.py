"""A first verdict crosses as its salted hash, its content only after the second one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import msgspec
import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref

from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis, ReviewRound
from ribin.cases.record import RecordKind, body_sha256
from ribin.errors import StoreError
from ribin.exchange.carrier import FolderCarrier
from ribin.exchange.lead_statements import LeadStatement
from ribin.leads.both_sides import BothSides
from ribin.leads.entries import MOST_REVIEWS
from ribin.leads.merge import merge_stated, sync_leads
from ribin.leads.rules import status_of
from ribin.leads.statements import TheirSide, state_leads
from ribin.leads.steps import close_lead, give_review, take_up_lead
from ribin.leads.text import lead_page, view_lead
from ribin.vault.backup import back_up
from ribin.vault.leads import find_lead, read_words
from ribin.vault.records import insert_version
from ribin.vault.rows import logged_sha256
from ribin.vault.sharing import pseudonym

LEAD = "JAM-BLZ-L1"
NOTE = "parallel striae at four o'clock"
SAME = Conclusion.IDENTIFICATION


@pytest.fixture
def messages(monkeypatch):
    """The bytes of every question and answer between the two members, as they are carried."""
    carried: list[bytes] = []
    send = FolderCarrier.send

    def heard(self, raw, deadline_s):
        carried.append(raw)
        carried.append(send(self, raw, deadline_s))
        return carried[-1]

    monkeypatch.setattr(FolderCarrier, "send", heard)
    return carried


@pytest.fixture
def lead(jam, blz, network):
    with blz.catalogue.reading() as db:
        other = exhibit_ref(f"BLZ:{pseudonym(db, 'BLZ-1')}")
    take_up_lead(jam, network, exhibit_ref("JAM:JAM-1"), other, who=EXAMINER, note="alike")


def review(vault, who, network, conclusion=SAME, note=NOTE, **more):
    verdict = (conclusion, ReviewBasis.CAST)
    return give_review(vault, network, LEAD, *verdict, who=who, note=note, **more)


def known_at(vault):
    with vault.catalogue.reading() as db:
        return find_lead(db, LEAD)


def contents_at(vault):
    with vault.catalogue.reading() as db:
        return [one for one in read_words(db, LEAD) if one.kind is RecordKind.VERDICT]


def statement_of(vault, receiver) -> bytes:
    with vault.catalogue.reading() as db:
        (stated,) = state_leads(vault, db, receiver, [LEAD]).leads
    return stated


def receive(vault, sender, stated: bytes) -> tuple[int, list[str]]:
    """How many entries a vault takes of what a member states, and what it says of it."""
    side = TheirSide.of(sender, [stated])
    with vault.catalogue.writing() as db:
        both = BothSides(vault, db, SECOND, sender, {sender: side}, list(side.notes))
        return merge_stated(both), both.notes


def test_the_content_is_in_no_message_and_no_file_before_the_second_verdict(
    jam, blz, network, lead, messages
):
    review(jam, EXAMINER, network)
    review(jam, EXAMINER, network, note=f"again, {NOTE}", supersede=True)
    for vault in (jam, blz):
        sync_leads(vault, network, who=SECOND)
    salts = [one.body["salt"] for one in contents_at(jam)]
    hidden = [NOTE, *(str(one) for one in Conclusion), str(ReviewBasis.CAST), *salts]
    files = [file.read_bytes() for file in blz.path.rglob("*") if file.is_file()]
    assert len(messages) > 8
    assert any(LEAD.encode() in raw for raw in messages)
    for raw in messages:
        assert [text for text in hidden if text.encode() in raw] == []
    for text in (NOTE, *salts):
        assert not any(text.encode() in file for file in files)
    assert [(r.conclusion, r.note) for r in known_at(blz).reviews] == [(None, "")] * 2
    assert contents_at(blz) == []
    before = len(messages)
    step = review(blz, THIRD, network, note="seen")
    assert (step.link_made, step.standing) == (True, LeadStatus.CONFIRMED_LINK)
    assert any(NOTE.encode() in raw for raw in messages[before:])  # so that the search can fail
    assert known_at(jam) == known_at(blz)
    assert jam.check().clean
    assert blz.check().clean


def test_the_hash_is_in_the_own_log_and_rests_on_the_salt(jam, blz, network, lead):
    review(jam, EXAMINER, network)
    (mine,), (theirs,), (content,) = known_at(jam).reviews, known_at(blz).reviews, contents_at(jam)
    text = json.dumps(content.body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == theirs.content_sha256
    assert len(bytes.fromhex(content.body["salt"])) == 32
    known = ("review", "lead", "place", "blind", "reviewer", "member", "at", "supersedes")
    assert [getattr(theirs, name) for name in known] == [getattr(mine, name) for name in known]
    logged = []
    for vault in (jam, blz):
        with vault.catalogue.reading() as db:
            logged.append(logged_sha256(db, f"reviews/{mine.review}"))
    assert logged[0] == logged[1] is not None


CHANGES = [
    {"conclusion": "elimination"},
    {"examined": "items"},
    {"note": "another"},
    {"salt": "00" * 32},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_verdict_that_was_changed_is_refused(jam, blz, network, lead, change):
    review(jam, EXAMINER, network)
    review(blz, THIRD, None, note="seen")  # JAM is out of reach: it opens its own later
    assert status_of(before := known_at(blz)) is LeadStatus.FIRST_VERDICT_SEALED
    assert "its content has not come yet" in lead_page(view_lead(blz, before, THIRD))
    receive(jam, "BLZ", statement_of(blz, "JAM"))
    opened = msgspec.msgpack.decode(statement_of(jam, "BLZ"), type=LeadStatement)
    (first,) = [w for w in opened.words if (w.kind, w.member) == (RecordKind.VERDICT, "JAM")]
    body = json.dumps(json.loads(first.body) | change)
    words = [msgspec.structs.replace(w, body=body) if w is first else w for w in opened.words]
    changed = msgspec.structs.replace(opened, words=tuple(words))
    taken, notes = receive(blz, "JAM", msgspec.msgpack.encode(changed))
    why = "it differs from the salted hash that came first"
    assert f"BLZ: content of {LEAD}/JAM1 not taken from JAM: {why}" in notes
    after = known_at(blz)
    assert (after.reviews[0], after.link) == (before.reviews[0], None)
    taken, notes = receive(blz, "JAM", msgspec.msgpack.encode(opened))  # as it was given
    assert (taken, notes) == (1, [])
    assert known_at(blz).linked
    assert blz.check().clean


def test_another_hash_of_a_known_verdict_is_refused(jam, blz, network, lead):
    review(jam, EXAMINER, network)
    stated = msgspec.msgpack.decode(statement_of(jam, "BLZ"), type=LeadStatement)
    (first,) = stated.reviews
    assert stated.words == ()
    other = msgspec.structs.replace(first, content_sha256="0" * 64)
    changed = msgspec.structs.replace(stated, reviews=(other,))
    before = known_at(blz)
    with pytest.raises(StoreError, match="the two members know different ones by it"):
        receive(blz, "JAM", msgspec.msgpack.encode(changed))
    taken, (note,) = receive(jam, "BLZ", msgspec.msgpack.encode(changed))
    assert (taken, f"review {LEAD}/JAM1 not taken" in note) == (0, True)
    assert known_at(blz) == before


@pytest.mark.parametrize(
    "change",
    [{"place": "second"}, {"content_sha256": "x"}, {"review": "JAM-L9/JAM1"}],
    ids=lambda change: "-".join(f"{name}_{text}" for name, text in change.items()),
)
def test_what_is_no_sealed_first_verdict_is_not_taken(jam, blz, network, lead, change):
    review(jam, EXAMINER, None)
    stated = msgspec.msgpack.decode(statement_of(jam, "BLZ"), type=LeadStatement)
    (first,) = stated.reviews
    first = msgspec.structs.replace(first, **change)
    vouched = (*stated.vouched, f"reviews/{first.review}")
    forged = msgspec.structs.replace(stated, reviews=(first,), vouched=vouched)
    taken, notes = receive(blz, "JAM", msgspec.msgpack.encode(forged))
    assert (taken, len(notes)) == (0, 1)
    assert known_at(blz).reviews == ()


SECONDS = {
    "another hash": ({"content_sha256": "ab" * 32}, {}),
    "no data": ({}, {"body": "{}"}),
    "another person's": ({}, {"person": EXAMINER}),
    "a reason": ({}, {"reason": "so"}),
    "no moment": ({}, {"at": "soon"}),
    "a month that is none": ({"at": "2026-13-01T00:00:00+00:00"}, {}),
    "a long name": ({"reviewer": "x" * 201}, {"person": "x" * 201}),
}


@pytest.mark.parametrize("name", SECONDS)
def test_a_second_verdict_whose_content_is_not_its_own_opens_nothing(jam, blz, network, lead, name):
    """BLZ lies: it would be told the first verdict for one that it never gave."""
    review(jam, EXAMINER, network)
    review(blz, THIRD, None, note="seen")  # JAM is out of reach
    honest = msgspec.msgpack.decode(statement_of(blz, "JAM"), type=LeadStatement)
    of_review, of_content = SECONDS[name]
    (word,) = honest.words
    change = msgspec.structs.replace
    word = change(word, **of_content)
    if "body" in of_content:
        of_review = {"content_sha256": body_sha256({})}
        word = change(word, body_sha256=of_review["content_sha256"])
    reviews = [change(r, **of_review) if r.member == "BLZ" else r for r in honest.reviews]
    lie = change(honest, reviews=tuple(reviews), words=(word,))
    taken, notes = receive(jam, "BLZ", msgspec.msgpack.encode(lie))
    assert taken == 0
    assert any(f"review {LEAD}/BLZ1 not taken from BLZ" in note for note in notes)
    assert NOTE.encode() not in statement_of(jam, "BLZ")
    assert jam.check().clean
    assert receive(jam, "BLZ", statement_of(blz, "JAM")) == (2, [])
    assert NOTE.encode() in statement_of(jam, "BLZ")  # so that the search can fail


BODIES = [{}, {"lead": "JAM-BLZ-L2"}, {"lead": ["x"]}, {"lead": LEAD, "more": 1}]


@pytest.mark.parametrize("body", BODIES, ids=json.dumps)
def test_a_word_whose_body_is_not_of_its_kind_is_not_kept(jam, blz, network, lead, body):
    """It could never be taken away again, and the check of the own vault would name it for ever."""
    close_lead(blz, None, LEAD, who="head", reason="opened by mistake")
    honest = msgspec.msgpack.decode(statement_of(blz, "JAM"), type=LeadStatement)
    (word,) = honest.words
    odd = msgspec.structs.replace(word, body=json.dumps(body), body_sha256=body_sha256(body))
    lie = msgspec.structs.replace(honest, words=(odd,))
    taken, (note,) = receive(jam, "BLZ", msgspec.msgpack.encode(lie))
    assert (taken, f"closure {LEAD}/BLZ not taken from BLZ" in note) == (0, True)
    assert jam.check().clean
    assert receive(jam, "BLZ", statement_of(blz, "JAM")) == (1, [])


def test_a_member_gives_so_many_verdicts_on_a_lead(jam, blz, network, lead):
    review(blz, EXAMINER, None)
    stated = msgspec.msgpack.decode(statement_of(blz, "JAM"), type=LeadStatement)
    (first,) = stated.reviews
    names = [f"{LEAD}/BLZ{n}" for n in range(1, MOST_REVIEWS + 2)]
    over = ["", *names]
    reviews = [
        msgspec.structs.replace(first, review=name, supersedes=before)
        for name, before in zip(names, over, strict=False)
    ]
    vouched = (*stated.vouched, *(f"reviews/{name}" for name in names))
    many = msgspec.structs.replace(stated, reviews=tuple(reviews), vouched=vouched)
    taken, (note,) = receive(jam, "BLZ", msgspec.msgpack.encode(many))
    assert taken == MOST_REVIEWS
    assert f"review {names[-1]} not taken from BLZ: at most {MOST_REVIEWS} verdicts" in note
    assert jam.check().clean


def test_a_content_put_into_the_own_vault_by_other_means_is_found(jam, blz, network, lead):
    review(jam, EXAMINER, network)
    (content,) = contents_at(jam)
    body = {**content.body, "conclusion": "elimination"}
    with blz.catalogue.writing() as db:
        forged = replace(content, body=body, body_sha256=body_sha256(body))
        both = BothSides(blz, db, SECOND, "JAM", {})
        both.log("lead received", LEAD, "", [insert_version(db, forged)], sender="JAM")
    wanted = f"review {content.id}: its content is not what its hash says"
    assert any(wanted in str(problem) for problem in blz.check().problems)
    assert known_at(blz).reviews[0].is_sealed


def test_a_lead_that_is_closed_never_opens_it(jam, blz, network, lead):
    review(jam, EXAMINER, network)
    close_lead(jam, network, LEAD, who="head", reason="opened by mistake")
    sync_leads(blz, network, who=SECOND)
    assert status_of(known_at(blz)) is LeadStatus.CLOSED
    assert [one.note for one in known_at(blz).reviews] == [""]
    assert jam.check().clean
    assert blz.check().clean


@pytest.mark.parametrize("copied", ["BLZ", "JAM"])
def test_a_copy_of_a_vault_that_holds_the_hash_alone_is_no_look(
    tmp_path, jam, blz, network, lead, copied
):
    review(jam, EXAMINER, network)
    quiet = {"reason": "nightly", "on_progress": lambda done, total: None}
    # From the login and the machine that gives the second verdict afterwards.
    back_up({"JAM": jam, "BLZ": blz}[copied], tmp_path / "copy", who="head", **quiet)
    step = review(blz, THIRD, network)
    second = step.history.reviews[-1]
    assert (second.place, second.blind) == (ReviewRound.SECOND, copied == "BLZ")
    assert step.link_made == (copied == "BLZ")


@pytest.mark.parametrize("first", ["JAM", "BLZ"])
def test_a_lead_closed_here_while_the_second_verdict_is_given_there_is_one_at_both(
    jam, blz, network, lead, first
):
    """The second verdict does not count any more; it stays on record at both, with its content."""
    review(jam, EXAMINER, network)
    close_lead(jam, None, LEAD, who="head", reason="the wrong exhibit")
    review(blz, SECOND, None)
    for vault in (jam, blz, jam) if first == "JAM" else (blz, jam, blz):
        _, notes = sync_leads(vault, network, who="head")
        assert notes == ()
    here, there = known_at(jam), known_at(blz)
    assert status_of(here) is status_of(there) is LeadStatus.CLOSED
    assert [one.review for one in here.given] == [one.review for one in there.given]
    assert jam.check().problems == blz.check().problems == ()
