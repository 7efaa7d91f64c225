"""`python cli.py ...` from a checkout equals `ribin ...` after installation."""

from ribin.commands import main

if __name__ == "__main__":
    main()
