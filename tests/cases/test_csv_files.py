"""Tables as people and spreadsheets write them: what is read, refused and written."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from pathlib import Path

import pytest

from ribin.cases.csv_files import TableForm, read_csv, write_csv
from ribin.cases.exhibits import read_manifest
from ribin.cases.plausible import DayOrder
from ribin.errors import FormatError

NEEDED, KNOWN = ("file", "event"), ("file", "event", "date")
CASES = Path(__file__).parents[3] / "shared" / "cases"
SPREADSHEETS = Path(__file__).parent / "spreadsheets"


def read(tmp_path, text, known=KNOWN, columns_as=None, **more):
    path = tmp_path / "list.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    form = TableForm(columns_as or {})
    return read_csv(path, "a list", NEEDED, known, form=form, **more)


def cells(table):
    return [given for _, given in table.rows]


def test_cells_are_stripped_and_lines_are_those_of_the_file(tmp_path):
    text = '\ufefffile,event,date\r\n a ,"E 1 ",\r\n\r\nb,E2\r\n'
    assert read(tmp_path, text).rows == (
        (2, {"file": "a", "event": "E 1", "date": ""}),
        (4, {"file": "b", "event": "E2", "date": ""}),
    )


def test_an_empty_or_absent_cell_means_what_is_usual(tmp_path):
    usual = {"event": "E", "date": "2026-01-01"}
    found = cells(read(tmp_path, "file,event\na,\nb,E2\n", usual=usual))
    assert [one["event"] for one in found] == ["E", "E2"]
    assert {one["date"] for one in found} == {"2026-01-01"}


@pytest.mark.parametrize("blank", [",,", ",", " , ,\t", "", '"",""', "\u00a0,\u3000"])
def test_rows_that_are_empty_are_skipped(tmp_path, blank):
    text = f"\n{blank}\nfile,event\n{blank}\na,E\n{blank}\n{blank}\n"
    table = read(tmp_path, text, usual={"event": "E0"})
    assert table.rows == ((5, {"file": "a", "event": "E"}),)


# What parts the columns, and the encoding.

HEADS = {",": "commas", ";": "semicolons", "\t": "tabs"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-16-le": "UTF-16",
    "cp1252": "Windows-1252",
}


@pytest.mark.parametrize("delimiter", HEADS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_spelling_of_a_table_reads_alike_and_is_said(tmp_path, delimiter, encoding, line_end):
    lines = ["file", "event", "date"], ["a, b; c.x3p", "Québec", "2026-03-14"]
    text = "".join(delimiter.join(f'"{c}"' for c in line) + line_end for line in lines)
    table = read(tmp_path, text.encode(encoding))
    assert cells(table) == [{"file": "a, b; c.x3p", "event": "Québec", "date": "2026-03-14"}]
    if ENCODINGS[encoding] == "UTF-8" and delimiter == ",":
        assert table.note == ""
        return
    said = f"list.csv: read as {ENCODINGS[encoding]}, columns by {HEADS[delimiter]}"
    assert table.note.startswith(said)
    assert ("Québec" in table.note) == (encoding == "cp1252")


def test_the_head_decides_what_parts_the_columns(tmp_path):
    table = read(tmp_path, "file;event;date\na,b,c.x3p;E,1;\n")
    assert cells(table) == [{"file": "a,b,c.x3p", "event": "E,1", "date": ""}]
    with pytest.raises(FormatError, match="no column event, found file, event;date"):
        read(tmp_path, "file,event;date\na,b;c\n", known=None)


def test_a_first_line_for_spreadsheets_states_it(tmp_path):
    table = read(tmp_path, "sep=;\r\nfile;event\r\na;E\r\n")
    assert table.rows == ((3, {"file": "a", "event": "E"}),)


def test_a_quote_after_a_blank_opens_a_cell_too(tmp_path):
    table = read(tmp_path, 'file, event, date\na, "Spanish Town, Jamaica", 2026-01-01\n')
    assert cells(table)[0]["event"] == "Spanish Town, Jamaica"


@pytest.mark.parametrize(
    ("text", "number"), [("2,53", 2.53), ("2.53", 2.53), ("-0,5", -0.5), ("1,5e-3", 0.0015)]
)
def test_a_decimal_comma_is_one_where_semicolons_part_the_columns(tmp_path, text, number):
    assert read(tmp_path, "file;event\na;E\n").number(2, "score", text) == number
    table = read(tmp_path, "file,event\na,E\n")
    if "," in text:
        with pytest.raises(FormatError, match=r"list\.csv: line 2: a number for score needed"):
            table.number(2, "score", text)


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1_000", "1.234,5", "1,234,567", "x"])
def test_what_is_no_number(tmp_path, text):
    with pytest.raises(FormatError, match="line 7: a number for score needed, found"):
        read(tmp_path, "file;event\na;E\n").number(7, "score", text)


def test_columns_of_another_list_are_named_or_left_out(tmp_path):
    text = 'Scan,Case,Remarks\na,E,"far\naway"\n'
    names = {"Scan": "file", "Case": "event", "Remarks": ""}
    assert read(tmp_path, text, columns_as=names).rows == ((2, {"file": "a", "event": "E"}),)


def test_the_case_of_a_column_says_nothing(tmp_path):
    assert cells(read(tmp_path, "FILE;Event\na;E\n")) == [{"file": "a", "event": "E"}]


def test_other_columns_are_for_people_where_none_are_known(tmp_path):
    (given,) = cells(read(tmp_path, "file,event,note\na,E,1\n", known=None))
    assert (given["file"], given["event"]) == ("a", "E")


# Quotes that never close; each row must come out, or none.

A, B = "a.x3p,E1", "b.x3p,E2"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'file,event\n{A}\n"b.x3p,E2\nc.x3p,E3\n', 3),
        (f'file,event\n{A},\n"b.x3p,E2\n"c.x3p",E3\n', 3),
        ('file,event\n"a.x3p",E1\nb.x3p,"E2\nc.x3p,E3', 3),
        (f'file,event\n{A}\nb.x3p,"E2"x\n', 3),
        ('file,event,date\na,"E1\nb,E2,2026-01-01\nc,E3",2026-01-02\n', 2),
        ('file;event;date\na;E1;"x\nb;E2;2026-01-01\nc;E3;x"\n', 2),
    ],
)
@pytest.mark.parametrize("known", [("file", "event", "date"), None])
def test_a_quote_that_does_not_close_is_refused_with_its_line(tmp_path, text, line, known):
    with pytest.raises(FormatError, match=rf"list\.csv: line {line}: .*(quote|one line)"):
        read(tmp_path, text, known)


@pytest.mark.parametrize(
    ("text", "known", "message"),
    [
        ("file\na\n", KNOWN, "list.csv: no column event, found file; known: file, event, date"),
        ("file\na\n", None, "list.csv: no column event, found file"),
        ("file,event,dat\na,E,\n", KNOWN, "column 'dat' means nothing, found file, event, dat"),
        ("file,event,file\na,E,b\n", KNOWN, "each column once needed, found 'file' twice"),
        ("file,event,Event \na,E,b\n", None, "each column once needed, found 'event' twice"),
        ("file,event,note,note\na,E,1,2\n", None, "each column once needed, found 'note' twice"),
        ("file,event\na\0,E\n", KNOWN, "a list needed, found a null character"),
        (b"file,event\n\x81,E\n", KNOWN, "list.csv: a list needed, .*codec can't decode"),
        ("file,event\na,E\nb,E,c\n", KNOWN, "line 3: one cell for each column needed, found c"),
        ("file,event,\na,E,\nb,E,c\n", KNOWN, "line 3: one cell for each column needed, found c"),
        ("file,,event\na,x,E\n", None, "line 2: one cell for each column needed, found x"),
        (b"PK\x03\x04rest", KNOWN, "a list needed, found a workbook of a spreadsheet"),
        ("", KNOWN, "no column file, event, found none"),
    ],
)
def test_what_is_refused(tmp_path, text, known, message):
    with pytest.raises(FormatError, match=message):
        read(tmp_path, text, known)


def test_unknown_columns_are_listed_with_what_names_them(tmp_path):
    with pytest.raises(FormatError, match=r"found Scan, event; known: file, event, date") as caught:
        read(tmp_path, "Scan,event\na,E\n")
    assert caught.value.hint.startswith('--map "Scan=file" says what a column is called')


def test_a_workbook_is_to_be_saved_as_csv(tmp_path):
    with pytest.raises(FormatError) as caught:
        read(tmp_path, b"PK\x03\x04rest")
    assert caught.value.hint == "save it as CSV, and name that file"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match=r"none\.csv: a list needed, No such file"):
        read_csv(tmp_path / "none.csv", "a list", NEEDED)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a named pipe"), (Path("/dev/zero"), "a device")):
        with pytest.raises(FormatError, match=f"a list needed, found {kind}"):
            read_csv(path, "a list", NEEDED)


def test_a_table_beyond_reason_is_refused(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(FormatError, match="at most 64 MiB needed, found 65 MiB"):
        read_csv(path, "a list", NEEDED)


# What is written.


def test_rows_are_written_from_mappings_and_sequences():
    stream = io.StringIO()
    rows = [{"b": 'x "y", z', "c": 1, "a": None}, (2, "u")]
    write_csv(stream, ("a", "b"), rows, line_end="\n")
    assert stream.getvalue() == 'a,b\n,"x ""y"", z"\n2,u\n'


TEXTS = ["=1+1", "+1", "-1", "@SUM(1)", "\uff1d1", "'=1", "''-x", "it's", "a=b", ""]


def test_texts_are_no_formulas_and_numbers_stay_numbers(tmp_path):
    path = tmp_path / "list.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        write_csv(stream, ("file", "event", "date"), [(t, -1.5, +2) for t in TEXTS])
    with path.open(newline="", encoding="utf-8") as stream:
        written = list(csv.reader(stream))[1:]
    assert not any(row[0].startswith(tuple("=+-@\uff1d")) for row in written)
    assert {tuple(row[1:]) for row in written} == {("-1.5", "2")}
    back = [row["file"] for row in cells(read_csv(path, "a list", NEEDED, KNOWN))]
    assert back == TEXTS


INSIDE = [
    "x;=cmd()", "x; +1", "x;'=a", "x;;@sum", "a;b;-1", "x\t=1", 'say "x;=1", please', "x;=1;=2",
    "12 Harbour St; Kingston", "x;'no formula", "=1;=2",
]  # fmt: skip


@pytest.mark.parametrize("text", INSIDE)
def test_what_follows_a_semicolon_in_a_cell_is_no_formula(tmp_path, text):
    """Opened where semicolons part the columns, it is a cell of its own."""
    stream = io.StringIO()
    write_csv(stream, ("a", "b"), [("1", text)])
    for cell in re.split(r"[;\t\r\n]", stream.getvalue()):
        assert not re.match(r"\s*[=+\-@]", cell), cell
    path = tmp_path / "t.csv"
    path.write_bytes(stream.getvalue().encode())
    ((_, row),) = read_csv(path, "a table", ("a", "b")).rows
    assert row["b"] == text


@pytest.mark.parametrize("text", ["\t=1", "\r=1"])
def test_a_tab_or_a_line_before_a_formula_is_escaped_too(text):
    stream = io.StringIO()
    write_csv(stream, ("a",), [(text,)])
    assert stream.getvalue().splitlines(keepends=True)[1].lstrip('"').startswith("'")


# Files of the field, and of a spreadsheet in three languages.


def manifest(folder, name, tmp_path, **form):
    shutil.copyfile(folder / name, tmp_path / name)
    return read_manifest(tmp_path / name, form=TableForm(**form))


@pytest.mark.realdata
@pytest.mark.skipif(not CASES.is_dir(), reason="no shared cases here")
@pytest.mark.parametrize(
    ("name", "rows"),
    [("manifest_semi.csv", 1), ("manifest_tab16.csv", 1), ("manifest_trailrows.csv", 1)],
)
def test_cases_that_are_read(tmp_path, name, rows):
    read_rows = manifest(CASES, name, tmp_path).rows
    assert len(read_rows) == rows
    assert read_rows[0].fields["exhibit"] == "JAM-2026-0007-1"


@pytest.mark.realdata
@pytest.mark.skipif(not CASES.is_dir(), reason="no shared cases here")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("manifest_unquoted_open.csv", "line 2: .* quote"),
        ("manifest_dupcol.csv", "found 'exhibit' twice"),
    ],
)
def test_cases_that_are_refused(tmp_path, name, message):
    with pytest.raises(FormatError, match=message):
        manifest(CASES, name, tmp_path)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("en-US.csv", DayOrder.MONTH_FIRST),
        ("en-GB.csv", DayOrder.DAY_FIRST),
        ("de-DE.csv", DayOrder.DAY_FIRST),
        ("de-DE-windows.csv", DayOrder.DAY_FIRST),
        ("fr-FR.csv", DayOrder.DAY_FIRST),
        ("fr-FR-unicode.csv", DayOrder.DAY_FIRST),
        ("iso.csv", DayOrder.ISO),
    ],
)
def test_manifests_of_a_spreadsheet_in_several_languages(tmp_path, name, days):
    one, two = manifest(SPREADSHEETS, name, tmp_path, days=days).rows
    assert one.fields["date"] == "2026-03-14"
    assert two.fields["date"] == "2025-11-02"
    assert one.fields["place"] == "Montego Bay, St James"
    assert two.fields["place"] == 'Québec Street; "Orange Walk"'
    assert two.fields["ammunition"] == "CBC"
