"""The command line: one app on which each module of commands registers its own.

Modules here import what they compute with inside their commands, so that ``parksim --help`` stays quick.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from parksim.errors import ParksimError, ScenarioError

app = typer.Typer(
    name="parksim",
    help="What people and firms gain or lose when an industrial park becomes an industrial community.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

UNUSABLE: type[Exception] = typer.BadParameter.__bases__[0]
"""Every error of the parser; Typer does not export its name."""


def main() -> None:
    """Run the command line; end with 0, with 1 for a finding, with 2 for what cannot be used.

    An interrupted command ends with 130, as shells expect.
    """
    try:
        app() if words.language() == "en" else _translated()
    except ScenarioError as error:
        m = words.asked()
        for problem in error.problems:
            print(m.problem(problem), file=sys.stderr)
        sys.exit(2)
    except ParksimError as error:
        print(words.error(str(error)), file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except SystemExit as end:
        if end.code == 130:  # Typer's word for KeyboardInterrupt
            print(words.error("interrupted"), file=sys.stderr)
        raise


def _translated() -> None:
    """Run the command line for somebody who reads the parser's errors in another language than it says them."""
    try:
        code = app(standalone_mode=False)
    except UNUSABLE as error:
        unusable: Any = error
        if text := unusable.format_message():  # nothing where the help was printed instead
            command = unusable.ctx.command_path if unusable.ctx else app.info.name
            print(
                words.error(text), words.asked()("cli.see_help", command=command), sep="\n", file=sys.stderr
            )
        sys.exit(2)
    except typer.Abort:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


from parksim.cli import explaining, importing, planning, reporting, runs, scenarios, siting, sweeps, words  # noqa: E402, F401  (commands register on `app`)
