"""The command line. `main` imports the rest, so that importing ribin stays light."""


def main() -> None:
    """Run `ribin` with the arguments of the process and exit with its code."""
    import sys

    from ribin.commands.app import app
    from ribin.commands.terminal import run, speak_any_encoding

    speak_any_encoding()
    sys.exit(run(app, sys.argv[1:]))
