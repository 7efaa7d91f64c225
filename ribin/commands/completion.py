"""`ribin completion`: a script that lets a shell complete commands, options and file names."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_RIBIN_COMPLETE"  # click's name for how a shell asks


@click.command(short_help="Let the shell complete commands.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete `ribin` commands and options with the tab key.

    \b
    Examples:
      ribin completion bash >> ~/.bashrc
      ribin completion zsh >> ~/.zshrc
      ribin completion fish > ~/.config/fish/completions/ribin.fish
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:  # a click that knows fewer shells
        raise click.UsageError(f"click {shell} completion needed, found none")
    program = context.find_root().command
    click.echo(script(program, {}, "ribin", _VARIABLE).source())
