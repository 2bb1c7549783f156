"""Commands that make scenarios: a new one, one from other people's files; and a map of any."""

# ruff: noqa: PLC0415  (what they compute with is imported inside the commands: `parksim --help` stays quick)
from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from parksim.cli import app
from parksim.errors import ParksimError

Into = Annotated[Path, typer.Option("--into", help="Folder to write in.", file_okay=False)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
NameOrFile = Annotated[str, typer.Argument(metavar="SCENARIO", help="Name of the library, or a file.")]


@app.command()
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the family; files are NAME-park, NAME-community.")
    ],
    kind: Annotated[
        str, typer.Option("--type", help="sci-tech, cultural, manufacturing or commercial-towers.")
    ] = "sci-tech",
    cells: Annotated[str, typer.Option(help="Columns x rows of the map.")] = "60x40",
    cell_m: Annotated[float, typer.Option(help="Side of a cell, m.")] = 25,
    employees: Annotated[int | None, typer.Option(help="By default what is usual for the size.")] = None,
    into: Into = Path(),
    *,
    force: Force = False,
) -> None:
    """Write a commented scenario pair, plain park and community, that runs at once."""
    from parksim.authoring import new as write

    size = re.fullmatch(r"\s*(\d{1,4})\s*[x×X*]\s*(\d{1,4})\s*", cells)
    if size is None:
        raise ParksimError(f"--cells {cells}: write columns x rows, as 60x40")
    files = write(
        name, kind, int(size[2]), int(size[1]), cell_m=cell_m, employees=employees, into=into, force=force
    )
    raise typer.Exit(checked(*files))


@app.command(name="map")
def map_(
    scenario: NameOrFile,
    out: Annotated[Path | None, typer.Option(help="Picture to write: .png or .svg.", dir_okay=False)] = None,
    lang: Annotated[str, typer.Option(help="Language of a picture's texts: en or zh.")] = "en",
    *,
    text: Annotated[
        bool, typer.Option("--text", help="Draw in the terminal (the default without --out).")
    ] = False,
    force: Force = False,
) -> None:
    """Draw a scenario's map: as a picture, or as text in the terminal."""
    from parksim.scenario.read import load

    loaded = load(scenario)
    if out is not None:
        from parksim.importers.picture import picture

        if out.suffix not in (".png", ".svg"):
            raise ParksimError(f"{out}: a picture is a .png or .svg")
        from parksim.importers.draft import write_all

        write_all({out: picture(loaded, out.suffix[1:], lang)}, force=force)
        print(out)
    if text or out is None:
        from rich.console import Console

        from parksim.importers.picture import as_text

        console = Console()
        for line in as_text(loaded, lang):
            console.print(line, soft_wrap=True, no_wrap=True)


def checked(*files: Path) -> int:
    """Check files that have been written and say so; return 1 where one does not pass."""
    from parksim.scenario.read import check

    faulty = 0
    for file in files:
        problems = check(file)
        print(f"{file}: " + ("ok" if not problems else "written, but it does not pass the check:"))
        for problem in problems:
            print(f"  {problem}")
            faulty = 1
    return faulty
