"""The one entrance to a vault by line: who is answered, what attacks come to, what the log has."""

from __future__ import annotations

import json
import random
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from mutations import mutated
from search_makers import PARAMS_ID, ask, make_query
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Candidate, Filters, Scope
from ribin.crypto.keys import PrivateKey
from ribin.errors import AccessError, FormatError, NoAnswerError, ParameterError, RibinError
from ribin.exchange import message
from ribin.exchange.carrier import Delivery, Way
from ribin.exchange.line import Line, prepare
from ribin.exchange.looks import ProvenanceStatement
from ribin.exchange.message import Envelope, MessageKind, new_id, seal_content
from ribin.exchange.questions import (
    CountsAnswer,
    CountsQuestion,
    RowStatement,
    SearchAnswer,
    request_of,
    search_question,
)
from ribin.model import Provenance
from ribin.services.answers import answer
from ribin.services.inbox import allow_question, refuse_question
from ribin.vault.agreements import Agreement, agree, agreements_of
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.messages import questions_held
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")
WHO = "ann"


class Straight:
    """A carrier that keeps what it carries, and may change it."""

    way = Way.LINE

    def __init__(self, vault, delivery=Delivery(Way.LINE)):  # noqa: B008
        self.vault, self.delivery = vault, delivery
        self.questions: list[bytes] = []
        self.alter = lambda raw: raw

    def send(self, raw, deadline_s):
        self.questions.append(raw)
        return self.alter(answer(self.vault, raw, self.delivery))


class Owner:
    """BLZ with an exhibit of every level, and JAM's line to it."""

    def __init__(self, folder):
        self.vault = Vault.create(folder / "BLZ", "BLZ", WHO)
        make_key(self.vault, WHO)
        self.key, self.jam = own_key(self.vault), PrivateKey.make("JAM")
        trust_key(self.vault, self.jam.public, WHO, "read out by telephone")
        for seed, level in enumerate(Scope):
            enrol(self.vault, seed, make_exhibit(f"BLZ-{level}", level), params_id=PARAMS_ID)
        self.carrier = Straight(self.vault)
        self.line = Line("JAM", "BLZ", self.carrier, lambda: self.jam, lambda: [self.key.public])

    def agree(self, **fields):
        agreed = Agreement("JAM", **{"scope": Scope.CLUSTER, **fields})
        return agree(self.vault, agreed, self.key, WHO, "treaty of 2026")

    def ask(self, who="bob"):
        return self.line.ask(MessageKind.COUNTS, CountsQuestion(who), CountsAnswer)

    def search(self, scope=Scope.CLUSTER, **fields):
        body = search_question(make_query(), ask("JAM", scope, **fields), "BLZ")
        return self.line.ask(MessageKind.SEARCH, body, SearchAnswer).content

    def actions(self):
        return [row.action for row in self.vault.audit_log()]


@pytest.fixture
def blz(tmp_path):
    made = Owner(tmp_path)
    yield made
    assert made.vault.check().clean
    made.vault.close()


def test_only_whom_the_owner_agreed_with_is_answered(blz):
    with pytest.raises(AccessError, match="BLZ: an agreement with JAM needed, found none") as error:
        blz.ask()
    assert "ribin network agree JAM" in error.value.hint
    blz.agree()
    assert blz.ask().content.exhibits == 2
    blz.agree(ended=True)
    with pytest.raises(AccessError, match="an agreement with JAM needed, it ended"):
        blz.ask()
    assert agreements_of(blz.vault)["JAM"].ended
    assert blz.actions().count("agree") == 2


def test_a_cluster_that_the_asker_claims_counts_for_nothing(blz):
    blz.agree(scope=Scope.NETWORK)
    assert blz.ask().content.scope is Scope.NETWORK
    with pytest.raises(AccessError, match="scope cluster: scope network needed to ask this member"):
        blz.search(Scope.CLUSTER)
    assert len(blz.search(Scope.NETWORK).rows) == 1  # what is shared with the network alone
    blz.agree(scope=Scope.CLUSTER)
    assert len(blz.search(Scope.CLUSTER).rows) == 2


def test_a_question_and_its_answer_are_logged_with_signature_and_hash(blz):
    blz.agree()
    before = len(blz.vault.audit_log())
    body = search_question(make_query(), ask("JAM", Scope.CLUSTER), "BLZ")
    found = blz.line.ask(MessageKind.SEARCH, body, SearchAnswer)
    question, told = blz.vault.audit_log()[before:]
    assert (question.action, told.action) == ("question", "answer")
    assert told.details["answer_sha256"] == found.sha256
    raw = msgspec.msgpack.decode(blz.carrier.questions[-1], type=Envelope)
    assert question.details["signature"] == raw.signature.hex()
    assert question.details["body_sha256"] == raw.body_sha256
    assert question.details["message"] == told.details["message"] == raw.id
    assert (question.who, question.reason) == ("examiner", "a shooting")


def test_asked_again_it_gets_the_stored_answer_and_no_second_row(blz):
    blz.agree()
    asked = prepare(MessageKind.COUNTS, CountsQuestion("bob"))
    first = blz.line.send(asked, CountsAnswer, 30)
    rows = blz.vault.audit_log()
    enrol(blz.vault, 77, make_exhibit("BLZ-new", Scope.CLUSTER), params_id=PARAMS_ID)
    assert blz.line.send(asked, CountsAnswer, 30) == first
    assert [r.action for r in blz.vault.audit_log()[len(rows) :]] == ["enrol"]
    other = replace(asked, content=msgspec.msgpack.encode(CountsQuestion("eve")))
    with pytest.raises(AccessError, match="an id of its own needed, found one used before"):
        blz.line.send(other, CountsAnswer, 30)
    assert blz.ask().content.exhibits == 3


def test_what_was_caught_on_a_line_is_of_no_use_later(blz, monkeypatch):
    blz.agree()
    blz.ask()
    (raw,) = blz.carrier.questions
    rows = len(blz.vault.audit_log())
    again = answer(blz.vault, raw)  # at once: the same answer, and the log has no second row
    assert len(blz.vault.audit_log()) == rows
    assert again == answer(blz.vault, raw)
    with monkeypatch.context() as later:
        now = datetime.now(UTC)

        class Later(datetime):
            @classmethod
            def now(cls, zone=None):
                return now + timedelta(minutes=11)

        later.setattr("ribin.exchange.message.datetime", Later)
        for way, refused in ((Way.LINE, True), (Way.BUNDLE, False)):
            kind = msgspec.msgpack.decode(answer(blz.vault, raw, Delivery(way)), type=Envelope).kind
            assert (kind is MessageKind.REFUSAL) == refused
    assert len(blz.vault.audit_log()) == rows


@pytest.mark.parametrize("attack", ["stranger", "in anothers name", "to another", "unsigned"])
def test_what_is_not_of_who_it_says_is_not_even_logged(blz, attack):
    blz.agree()
    content = msgspec.msgpack.encode(CountsQuestion("eve"))
    eve = PrivateKey.make("USA" if attack == "stranger" else "JAM")
    sender, receiver = eve.member, "BRB" if attack == "to another" else "BLZ"
    key = blz.jam if attack == "to another" else eve
    raw = seal_content(MessageKind.COUNTS, content, key, sender, receiver, new_id())
    if attack == "unsigned":
        made = msgspec.msgpack.decode(raw, type=Envelope)
        raw = msgspec.msgpack.encode(msgspec.structs.replace(made, signature=bytes(64)))
    rows = len(blz.vault.audit_log())
    with pytest.raises(AccessError):
        answer(blz.vault, raw)
    assert len(blz.vault.audit_log()) == rows


def test_a_key_that_is_trusted_no_more_opens_nothing(blz):
    from ribin.vault.keys import end_trust

    blz.agree()
    blz.ask()
    end_trust(blz.vault, "JAM", WHO, "lost")
    with pytest.raises(AccessError, match="a trusted key of JAM needed, found none"):
        blz.ask()


def test_a_member_asks_as_often_as_was_agreed(blz):
    blz.agree(questions_an_hour=3, most_rows=1)
    for _ in range(2):
        blz.ask()
    found = blz.search()
    assert len(found.rows) == 1
    assert found.notes[-1] == "BLZ: the first 1 of 2 rows, as agreed"
    with pytest.raises(AccessError, match="at most 3 questions of JAM an hour agreed, found 3"):
        blz.ask()


def test_a_question_that_is_refused_counts_as_asked(blz):
    blz.agree(questions_an_hour=2)
    for _ in range(2):
        with pytest.raises(AccessError, match="scope country: scope cluster needed"):
            blz.search(Scope.COUNTRY)
    with pytest.raises(AccessError, match="at most 2 questions of JAM an hour agreed, found 2"):
        blz.ask()


def test_a_question_may_wait_for_a_person(blz):
    blz.agree(hold=True)
    asked = prepare(MessageKind.COUNTS, CountsQuestion("bob"))
    for _ in range(2):
        with pytest.raises(NoAnswerError, match="the question waits until a person there agrees"):
            blz.line.send(asked, CountsAnswer, 30)
    (held,) = questions_held(blz.vault)
    assert (held.sender, held.who, held.id) == ("JAM", "bob", asked.id)
    assert "count" not in blz.actions()
    allow_question(blz.vault, asked.id[:8], WHO, "a joint case")
    assert questions_held(blz.vault) == []
    assert blz.line.send(asked, CountsAnswer, 30).content.exhibits == 2
    other = prepare(MessageKind.COUNTS, CountsQuestion("bob"))
    with pytest.raises(NoAnswerError):
        blz.line.send(other, CountsAnswer, 30)
    refuse_question(blz.vault, other.id, WHO, "no such case")
    with pytest.raises(AccessError, match="BLZ refused the question: no such case"):
        blz.line.send(other, CountsAnswer, 30)
    with pytest.raises(RibinError, match="a question that waits needed, found none"):
        allow_question(blz.vault, other.id, WHO, "after all")


def test_the_command_lists_what_waits_and_takes_a_word_on_it(blz, ribin):
    blz.agree(hold=True)
    asked = prepare(MessageKind.COUNTS, CountsQuestion("bob"))
    own = ("--vault", blz.vault.path, "--who", WHO)
    assert ribin("node", "inbox", *own).out == "no question waits\n"
    with pytest.raises(NoAnswerError):
        blz.line.send(asked, CountsAnswer, 30)
    assert asked.id[:12] in ribin("node", "inbox", *own).out
    (told,) = json.loads(ribin("node", "inbox", "--json", *own).out)["questions"]
    assert (told["id"], told["sender"], told["kind"]) == (asked.id, "JAM", "counts")
    for words in ((asked.id[:6],), ("--allow",), (asked.id[:6], "--allow", "--refuse")):
        assert ribin("node", "inbox", *words, *own).code == 2
    assert ribin("node", "inbox", asked.id[:6], "--allow", *own).code == 2  # no reason
    done = ribin("node", "inbox", asked.id[:6], "--allow", "--reason", "joint case", *own)
    assert (done.code, "is answered when it is asked again" in done.out) == (0, True), done.err
    assert blz.line.send(asked, CountsAnswer, 30).content.exhibits == 2
    assert "question allowed" in blz.actions()


def test_other_parameters_are_named_with_the_version(blz):
    blz.agree()
    body = search_question(make_query(params_id="fedcba987654"), ask("JAM", Scope.CLUSTER), "BLZ")
    with pytest.raises(
        ParameterError, match=r"BLZ: a template made with parameters .* \(ribin .*\)"
    ):
        blz.line.ask(MessageKind.SEARCH, body, SearchAnswer)


def test_what_a_vault_says_of_its_files_stays_at_home(blz, monkeypatch):
    blz.agree()

    def refuse(*_):
        from ribin.errors import StoreError

        raise StoreError(f"{blz.vault.path}/secret: cannot be read")

    monkeypatch.setattr("ribin.services.replies.answer_search", refuse)
    with pytest.raises(RibinError, match="BLZ cannot answer now") as error:
        blz.search()
    assert "secret" not in str(error.value)
    assert blz.actions()[-1] == "refused"
    assert "secret" in blz.vault.audit_log()[-1].details["why"]


def test_a_program_that_breaks_is_logged_and_may_be_asked_again(blz, monkeypatch):
    blz.agree()
    asked = prepare(MessageKind.COUNTS, CountsQuestion("bob"))
    with monkeypatch.context() as broken:
        broken.setattr("ribin.services.replies.as_seen_by", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            blz.line.send(asked, CountsAnswer, 30)
    assert blz.vault.audit_log()[-1].details["why"] == "ZeroDivisionError"
    assert blz.line.send(asked, CountsAnswer, 30).content.exhibits == 2


def test_every_fact_of_a_request_and_of_a_row_crosses():
    filters = Filters(
        "9x19", "2025-01-01", "2025-02-01", None, "round", "arced", "S&B", "Glock", "17"
    )
    request = ask("JAM", Scope.CLUSTER, filters=filters, full=True, top=7)
    request = replace(request, leave_out=(("BLZ", "x-1"),), anchor="ab" * 32, query="cd" * 32)
    assert request_of(search_question(make_query(), request, "BLZ"), "JAM", "BLZ") == request
    own = {"rank", "member", "mark"}  # known to the asker
    assert {*RowStatement.__struct_fields__} == {*Candidate.__dataclass_fields__} - own
    made = {*Provenance.__dataclass_fields__}
    assert {*ProvenanceStatement.__struct_fields__} == made


def test_a_purge_takes_stored_answers_along_and_originals_are_never_stored(blz):
    from ribin.exchange.questions import OriginalAnswer, OriginalQuestion
    from ribin.vault.retention import purge_exhibit
    from ribin.vault.sharing import release_exhibit

    blz.agree()
    said = {"who": WHO, "reason": "joint case"}
    release_exhibit(blz.vault, "BLZ-network", "JAM", Scope.CLUSTER, original=True, **said)
    asked = prepare(MessageKind.ORIGINAL, OriginalQuestion("BLZ-network", "bob", "murder"))
    for _ in range(2):  # given again, the log has it again
        files = blz.line.send(asked, OriginalAnswer, 30).content.files
    assert (len(files), blz.actions().count("original")) == (1, 2)
    blz.search()
    with blz.vault.catalogue.reading() as db:
        query = "SELECT kind, length(answer) > 0 FROM questions ORDER BY at"
        assert [tuple(row) for row in db.execute(query)] == [("original", 0), ("search", 1)]
    purge_exhibit(blz.vault, "BLZ-network", **said)
    with blz.vault.catalogue.reading() as db:
        assert db.execute("SELECT count(*) FROM questions").fetchone()[0] == 0
    with pytest.raises(AccessError, match="whose original BLZ has released"):
        blz.line.send(asked, OriginalAnswer, 30)


def test_2000_mutated_questions_write_nothing_and_500_mutated_answers_tell_nothing(blz, counted):
    """Of the questions half are signed again after the body was mutated: what a member itself
    might send. Those are logged where they can be read at all."""
    blz.agree(questions_an_hour=1_000_000)
    rng = random.Random(15)
    body = search_question(make_query(), ask("JAM", Scope.CLUSTER), "BLZ")
    content = msgspec.msgpack.encode(body)
    raw = seal_content(MessageKind.SEARCH, content, blz.jam, "JAM", "BLZ", new_id())
    rows, refused, signed = len(blz.vault.audit_log()), 0, 0
    tracemalloc.start()
    for number in range(2000):
        if number % 2:
            bad = mutated(raw, rng)
            if bad == raw:
                continue
            with pytest.raises((FormatError, AccessError)) as error:
                answer(blz.vault, bad)
            assert "\n" not in str(error.value)
            refused += 1
        else:
            head, tail = content[:40], content[40:]  # the names of fields are mutated more often
            changed = mutated(content, rng) if rng.randrange(2) else mutated(head, rng) + tail
            told = seal_content(MessageKind.SEARCH, changed, blz.jam, "JAM", "BLZ", new_id())
            made = msgspec.msgpack.decode(answer(blz.vault, told), type=Envelope)
            assert made.kind in (MessageKind.REFUSAL, MessageKind.ANSWER)
            signed += made.kind is MessageKind.REFUSAL
        if number == 999:
            assert "answer" not in blz.actions()[rows:] or signed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
    assert signed > 900
    logged = blz.actions()[rows:]
    assert logged.count("question") == logged.count("refused") + logged.count("answer")
    found = blz.line.ask(MessageKind.SEARCH, body, SearchAnswer)
    told = 0
    for _ in range(500):
        blz.carrier.alter = lambda good: mutated(good, rng)
        try:
            again = blz.line.ask(MessageKind.SEARCH, body, SearchAnswer)
            assert again.content.rows == found.content.rows  # nothing was changed after all
        except (FormatError, AccessError) as error:
            told += "\n" not in str(error)
    counted(
        f"{refused} mutated questions and {told} mutated answers refused; {signed} signed ones, "
        f"{peak >> 10} kB at most"
    )
    assert told > 490
    assert message.VERSION == 1
