"""What leads have come to follows from what was stated of them, whatever came when."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ribin.cases.lead_history import LeadStatements, read_pair
from ribin.cases.leads import (
    Conclusion,
    ExhibitRef,
    Lead,
    LeadWord,
    Review,
    ReviewBasis,
    ReviewRound,
    is_by,
)
from ribin.cases.record import RecordKind

SAME = Conclusion.IDENTIFICATION
PAIR = ExhibitRef("JAM", "x-1"), ExhibitRef("BLZ", "x-2")
PEOPLE = ("Ana Brown", "Ben Cole", "Cy Dale")


def moment(minute: int) -> str:
    return f"2026-03-01T10:{minute:02d}:00.000+00:00"


def lead(number: int, member: str = "JAM", minute: int = 0) -> Lead:
    other = "BLZ" if member == "JAM" else "JAM"
    name = f"{member}-{other}-L{number}"
    return Lead(name, member, PAIR[0], "", PAIR[1], "", PEOPLE[0], moment(minute), "n")


def review(of: Lead, member: str, number: int, minute: int, **more: object) -> Review:
    given = Review(
        *(f"{of.lead}/{member}{number}", of.lead, ReviewRound.FIRST, SAME, ReviewBasis.ITEMS),
        *(True, PEOPLE[number - 1], member, moment(minute), "n"),
    )
    return replace(given, **more)


def word(kind: RecordKind, of: Lead, member: str, minute: int, **found: object) -> LeadWord:
    name = f"{found.get('review', of.lead)}/{member}"
    return LeadWord(kind, name, of.lead, PEOPLE[0], member, moment(minute), "r", **found)


def blind(of: Lead, one: Review, minute: int, member: str = "JAM", found: bool = True) -> LeadWord:
    return word(RecordKind.BLINDNESS, of, member, minute, review=one.review, blind=found)


def read(of: Lead, *stated: Review | LeadWord):
    reviews = tuple(one for one in stated if isinstance(one, Review))
    words = tuple(one for one in stated if isinstance(one, LeadWord))
    return read_pair([LeadStatements(of, reviews, words)])[0]


@st.composite
def pairs_of_leads(draw):
    """Two leads on a pair, with any verdicts and words, such as no two sides would state them."""
    minutes = st.integers(1, 20)
    made = []
    for one in (lead(1), lead(2, "BLZ", minute=draw(st.integers(0, 5)))):
        reviews: list[Review] = []
        for number in range(1, 1 + draw(st.integers(0, 5))):
            name = f"{one.lead}/{draw(st.sampled_from(['JAM', 'BLZ']))}{number}"
            reviews.append(
                Review(
                    *(name, one.lead, draw(st.sampled_from(ReviewRound))),
                    draw(st.sampled_from([SAME, SAME, *Conclusion])),
                    *(ReviewBasis.ITEMS, draw(st.booleans()), draw(st.sampled_from(PEOPLE))),
                    *(name.partition("/")[2][:3], moment(draw(minutes)), "n"),
                    draw(st.sampled_from(["", "", *(r.review for r in reviews), "unknown"])),
                )
            )
        words = [
            word(kind, one, member, draw(minutes))
            for kind in (RecordKind.CLOSURE, RecordKind.CONFIRMATION, RecordKind.WITHDRAWAL)
            for member in ("JAM", "BLZ")
            if draw(st.integers(0, 3)) == 0
        ]
        words += [
            blind(one, given, draw(minutes), member, draw(st.integers(0, 3)) > 0)
            for given in reviews
            for member in ("JAM", "BLZ")
            if draw(st.booleans())
        ]
        made.append(LeadStatements(one, tuple(reviews), tuple(words)))
    return made


@settings(max_examples=300, deadline=None)
@given(stated=pairs_of_leads(), order=st.randoms(use_true_random=False))
def test_the_same_statements_give_the_same_state_in_any_order(stated, order):
    read_once = read_pair(stated)
    shuffled = []
    for one in stated:
        reviews, words = list(one.reviews), list(one.words)
        order.shuffle(reviews)
        order.shuffle(words)
        shuffled.append(LeadStatements(one.lead, tuple(reviews), tuple(words)))
    order.shuffle(shuffled)
    assert read_pair(shuffled) == read_once


@settings(max_examples=300, deadline=None)
@given(stated=pairs_of_leads())
def test_every_link_has_its_verdicts_and_a_pair_is_linked_once(stated):
    read_all = read_pair(stated)
    assert sum(one.linked for one in read_all) <= 1
    for one in (one for one in read_all if one.link):
        made = {r.review: r for r in one.counted}
        first, second = made[one.link.first_review], made[one.link.second_review]
        assert (first.conclusion, second.conclusion) == (SAME, SAME)
        assert first.blind
        assert second.blind
        assert not is_by(second, first.reviewer, first.member)
        said = {one.confirmation.member} if one.confirmation else set()
        agreed = {r.member for r in one.counted if r.conclusion is SAME and r.blind}
        assert agreed | said == {"JAM", "BLZ"}
        assert one.closure is None
        if any(r.conclusion is not SAME for r in one.current):
            assert one.withdrawal is not None


def test_verdicts_given_apart_and_changed_apart_make_one_state():
    """Two first verdicts, each changed by who gave it before the line was up again."""
    one = lead(1)
    jam, blz = review(one, "JAM", 1, 1), review(one, "BLZ", 2, 2)
    again = review(one, "BLZ", 3, 3, supersedes=blz.review, reviewer=PEOPLE[1])
    found = blind(one, jam, 9), blind(one, again, 9), blind(one, blz, 9)
    history = read(one, again, *found, blz, jam)
    assert [r.review for r in history.current] == [jam.review, again.review]
    assert history.link is not None
    assert history.link.second_review == again.review
    assert history.link.at == moment(9)
    changed = replace(again, conclusion=Conclusion.ELIMINATION)
    history = read(one, jam, blz, changed, *found)
    assert history.link is None  # nobody was told of a link before it was changed
    assert history.withdrawal is None


def test_what_supersedes_a_verdict_that_was_superseded_apart_stays_on_record():
    one = lead(1)
    jam = review(one, "JAM", 1, 1)
    second = review(one, "BLZ", 2, 2, place=ReviewRound.SECOND, blind=False)
    not_blind = blind(one, second, 3, found=False)
    third = review(one, "BLZ", 3, 4, place=ReviewRound.SECOND, supersedes=second.review)
    fourth = replace(third, review=f"{one.lead}/JAM3", member="JAM", at=moment(5))
    history = read(one, fourth, third, second, jam, not_blind, blind(one, third, 6))
    assert [r.review for r in history.current] == [jam.review, third.review]
    assert history.without_account == (fourth.review,)
    assert history.linked


def test_what_one_log_says_was_seen_was_never_blind():
    one = lead(1)
    jam, blz = review(one, "JAM", 1, 1), review(one, "BLZ", 2, 2, place=ReviewRound.SECOND)
    agreed = (jam, blz, blind(one, blz, 3))
    assert read(one, *agreed).linked
    assert read(one, *agreed, blind(one, blz, 8, "BLZ", found=False)).link is None


def test_a_verdict_on_a_lead_that_was_closed_apart_does_not_count():
    one = lead(1)
    jam, blz = review(one, "JAM", 1, 2), review(one, "BLZ", 2, 4)
    closed = word(RecordKind.CLOSURE, one, "JAM", 3)
    history = read(one, jam, blz, closed, blind(one, jam, 9), blind(one, blz, 9))
    assert (history.closure, history.link) == (closed, None)
    assert history.without_account == (blz.review,)


def test_a_link_that_was_withdrawn_by_both_has_the_earlier_word():
    one = lead(1)
    jam, blz = review(one, "JAM", 1, 1), review(one, "BLZ", 2, 2, place=ReviewRound.SECOND)
    ends = [word(RecordKind.WITHDRAWAL, one, member, at) for member, at in (("JAM", 7), ("BLZ", 6))]
    assert read(one, jam, blz, blind(one, blz, 3), *ends).withdrawal == ends[1]
