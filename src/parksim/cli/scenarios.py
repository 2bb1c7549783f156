"""Commands about scenario files: check them, list the library, show one resolved, compare two."""

# ruff: noqa: PLC0415  (reading scenarios takes pydantic: `parksim --help` and `parksim list` go without)
from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from parksim.cli import app
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Sequence

Names = Annotated[list[str], typer.Argument(metavar="FILE", help="Files, or names of the library.")]
NameOrFile = Annotated[str, typer.Argument(metavar="NAME", help="Name of the library, or a file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(
    files: Names,
    *,
    rules: Annotated[
        bool, typer.Option("--rules/--no-rules", help="Say too what rules of planning say of it.")
    ] = True,
    lang: Lang = "en",
) -> None:
    """Say everything that is wrong with scenario files, and what rules of planning say; nothing is run."""
    from parksim.report.messages import Messages
    from parksim.scenario.read import check as problems_of

    m, faulty = Messages(lang), False
    for file in files:
        problems = problems_of(file)
        faulty |= bool(problems)
        if not problems:
            print(f"{file}: {m('cli.ok')}")
            if rules:
                _rules(file, lang)
        for problem in problems:
            print(m.problem(problem), file=sys.stderr)
    if faulty:
        raise typer.Exit(1)


def _rules(file: str, lang: str) -> None:
    """Print the rules of planning that a sound scenario is held against."""
    from parksim.report.messages import Messages
    from parksim.report.rules import rules
    from parksim.scenario.read import load

    m = Messages(lang)
    rows = [(row.label, *row.cells[0][:2], row.limit, row.source) for row in rules([load(file)], m)]
    head = ("rule.counted", "page.value", "page.verdict", "page.limit", "page.source")
    _table(tuple(m(word) for word in head), rows)


@app.command(name="list")
def list_(*, as_json: Json = False) -> None:
    """List the scenarios that come with parksim."""
    from parksim.scenario import library

    headers = library.headers()
    if as_json:
        print(json.dumps(headers, ensure_ascii=False, indent=2))
        return
    rows = [
        (each["name"], each["family"], f"{each['title']}  {each['title_zh']}".strip()) for each in headers
    ]
    _table(("name", "family", "title"), rows)


@app.command()
def show(name: NameOrFile, *, as_json: Json = False) -> None:
    """Print a scenario resolved: all it says, with all it extends.

    YAML leaves out what stays at its default and the layout of before; JSON has both. Where the scenario says a
    community type, comments at the end tell what that meant; the last one grades the land.
    """
    from parksim.scenario.presets import told
    from parksim.scenario.read import load
    from parksim.scenario.write import to_yaml
    from parksim.yields import told as land

    scenario = load(name)
    text = scenario.model_dump_json(indent=2) if as_json else to_yaml(scenario).removesuffix("\n")
    print(text)
    if not as_json:
        for line in (*told(scenario), land(scenario)):
            print(f"# {line}")


@app.command()
def diff(a: NameOrFile, b: NameOrFile, lang: Lang = "en", *, as_json: Json = False) -> None:
    """Print what differs between two scenarios, and only that."""
    from parksim.report.messages import Messages
    from parksim.scenario.diff import difference, text
    from parksim.scenario.read import load

    m, first, second = Messages(lang), load(a), load(b)
    found = difference(first, second)
    if as_json:
        print(json.dumps([each._asdict() for each in found], ensure_ascii=False, indent=2))
        return
    if not found:
        print(m("cli.say_the_same", a=first.name, b=second.name))
        return
    columns = 4 if any(each.type for each in found) else 3
    rows = [(each.path, text(each.a), text(each.b), each.type)[:columns] for each in found]
    _table(("", first.name, second.name, m("cli.type"))[:columns], rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; into a file or a pipe as wide as it needs to be, so that nothing is cut or folded."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else 1000).print(table)
