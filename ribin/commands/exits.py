"""How a command ends: exit codes, and one line on stderr instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from ribin.errors import RibinError

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
        code = app.main(list(args), prog_name="ribin", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return WRONG_USAGE
    except click.Abort:
        return INTERRUPTED
    except (RibinError, MemoryError) as error:
        print(f"ribin: {str(error) or 'not enough memory'}", file=sys.stderr)
        return NOTHING_DONE
    return code if isinstance(code, int) else DONE


def exit_after(done: int, failed: int) -> None:
    """End the command by how many of its items were done and how many failed."""
    if failed:
        raise click.exceptions.Exit(SOME_FAILED if done else NOTHING_DONE)
