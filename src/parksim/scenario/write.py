"""Write a resolved scenario as YAML that can be read again, with the grade of a value behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from parksim.scenario.document import parse

if TYPE_CHECKING:
    from parksim.scenario.schema import Scenario


class _Dumper(yaml.SafeDumper):
    """Maps as blocks of text, short lists on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists below their key."""
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.SequenceNode:
    flow = not any(isinstance(item, dict | list) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flow)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def to_yaml(scenario: Scenario) -> str:
    """Write what a scenario states, with all that it extends, as one YAML file.

    Parameters
    ----------
    scenario : Scenario
        Written without its layout of before and without what it leaves at its default.

    Returns
    -------
    str
        YAML; lines whose value has a source end in its grade, and ``sources:`` stands at the end.
    """
    data = scenario.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"before"})
    data["map"]["rows"] = "".join(f"{row}\n" for row in scenario.map.rows)
    order = ["parksim", "name", "title", "title_zh", "summary", "summary_zh", "family", "type"]
    order += [key for key in type(scenario).model_fields if key not in order]
    data = {key: _short(data[key]) for key in order if key in data}
    body = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    where = parse(body, scenario.name).lines
    lines = body.splitlines()
    for path, source in scenario.sources.items():
        if path in where:
            lines[where[path] - 1] += f"  # {source.grade}" + (f", type {source.type}" if source.type else "")
    return "\n".join(lines) + "\n"


def _short(value: Any) -> Any:
    """Write 100.0 as 100."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return value
