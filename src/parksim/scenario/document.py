"""One YAML file becomes plain data and a map from dotted path to line; nothing in it is ever executed.

Only numbers and nulls are told from text; booleans and dates stay what was written, and keys are always text:
what ``no``, ``12:30`` or the legend symbol ``~`` mean is decided by the field they stand in, not by YAML.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from parksim.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 8_000_000
MOST_VALUES = 100_000  # after aliases are followed: a bomb of aliases is refused, a large park is not
MOST_DEPTH = 40
PLAIN = ""
"""Tag of what the file gives no tag."""

NULLS = ("", "~", "null", "Null", "NULL")


class _Loader(yaml.CSafeLoader):
    """Composes nodes without asking PyYAML's table of patterns what each scalar might be: twice as fast.

    The composer calls itself for each level and would overrun the C stack; it announces each level here.
    """

    depth = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:  # noqa: ARG002
        return PLAIN

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ARG002
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise yaml.YAMLError(f"nested more than {MOST_DEPTH} levels deep")

    def ascend_resolver(self) -> None:
        self.depth -= 1


@dataclass(slots=True)
class Document:
    """What one file says.

    Attributes
    ----------
    file : str
        File as the user named it.
    data : dict
        Plain data: mappings, lists, text, numbers, None.
    lines : dict of str to int
        Line of each value, by dotted path; an item of a list goes by its ``name`` where it has one.
    problems : list of Problem
        Faults that do not stop reading: keys or names given twice, tags.
    """

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def joined(path: str, key: object) -> str:
    """Append one part to a dotted path."""
    return f"{path}.{key}" if path else str(key)


def name_twice(name: object) -> str:
    """Message about a name that two items of one list bear."""
    return f"the name '{name}' is used twice"


def read(path: Path, file: str) -> Document:
    """Read one file.

    Parameters
    ----------
    path : Path
        Where it lies.
    file : str
        What the user calls it, for messages.

    Returns
    -------
    Document
        Its content, with the faults that did not stop reading.

    Raises
    ------
    ScenarioError
        Where there is nothing to go on with: no such file, not text, not YAML, empty, not a mapping, or
        aliases that unfold without end.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _fatal(file, None, f"larger than {MOST_BYTES // 1_000_000} MB: not a scenario")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start} is {error.object[error.start]:#04x})"
        raise _fatal(file, None, message) from error
    except OSError as error:
        raise _fatal(file, None, f"cannot be read: {error.strerror}") from error
    return parse(text, file)


def parse(text: str, file: str) -> Document:
    """Read YAML text; see :func:`read`."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines = text.splitlines()
        line = min(mark.line + 1, len(lines)) if mark else None  # what never ends is noticed after the end
        hint = " (there is a tab: indent with spaces)" if line and "\t" in lines[line - 1] else ""
        context = f", {error.context}" if error.context else ""
        raise _fatal(file, line, f"not valid YAML: {error.problem}{context}{hint}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _fatal(file, None, f"not valid YAML: {str(error).splitlines()[0]}") from error
    if node is None:
        raise _fatal(file, None, "the file is empty; a scenario starts with 'parksim: 1'")
    if not isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1
        raise _fatal(file, line, "should be a mapping of sections such as 'name:' and 'map:'")
    reader = _Reader(Document(file))
    reader.document.data = reader.mapping(node, "", 0)
    return reader.document


def _fatal(file: str, line: int | None, message: str) -> ScenarioError:
    return ScenarioError([Problem(file, line, "", message)])


class _Reader:
    """Turns nodes into plain data, counting what it makes."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values = 0

    def problem(self, node: yaml.Node, path: str, message: str) -> None:
        self.document.problems.append(Problem(self.document.file, node.start_mark.line + 1, path, message))

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        self.values += 1
        if self.values > MOST_VALUES or depth > MOST_DEPTH:
            line, message = (
                node.start_mark.line + 1,
                "too deep or too large once its aliases (*name) are unfolded",
            )
            raise _fatal(self.document.file, line, message)
        if node.tag != PLAIN:
            self.problem(node, path, f"the tag '{node.tag}' means nothing here; write plain values")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return self.sequence(node, path, depth)
        assert isinstance(node, yaml.ScalarNode)
        if node.style == "|":  # a map drawn as a block of text: each row has its own line
            for row in range(node.value.count("\n") + 1):
                self.document.lines[f"{path}.{row}"] = node.start_mark.line + 2 + row
        return _scalar(node)

    def mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem(key_node, path, "a key should be plain text")
                continue
            key, where = key_node.value, joined(path, key_node.value)
            if key in data:
                first = self.document.lines[where]
                self.problem(key_node, where, f"'{key}' is given twice (first in line {first})")
                continue
            self.document.lines[where] = key_node.start_mark.line + 1
            data[key] = self.value(value_node, where, depth + 1)
        return data

    def sequence(self, node: yaml.SequenceNode, path: str, depth: int) -> list[Any]:
        names = [_name(item) for item in node.value]
        used = Counter[str]()
        data: list[Any] = []
        for index, (item, name) in enumerate(zip(node.value, names, strict=True)):
            where = joined(path, index if name is None else name)
            if name is not None:
                used[name] += 1
                if used[name] == 2:
                    self.problem(item, where, name_twice(name))
            self.document.lines[where] = item.start_mark.line + 1
            data.append(self.value(item, where, depth + 1))
        return data


def _name(node: yaml.Node) -> str | None:
    """Return what an item of a list is called."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "name" and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return None


def _scalar(node: yaml.ScalarNode) -> str | float | None:
    """Give a scalar as number where it is written as one, else as the text it is."""
    text: str = node.value
    if node.style:  # in quotes, or a block of text
        return text
    if text in NULLS:
        return None
    if text[0] in "+-.0123456789":
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                continue
    return text
