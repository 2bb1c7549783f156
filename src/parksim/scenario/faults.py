"""What pydantic found wrong, said so that a park planner can put it right; and a guess at what was meant.

The guess serves one purpose: to go on looking for further faults in the same file. It is never run.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as at
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from parksim.errors import nearest
from parksim.scenario.document import joined
from parksim.scenario.schema import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

    from parksim.scenario.merge import Fault

UNITS = {
    "opens": "hours of the day (7.5 is half past seven)",
    "closes": "hours of the day (7.5 is half past seven)",
    "month": "months since the start",
    "minutes": "minutes",
    "share": "shares from 0 to 1",
    "built": "shares from 0 to 1",
    "awareness": "shares from 0 to 1",
    "employees": "people",
    "price": "CNY",
    "fare": "CNY",
    "rent": "CNY a month",
    "cost_m2": "CNY a square metre",
    "office_rent": "CNY a square metre a month",
    "capacity": "seats, places, counters or vehicles an hour",
    "_min": "minutes",
    "_m": "metres",
    "_m2": "square metres",
    "_km": "kilometres",
    "_kmh": "km/h",
    "_cny": "CNY",
    "_cny_year": "CNY a year",
    "_months": "months",
    "_days": "days",
    "_years": "years",
    "_share": "shares from 0 to 1",
}
"""Unit by whole name, else by its ending (longest first)."""

FACTORS = {
    ("km", "metres"): 1000.0,
    ("m", "kilometres"): 0.001,
    ("h", "minutes"): 60.0,
    ("s", "minutes"): 1 / 60,
    ("%", "shares from 0 to 1"): 0.01,
    ("years", "months"): 12.0,
    ("months", "years"): 1 / 12,
}
"""What a number in the written unit is worth in the expected one."""

SAME = {"m": "metres", "km": "kilometres", "min": "minutes", "m2": "square metres", "m²": "square metres",
        "rmb": "CNY", "yuan": "CNY", "–": ""}  # fmt: skip

NOT_NUMBERS = {"float_parsing", "float_type", "int_parsing", "int_type", "int_from_float", "int_parsing_size"}
OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"}
LEAVES = {"amenities", "needs", "circles", "sources"}
"""Sections whose items nothing else refers to: a guess may leave one out."""


@dataclass(slots=True)
class Spot:
    """What the schema says about one place: its type, its bounds, its unit, whether it may be left out."""

    annotation: Any
    bounds: list[Any] = field(default_factory=list)
    unit: str = ""
    optional: bool = False

    @property
    def names(self) -> list[str]:
        """Valid keys, or valid values of a choice."""
        if isinstance(self.annotation, type) and issubclass(self.annotation, BaseModel):
            return list(self.annotation.model_fields)
        return [str(v) for v in get_args(self.annotation)] if get_origin(self.annotation) is Literal else []

    @property
    def allowed(self) -> str:
        """Range and unit, as the end of a message."""
        return self.range + (f" ({self.unit})" if self.unit else "")

    @property
    def range(self) -> str:
        """The range, as the end of a message."""
        low = [f"above {b.gt:.10g}" for b in self.bounds if isinstance(b, at.Gt)]
        low += [f"{b.ge:.10g}" for b in self.bounds if isinstance(b, at.Ge)]
        high = [f"{b.le:.10g}" for b in self.bounds if isinstance(b, at.Le)]
        high += [f"below {b.lt:.10g}" for b in self.bounds if isinstance(b, at.Lt)]
        if low and high:
            return f"; allowed: {low[0]} to {high[0]}"
        if low:
            return f"; allowed: {low[0]}{'' if 'above' in low[0] else ' or more'}"
        if high:
            return f"; allowed: {'' if 'below' in high[0] else 'at most '}{high[0]}"
        return ""


def unit_of(name: str) -> str:
    """Tell the unit of a field from its name; empty where the name tells none."""
    endings = sorted((key for key in UNITS if key.startswith("_")), key=len, reverse=True)
    return UNITS.get(name) or next((UNITS[end] for end in endings if name.endswith(end)), "")


def spot(loc: Sequence[int | str], root: type[BaseModel] = Scenario) -> Spot:
    """Follow the schema from `root` to one place."""
    here = Spot(root)
    for part in loc:
        annotation = here.annotation
        inner = get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            info = annotation.model_fields.get(str(part))
            if info is None:
                return Spot(None, optional=True)
            extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
            unit = str(extra.get("unit", "")) or unit_of(str(part))
            here = Spot(info.annotation, list(info.metadata), SAME.get(unit, unit), not info.is_required())
        elif get_origin(annotation) is dict:
            here = Spot(inner[1], unit=here.unit)
        elif get_origin(annotation) is tuple:
            fixed = Ellipsis not in inner and isinstance(part, int) and part < len(inner)
            here = Spot(inner[int(part)] if fixed else inner[0], unit=here.unit)
        else:
            return Spot(None)
        _unwrap(here)
    return here


def _unwrap(here: Spot) -> None:
    """Take off Annotated and Optional, keeping what they say."""
    while True:
        origin, inner = get_origin(here.annotation), get_args(here.annotation)
        if origin is Annotated:
            here.annotation = inner[0]
            for extra in inner[1:]:
                here.bounds += extra.metadata if isinstance(extra, FieldInfo) else [extra]
        elif origin in (Union, UnionType) and len([arg for arg in inner if arg is not type(None)]) == 1:
            here.annotation = next(arg for arg in inner if arg is not type(None))
        else:
            return


def dotted(loc: Sequence[int | str], data: Any) -> str:
    """Write a place with names instead of positions where things have names."""
    path = ""
    for part in loc:
        if part == "[key]":
            continue
        name: object = part
        if isinstance(part, int):
            data = data[part] if isinstance(data, list | tuple) and part < len(data) else None
            name = data.get("name", part) if isinstance(data, dict) else part
        else:
            data = data.get(part) if isinstance(data, dict) else None
        path = joined(path, name)
    return path


def explain(error: ErrorDetails, data: Mapping[str, Any], root: type[BaseModel] = Scenario) -> Fault:
    """Say one of pydantic's errors in the words of the scenario format.

    Parameters
    ----------
    error : ErrorDetails
        As ``ValidationError.errors()`` lists it.
    data : dict
        The data that were validated.
    root : type of BaseModel
        What they were validated by.

    Returns
    -------
    tuple of str
        Dotted path and message.
    """
    loc, kind, value = error["loc"], error["type"], error["input"]
    context = error.get("ctx", {})
    here, name = spot(loc, root), str(loc[-1]) if loc else ""
    shown = _shown(value)
    if kind == "extra_forbidden":
        message = f"unknown key '{name}'{nearest(name, spot(loc[:-1], root).names)}"
    elif kind == "missing":
        unit = f" ({here.unit})" if here.unit else ""
        message = f"'{name}' is missing{unit}{here.range}"
    elif loc == ("parksim",):
        message = f"unknown version {shown} of the scenario format; this program reads 'parksim: 1'"
    elif kind in NOT_NUMBERS:
        message = _not_a_number(value, name, here, whole=kind.startswith("int"))
    elif kind in OUT_OF_RANGE:
        message = f"{shown} is out of range{here.allowed}"
    elif kind == "literal_error":
        message = f"{shown} is not among the choices{nearest(value, here.names or _choices(context))}"
    elif kind in ("string_type", "string_sub_type"):
        quotes = "; put it in quotes" if isinstance(value, int | float) else ""
        message = f"should be text, not {shown}{quotes}"
    elif kind == "string_pattern_mismatch":
        message = f"{shown} is not a name: letters, digits, '-', '_' and '.', starting with a letter or digit"
    elif kind in ("model_type", "dict_type", "model_attributes_type"):
        message = f"should be a mapping (key: value), not {shown}"
    elif kind in ("tuple_type", "list_type"):
        message = f"should be a list, not {shown}"
    elif kind in ("too_short", "too_long"):
        bound = "at least" if kind == "too_short" else "at most"
        count = context.get("min_length", context.get("max_length"))
        message = f"should have {bound} {count} entries, not {context['actual_length']}"
    elif kind == "string_too_long":
        message = f"{shown} is longer than {context['max_length']} characters"
    elif kind in ("bool_parsing", "bool_type"):
        message = f"should be true or false, not {shown}"
    elif kind == "value_error" and "error" in context:
        message = str(context["error"])
    else:
        message = f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {shown}"
    return dotted(loc, data), message


def _shown(value: Any) -> str:
    """Show a value briefly."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…{text[-1]}"


def _choices(context: Mapping[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", str(context.get("expected", "")))


def _not_a_number(value: Any, name: str, here: Spot, *, whole: bool) -> str:
    """Say what number was expected, in which unit, and how the value would be written."""
    kind = "a whole number" if whole else "a number"
    guess = meant(value, here)
    write = f": write {guess:g}" if guess is not None and isinstance(value, str) else ""
    unit = f"; '{name}' is in {here.unit}, written without unit" if here.unit else ""
    return f"{_shown(value)} is not {kind}{unit}{write}{here.range}"


def meant(value: Any, here: Spot) -> float | None:
    """Guess the number that a text such as ``"25 m"`` means in the unit expected; None where unclear."""
    if isinstance(value, int | float):
        return float(value)
    found = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s*([^\d\s]*\w*)\s*", str(value))
    if found is None:
        return None
    number, written = float(found[1]), found[2].lower()
    if (factor := FACTORS.get((written, here.unit))) is not None:
        return round(number * factor, 6)
    known = SAME.get(written, written)
    strange = written in SAME and here.unit in SAME.values() and known != here.unit
    return None if strange else number


# --- guessing what was meant ---------------------------------------------------------------------


def repaired(data: dict[str, Any], errors: Sequence[ErrorDetails]) -> dict[str, Any] | None:
    """Copy `data` with each error replaced by what was probably meant, to look for further faults.

    Returns
    -------
    dict or None
        None where one of the errors leaves no sensible guess.
    """
    data = deepcopy(data)
    lost: set[tuple[str, int]] = set()
    for error in sorted(errors, key=lambda e: e["type"] != "extra_forbidden"):
        if not _repair(data, error, lost):
            return None
    for section, index in sorted(lost, reverse=True):
        del data[section][index]
    return data


def _repair(data: dict[str, Any], error: ErrorDetails, lost: set[tuple[str, int]]) -> bool:
    loc = error["loc"]
    holder: Any = data
    try:
        for part in loc[:-1]:
            holder = holder[part]
        if error["type"] == "extra_forbidden":
            return _rename(holder, str(loc[-1]), spot(loc[:-1]).names)
        value = holder[loc[-1]]
    except (KeyError, IndexError, TypeError):  # missing, or mended already as part of something shared
        mended = error["type"] == "missing" and isinstance(holder, dict) and loc[-1] in holder
        return mended or error["type"] != "missing" or _leave_out(data, loc, lost)
    here = spot(loc)
    guess = _guess(error, value, here)
    if guess is not None:
        holder[loc[-1]] = guess
    elif here.optional and isinstance(holder, dict):
        del holder[loc[-1]]
    elif error["type"] != "missing":
        return _leave_out(data, loc, lost)
    return True


def _guess(error: ErrorDetails, value: Any, here: Spot) -> Any:
    if error["type"] in NOT_NUMBERS:
        number = meant(value, here)
        return round(number) if number is not None and error["type"].startswith("int") else number
    if error["type"] in OUT_OF_RANGE and isinstance(value, int | float):
        low: Any = next((b.ge for b in here.bounds if isinstance(b, at.Ge)), value)
        high: Any = next((b.le for b in here.bounds if isinstance(b, at.Le)), value)
        return min(max(value, low), high) if value < low or value > high else None
    if error["type"] == "literal_error":
        return _close(value, here.names)
    return None


def _close(name: object, names: Sequence[Any]) -> str | None:
    found = re.search(r"did you mean '(.*)'\?$", nearest(name, [str(n) for n in names]))
    return found[1] if found else None


def _rename(holder: dict[str, Any], name: str, names: Sequence[str]) -> bool:
    value = holder.pop(name, None)
    close = _close(name, names)
    if close is not None:
        holder.setdefault(close, value)
    return True


def _leave_out(data: dict[str, Any], loc: Sequence[int | str], lost: set[tuple[str, int]]) -> bool:
    """Leave out the amenity, need, circle or source at fault."""
    if len(loc) < 2 or loc[0] not in LEAVES:
        return False
    section, item = str(loc[0]), loc[1]
    if isinstance(item, int):
        lost.add((section, item))
    else:
        data[section].pop(item, None)
    return True
