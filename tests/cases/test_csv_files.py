"""CSV files as people and spreadsheets write them: what is read, refused and written."""

from __future__ import annotations

import io

import pytest

from ribin.cases.csv_files import BEYOND, read_csv, write_csv
from ribin.errors import FormatError

NEEDED, KNOWN = ("file", "event"), ("file", "event", "date")


def read(tmp_path, text, known=KNOWN, **more):
    path = tmp_path / "list.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, "a list", NEEDED, known, **more)


def test_cells_are_stripped_and_lines_are_those_of_the_file(tmp_path):
    text = '\ufefffile,event,date\r\n a ,"E\n1 ",\r\n\r\nb,E2\r\n'
    assert read(tmp_path, text) == [
        (3, {"file": "a", "event": "E\n1", "date": ""}),
        (5, {"file": "b", "event": "E2", "date": ""}),
    ]


def test_an_empty_or_absent_cell_means_what_is_usual(tmp_path):
    rows = read(tmp_path, "file,event\na,\nb,E2\n", usual={"event": "E", "date": "2026-01-01"})
    assert [cells["event"] for _, cells in rows] == ["E", "E2"]
    assert {cells["date"] for _, cells in rows} == {"2026-01-01"}


def test_texts_beyond_the_columns_are_kept_apart_and_blank_ones_say_nothing(tmp_path):
    rows = read(tmp_path, "file,event,\na,E,,\nb,E,x,y\n")
    assert [cells.get(BEYOND) for _, cells in rows] == [None, "x, y"]


def test_columns_of_another_list_are_named_or_left_out(tmp_path):
    text = "Scan,Case,Remarks\na,E,far\n"
    names = {"Scan": "file", "Case": "event", "Remarks": ""}
    assert read(tmp_path, text, columns_as=names) == [(2, {"file": "a", "event": "E"})]


def test_other_columns_are_for_people_where_none_are_known(tmp_path):
    ((_, cells),) = read(tmp_path, "file,event,note,note\na,E,1,2\n", known=None)
    assert (cells["file"], cells["event"]) == ("a", "E")


@pytest.mark.parametrize(
    ("text", "known", "message"),
    [
        ("file\na\n", KNOWN, "list.csv: no column event; known: file, event, date"),
        ("file\na\n", None, "list.csv: no column event, found file"),
        ("file,event,dat\na,E,\n", KNOWN, "column 'dat' means nothing"),
        ("file,event,file\na,E,b\n", KNOWN, "each column once needed, found 'file' twice"),
        ("file,event,event\na,E,b\n", None, "each column once needed, found 'event' twice"),
        ("file,event\na\0,E\n", KNOWN, "a list needed, found a null character"),
        (b"file,event\n\xff,E\n", KNOWN, "list.csv: a list needed, .*codec can't decode"),
    ],
)
def test_what_is_refused(tmp_path, text, known, message):
    with pytest.raises(FormatError, match=message):
        read(tmp_path, text, known)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match=r"none\.csv: a list needed, No such file"):
        read_csv(tmp_path / "none.csv", "a list", NEEDED)


def test_rows_are_written_from_mappings_and_sequences():
    stream = io.StringIO()
    rows = [{"b": 'x "y", z', "c": 1, "a": None}, (2, "u")]
    write_csv(stream, ("a", "b"), rows, line_end="\n")
    assert stream.getvalue() == 'a,b\n,"x ""y"", z"\n2,u\n'
