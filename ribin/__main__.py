"""`python -m ribin ...` equals `ribin ...`."""

from ribin.commands import main

main()
