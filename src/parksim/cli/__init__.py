"""The command line: one app on which each module of commands registers its own.

Modules here import what they compute with inside their commands, so that ``parksim --help`` stays quick.
"""

from __future__ import annotations

import os
import sys

import typer

from parksim.errors import ParksimError, ScenarioError

app = typer.Typer(
    name="parksim",
    help="What people and firms gain or lose when an industrial park becomes an industrial community.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; end with 0, with 1 for a finding, with 2 for what cannot be used.

    An interrupted command ends with 130, as shells expect.
    """
    try:
        app()
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


from parksim.cli import explaining, importing, planning, reporting, runs, scenarios, siting, sweeps, words  # noqa: E402, F401  (commands register on `app`)
