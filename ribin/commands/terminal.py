"""How a command ends: exit codes, and one line on stderr instead of a traceback."""

from __future__ import annotations

import codecs
import io
import shutil
import sys
from collections.abc import Iterable, Sequence

import click

from ribin.commands.colour import say_why
from ribin.commands.next_steps import with_next_step
from ribin.errors import AccessError, ParameterError, RibinError
from ribin.report.text import fitted

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
        with fitted(_terminal_columns()):
            code = app.main(list(args), prog_name="ribin", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return WRONG_USAGE
    except click.Abort:
        return INTERRUPTED
    except (RibinError, OSError, MemoryError) as error:
        say_why(with_next_step(_line(error)))
        return _code(error)
    return code if isinstance(code, int) else DONE


def _terminal_columns() -> int | None:
    """How wide the terminal is; None where stdout is a pipe or a file, which get every letter."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


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
        click.echo(reason if file in reason else f"{file}: {reason}", err=True)


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
