"""What every command has in common: start-up, exit codes, one line instead of a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from budgets import slowness
from command_list import commands, members

from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.commands import options
from ribin.commands.app import TASKS, app
from ribin.commands.terminal import Progress, exit_after, run
from ribin.errors import ScanError

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "numba", "scipy", "cv2", "h5py", "skimage", "x3pio", "sqlite3")


def test_help_loads_nothing_heavy_and_answers_at_once():
    program = (
        "import sys\n"
        "from ribin.commands.app import app\n"
        "from ribin.commands.terminal import run\n"
        "code = run(app, ['--help'])\n"
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "print('heavy', heavy)\n"
        "import time; print(time.process_time())\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "heavy []" in done.stdout
    *_, cpu_s = done.stdout.split()
    assert float(cpu_s) < 0.3 * slowness()


@pytest.mark.parametrize("name", ["compare", "evaluate", "serve", "share", "view", "whoami"])
def test_help_of_a_command_loads_nothing_heavy(name):
    program = (
        "import sys\n"
        "from ribin.commands.app import app\n"
        "from ribin.commands.terminal import run\n"
        f"run(app, [{name!r}, '--help'])\n"
        f"print('heavy', [m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.endswith("heavy []\n")


def test_help_is_by_task(ribin):
    text = ribin("--help").out
    tasks = [line.removesuffix(":") for line in text.splitlines() if re.fullmatch(r"\S.*:", line)]
    assert tasks[-len(TASKS) :] == list(TASKS)
    assert re.search(r"Conclude:\n  lead ", text)


def test_the_table_of_commands_says_what_the_commands_say():
    listed = {name: words for rows in TASKS.values() for name, _, words in rows}
    said = {name: command.short_help for name, command in members(app).items()}
    assert said == listed


def test_every_command_of_the_contract_is_there():
    assert {name for name, _ in commands()} >= {
        *("ribin init", "ribin network show", "ribin enrol", "ribin compare", "ribin search"),
        *("ribin evaluate", "ribin info", "ribin synth scans", "ribin demo"),
        *("ribin store check", "ribin store rebuild-index"),
    }


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda v: str(v))
def test_help_shows_an_example(name, command):
    text = command.get_help(click.Context(command, info_name=name))
    assert re.search(rf"Examples?:\n +{name}", text)


def test_shared_options_say_the_same_everywhere():
    said: dict[str, set[str]] = {}
    for _, command in commands():
        for option in command.params:
            if option.name in ("vault", "network_file", "params", "jobs", "who", "reason", "mark"):
                is_option = isinstance(option, click.Option)
                said.setdefault(option.name, set()).add(option.help) if is_option else None
    assert all(len(texts) == 1 for texts in said.values()), said


def test_words_of_options_are_those_of_casework():
    assert tuple(Scope) == options.SCOPES
    assert tuple(ExhibitKind) == options.EXHIBIT_KINDS


def failing(error):
    @click.group()
    def group():
        """A program that fails."""

    @group.command()
    def go():
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ScanError("a.x3p: 4 valid cells, 8 needed"), 3, "ribin: a.x3p: 4 valid cells, 8 needed\n"),
        (MemoryError(), 3, "ribin: not enough memory\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (click.exceptions.Exit(1), 1, ""),
    ],
)
def test_exit_codes(error, code, line, capsys):
    assert run(failing(error), ["go"]) == code
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    "args", [["nonsense"], ["info"], ["search", "x", "--scope", "world"], ["init", "v", "--jobs"]]
)
def test_wrong_usage_is_2(ribin, args):
    done = ribin(*args)
    assert done.code == 2
    assert done.out == ""
    assert re.fullmatch(
        r"ribin: .*\nhint: `ribin.* --help` shows how it is called\n", done.err, re.S
    )


def test_a_programming_error_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run(failing(ZeroDivisionError()), ["go"])


@pytest.mark.parametrize(("done", "failed", "code"), [(3, 0, 0), (3, 1, 1), (0, 1, 3), (0, 0, 0)])
def test_exit_after(done, failed, code):
    try:
        exit_after(done, failed)
        found = 0
    except click.exceptions.Exit as end:
        found = end.exit_code
    assert found == code


def test_a_closed_pipe_is_quiet():
    ribin = Path(sys.executable).with_name("ribin")
    with subprocess.Popen(
        [str(ribin), "search", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_unknown_parameter_is_refused_in_one_line(ribin, tmp_path):
    (tmp_path / "p.toml").write_text("[read]\nmax_pixel = 3\n", encoding="utf-8")
    done = ribin("info", "x.x3p", "--params", tmp_path / "p.toml")
    assert done.code == 2
    assert re.fullmatch(r"ribin: .*p\.toml: read: no parameter 'max_pixel'; known: .*\n", done.err)


class Terminal:
    def __init__(self, is_terminal):
        self.written = ""
        self._is_terminal = is_terminal

    def isatty(self):
        return self._is_terminal

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.mark.parametrize(("is_terminal", "waited_s"), [(True, 3), (True, 1), (False, 3)])
def test_progress_shows_on_a_terminal_after_two_seconds(monkeypatch, is_terminal, waited_s):
    terminal = Terminal(is_terminal)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    progress = Progress()
    progress("reading", 1, 4)
    monkeypatch.setattr("time.monotonic", lambda: waited_s)
    progress("reading", 2, 4)
    shown = is_terminal and waited_s > 2
    text = f"{'2/4, 6 s left':<40}"
    bar = "\rreading      [" + "#" * 15 + "-" * 15 + f"] {text}"
    assert terminal.written == (bar if shown else "")


def test_progress_of_a_batch_says_a_line_now_and_then_where_no_terminal_is(monkeypatch):
    terminal = Terminal(False)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    progress = Progress(every_s=30.0)
    progress("compare", 100, 1000)  # done by an earlier run: not of this run's pace
    for at_s, done in ((20, 200), (40, 300), (50, 310), (6040, 400), (6080, 1000)):
        monkeypatch.setattr("time.monotonic", lambda at_s=at_s: float(at_s))
        progress("compare", done, 1000)
    lines = terminal.written.splitlines()
    assert lines == [
        "compare 300/1000, 2 min left",
        "compare 400/1000, 3 h 21 min left",
        "compare 1000/1000",
    ]


def test_the_package_runs_as_the_command_does():
    said = [sys.executable, "-m", "ribin", "--version"]
    done = subprocess.run(said, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ribin")
