"""A scenario in the making: what every importer and ``parksim new`` fill in, and how it is written.

Files are written by hand rather than dumped, so that a reader finds one line a thing and a comment a section.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
OPEN = {"green": ",", "water": "~", "vacant": ":", "outside": "_", "parking": ";"}
"""Symbols of land that is no part of a block."""


class DraftError(ParksimError):
    """Something that cannot become a scenario, or a file that would be overwritten."""


def named(name: str) -> str:
    """Return `name`, or raise if it cannot be the name of a scenario."""
    if not NAME.fullmatch(name):
        raise DraftError(
            f"'{name}' is not a name: letters, digits, '-', '_' and '.', starting with a letter or digit"
        )
    return name


def slug(text: str, fallback: str) -> str:
    """Make a name of a title: "Café Möbius" is cafe-mobius; one without Latin letters gets `fallback`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return made if len(made) > 1 and any(c.isalpha() for c in made) else fallback


class Names:
    """Gives every thing a name of its own."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def __call__(self, text: str, fallback: str) -> str:
        """Name one more thing after its title."""
        stem = slug(text, fallback)
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name)
        return name


def symbols(taken: Iterable[str] = ()) -> Iterator[str]:
    """Yield characters for a legend, the plainest first, all one column wide until they run out."""
    used = {*taken, *OPEN.values(), "#", "=", "-", '"', "\\", "'"}
    ranges = [
        ("A", "Z"),
        ("a", "z"),
        ("0", "9"),
        ("!", "/"),
        (";", "@"),
        ("[", "`"),
        ("{", "}"),
        ("À", "ɏ"),
        ("Α", "Ω"),
        ("α", "ω"),
        ("Ѐ", "ԯ"),
        ("Ա", "Ֆ"),
        ("ა", "ჰ"),
        ("Ꭰ", "Ᏽ"),
        ("ᐁ", "ᙶ"),
        ("⠁", "⣿"),
        ("一", "鿿"),
    ]
    for first, last in ranges:
        for code in range(ord(first), ord(last) + 1):
            if chr(code) not in used and chr(code).isprintable():
                yield chr(code)


@dataclass
class Draft:
    """One scenario in plain data, section by section, with the comment above each section."""

    name: str
    title: str
    family: str
    title_zh: str = ""
    summary: str = ""
    summary_zh: str = ""
    extends: str = ""
    type: str = ""
    """Community type of the district standard."""
    head: str = ""
    """Comment above the first line."""
    map: dict[str, Any] = field(default_factory=dict)
    gateways: list[dict[str, Any]] = field(default_factory=list)
    car_parks: list[dict[str, Any]] = field(default_factory=list)
    amenities: list[dict[str, Any]] = field(default_factory=list)
    governance: dict[str, Any] = field(default_factory=dict)
    circles: str | dict[str, Any] = ""
    city: dict[str, Any] = field(default_factory=dict)
    population: dict[str, Any] = field(default_factory=dict)
    enterprises: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    def assume(self, path: str, said: tuple[str, str], span: tuple[float, float] | None = None) -> None:
        """Note that a value is our own choice, and why, in English and Chinese."""
        told = {"grade": "assumed", "source": said[0], "source_zh": said[1]}
        self.sources[path] = told | ({"range": list(span)} if span else {})

    def text(self) -> str:
        """Write the scenario file."""
        said = {
            key: getattr(self, key)
            for key in ("name", "title", "title_zh", "summary", "summary_zh", "family")
        }
        said |= {"extends": self.extends, "type": self.type}
        header = [*_comment(self.head), "parksim: 1"]
        header += [f"{key}: {_value(value)}" for key, value in said.items() if value]
        parts = ["\n".join(header)]
        sections = (
            "map",
            "gateways",
            "car_parks",
            "amenities",
            "governance",
            "circles",
            "city",
            "population",
            "enterprises",
            "sources",
        )
        parts += [
            section(key, getattr(self, key), self.comments.get(key, ""))
            for key in sections
            if getattr(self, key)
        ]
        return "\n\n".join(parts) + "\n"


def section(key: str, value: Any, comment: str = "") -> str:
    """Write one section of a scenario: one line a thing."""
    lines = _comment(comment)
    if key == "map":
        return "\n".join([*lines, "map:", *_map(value)])
    if isinstance(value, list):
        return "\n".join([*lines, f"{key}:", *(f"  - {_value(item)}" for item in value)])
    if isinstance(value, dict):
        lines.append(f"{key}:")
        for name, item in value.items():
            if isinstance(item, list) and item and isinstance(item[0], dict):
                lines += [f"  {name}:", *(f"    - {_value(each)}" for each in item)]
            else:
                lines.append(f"  {_value(name)}: {_value(item)}")
        return "\n".join(lines)
    return "\n".join([*lines, f"{key}: {_value(value)}"])


def _map(value: Mapping[str, Any]) -> Iterator[str]:
    for key, item in value.items():
        if key == "legend":
            yield "  legend:"
            yield from (
                f"    {json.dumps(symbol, ensure_ascii=False)}: {_value(what)}"
                for symbol, what in item.items()
            )
        elif key == "rows":
            yield "  # North is up. The first character of the first row is cell [0, 0], the next [0, 1]."
            yield "  rows: |"
            yield from (f"    {row}" for row in item)
        elif isinstance(item, list):
            if item:
                yield f"  {key}:"
                yield from (f"    - {_value(each)}" for each in item)
        else:
            yield f"  {key}: {_value(item)}"


def _comment(text: str) -> list[str]:
    return [f"# {line}".rstrip() for line in text.splitlines()]


def _value(value: Any) -> str:
    """Write a value on one line."""
    text = yaml.dump(
        _tidy(value),
        Dumper=yaml.CSafeDumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=2**31 - 1,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _tidy(value: Any) -> Any:
    """Write 12.0 as 12, tuples as lists, and no more digits than anybody can mean."""
    if isinstance(value, dict):
        return {key: _tidy(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_tidy(item) for item in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 6)
    return value


def write_all(files: Mapping[Path, str | bytes], *, force: bool) -> list[Path]:
    """Write several files, or none of them where one is there already.

    Parameters
    ----------
    files : mapping of Path to str or bytes
    force : bool
        Whether files that are there may be overwritten.

    Returns
    -------
    list of Path
        As they were given.

    Raises
    ------
    DraftError
        Where a file is there and `force` is not given, or a folder cannot be written.
    """
    for path in files:
        if path.exists() and not force:
            raise DraftError(f"{path} is there already; --force overwrites it")
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise DraftError(f"{error.filename} cannot be written: {error.strerror}") from error
    return list(files)


def within(folder: Path, name: str) -> Path:
    """Return the file that another file names, refusing what leaves that file's folder.

    Raises
    ------
    DraftError
        Where the path is absolute, climbs out (``..``, links) or names nothing.
    """
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise DraftError(f"'{name}' leads out of {folder}: put the file beside the one that names it")
    if not path.is_file():
        raise DraftError(f"there is no file '{name}' in {folder}")
    return path
