"""Scenarios and experiments that come with parksim: in the installed package, or in the checkout.

A scenario's **header** (``parksim, name, title, title_zh, summary, summary_zh, family, extends``) comes first
in its file. Listing the library reads no further than the first line that starts another section.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from parksim.errors import Problem, ScenarioError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = ("parksim", "name", "title", "title_zh", "summary", "summary_zh", "family", "extends")


@cache
def folder(kind: str) -> Path:
    """Say where the bundled files of one kind lie.

    Parameters
    ----------
    kind : {'scenarios', 'experiments'}
        Which.
    """
    package = Path(__file__).parents[1]
    installed = package / "library" / kind
    return installed if installed.is_dir() else package.parents[1] / kind


def names() -> list[str]:
    """Names of the bundled scenarios, sorted."""
    return sorted(path.stem for path in folder("scenarios").glob("*.yaml"))


def experiments() -> list[str]:
    """Names of the bundled experiments, sorted."""
    return sorted(path.stem for path in folder("experiments").glob("*.yaml"))


def nearest_name(name: str, more: Iterable[str] = ()) -> str:
    """Say which scenario's name is nearest, as the end of a message."""
    return nearest(name, {*names(), *more})


def find(name: str) -> Path:
    """Say where a bundled scenario lies.

    Raises
    ------
    ScenarioError
        With the nearest name, where there is none of that name.
    """
    if name not in names():
        message = f"no scenario of that name in the library, and no such file{nearest_name(name)}"
        raise ScenarioError([Problem(name, None, "", message)])
    return folder("scenarios") / f"{name}.yaml"


def headers() -> list[dict[str, str]]:
    """Headers of the bundled scenarios, without reading what follows them.

    Returns
    -------
    list of dict
        One a scenario, sorted by name, with every key of :data:`HEADER` (empty where a file says nothing).
    """
    found = {path.stem: _header(path) for path in sorted(folder("scenarios").glob("*.yaml"))}
    for header in found.values():
        parent = header
        for _ in found:  # a chain is no longer than the library, whatever the files say
            parent = found.get(parent["extends"], parent)
            header["family"] = header["family"] or parent["family"]
    return list(found.values())


def _header(path: Path) -> dict[str, str]:
    lines = []
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            key, colon, _ = line.partition(":")
            if colon and key[:1].isalpha() and key not in HEADER:
                break
            lines.append(line)
    try:
        data = yaml.load("".join(lines), Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        data = None
    said = data if isinstance(data, dict) else {}
    return {"name": path.stem} | {key: str(said.get(key) or "") for key in HEADER if key != "name"}
