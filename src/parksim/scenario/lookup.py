"""Find what a dotted path points at, in models or in plain data; names may themselves contain dots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from parksim.errors import Problem, ScenarioError, nearest
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.document import joined
from parksim.scenario.schema import Need

if TYPE_CHECKING:
    from parksim.scenario.schema import Scenario


def get(scenario: Scenario, path: str) -> Any:
    """Return the value at a path.

    Parameters
    ----------
    scenario : Scenario
        Where to look.
    path : str
        Dotted path; visits, share and patience of a need give the category's default where none is stated.

    Returns
    -------
    object
        Number, text, list or part of the scenario.

    Raises
    ------
    ScenarioError
        With the nearest name, where nothing is there.
    """
    value: Any = scenario
    rest, done = path, ""
    while rest:
        if done == "needs" and (need := category(rest)) is not None and need not in value:
            value = {**value, need: Need()}
        key, value, rest = step(scenario.name, value, rest, done)
        done = joined(done, key)
    section, _, need_field = path.partition(".")
    if value is None and section == "needs":
        need, _, field = need_field.partition(".")
        return getattr(CATEGORIES[need], field)
    return value


def exists(scenario: Scenario, path: str) -> bool:
    """Whether a path points at something."""
    try:
        get(scenario, path)
    except ScenarioError:
        return False
    return True


def category(rest: str) -> str | None:
    """Category that the rest of a path below ``needs`` starts with."""
    first = rest.partition(".")[0]
    return first if first in CATEGORIES else None


def parts(value: Any) -> dict[str, Any]:
    """Return what lies directly below a value, by name (things with names) or position (other lists)."""
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):
        return value
    if isinstance(value, list | tuple):
        return {label(item, index): item for index, item in enumerate(value)}
    return {}


def label(item: Any, index: int) -> str:
    """Give an item of a list its name, or its position where it has none."""
    name = item.get("name", index) if isinstance(item, dict) else getattr(item, "name", index)
    return str(name)


def step(file: str, value: Any, rest: str, done: str) -> tuple[str, Any, str]:
    """Take the next part off a path.

    Parameters
    ----------
    file : str
        What to call the scenario in a message.
    value : object
        Where the path has led so far.
    rest, done : str
        What is left of the path, and what has been followed.

    Returns
    -------
    tuple
        Name of the next part, its value, and what is left after it.
    """
    first = rest.partition(".")[0]
    if isinstance(value, BaseModel) and first in type(value).model_fields:
        return first, getattr(value, first), rest[len(first) + 1 :]
    below = parts(value)
    for key in sorted(below, key=len, reverse=True):
        if rest == key or rest.startswith(f"{key}."):
            return key, below[key], rest[len(key) + 1 :]
    where = f"in '{done}'" if done else "in a scenario"
    message = f"there is no '{first}' {where}{nearest(first, below)}"
    raise ScenarioError([Problem(file, None, joined(done, rest), message)])
