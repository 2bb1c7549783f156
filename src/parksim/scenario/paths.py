"""Values of a scenario by dotted path: read one, list them, make a changed copy.

A path names things rather than counts them: ``amenities.alpha-canteen.capacity``,
``city.zones.North.rent``, ``parameters.staying.quit_monthly``, ``map.fences.west-fence.open``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from parksim.errors import Problem, ScenarioError
from parksim.scenario.document import joined
from parksim.scenario.faults import explain
from parksim.scenario.lookup import category, exists, get, label, parts, step
from parksim.scenario.merge import merge
from parksim.scenario.schema import Need, Scenario
from parksim.scenario.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["changed", "exists", "get", "paths"]

FIXED = ("parksim", "sources", "before")
"""What a changed copy cannot change."""


def changed(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return a copy with some values changed, validated as if it had been read from a file.

    Parameters
    ----------
    scenario : Scenario
        Stays as it is.
    changes : mapping of str to object
        New value by dotted path. Mappings merge into what is there, lists of named things merge by name
        (``{"name": …, "remove": True}`` takes one away), everything else replaces.

    Returns
    -------
    Scenario
        The changed copy. What belongs to the world (city, population, enterprises, needs, parameters, start)
        changes for its past (``before``) too, the layout only from month 0.

    Raises
    ------
    ScenarioError
        Where a path is unknown (with the nearest name) or a value cannot be.
    """
    data: dict[str, Any] = {name: getattr(scenario, name) for name in Scenario.model_fields}
    problems: list[Problem] = []
    opened: set[str] = set()
    for path, value in changes.items():
        section = path.partition(".")[0]
        if section == "linked" and ".scenario.parameters" in path:
            problems.append(_problem(scenario, path, "linked towns share 'parameters': change them there"))
            continue
        if section in FIXED:
            problems.append(_problem(scenario, path, f"'{section}' cannot be changed"))
            continue
        if section in data and section not in opened:
            data[section] = _plain(data[section])
            opened.add(section)
        try:
            holder, key = _holder(scenario, data, path)
        except ScenarioError as error:
            problems += error.problems
            continue
        faults: list[tuple[str, str]] = []
        if isinstance(holder, list):
            holder[key] = merge(holder[key], _plain(value), path, faults)
        else:
            above = path.removesuffix(str(key)).removesuffix(".")
            merged = merge(holder, {key: _plain(value)}, above, faults)
            holder.update(merged)
        problems += [_problem(scenario, *fault) for fault in faults]
    if problems:
        raise ScenarioError(problems)
    try:
        copy = Scenario.model_validate(data)
    except ValidationError as error:
        found = [explain(each, data) for each in error.errors(include_url=False)]
        raise ScenarioError([_problem(scenario, *fault) for fault in found]) from None
    if found := verify(copy):
        raise ScenarioError([_problem(scenario, *fault) for fault in found])
    return _sourced(scenario, copy, changes)


def paths(scenario: Scenario) -> list[str]:
    """List every path that holds a number and can be changed.

    Parameters
    ----------
    scenario : Scenario
        Where to look.
    """
    sections = (name for name in Scenario.model_fields if name not in FIXED)
    return [path for name in sections for path in _numbers(getattr(scenario, name), name)]


def _sourced(scenario: Scenario, copy: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Drop the sources of values that are gone or were changed: they no longer speak of them."""

    def speaks(path: str) -> bool:
        if not any(path == change or path.startswith(f"{change}.") for change in changes):
            return True
        if not exists(copy, path):
            return False
        value = get(copy, path)
        return isinstance(value, BaseModel | dict | tuple) or value == get(scenario, path)

    kept = {path: source for path, source in copy.sources.items() if speaks(path)}
    if len(kept) == len(copy.sources):
        return copy
    return Scenario.model_construct(
        **{name: getattr(copy, name) for name in Scenario.model_fields} | {"sources": kept}
    )


def _problem(scenario: Scenario, path: str, message: str) -> Problem:
    return Problem(scenario.name, None, path, message)


def _holder(scenario: Scenario, data: dict[str, Any], path: str) -> tuple[Any, Any]:
    """Find the mapping or list that holds the value at a path, and its key there."""
    value: Any = data
    rest, done = path, ""
    while True:
        if done == "needs" and (need := category(rest)) is not None:
            value.setdefault(need, dict.fromkeys(Need.model_fields))
        holder = value
        key, value, rest = step(scenario.name, holder, rest, done)
        if not rest:
            break
        done = joined(done, key)
    if isinstance(holder, list):
        return holder, next(i for i, item in enumerate(holder) if label(item, i) == key)
    return holder, key


def _plain(value: Any) -> Any:
    """Copy models, and lists and mappings of them, into plain data."""
    if isinstance(value, BaseModel):
        return _plain({name: getattr(value, name) for name in type(value).model_fields})
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _numbers(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Scenario):  # a linked town, which has the coefficients of the scenario that names it
        for name in Scenario.model_fields:
            if name not in (*FIXED, "parameters"):
                yield from _numbers(getattr(value, name), joined(path, name))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path
    elif isinstance(value, BaseModel | dict) or (
        isinstance(value, tuple) and value and hasattr(value[0], "name")
    ):
        for name, item in parts(value).items():
            yield from _numbers(item, joined(path, name))
