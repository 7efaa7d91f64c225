"""What can go wrong, by who can mend it.

A message says which argument or file, what was needed and what was found; a hint says what to do
next, where a command or a person mends it.
"""


class RibinError(Exception):
    """Any refusal that RIBIN makes on purpose; its text is one line for a person, its hint another.

    An error that is told in the words of another keeps the hint of that one, unless it has its own.
    """

    refused_by = ""  # the member that refused a question so, where it is the refusal of another one

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self._hint = hint

    @property
    def hint(self) -> str:
        """What to do next; empty where nothing is known to help."""
        return self._hint or getattr(self.__cause__, "hint", "")


def error_with_hint(error: Exception) -> str:
    """An error as a part of a list: its text, and where something is known to help what that is."""
    hint = getattr(error, "hint", "")
    return f"{error} ({hint})" if hint else str(error)


class ParameterError(RibinError, ValueError):
    """An argument or a parameter file has a value that cannot be used."""


class FormatError(RibinError):
    """A file is not what it claims to be, or is damaged."""


class ScanError(RibinError):
    """A file was read, but what it holds cannot be compared."""


class PitchError(ScanError):
    """The size of a pixel is not known, until a person states it."""


class StoreError(RibinError):
    """A vault could not be opened, written or trusted."""


class ThereAlreadyError(StoreError):
    """What was to be made is there; `name` says which it is."""

    def __init__(self, message: str, name: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.name = name


class NoAnswerError(StoreError):
    """A member was asked and has not answered yet; it may answer later."""


class AccessError(RibinError):
    """The network's rules do not allow what was asked for."""
