"""Mapping tables: what a file's tags or classes mean to parksim. Shipped as YAML, changed by users."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from parksim.errors import Problem, ScenarioError, nearest
from parksim.importers.raster import BUILT_USES
from parksim.scenario import document
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IGNORE = "ignore"
MEANINGS: dict[str, frozenset[str]] = {
    "buildings": BUILT_USES,
    "building_hints": BUILT_USES,
    "land": BUILT_USES | {"green", "water", "vacant", "parking"},
    "roads": frozenset({"main", "park", "path"}),
    "barriers": frozenset({"fence", "gate"}),
    "stops": frozenset({"metro", "bus", "shuttle"}),
    "places": frozenset(CATEGORIES),
}
"""Sections of a table, and what each may map to."""


@dataclass
class Table:
    """One mapping table.

    Attributes
    ----------
    sections : dict of str to dict
        By section: meaning by ``key=value``; the value ``*`` stands for any.
    keys : dict of str to list of str
        By section: the keys it looks at, in order.
    """

    sections: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)

    def meaning(self, section: str, tags: Mapping[str, str]) -> str:
        """Say what tags mean in a section; empty where no entry fits, ``ignore`` where one says so."""
        entries = self.sections.get(section, {})
        fitting = self.fitting(section, tags)
        return entries.get(fitting, "")

    def fitting(self, section: str, tags: Mapping[str, str]) -> str:
        """Return the first entry that fits some tags, exact values before ``*``."""
        entries = self.sections.get(section, {})
        for key in self.keys.get(section, ()):
            if key in tags and f"{key}={tags[key]}" in entries and entries[f"{key}={tags[key]}"] != IGNORE:
                return f"{key}={tags[key]}"
        for key in self.keys.get(section, ()):
            if key in tags:
                for entry in (f"{key}={tags[key]}", f"{key}=*"):
                    if entry in entries:
                        return entry
        return ""

    def unknown(self, section: str, tags: Mapping[str, str]) -> Iterable[str]:
        """Yield ``key=value`` of the section's keys that no entry speaks of."""
        entries = self.sections.get(section, {})
        for key in self.keys.get(section, ()):
            if key in tags and f"{key}={tags[key]}" not in entries and f"{key}=*" not in entries:
                yield f"{key}={tags[key]}"


def shipped(name: str) -> Path:
    """Say where a table of the package lies."""
    return Path(__file__).with_name(f"{name}.yaml")


def read_table(name: str, own: Path | None = None) -> Table:
    """Read a table of the package and, on top of it, the user's.

    Parameters
    ----------
    name : str
        As ``osm``.
    own : Path, optional
        File whose entries go before the package's.

    Raises
    ------
    ScenarioError
        With file and line, where a section, an entry or a meaning is unknown.
    """
    problems: list[Problem] = []
    table = Table()
    for path in [shipped(name), *([own] if own else [])]:
        read = document.read(path, str(path))
        problems += read.problems
        for section, entries in read.data.items():
            if section not in MEANINGS:
                message = f"unknown section '{section}'{nearest(section, MEANINGS)}"
                problems.append(Problem(str(path), read.lines.get(section), section, message))
                continue
            for entry, meaning in (entries or {}).items():
                where = f"{section}.{entry}"
                fault = _fault(section, entry, meaning)
                if fault:
                    problems.append(Problem(str(path), read.lines.get(where), where, fault))
                    continue
                table.sections.setdefault(section, {})[entry] = str(meaning)
                keys = table.keys.setdefault(section, [])
                if (key := entry.partition("=")[0]) not in keys:
                    keys.append(key)
    if problems:
        raise ScenarioError(problems)
    return table


def _fault(section: str, entry: str, meaning: object) -> str:
    if "=" not in entry:
        return "write key=value: meaning"
    text = str(meaning)
    if text == IGNORE:
        return ""
    word, _, rank = text.partition(" ")
    if word not in MEANINGS[section]:
        return f"'{text}' means nothing here{nearest(word, {*MEANINGS[section], IGNORE})}"
    if rank and not (section == "roads" and rank.isdigit()):
        return f"'{text}': only roads have a number, the order of their entrances"
    return ""
