"""What can go wrong, by who can mend it.

A message says which argument or file, what was needed and what was found.
"""


class RibinError(Exception):
    """Any refusal that RIBIN makes on purpose; its text is one line for a person."""


class ParameterError(RibinError, ValueError):
    """An argument or a parameter file has a value that cannot be used."""


class FormatError(RibinError):
    """A file is not what it claims to be, or is damaged."""


class ScanError(RibinError):
    """A file was read, but what it holds cannot be compared."""


class StoreError(RibinError):
    """A vault could not be opened, written or trusted."""


class ThereAlreadyError(StoreError):
    """What was to be made is there; `name` says which it is."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class AccessError(RibinError):
    """The network's rules do not allow what was asked for."""
