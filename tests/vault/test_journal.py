"""A journal is read back, cut at any byte, and written by one process at a time."""

from __future__ import annotations

import pytest

from ribin.errors import FormatError, ParameterError, StoreError
from ribin.vault.journal import open_journal

JOB = {"job": "search", "items": 5}
SAID = "remove it"


def test_a_journal_is_read_back(tmp_path):
    path = tmp_path / "x.journal"
    with open_journal(path, JOB, SAID) as journal:
        journal.finish(1, {"name": "é", "score": 0.1})
        journal.begin(2)
        journal.fail(3, "no such file")
    with open_journal(path, JOB, SAID) as journal:
        assert sorted(journal.done) == [1, 3]
        assert journal.failed == {3}
        assert journal.has_begun(2)
        assert not journal.has_begun(1)
        assert journal.entry(1)["done"] == {"name": "é", "score": 0.1}
        assert journal.entry(3)["failed"] == "no such file"
        journal.forget_failed()
        journal.finish(3, "now")
    with open_journal(path, JOB, SAID) as journal:
        assert journal.entry(3)["done"] == "now"
        assert journal.failed == set()


def test_a_journal_cut_at_any_byte_goes_on_from_its_last_whole_line(tmp_path):
    path = tmp_path / "x.journal"
    with open_journal(path, JOB, SAID) as journal:
        for number in range(1, 6):
            journal.finish(number, {"twice": 2 * number})
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        with open_journal(path, JOB, SAID) as journal:
            kept = max(0, sum(end <= length for end in ends) - 1)
            assert sorted(journal.done) == list(range(1, kept + 1))
            for number in range(kept + 1, 6):
                journal.finish(number, {"twice": 2 * number})
        assert path.read_bytes() == whole


def test_a_journal_that_is_none_is_left_as_it_is(tmp_path):
    path = tmp_path / "x.journal"
    with open_journal(path, JOB, SAID) as journal:
        for number in (1, 2, 3):
            journal.finish(number, number)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[whole.index(b"\n") + 12] ^= 1
    for content, error, told in (
        (bytes(damaged), FormatError, "line 2 is damaged; remove it"),
        (b"a letter to a friend", FormatError, "line 1 is damaged; remove it"),
        (b"a letter\nto a friend", FormatError, "line 1 is damaged; remove it"),
    ):
        path.write_bytes(content)
        with pytest.raises(error, match=told), open_journal(path, JOB, SAID):
            pass
        assert path.read_bytes() == content
    path.write_bytes(whole)
    with (
        pytest.raises(
            ParameterError, match="another job, other options or another ribin; remove it"
        ),
        open_journal(path, {**JOB, "items": 6}, SAID),
    ):
        pass


def test_one_writer(tmp_path):
    path = tmp_path / "x.journal"
    with (
        open_journal(path, JOB, SAID),
        pytest.raises(StoreError, match="in use by another run of this job"),
        open_journal(path, JOB, SAID),
    ):
        pass
    with open_journal(path, JOB, SAID):
        pass
