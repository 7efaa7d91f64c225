"""How a command talks and ends: text and progress, exit codes, one line instead of a traceback."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence

import click

from ribin.errors import AccessError, ParameterError, RibinError
from ribin.report.table import Terminal, shown_on
from ribin.text import escaped, escaped_lines
from ribin.workers import Tick

DONE = 0
SOME_FAILED = 1
WRONG_USAGE = 2
NOTHING_DONE = 3
INTERRUPTED = 130


def run(app: click.Group, args: Sequence[str]) -> int:
    """Run one command; its exit code.

    0 done, 1 some items failed (listed), 2 wrong usage, 3 nothing could be done, 130 interrupted.
    """
    try:
        with shown_on(_terminal()):
            code = app.main(list(args), prog_name="ribin", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_USAGE
    except click.ClickException as error:
        say_why(error.format_message(), _usage_hint(error))
        return WRONG_USAGE
    except click.Abort:
        return INTERRUPTED
    except (RibinError, OSError, MemoryError) as error:
        say_why(_line(error), getattr(error, "hint", ""))
        return _code(error)
    return code if isinstance(code, int) else DONE


def _terminal() -> Terminal | None:
    """The terminal that stdout is; None where it is a pipe or a file."""
    if not sys.stdout.isatty():
        return None
    return Terminal(shutil.get_terminal_size().columns, not os.environ.get("NO_COLOR"))


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"`{context.command_path} --help` shows how it is called" if context else ""


def _line(error: BaseException) -> str:
    """What went wrong, in one line; MemoryError says nothing itself."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or "not enough memory"


def _code(error: BaseException) -> int:
    """Wrong usage is what other arguments would mend; a disk that refuses is not."""
    disk = isinstance(error.__cause__, OSError) and not isinstance(
        error.__cause__, FileNotFoundError
    )
    usage = isinstance(error, ParameterError) and not disk
    return WRONG_USAGE if usage or isinstance(error, AccessError) else NOTHING_DONE


def list_failed(failed: Iterable[tuple[str, str]]) -> None:
    """A line on stderr for each item that failed; a reason that names its file says it once."""
    for file, reason in failed:
        say(escaped(reason if file in reason else f"{file}: {reason}"), err=True)


def speak_any_encoding() -> None:
    """Print what the encoding of stdout and stderr lacks as \\uXXXX, which JSON reads too."""
    codecs.register_error("ribin.escaped", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ribin.escaped")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


def exit_after(done: int, failed: int) -> None:
    """End the command by how many of its items were done and how many failed."""
    if failed:
        raise click.exceptions.Exit(SOME_FAILED if done else NOTHING_DONE)


_MOST_LINES = 40  # of what a question shows


def asking(question: str, agreed: bool) -> Callable[[Sequence[str]], None]:
    """Shows lines on stderr and asks; not where it is agreed already.

    What it gives raises click.exceptions.Exit where the answer is no, and UsageError where nobody
    answers.
    """

    def ask(lines: Sequence[str]) -> None:
        if agreed:
            return
        more = [f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
        for line in (*lines[:_MOST_LINES], *more):
            say(line, err=True)
        try:
            wanted = click.confirm(question, err=True)
        except (click.Abort, OSError) as error:
            if isinstance(error, click.Abort) and sys.stdin.isatty():
                raise
            raise click.UsageError("--yes needed where nobody answers; nothing was done") from error
        if not wanted:
            say("nothing was done", err=True)
            raise click.exceptions.Exit(NOTHING_DONE)

    return ask


def say(text: str, err: bool = False, nl: bool = True) -> None:
    """Print a text on stdout or stderr, what could steer a terminal as its code.

    Lines are the caller's: a text of somebody else that may hold several is `escaped` before.
    """
    click.echo(escaped_lines(text), err=err, nl=nl, color=_wanted())


def say_note(text: str) -> None:
    """Print on stderr what a person should know of how something was read; nothing where empty."""
    if text:
        say(f"note: {escaped(text)}", err=True)


def say_why(text: str, hint: str) -> None:
    """Print on stderr why a command ended, and what to do next where that is known.

    The name of the program is red where stderr is a terminal.
    """
    name = click.style("ribin:", fg="red", bold=True)
    say(f"{name} {escaped(text)}", err=True)
    if hint:
        say(f"hint: {escaped(hint)}", err=True)


def _wanted() -> bool | None:
    """Whether to print colours; None leaves it to click, which looks for a terminal."""
    return False if os.environ.get("NO_COLOR") else None


# A line on the terminal for work that takes longer than two seconds.

_PATIENCE_S = 2.0
_WIDTH = 30
_TEXT = 40  # columns for the figures, so that a shorter text covers a longer one


class Progress:
    """Call it with what is done, how many so far, and of how many.

    It writes to stderr after two seconds, with the time left as the pace so far has it: a line that
    changes where that is a terminal; elsewhere nothing, or with `every_s` a line so often.
    """

    def __init__(self, every_s: float | None = None) -> None:
        self._begun: dict[str, tuple[float, int]] = {}
        self._every_s = every_s
        self._said_at = time.monotonic()

    def stage(self, name: str) -> Tick:
        """The same for one stage: called with what is done, and of how many."""
        return lambda done, total: self(name, done, total)

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun, before = self._begun.setdefault(stage, (now, done))
        if now - begun < _PATIENCE_S:
            return
        text = f"{done}/{total}"
        if before < done < total:
            text += f", {_duration((now - begun) / (done - before) * (total - done))} left"
        if sys.stderr.isatty():
            filled = _WIDTH * done // max(total, 1)
            bar = "#" * filled + "-" * (_WIDTH - filled)
            end = "\n" if done >= total else ""
            sys.stderr.write(f"\r{stage:<12} [{bar}] {text:<{_TEXT}}{end}")
        elif self._every_s is not None and now - self._said_at >= self._every_s:
            self._said_at = now
            sys.stderr.write(f"{stage} {text}\n")
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    """Such as 40 s, 12 min or 3 h 5 min."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
