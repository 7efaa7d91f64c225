"""Searches wait for their turn: one at a time, fair between persons, and they can be taken back."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from ribin.errors import ParameterError, StoreError
from ribin.services.search_queue import QueueState, SearchQueue

PATIENCE_S = 20.0


@pytest.fixture
def held():
    """A queue whose first search runs until `go` is set, and notes who came after it."""
    queue = SearchQueue()
    queue.go, queue.started, queue.made = threading.Event(), threading.Event(), []

    def first(tick):
        queue.started.set()
        assert queue.go.wait(PATIENCE_S)
        tick("JAM: marks", 1, 2)
        return "JAM-Q1"

    queue.first = queue.put("Ann", "X1", {}, first)
    assert queue.started.wait(PATIENCE_S)
    yield queue
    queue.go.set()


def wait(queue, person, name):
    return queue.put(person, name, {}, lambda tick: queue.made.append(name))


def ended(*searches):
    return all(one.ended.wait(PATIENCE_S) for one in searches)


def test_one_at_a_time_and_one_of_each_person_in_turn(held):
    assert held.first.state is QueueState.RUNNING
    waiting = [wait(held, "Ann", "A2"), wait(held, "Ann", "A3"), wait(held, "Bob", "B1")]
    assert [held.place(one) for one in waiting] == [2, 3, 1], "Bob has not had a turn yet"
    held.go.set()
    assert ended(held.first, *waiting)
    assert held.made == ["B1", "A2", "A3"]
    assert (held.first.state, held.first.result) == (QueueState.DONE, "JAM-Q1")
    assert (held.first.stage, held.first.done, held.first.total) == ("JAM: marks", 1, 2)


def test_a_search_that_waits_is_taken_back_at_once_and_one_that_runs_at_its_next_step(held):
    waiting = wait(held, "Ann", "A2")
    held.cancel(waiting)
    held.cancel(held.first)
    assert waiting.state is QueueState.CANCELLED
    held.go.set()
    last = wait(held, "Ann", "A3")
    assert ended(held.first, last)
    assert held.first.state is QueueState.CANCELLED
    assert held.made == ["A3"]


def test_what_fails_is_said_and_the_others_go_on(held):
    def refused(tick):
        raise ParameterError("scope cluster: --network needed")

    bad, worse = held.put("Ann", "X2", {}, refused), held.put("Ann", "X3", {}, lambda tick: 1 / 0)
    good = wait(held, "Ann", "A4")
    held.go.set()
    assert ended(bad, worse, good)
    assert (bad.state, str(bad.error)) == (QueueState.FAILED, "scope cluster: --network needed")
    assert str(worse.error) == "search with X3: ZeroDivisionError: division by zero"
    assert held.made == ["A4"]


def test_nobody_sees_the_searches_of_others(held):
    assert held.get(held.first.key, "Ann") is held.first
    assert (held.of("Ann"), held.of("Bob")) == ([held.first], [])
    for key, person in ((held.first.key, "Bob"), ("guess", "Ann")):
        with pytest.raises(StoreError, match="one of this session needed, found none"):
            held.get(key, person)


def test_a_queue_has_an_end(held):
    for number in range(50):
        wait(held, "Ann", f"A{number}")
    with pytest.raises(StoreError, match="fewer than 50 that wait needed, found 50"):
        wait(held, "Ann", "one more")


def test_how_the_person_was_known_goes_along(held):
    known = ContextVar("known", default="nobody")
    known.set("account")
    one = held.put("Ann", "X4", {}, lambda tick: known.get())
    known.set("somebody else")
    held.go.set()
    assert ended(one)
    assert one.result == "account"
