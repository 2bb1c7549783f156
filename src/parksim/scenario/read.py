"""Read a scenario: files, what they extend, validation and cross-checks, with every fault at its line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from parksim.errors import Problem, ScenarioError
from parksim.scenario import document, library, presets
from parksim.scenario.faults import explain, repaired
from parksim.scenario.merge import merge
from parksim.scenario.parameters import Parameters
from parksim.scenario.schema import LAYOUT_SECTIONS, Scenario
from parksim.scenario.verify import NO_TOWNS, sources, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.scenario.document import Document
    from parksim.scenario.merge import Fault

MOST_PARENTS = 8
OWN = ("parksim", "name", "title", "title_zh", "summary", "summary_zh")
"""What each file says for itself and never inherits."""

SUMS = ("population.employees", "enterprises.count", "enterprises.anchors", "enterprises.size_min")
"""Where cross-checks report that numbers do not add up."""


def load(name_or_path: str | Path) -> Scenario:
    """Read one scenario.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a scenario of the library (``iot-town-park``), or path of a YAML file.

    Returns
    -------
    Scenario
        Resolved, validated and frozen.

    Raises
    ------
    ScenarioError
        Listing every fault found, with file, line and field.

    Examples
    --------
    >>> load("tiny-park").population.employees
    40
    """
    scenario, problems = _read(name_or_path)
    if problems or scenario is None:
        raise ScenarioError(problems)
    return scenario


def check(name_or_path: str | Path) -> list[Problem]:
    """List every fault of one scenario; empty where it can be run.

    Parameters
    ----------
    name_or_path : str or Path
        As for :func:`load`.

    Returns
    -------
    list of Problem
        In order of file and line.
    """
    try:
        return _read(name_or_path)[1]
    except ScenarioError as error:
        return error.problems


@dataclass(slots=True)
class _Family:
    """The documents of one scenario, itself first, its root last."""

    chain: list[Document]

    def problem(self, fault: Fault) -> Problem:
        """Turn (path, message) into a Problem at the file and line that states it."""
        path, message = fault
        chain = self.chain
        if path.startswith("before.") and not any("before" in part.lines for part in chain):
            path, chain = path.removeprefix("before."), chain[-1:]
        elif path in OWN:
            chain = chain[:1]
        at = path
        while at:
            for part in chain:
                if at in part.lines:
                    return Problem(part.file, part.lines[at], path, message)
            at = at.rpartition(".")[0]
        return Problem(chain[0].file, None, path, message)


def _read(name_or_path: str | Path) -> tuple[Scenario | None, list[Problem]]:
    return _read_file(*_locate(name_or_path))


def _read_file(path: Path, shown: str, *, town: bool = False) -> tuple[Scenario | None, list[Problem]]:
    """Read one file and what it extends; `town`: one that another scenario links to itself."""
    family = _Family(_chain(path, shown))
    problems = [problem for part in family.chain for problem in part.problems]
    data, faults = _resolved(family.chain)
    elsewhere: list[Problem] = []
    if town and "linked" in data:
        faults.append(("linked", "is the town of another scenario and cannot have towns of its own"))
        data.pop("linked")
    else:
        faults += _towns(data, path, elsewhere)
    scenario, more = _validated(data)
    if elsewhere:  # what is said about the towns cannot be judged without them
        more = [(at, why) for at, why in more if why != NO_TOWNS and not at.startswith("sources.linked")]
    problems += map(family.problem, [*faults, *more])
    order = {part.file: index for index, part in enumerate(family.chain)}
    unique = list(dict.fromkeys(problems))
    return scenario, [*sorted(unique, key=lambda p: (order[p.file], p.line or 0)), *elsewhere]


def _towns(data: dict[str, Any], path: Path, elsewhere: list[Problem]) -> list[Fault]:
    """Put the scenarios that ``linked.towns`` names in the place of their names.

    What is wrong inside their files is added to `elsewhere`, and the towns are left out then: the rest of the
    scenario is looked through all the same.
    """
    linked = data.get("linked")
    if not isinstance(linked, dict) or not isinstance(linked.get("towns"), list):
        return []
    faults: list[Fault] = []
    towns = linked["towns"]
    resolved: list[Any] = []
    for index, town in enumerate(towns):
        if not isinstance(town, dict) or not isinstance(town.get("scenario"), str):
            resolved.append(town)
            continue
        where = f"linked.towns.{town.get('name', index)}.scenario"
        beside = path.parent / (s if _is_path(s := town["scenario"]) else f"{s}.yaml")
        try:
            found = (beside, _short(beside)) if beside.is_file() else _locate(town["scenario"])
        except ScenarioError as error:
            faults.append((where, f"'{town['scenario']}': {error.problems[0].message}"))
            continue
        try:
            scenario, problems = _read_file(*found, town=True)
        except ScenarioError as error:
            scenario, problems = None, error.problems
        elsewhere += problems
        if not problems:
            resolved.append({**town, "scenario": scenario})
    if len(resolved) == len(towns):
        data["linked"] = {**linked, "towns": resolved}
    else:
        data.pop("linked")
    return faults


def _locate(name_or_path: str | Path) -> tuple[Path, str]:
    """Say where a scenario lies and what to call it."""
    text = os.fspath(name_or_path)
    path = Path(text)
    if isinstance(name_or_path, Path) or _is_path(text) or path.is_file():
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "there is no such file"
            raise ScenarioError([Problem(text, None, "", f"{what}{library.nearest_name(path.stem)}")])
        return path, text
    found = library.find(text)
    return found, _short(found)


def _is_path(text: str) -> bool:
    return text.endswith((".yaml", ".yml")) or "/" in text or os.sep in text


def _short(path: Path) -> str:
    """Write a path from the current directory where it lies within."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _chain(path: Path, shown: str) -> list[Document]:
    """Read a file and all that it extends."""
    chain: list[Document] = []
    seen: list[Path] = []
    while True:
        seen.append(path.resolve())
        chain.append(document.read(path, shown))
        here = chain[-1]
        if "extends" not in here.data:
            return chain
        parent = here.data.pop("extends")
        if not isinstance(parent, str):
            raise _extends(here, "should be the name of a scenario or the path of a file")
        path, shown = _parent(parent, path, here)
        if path.resolve() in seen:
            names = " extends ".join(each.stem for each in [*seen, path])
            raise _extends(here, f"goes in a circle: {names}")
        if len(chain) > MOST_PARENTS:
            raise _extends(here, f"more than {MOST_PARENTS} files deep")


def _parent(parent: str, child: Path, here: Document) -> tuple[Path, str]:
    """Find what `child` extends: a path from its directory, a file beside it, or a name of the library."""
    beside = child.parent / (parent if _is_path(parent) else f"{parent}.yaml")
    if beside.is_file():
        shown = Path(here.file).parent / os.path.relpath(beside, child.parent)
        return beside, os.path.normpath(shown)
    if _is_path(parent):
        raise _extends(here, f"there is no file '{parent}' beside this one")
    try:
        found = library.find(parent)
    except ScenarioError as error:
        siblings = [each.stem for each in child.parent.glob("*.yaml") if each.stem != child.stem]
        raise _extends(here, f"no scenario '{parent}'{library.nearest_name(parent, siblings)}") from error
    return found, _short(found)


def _extends(here: Document, message: str) -> ScenarioError:
    return ScenarioError([*here.problems, Problem(here.file, here.lines["extends"], "extends", message)])


def _resolved(chain: list[Document]) -> tuple[dict[str, Any], list[Fault]]:
    """Merge the chain from its root to the scenario itself; the root's layout is kept as ``before``.

    What the ``type:`` of a file stands for is one more layer just below it.
    """
    faults: list[Fault] = []
    data = root = _onto(presets.below(None, chain[-1].data), chain[-1].data, faults)
    for part in reversed(chain[:-1]):
        inherited = {key: value for key, value in data.items() if key not in OWN}
        inherited = _onto(inherited, presets.below(inherited, part.data), faults)
        data = _onto(inherited, part.data, faults)
    if len(chain) > 1 and "before" not in data:
        data["before"] = {name: root[name] for name in LAYOUT_SECTIONS if name in root}
    return data, faults


def _onto(inherited: dict[str, Any], said: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """Merge what one layer says onto what it inherits, without the sources of what it replaces."""
    merged: dict[str, Any] = merge(inherited, said, faults=faults)
    if isinstance(inherited.get("sources"), dict):
        merged["sources"] = _sources(merged["sources"], inherited, merged, said)
    return merged


def _sources(sources: Any, parent: dict[str, Any], merged: dict[str, Any], child: dict[str, Any]) -> Any:
    """Drop the parent's sources of values that the child replaced or removed."""
    if not isinstance(sources, dict):
        return sources
    own = child.get("sources") or {}
    return {
        path: source
        for path, source in sources.items()
        if path in own or not ((stated(parent, path) and not stated(merged, path)) or _replaces(child, path))
    }


def stated(data: Any, path: str) -> bool:
    """Whether plain data state something at a dotted path."""
    return _at(data, path) is not _NOTHING


def _replaces(child: dict[str, Any], path: str) -> bool:
    value = _at(child, path)
    return value is not _NOTHING and not isinstance(value, dict | list)


_NOTHING = object()


def _at(data: Any, path: str) -> Any:
    """Value at a dotted path whose parts may themselves contain dots."""
    if not path:
        return data
    if isinstance(data, dict):
        parts = data
    elif isinstance(data, list):
        parts = {item.get("name") if isinstance(item, dict) else i: item for i, item in enumerate(data)}
    else:
        return _NOTHING
    for key in sorted(map(str, parts), key=len, reverse=True):
        if path == key or path.startswith(f"{key}."):
            return _at(parts.get(key), path[len(key) + 1 :])
    return _NOTHING


def _validated(data: dict[str, Any]) -> tuple[Scenario | None, list[Fault]]:
    """Validate; where something is wrong go on with what was meant, so that all faults are found at once."""
    faults: list[Fault] = []
    attempt: dict[str, Any] | None = data
    for _ in range(4):
        if attempt is None:
            break
        try:
            scenario = Scenario.model_validate(attempt)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            faults += [explain(each, attempt) for each in errors]
            attempt = repaired(attempt, errors)
        else:
            found = [*verify(scenario), *sources(scenario), *_coefficients(scenario)]
            return scenario, [*faults, *(each for each in found if _certain(each, faults))]
    return None, faults


def _coefficients(scenario: Scenario) -> Iterator[Fault]:
    """Check that linked towns do not state other coefficients: all are played with those of the scenario."""
    for town in scenario.linked.towns if scenario.linked else ():
        if town.scenario.parameters not in (Parameters(), scenario.parameters):
            yield (
                f"linked.towns.{town.name}.scenario",
                f"'{town.scenario.name}' states other parameters than '{scenario.name}', which linked towns share",
            )


def _certain(found: Fault, before: list[Fault]) -> bool:
    """Whether a fault found after guesses is one without them: guesses are not added up, nor missed."""
    missing = (
        ("interventions.", "sources.") if any(path.startswith("amenities.") for path, _ in before) else ()
    )
    return not (before and found[0] in SUMS) and not found[0].startswith(missing)
