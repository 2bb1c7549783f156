"""Errors that a user can act on: each says what is wrong, where, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ParksimError(Exception):
    """Base of every error parksim raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in one input file.

    Attributes
    ----------
    file : str
        File as the user named it.
    line : int or None
        Line in that file, counted from 1.
    field : str
        Dotted path of the field, as ``amenities.2.capacity``.
    message : str
        What is wrong, with the value, what is allowed and the nearest valid name.
    """

    file: str
    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class ScenarioError(ParksimError):
    """A scenario or experiment file that cannot be used; ``problems`` lists every fault found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Problem]]]:
        return type(self), (self.problems,)


def nearest(name: object, valid: Iterable[str]) -> str:
    """Say which valid name is nearest to `name`, as the end of an error message.

    Parameters
    ----------
    name : object
        What the user wrote.
    valid : iterable of str
        Names that would have been right.

    Returns
    -------
    str
        ``"; did you mean 'x'?"``, or the list of valid names where none is near.
    """
    names = sorted(valid)
    close = get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; valid: {', '.join(names)}" if names else ""
