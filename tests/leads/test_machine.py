"""Any order of steps by anybody, in two vaults, now and then out of reach of each other."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lead_makers import (
    EXAMINER,
    SECOND,
    STAFF,
    THIRD,
    as_both_have_it,
    exhibit_ref,
    make_member,
    make_network,
)

from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis, ReviewRound, Role
from ribin.cases.record import RecordKind
from ribin.errors import RibinError
from ribin.leads.merge import sync_leads
from ribin.leads.rules import status_of, visible_reviews
from ribin.leads.steps import close_lead, confirm_lead, give_review, take_up_lead, withdraw_link
from ribin.vault.leads import read_leads, read_words
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault

IDENTIFICATION = Conclusion.IDENTIFICATION
PEOPLE = st.sampled_from([EXAMINER, SECOND, THIRD, "ana  brown", "a stranger"])
MEMBERS = st.sampled_from(["JAM", "BLZ"])
EXHIBITS = st.sampled_from(["JAM:JAM-1", "JAM:JAM-2", "BLZ:BLZ-1"])
LEADS = st.integers(0, 5)  # which of those that are there
CONCLUSIONS = st.sampled_from([IDENTIFICATION, IDENTIFICATION, *Conclusion])


def plain(name):
    return "".join(name.casefold().split())


def stated(vaults):
    """All that people stated on either side: leads, verdicts, confirmations, ends."""
    told = set()
    for vault in vaults.values():
        with vault.catalogue.reading() as db:
            for file in read_leads(db):
                told |= {file.lead.lead, *(review.review for review in file.given)}
                words = read_words(db, file.lead.lead)
                told |= {word.name for word in words if word.kind is not RecordKind.BLINDNESS}
    return told


class Workflow(RuleBasedStateMachine):
    """What the rules promise, however the steps come: nothing here knows how they are checked."""

    made: Path  # two vaults, copied for each run

    @initialize(first=st.sampled_from(["JAM:JAM-2", "BLZ:BLZ-1"]))
    def start(self, first):
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.made, self.folder, dirs_exist_ok=True)
        self.network = make_network(self.folder, "BLZ", "JAM")
        self.vaults = {code: Vault.open(self.folder / code) for code in ("BLZ", "JAM")}
        self.seen = {code: {} for code in self.vaults}
        self.always_reached = True
        self.take_up("JAM", "JAM:JAM-1", first, EXAMINER, True)

    def teardown(self):
        for vault in self.vaults.values():
            assert vault.check().problems == ()
            vault.close()
        shutil.rmtree(self.folder)

    def _name(self, code, exhibit):
        """An exhibit as this member knows it."""
        name = exhibit_ref(exhibit)
        if name.member == code:
            return name
        with self.vaults[name.member].catalogue.reading() as db:
            return ExhibitRef(name.member, pseudonym(db, name.exhibit))

    def _lead(self, code, pick):
        known = sorted(self._files()[code])
        return known[pick % len(known)] if known else "JAM-L1"

    @contextlib.contextmanager
    def _step(self, reached):
        """A step that is refused must have changed nothing, but for what the two sides told each
        other before: that is no statement of anybody's that was not there."""
        self.always_reached &= reached
        before, said = self._files(), stated(self.vaults)
        refused = False
        try:
            yield self.network if reached else None
        except RibinError:
            refused = True
        after = self._files()
        if refused and after != before:
            assert reached
            assert stated(self.vaults) == said

    def _files(self):
        found = {}
        for code, vault in self.vaults.items():
            with vault.catalogue.reading() as db:
                found[code] = {file.lead.lead: file for file in read_leads(db)}
        return found

    @rule(code=MEMBERS, one=EXHIBITS, other=EXHIBITS, who=PEOPLE, reached=st.booleans())
    def take_up(self, code, one, other, who, reached):
        before = self._files()[code]
        with self._step(reached) as network:
            vault = self.vaults[code]
            pair = [self._name(code, exhibit) for exhibit in (one, other)]
            step = take_up_lead(vault, network, *pair, who=who, note="n")
            assert Role.EXAMINER in STAFF[who]
            # A side that lagged behind may learn in this very step that a link has ended.
            for file in before.values() if self.always_reached or not reached else ():
                if file.lead.pair == step.history.lead.pair:
                    assert not file.linked
                    assert not status_of(file).is_open

    @rule(code=MEMBERS, pick=LEADS, who=st.sampled_from([SECOND, THIRD]), reached=st.booleans())
    def agree(self, code, pick, who, reached):
        """The usual way, so that links come about often enough."""
        for person in (EXAMINER, who):
            self.review(code, pick, person, IDENTIFICATION, reached)

    @rule(code=MEMBERS, pick=LEADS, who=PEOPLE, verdict=CONCLUSIONS, reached=st.booleans())
    def review(self, code, pick, who, verdict, reached):
        lead = self._lead(code, pick)
        earlier = {r.review for side in self._files().values() if lead in side
                   for r in side[lead].reviews}  # fmt: skip
        with self._step(reached) as network:
            vault = self.vaults[code]
            step = give_review(vault, network, lead, verdict, ReviewBasis.ITEMS, who=who, note="n")
            given = next(r for r in step.history.reviews if r.review not in earlier)
            wanted = Role.EXAMINER if given.place is ReviewRound.FIRST else Role.REVIEWER
            assert wanted in STAFF[who]
            knew = self._gave_on_the_pair(code, who, step.history.lead)
            if given.review not in step.history.unchecked:
                assert given.blind is (given.place is ReviewRound.FIRST or not knew)
            if len(step.history.lead.members) > 1 and not reached:
                assert not step.link_made

    def _gave_on_the_pair(self, code, who, lead):
        """Whether this person of this member has given a verdict on another lead of the pair."""
        return any(
            (review.member, plain(review.reviewer)) == (code, plain(who))
            for file in self._files()[code].values()
            if file.lead.pair == lead.pair and file.lead.lead != lead.lead
            for review in file.reviews
        )

    @rule(code=MEMBERS, pick=LEADS, who=PEOPLE, verdict=CONCLUSIONS, reached=st.booleans())
    def supersede(self, code, pick, who, verdict, reached):
        lead = self._lead(code, pick)
        with self._step(reached) as network:
            step = give_review(
                self.vaults[code], network, lead, verdict, ReviewBasis.CAST,
                who=who, note="n", supersede=True,
            )  # fmt: skip
            both = {review.place for review in step.history.reviews} == set(ReviewRound)
            assert not (both and step.link_made)

    @rule(code=MEMBERS, pick=LEADS, who=PEOPLE, reached=st.booleans())
    def confirm(self, code, pick, who, reached):
        lead = self._lead(code, pick)
        with self._step(reached) as network:
            step = confirm_lead(self.vaults[code], network, lead, who=who, note="n")
            assert reached
            assert Role.EXAMINER in STAFF[who]
            assert {review.member for review in step.history.current} == {"JAM", "BLZ"} - {code}

    @rule(code=MEMBERS, pick=LEADS, who=PEOPLE, reached=st.booleans())
    def withdraw(self, code, pick, who, reached):
        lead = self._lead(code, pick)
        before = self._files()[code].get(lead)
        with self._step(reached) as network:
            withdraw_link(self.vaults[code], network, lead, who=who, reason="r")
            assert before is not None
            assert before.linked or not self.always_reached

    @rule(code=MEMBERS, pick=LEADS, who=st.one_of(PEOPLE, st.just("head")), reached=st.booleans())
    def close(self, code, pick, who, reached):
        lead = self._lead(code, pick)
        before = self._files()[code].get(lead)
        with self._step(reached) as network:
            step = close_lead(self.vaults[code], network, lead, who=who, reason="r")
            assert step.history.link is None
            assert who == "head" or plain(who) == plain(step.history.lead.examiner)
            assert before is not None
            assert before.is_open or not self.always_reached

    @rule(code=MEMBERS)
    def sync(self, code):
        with self._step(True):
            sync_leads(self.vaults[code], self.network, who="head")
            files = self._files()
            across = [
                {n: as_both_have_it(f) for n, f in side.items() if len(f.lead.members) == 2}
                for side in files.values()
            ]
            assert across[0] == across[1]

    @invariant()
    def nothing_is_lost(self):
        for code, side in self._files().items():
            now = {}
            for name, file in side.items():
                now[name] = file.lead
                for given in file.given:
                    before = self.seen[code].get(given.review)
                    if before and before.is_sealed:  # its content has come
                        sealed = replace(given, conclusion=None, examined=None, note="")
                        self.seen[code][given.review] = given if sealed == before else before
                    now[given.review] = given
                now.update({f"link {name}": file.link} if file.link else {})
                now.update({f"end {name}": file.withdrawal} if file.withdrawal else {})
            assert {name: now.get(name) for name in self.seen[code]} == self.seen[code]
            self.seen[code] = now

    @invariant()
    def a_pair_is_linked_once(self):
        for side in self._files().values():
            linked = [file.lead.pair for file in side.values() if file.linked]
            assert len(linked) == len(set(linked))

    @invariant()
    def two_persons_made_every_link(self):
        for file in (file for side in self._files().values() for file in side.values()):
            if not file.link:
                continue
            blind = [r for r in file.reviews if r.blind]
            agreed = {
                (r.member, plain(r.reviewer)) for r in blind if r.conclusion is IDENTIFICATION
            }
            assert len(agreed) >= 2
            second = next(r for r in file.reviews if r.review == file.link.second_review)
            said = {file.confirmation.member} if file.confirmation else set()
            assert {member for member, _ in agreed} | said == set(file.lead.members)
            takers = (file.lead.member, file.lead.examiner)
            assert (second.member, second.reviewer) != takers
            assert second.conclusion is IDENTIFICATION

    @invariant()
    def the_second_person_is_blind(self):
        for file in (file for side in self._files().values() for file in side.values()):
            places = {review.place for review in file.reviews}
            if places == {ReviewRound.FIRST}:
                gave = {(review.member, review.reviewer) for review in file.reviews}
                others = {(code, who) for code in self.vaults for who in STAFF} - gave
                assert all(visible_reviews(file, who, code) == () for code, who in others)

    @invariant()
    def both_sides_agree_while_they_reach_each_other(self):
        if self.always_reached:
            one, other = self._files().values()
            for name in one.keys() & other.keys():
                assert as_both_have_it(one[name]) == as_both_have_it(other[name])


@pytest.fixture(scope="module", autouse=True)
def two_vaults(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    for code, exhibits in (("JAM", 2), ("BLZ", 1)):
        make_member(folder, code, exhibits).close()
    Workflow.made = folder


CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]
QUICK = settings(
    max_examples=8,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=CHECKS,
)
LONG = settings(QUICK, max_examples=200, stateful_step_count=30)


class TestWorkflow(Workflow.TestCase):
    settings = QUICK


@pytest.mark.slow
class TestWorkflowAtLength(Workflow.TestCase):
    settings = LONG
