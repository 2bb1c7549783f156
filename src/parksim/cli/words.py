"""The language of the terminal: headings, verdicts and the usual errors come from the report's catalogue."""

# ruff: noqa: PLC0415  (the catalogue is read where something is said, so that --help stays quick)
from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parksim.report.messages import Messages

VARIABLE = "PARKSIM_LANG"
"""Environment variable with the language where ``--lang`` is not given."""

Lang = Annotated[
    str,
    typer.Option("--lang", envvar=VARIABLE, help="Language of what is printed and written: en or zh."),
]


def language(words: Sequence[str] | None = None) -> str:
    """Return the language that a command line asks for, before or without parsing it.

    Parameters
    ----------
    words : sequence of str, optional
        By default the arguments of this process.
    """
    given = list(sys.argv[1:] if words is None else words)
    lang = os.environ.get(VARIABLE, "en")
    for word, after in pairwise([*given, ""]):
        if word == "--lang":
            lang = after
        elif word.startswith("--lang="):
            lang = word.removeprefix("--lang=")
    return lang


def asked(words: Sequence[str] | None = None) -> Messages:
    """Return the words of the language that a command line asks for; see :func:`language`.

    A language there is not is English here: it is an error of its own elsewhere.
    """
    from parksim.report.messages import Messages, languages

    lang = language(words)
    return Messages(lang if lang in languages() else "en")


def error(text: str) -> str:
    """Return a message of an error in the language asked for, framed with the program's name."""
    m = asked()
    return m("cli.error", text=m.translated(text))
