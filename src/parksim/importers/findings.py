"""What an import read, guessed, changed and left out: nothing is dropped in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Guess:
    """One kind of value that the files did not give.

    Attributes
    ----------
    what : str
        Which value, of what.
    value : str
        What was put in its place.
    count : int
        For how many things.
    grade : str
        As in ``sources:``.
    why : str
        After what.
    """

    what: str
    value: str
    count: int
    grade: str
    why: str


@dataclass
class Findings:
    """Collected while importing; shown on the page and, in short, in the terminal.

    Attributes
    ----------
    read : Counter
        Number of things by kind.
    guesses : list of Guess
    unused : Counter
        Tags, classes or categories that no table knows, with how often they occur.
    left_out : Counter
        Things that were read and could not be drawn, by reason.
    notes : list of str
        Anything else a reader should know, the most important first.
    measured : dict of str to str
        Figures about the drawing: share of cells in conflict, floor area read and drawn.
    """

    read: Counter[str] = field(default_factory=Counter)
    guesses: list[Guess] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    measured: dict[str, str] = field(default_factory=dict)
    guessing: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def guess(self, what: str, value: object, why: str, grade: str = "assumed") -> None:
        """Note one guess; equal ones are counted together."""
        self.guessing[what, str(value), grade, why] += 1

    def all_guesses(self) -> list[Guess]:
        """Every kind of guess, the most frequent first."""
        counted = [
            Guess(what, value, n, grade, why) for (what, value, grade, why), n in self.guessing.most_common()
        ]
        return [*self.guesses, *counted]
