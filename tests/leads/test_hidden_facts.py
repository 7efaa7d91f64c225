"""The differential tester: one hidden fact is changed in one vault, and nothing that another member
can get differs, by search, look, lead, trace, count, error or bundle; in folders and, slow, over
lines. Times are not compared."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from bundle_makers import members_of_bundle
from lead_makers import EXAMINER, SECOND, STAFF
from node_makers import Served, key_of, make_member, served, trust
from search_makers import PARAMS_ID, ask, make_query, search
from vault_makers import COARSE, enrol, make_exhibit

from ribin.cases.exhibits import ExhibitKind, Filters, Grouping, Scope
from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis, Role
from ribin.cases.results import SearchLists
from ribin.crypto.keys import PrivateKey
from ribin.errors import RibinError
from ribin.exchange.carrier import FolderCarrier
from ribin.exchange.send import export_bundle
from ribin.leads.steps import give_review, take_up_lead
from ribin.leads.text import history_table
from ribin.leads.trace import trace_exhibit
from ribin.leads.trace_files import as_graphml
from ribin.model import Mark, Template
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.json import plain_value
from ribin.report.text import lists_value
from ribin.search.context import SearchContext
from ribin.search.network import Network, NetworkMember
from ribin.services.doctor import examine
from ribin.services.lines import connected
from ribin.services.marks import Asker, side_of
from ribin.services.network import member_states
from ribin.services.session import Session
from ribin.services.sharing import write_original
from ribin.vault.leads import read_leads
from ribin.vault.people import appoint
from ribin.vault.retention import purge_exhibit
from ribin.vault.sharing import pseudonyms, release_exhibit
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")
SAME = Conclusion.IDENTIFICATION
LATE = Filters(date_from="2025-03-01")


def vector(number: int) -> np.ndarray:
    return np.random.default_rng(number).normal(size=COARSE)


def make_vault(folder, code: str) -> Vault:
    vault = Vault.create(folder / code, code, who="head")
    for name, roles in STAFF.items():
        appoint(vault, name, roles, "head", "hired")
    appoint(vault, "tester", (Role.TECHNICIAN,), "head", "hired")
    return vault


class World:
    """Belize, whose facts are hidden or not, and Jamaica, who looks."""

    def __init__(self, folder):
        self.folder = folder
        members = {code: NetworkMember(code, code, folder / code) for code in ("BLZ", "JAM")}
        self.network = connected(Network(members, {"linked": ("BLZ", "JAM")}))
        self.blz, self.jam = (make_vault(folder, code) for code in ("BLZ", "JAM"))
        self.facts = {
            name: make_exhibit(name, Scope.CLUSTER, date="2025-01-10", place="Dangriga")
            for name in ("V1", "V2", "V3")
        }
        for name in ("T1", "T2"):
            fire = {"kind": ExhibitKind.TEST_FIRE, "firearm": f"Glock {name}"}
            self.facts[name] = make_exhibit(name, Scope.CLUSTER, **fire)
        self.facts["C1"] = make_exhibit("C1", Scope.COUNTRY)
        self.seeds = {name: number for number, name in enumerate(self.facts)}

    def enrol(self) -> None:
        for name, exhibit in self.facts.items():
            number = list(self.facts).index(name)
            alike = 3 if name in ("V2", "V3") else number  # equal scores: an order is needed
            enrol(self.blz, self.seeds[name], exhibit, vector=vector(alike), params_id=PARAMS_ID)
        for n in (1, 2):
            exhibit = make_exhibit(f"JAM-{n}", Scope.CLUSTER)
            enrol(self.jam, 700 + n, exhibit, vector=vector(700 + n), params_id=PARAMS_ID)

    def lead(self, vault, one, other, link=False) -> str:
        ends = [ExhibitRef(*name.split(":")) for name in (one, other)]
        figures = {"rank": 1, "score": 50.0, "sha256": "ab" * 32, "list_sha256": "cd" * 32}
        said = {"who": EXAMINER, "note": "n", "figures": figures}
        lead = take_up_lead(vault, self.network, *ends, **said).history.lead.lead
        second = self.blz if vault is self.jam or ends[1].member == "BLZ" else self.jam
        for giver, who in ((vault, EXAMINER), (second, SECOND)) if link else ():
            said = {"who": who, "note": "n"}
            give_review(giver, self.network, lead, SAME, ReviewBasis.ITEMS, **said)
        return lead

    def name(self, exhibit: str) -> str:
        return "BLZ:" + pseudonyms(self.blz, [exhibit])[exhibit]


# What may be hidden; each changes it before or after the enrolment of Belize.


def day_of_an_event(world, enrolled):
    if not enrolled:
        event = replace(world.facts["V1"].event, date="2025-06-06")
        world.facts["V1"] = replace(world.facts["V1"], event=event)


def place_and_case(world, enrolled):
    if not enrolled:
        event = replace(world.facts["V1"].event, place="Corozal", case_number="C-1")
        world.facts["V1"] = replace(world.facts["V1"], event=event)


def two_of_one_event(world, enrolled):
    if not enrolled:
        world.facts["V2"] = replace(world.facts["V2"], event=world.facts["V1"].event)


def one_firearm(world, enrolled):
    if not enrolled:
        world.facts["T2"] = replace(world.facts["T2"], firearm="Glock T1")


def bytes_of_an_original(world, enrolled):
    world.seeds |= {"V1": 901, "V2": 902, "V3": 903}


def country_exhibits(world, enrolled):
    if enrolled:
        for n in range(4):
            exhibit = make_exhibit(f"C-more-{n}", Scope.COUNTRY)
            enrol(world.blz, 800 + n, exhibit, vector=vector(0), params_id=PARAMS_ID)


def country_exhibits_first(world, enrolled):
    """They have the first rows of the catalogue."""
    if not enrolled:
        exhibit = make_exhibit("C0", Scope.COUNTRY)
        enrol(world.blz, 850, exhibit, vector=vector(0), params_id=PARAMS_ID)


def no_country_exhibit(world, enrolled):
    if not enrolled:
        del world.facts["C1"]


def a_purge(world, enrolled):
    if enrolled:
        purge_exhibit(world.blz, "C1", "head", "law")


def a_wider_level(world, enrolled):
    if not enrolled:
        world.facts["V1"] = replace(world.facts["V1"], sharing=Scope.NETWORK)


def own_searches(world, enrolled):
    if enrolled:
        for _ in range(5):
            search(make_query(), ask("BLZ", who=EXAMINER), SearchContext(world.network))


def a_country_lead(world, enrolled):
    if enrolled:
        world.lead(world.blz, "BLZ:C1", "BLZ:V3")


def a_country_link(world, enrolled):
    """V1, with which Jamaica has a link, is linked with an exhibit of the country too."""
    if enrolled:
        world.lead(world.blz, "BLZ:C1", "BLZ:V1", link=True)


FACTS = [
    day_of_an_event,
    place_and_case,
    two_of_one_event,
    one_firearm,
    bytes_of_an_original,
    country_exhibits,
    country_exhibits_first,
    no_country_exhibit,
    a_purge,
    a_wider_level,
    own_searches,
    a_country_lead,
    a_country_link,
]
CHANCE = (
    "anchor",
    "anchor_kept",
    "sha256",
    "anchors",
    "answers",
    "answer_sha256",
    "body_sha256",
    "content_sha256",
    "message",
    "sent_at",
    "signature",
    "bundle",
    "elapsed_s",
    "asked_at",
    "at",
    "made_at",
    "head",
    "bundles",
)


def observed(world) -> dict:
    """All that Jamaica gets, as texts; what is drawn by chance is left out by its name."""
    got: dict = {}
    context = SearchContext(world.network)
    for scope in (Scope.CLUSTER, Scope.NETWORK):
        for group in Grouping:
            for top, filters in ((1, Filters()), (2, LATE), (None, Filters("9x19"))):
                asked = ask("JAM", scope, group=group, top=top, filters=filters, who=EXAMINER)
                asked = replace(asked, full=top == 2)
                query = make_query(vector=vector(3))
                found = search(query, asked, context, () if top else ("BLZ",))
                text = lists_value(SearchLists((found,), (), found.counts))
                got["search", str(scope), str(group), top] = text
    link = world.lead(world.jam, "JAM:JAM-1", world.name("V1"), link=True)
    theirs = world.lead(world.blz, "BLZ:V2", "JAM:" + pseudonyms(world.jam, ["JAM-2"])["JAM-2"])
    within = world.lead(world.blz, "BLZ:V1", "BLZ:V2", link=True)
    history = trace_exhibit(world.jam, world.network, "JAM-1", who=EXAMINER, reason="a murder")
    assert len(history.exhibits) == 3  # the link within Belize is told, of two that are shown
    got["trace"] = [plain_value(history), history_table(history), as_graphml(history)]
    assert within not in re.findall(r"[\w-]+", str(got["trace"]))
    with world.jam.catalogue.reading() as db:
        got["leads"] = [plain_value(lead) for lead in read_leads(db)]
    got["numbers"] = [link, theirs]
    got["count"] = [asdict(one) for one in member_states(world.network, "JAM", EXAMINER)]
    members = world.network.members.values()
    text = "\n".join(f'[members.{one.code}]\nvault = "{one.code}"' for one in members)
    file = world.folder / "network.toml"
    file.write_text(f'{text}\n[clusters]\nlinked = ["BLZ", "JAM"]\n')
    got["doctor"] = [str(one.found) for one in examine(None, file, 1) if "member" in one.area]
    got["looks"] = looks(world, file)
    got["sent"] = bundle(world)
    with world.jam.catalogue.reading() as db:
        rows = db.execute("SELECT action, subject, details FROM audit ORDER BY seq").fetchall()
    got["log"] = [(row[0], row[1], json.loads(row[2])) for row in rows]
    return without_chance(got)


def looks(world, file) -> list:
    """Marks of exhibits that are shown, and refusals of those that are not, or are not there."""
    found: list = []
    with Session.open(world.folder / "JAM", file, DEFAULT_PARAMS, 1) as session:
        request = ask("JAM", Scope.CLUSTER, who=EXAMINER)
        hidden = world.name("C1") if "C1" in world.blz.exhibits() else "BLZ:x-0123456789abcdef"
        for name in (world.name("V1"), world.name("T1"), hidden, "BLZ:C1", "BLZ:V1", "BLZ:none"):
            source = ExhibitRef(*name.split(":"))
            try:
                side = side_of(source, Asker(DEFAULT_PARAMS, session, request))
                facts = (side.name, side.exhibit, side.template.provenance, side.mark.provenance)
                found.append([repr(fact) for fact in facts])
            except RibinError as error:
                found.append(str(error).replace(source.exhibit, "NAME"))
            try:
                take_up_lead(
                    world.jam,
                    world.network,
                    ExhibitRef("JAM", "JAM-2"),
                    source,
                    who=EXAMINER,
                    note="n",
                )
                found.append("lead")
            except RibinError as error:
                found.append(str(error).replace(source.exhibit, "NAME"))
            try:
                write_original(session, name, world.folder, EXAMINER, "a murder")
            except RibinError as error:
                found.append(str(error).replace(source.exhibit, "NAME"))
    return found


def bundle(world) -> list:
    path, key = world.folder / "to-jam.zip", PrivateKey.make("BLZ")
    export_bundle(world.blz, "JAM", Scope.CLUSTER, key, path, who="head", reason="weekly")
    members = members_of_bundle(path)
    facts = json.loads(members.pop("manifest.json"))
    return [facts, sorted(members), [members[name].hex() for name in sorted(members)]]


def without_chance(value):
    """The value without what is drawn by chance or a time, and without folders of the test.

    What others call a scan (`sha256`) is a keyed digest of its original: chance to who has no key.
    """
    if isinstance(value, dict):
        if "records" in value:  # hashes of rows with times; ids of messages are drawn by chance
            ids = re.compile(r"[0-9a-f]{32}$")
            value = {**value, "records": sorted(ids.sub("ID", one) for one in value["records"])}
        return {str(name): without_chance(one) for name, one in value.items() if name not in CHANCE}
    if isinstance(value, list | tuple):
        return [without_chance(one) for one in value]
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", "TIME", str(value))
    text = re.sub(r"sha256='[0-9a-f]{64}'", "DIGEST", text)
    return re.sub(r"/\S*?/(BLZ|JAM)\b", r"\1", text)


def over_lines(stack: ExitStack, folder: Path) -> type[FolderCarrier]:
    """Takes what a folder is asked to a node of it, and the answer back, over TLS."""
    programs = {code: make_member(folder / "keys", code) for code in ("BLZ", "JAM")}
    trust(programs["BLZ"], programs["JAM"])
    trust(programs["JAM"], programs["BLZ"])
    asked: dict[Path, FolderCarrier] = {}
    nodes: dict[Path, Served] = {}

    def answered(place: Path, raw: bytes) -> bytes:
        return FolderCarrier.send(asked[place], raw, 0)

    class OverLine(FolderCarrier):
        def send(self, raw: bytes, deadline_s: float) -> bytes:
            place = self.path
            asked[place] = self
            if place not in nodes:
                node = served(programs[place.name], lambda raw: answered(place, raw))
                nodes[place] = stack.enter_context(node)
            other = "JAM" if place.name == "BLZ" else "BLZ"
            return nodes[place].carrier(key_of(programs[other])).send(raw, deadline_s)

    return OverLine


@pytest.fixture(params=["folders", pytest.param("lines", marks=pytest.mark.slow)])
def way(request, monkeypatch, tmp_path):
    """How the two members ask each other."""
    with ExitStack() as stack:
        if request.param == "lines":
            made = over_lines(stack, tmp_path)
            monkeypatch.setattr("ribin.services.lines.FolderCarrier", made)
        yield request.param


@pytest.fixture
def world(tmp_path, monkeypatch, way):
    """Makes a world with a fact changed; names are drawn from the same keys in each."""
    made = []
    for place in ("services.held_exhibits", "exchange.looks"):
        monkeypatch.setattr(f"ribin.{place}.template_mark", plain_mark)
    for what in ("self_test", "kernel_folder"):  # of the machine, and slow
        monkeypatch.setattr(f"ribin.services.doctor.{what}", lambda *cores: "")

    def make(fact=None):
        keys = iter(f"{n:064x}" for n in (1, 2))
        with monkeypatch.context() as patched:
            patched.setattr("ribin.vault.catalogue.secrets.token_hex", lambda size: next(keys))
            one = World(tmp_path / f"world{len(made)}")
        made.append(one)
        for enrolled in (False, True):
            if fact:
                fact(one, enrolled)
            if not enrolled:
                one.enrol()
        return one

    yield make
    for one in made:
        one.blz.close()
        one.jam.close()


def plain_mark(template: Template) -> Mark:
    """The made-up templates hold no surface to draw."""
    flat = np.zeros((4, 4), np.float32)
    where = (template.mark_type, template.kind, flat, flat == 0, 25.0, (0.0, 0.0))
    return Mark(*where, template.provenance)


@pytest.fixture
def usual(world):
    """What Jamaica gets where nothing was changed; it is the same for all tests."""
    if not _USUAL:
        _USUAL.update(observed(world()))
    return _USUAL


_USUAL: dict = {}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_nothing_that_another_member_gets_tells_a_hidden_fact(world, usual, fact):
    got = observed(world(fact))
    assert got.keys() == usual.keys()
    if fact is bytes_of_an_original:  # the hash of an answer is that of the names of its scans too
        got, usual = (without_answers(one) for one in (got, usual))
    for name in usual:
        assert got[name] == usual[name], name


def without_answers(got):
    log = [
        [action, subject, {name: one for name, one in facts.items() if name != "answers"}]
        for action, subject, facts in got["log"]
    ]
    return {**got, "log": log}


def test_the_tester_sees_what_is_told(world, usual):
    """What is released, or shown, does differ: the tester is not blind."""

    def released(one, enrolled):
        if enrolled:
            said = {"original": True, "who": "head", "reason": "case"}
            release_exhibit(one.blz, "V1", "JAM", Scope.CLUSTER, **said)

    def calibre(one, enrolled):
        if not enrolled:
            fields = replace(one.facts["V1"].class_fields, calibre="45 ACP")
            one.facts["V1"] = replace(one.facts["V1"], class_fields=fields)

    for fact in (released, calibre):
        got = observed(world(fact))
        differing = {name.split(",")[0] for name in usual if got[name] != usual[name]}
        assert {"('search'", "trace", "looks", "sent"} <= differing


def test_no_original_is_known_by_its_hash_before_its_release(world):
    one = world()
    hashes = {scan.sha256 for scan in one.blz.holdings().scans}
    text = str(observed(one))
    assert not [sha256 for sha256 in hashes if sha256 in text]
    theirs = {scan.sha256 for scan in one.jam.holdings().scans} | {make_query().provenance.sha256}
    told = str([(row.subject, row.details) for row in one.blz.audit_log()])
    assert not [sha256 for sha256 in theirs if sha256 in told]


def test_a_search_with_an_exhibit_of_another_member_leaves_that_one_out(world):
    """Under the names that cross: before its release, and after it."""
    one = world()
    context = SearchContext(one.network)
    file = one.folder / "network.toml"
    text = "\n".join(f'[members.{code}]\nvault = "{code}"' for code in ("BLZ", "JAM"))
    file.write_text(f'{text}\n[clusters]\nlinked = ["BLZ", "JAM"]\n')
    said = {"original": True, "who": "head", "reason": "case"}
    for name in (one.name("V1"), "BLZ:V1"):
        with Session.open(one.folder / "JAM", file, DEFAULT_PARAMS, 1) as session:
            request = ask("JAM", Scope.CLUSTER, who=EXAMINER)
            asker = Asker(DEFAULT_PARAMS, session, request, "query")
            query = side_of(ExhibitRef(*name.split(":")), asker).template
        found = search(query, request, context)
        assert dict(found.counts_by_member["BLZ"].not_compared) == {"the query itself": 1}
        assert {name[4:], "V1"} & {row.exhibit for row in found.candidates} == set()
        release_exhibit(one.blz, "V1", "JAM", Scope.CLUSTER, **said)
