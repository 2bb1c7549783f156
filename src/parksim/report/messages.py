"""One catalogue of words for users, in English and Chinese, and how numbers are written in either.

The words stand in ``catalogue/<language>.yaml``, one file a language; a key missing from one of them is an
error of the tests, not of the user's run. Parameters and published figures stand in English in the code, so that
``catalogue/parameters`` and ``catalogue/facts`` hold the other languages only. A new language is one new file in each.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from parksim.errors import ParksimError, nearest
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from parksim.errors import Problem
    from parksim.scenario.schema import Scenario, Source

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

NO_UNIT = ("", "–")
_DECIMALS = {
    "min": 1,
    "share": 1,
    "days": 1,
    "months": 1,
    "years": 1,
    "m2": 0,
    "persons": 0,
    "firms": 0,
    "places": 0,
    "level": 3,
}
_MONEY = {"CNY", "CNY/year"}
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("coverage_all_", "coverage_all", "circle"),
    ("nearest_min_", "nearest_min", "category"),
    ("placed_share_", "placed_share", "category"),
    ("mode_share_", "mode_share", "mode"),
    ("net_cost_", "net_cost", "payer"),
    ("capex_cny_", "capex_of", "payer"),
    ("opex_cny_year_", "opex_of", "payer"),
    ("returns_cny_year_", "returns_of", "payer"),
    ("discounted_cost_", "discounted_cost", "payer"),
    ("payback_years_", "payback_years", "payer"),
    ("firms_grade_", "firms_grade", "letter"),
    ("coverage_", "coverage_circle", "circle"),
    ("served_", "served", "circle"),
    ("tier_", "tier", "tier"),
)
"""Indicators with a variable part: prefix, key, and what the part is; the first prefix that fits is taken."""


class UnknownLanguageError(ParksimError, ValueError):
    """A language without a catalogue."""


def languages() -> list[str]:
    """Return the codes of the languages there are."""
    folder = resources.files("parksim.report") / "catalogue"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Return every message of a language by its dotted key.

    Raises
    ------
    UnknownLanguageError
        If there is no such language.
    """
    if lang not in languages():
        raise UnknownLanguageError(f"unknown language '{lang}'{nearest(lang, languages())}")
    text = (resources.files("parksim.report") / "catalogue" / f"{lang}.yaml").read_text(encoding="utf-8")
    sections: dict[str, dict[str, str]] = yaml.load(text, Loader=Loader)  # noqa: S506  (a safe loader)
    return {
        f"{section}.{key}": str(value)
        for section, entries in sections.items()
        for key, value in entries.items()
    }


@cache
def parameters(lang: str) -> dict[str, tuple[str, str]]:
    """Return name and source of every parameter by its path; nothing for English, which stands in the code."""
    sections: dict[str, dict[str, list[str]]] = beside("parameters", lang)
    return {
        f"parameters.{section}.{key}": (name, source)
        for section, entries in sections.items()
        for key, (name, source) in entries.items()
    }


@cache
def facts(lang: str) -> dict[str, dict[str, str]]:
    """Return ``name, published, source`` of published figures by their keys; nothing for English."""
    found: dict[str, dict[str, str]] = beside("facts", lang).get("facts", {})
    return found


@cache
def calibrated(lang: str) -> dict[str, str]:
    """Return to which fact parameters were fitted, by their paths; nothing for English."""
    found: dict[str, str] = beside("facts", lang).get("calibrated", {})
    return found


def beside(folder: str, lang: str) -> dict[str, Any]:
    """Return what a language has in a folder beside the catalogue; nothing for English, which stands in the code."""
    file = resources.files("parksim.report") / "catalogue" / folder / f"{lang}.yaml"
    if not file.is_file():
        return {}
    found: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506  (a safe loader)
    return found


class Messages:
    """The words of one language.

    Parameters
    ----------
    lang : str
        ``en`` or ``zh``.

    Examples
    --------
    >>> Messages("en").indicator("coverage_life_15")
    'Needs within reach, 15-minute life circle'
    >>> Messages("zh").indicator("commute_mean_min")
    '平均通勤时间'
    >>> Messages("en").value(0.034, "share", sign=True, difference=True)
    '+3.4 pp'
    """

    def __init__(self, lang: str = "en") -> None:
        self.lang = lang
        self._words = catalogue(lang)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a message with its values filled in."""
        return self._words[key].format(**values)

    def translated(self, text: str) -> str:
        """Return an error of the program, which is raised in English, in this language."""
        if self.lang == "en":
            return text
        from parksim.report.errors import translated  # noqa: PLC0415  (read only where an error is told)

        return translated(text, self.lang)

    def problem(self, problem: Problem) -> str:
        """Return a fault of a file in this language; its file, line and field stay."""
        field = self.translated(problem.field) if " " in problem.field else problem.field
        return str(replace(problem, field=field, message=self.translated(problem.message)))

    def word(self, key: str, otherwise: str) -> str:
        """Return a message without values; `otherwise`, as a user's own name, where there is none."""
        return self._words.get(key, otherwise)

    # --- names ----------------------------------------------------------------------------------

    def indicator(self, name: str) -> str:
        """Return the label of an indicator, with a variable part or without; an unknown name as it is."""
        if f"indicator.{name}" in self._words:
            return self(f"indicator.{name}")
        for prefix, key, role in _PATTERNS:
            if not name.startswith(prefix):
                continue
            part = name.removeprefix(prefix)
            if prefix == "coverage_" and part in CATEGORIES:
                return self("indicator.coverage_category", category=self.category(part))
            if role == "letter":
                return self(f"indicator.{key}", grade=part.upper())
            named = {"circle": self.circle, "category": self.category}.get(role)
            return self(
                f"indicator.{key}", **{role: named(part) if named else self.word(f"{role}.{part}", part)}
            )
        return name

    def circle(self, name: str) -> str:
        """Return the name of a circle, as ``life_15`` or ``10min``."""
        stem, _, minutes = name.rpartition("_")
        if stem and minutes.isdigit():
            if f"circle.{stem}" in self._words:
                return self(f"circle.{stem}", minutes=minutes)
            return self("circle.other", name=stem, minutes=minutes)
        plain = re.fullmatch(r"(\d+)min", name)
        return self("circle.minutes", minutes=plain[1]) if plain else name

    def category(self, name: str) -> str:
        """Return what a kind of place is called."""
        known = CATEGORIES.get(name)
        return name if known is None else (known.zh if self.lang == "zh" else known.en)

    def named(self, indicator: str) -> str:
        """Return what the terminal calls an indicator: its name in English, for files and --until; its label else."""
        return indicator if self.lang == "en" else self.indicator(indicator)

    def parameter(self, path: str) -> str:
        """Return the short name of a parameter by its path; other paths, and in English, the path itself."""
        known = parameters(self.lang).get(path)
        return path.removeprefix("parameters.") if known is None else known[0]

    def parameter_source(self, path: str, otherwise: str) -> str:
        """Return where a parameter's default comes from; `otherwise`, the English of the code."""
        known = parameters(self.lang).get(path)
        return otherwise if known is None else known[1]

    def fact(self, key: str, part: str, otherwise: str) -> str:
        """Return ``name``, ``published`` or ``source`` of a published figure; `otherwise` is the code's English."""
        return facts(self.lang).get(key, {}).get(part, otherwise)

    def own(self, thing: Any, otherwise: str = "") -> str:
        """Return the title of something from a scenario file, in this language where the file has it."""
        title = getattr(thing, "title_zh", "") if self.lang == "zh" else ""
        return title or getattr(thing, "title", "") or otherwise or str(getattr(thing, "name", ""))

    def source(self, source: Source) -> str:
        """Return where a value of a scenario file comes from, in this language where the file has it."""
        return (source.source_zh if self.lang == "zh" else "") or source.source

    def group(self, group: str, scenario: Scenario | None = None) -> tuple[str, str]:
        """Return dimension and level of a group written ``wage_band=low``; zones by the scenario's names."""
        dimension, _, level = group.partition("=")
        if self.lang == "zh" and scenario is not None:
            zones = {z.name: z.name_zh for z in scenario.city.zones if z.name_zh}
            if level in zones:
                return self.word(f"dimension.{dimension}", dimension), zones[level]
        named = self.word(f"level.{dimension}_{level}", self.word(f"level.{level}", level))
        return self.word(f"dimension.{dimension}", dimension), named

    # --- numbers --------------------------------------------------------------------------------

    def scale(self, unit: str) -> float:
        """Return what values are multiplied by: shares are shown in per cent, money in millions or 10⁴."""
        if unit == "share":
            return 100.0
        return (1e-4 if self.lang == "zh" else 1e-6) if unit in _MONEY else 1.0

    def unit(self, unit: str, *, difference: bool = False) -> str:
        """Return how a unit is written; differences of shares are in percentage points."""
        return self.word("unit.points" if unit == "share" and difference else f"unit.{unit}", unit)

    def number(self, value: float | None, unit: str, *, sign: bool = False, difference: bool = False) -> str:
        """Write a number without its unit, in the decimals of the unit; nothing there is a dash."""
        if value is None or not math.isfinite(value):
            return self("verdict.na")
        shown = value * self.scale(unit)
        decimals = _DECIMALS.get(unit)
        if decimals is None:
            size = abs(shown)
            decimals = 0 if size >= 500 else 1 if size >= 10 else 2
        elif difference and unit in {"min", "days"}:
            decimals += 1
        text = f"{shown:,.{decimals}f}"
        if not text.strip("-0.,"):  # no sign before nothing
            return text.removeprefix("-")
        return f"{'+' if sign and shown > 0 else ''}{text}".replace("-", "−")

    def value(self, value: float | None, unit: str, *, sign: bool = False, difference: bool = False) -> str:
        """Write a number with its unit."""
        text = self.number(value, unit, sign=sign, difference=difference)
        name = self.unit(unit, difference=difference)
        if value is None or not math.isfinite(value) or name in NO_UNIT:
            return text
        return self._joined(text, name)

    def interval(self, low: float | None, high: float | None, unit: str, *, sign: bool = True) -> str:
        """Write an interval of differences, without its unit."""
        if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
            return self("verdict.na")
        return "{} … {}".format(*(self.number(x, unit, sign=sign, difference=True) for x in (low, high)))

    def verdict(self, verdict: str, threshold: float, unit: str) -> str:
        """Write a verdict of the fixed vocabulary (see :mod:`parksim.experiment.statistics`)."""
        kind = verdict_kind(verdict)
        if kind == "same":
            amount = f"{threshold * self.scale(unit):g}"
            name = self.unit(unit, difference=True)
            return self("verdict.same", amount=amount if name in NO_UNIT else self._joined(amount, name))
        return self(f"verdict.{kind}")

    def _joined(self, number: str, unit: str) -> str:
        """Join number and unit; nothing stands between them in Chinese, nor before a per cent sign."""
        return f"{number}{unit}" if unit == "%" or self.lang == "zh" else f"{number} {unit}"


def verdict_kind(verdict: str) -> str:
    """Return the key of a verdict: ``better, worse, higher, lower, same, unclear`` or ``na``."""
    if verdict.startswith("no difference"):
        return "same"
    return verdict if verdict in {"better", "worse", "higher", "lower", "unclear"} else "na"
