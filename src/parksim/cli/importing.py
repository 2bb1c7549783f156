"""Commands that make scenarios: a new one, one from other people's files; and a map of any."""

# ruff: noqa: PLC0415  (what they compute with is imported inside the commands: `parksim --help` stays quick)
from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parksim.cli import app, words
from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.fit import Fit
    from parksim.importers.draft import Draft
    from parksim.importers.findings import Findings

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


imports = typer.Typer(no_args_is_help=True, help="Make a scenario from other people's files.")
app.add_typer(imports, name="import")

Name = Annotated[str, typer.Option("--name", help="Name of the scenario: a file NAME.yaml is written.")]
CellM = Annotated[float, typer.Option(help="Side of a cell, m.", min=5, max=200)]
Crs = Annotated[str, typer.Option(help="Coordinate system of the area: wgs84, gcj02, bd09 or EPSG:code.")]
Employees = Annotated[int | None, typer.Option(help="By default what the floor has room for.", min=1)]


@imports.command(name="osm")
def import_osm(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OpenStreetMap extract: .osm or .pbf.")],
    name: Name,
    into: Into = Path(),
    bbox: Annotated[str | None, typer.Option(help="Area: west,south,east,north.")] = None,
    polygon: Annotated[
        Path | None, typer.Option(help="Area: a GeoJSON or .poly file.", dir_okay=False)
    ] = None,
    crs: Crs = "wgs84",
    mapping: Annotated[Path | None, typer.Option(help="Own table of tags.", dir_okay=False)] = None,
    cell_m: CellM = 25,
    employees: Employees = None,
    *,
    force: Force = False,
) -> None:
    """Make a scenario of an OpenStreetMap extract."""
    from parksim.importers import osm, outline
    from parksim.importers.compose import Plan, compose
    from parksim.importers.findings import Findings
    from parksim.importers.tables import read_table

    if bbox and polygon:
        raise ParksimError("give either --bbox or --polygon")
    area = outline.bbox(bbox, crs) if bbox else outline.polygon(polygon, crs) if polygon else None
    source = f"OpenStreetMap, {file.name}"
    findings = Findings()
    features = osm.read(file, area, read_table("osm", mapping), findings)
    draft = compose(features, Plan(name, name, cell_m, employees, source), findings)
    _finish(draft, findings, into, source, osm.LICENCE, force=force)


@imports.command(name="geojson")
def import_geojson(
    mapping: Annotated[Path, typer.Argument(metavar="MAPPING", help="YAML file that says what holds what.")],
    name: Name,
    into: Into = Path(),
    employees: Employees = None,
    *,
    force: Force = False,
) -> None:
    """Make a scenario of GeoJSON files of one's own: buildings, parcels, roads, places."""
    from parksim.importers import geojson
    from parksim.importers.compose import Plan, compose
    from parksim.importers.findings import Findings

    findings = Findings()
    plan = geojson.read_mapping(mapping)
    features = geojson.read(plan, findings)
    asked = Plan(name, name, plan.cell_m, employees, plan.source, plan.grade)
    draft = compose(features, asked, findings)
    _finish(draft, findings, into, plan.source, "", force=force)


@imports.command(name="cityio")
def import_cityio(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="cityIO table (JSON).")],
    name: Name,
    into: Into = Path(),
    like: Annotated[
        str | None, typer.Option(help="Scenario whose city, people, places and ways in to keep.")
    ] = None,
    *,
    force: Force = False,
) -> None:
    """Make a scenario of an MIT CityScope table."""
    from parksim.importers import cityio
    from parksim.importers.draft import write_all
    from parksim.importers.findings import Findings
    from parksim.scenario.read import load

    findings = Findings()
    table = cityio.read(file)
    kept = load(like) if like else None
    path = str(Path(like).resolve()) if like and Path(like).is_file() else like or ""
    draft = cityio.draft(table, name, findings, kept, path)
    side = into / f"{name}-cityio.json"
    write_all({side: cityio.text(table.raw)}, force=force)
    _finish(draft, findings, into, f"cityIO, {file.name}", "", force=force)


@imports.command(name="xlsx")
def import_xlsx(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook made by `parksim template xlsx`.")],
    into: Annotated[
        Path, typer.Option("--into", metavar="SCENARIO", help="Scenario file to fill in.", dir_okay=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write it; by default the file itself, with --force.", dir_okay=False),
    ] = None,
    *,
    allow_small_cells: Annotated[
        bool, typer.Option("--allow-small-cells", help="Take counts of fewer than five people.")
    ] = False,
    force: Force = False,
) -> None:
    """Fill a scenario in from a workbook: enterprises, home zones, places, observed figures."""
    from parksim.importers import tenants, workbook
    from parksim.importers.findings import Findings
    from parksim.importers.finish import summary, write_checked
    from parksim.scenario.read import load

    findings = Findings()
    book = workbook.read(file, findings, allow_small=allow_small_cells)
    scenario = load(into)
    goal = out or into
    if goal.suffix != ".yaml":
        raise ParksimError(f"{goal}: a scenario is a .yaml file")
    if goal.exists() and not force:
        raise ParksimError(f"{goal} is there already; --force rewrites it, or give --out NEW.yaml")
    source = f"workbook {file.name}"
    text = tenants.fill(into, scenario, book, findings, source=(source, f"工作簿{file.name}"))
    text = tenants.balance(text, book, findings)
    targets = tenants.targets(book, scenario, findings)
    more = {goal.with_name(f"{goal.stem}-targets.yaml"): targets} if targets else {}
    files, problems = write_checked(
        goal.stem,
        scenario.title,
        text,
        findings,
        goal.parent,
        source=source,
        force=force,
        about="workbook",
        more=more,
    )
    for line in summary(findings, problems, words.asked()):
        print(line)
    print("written:", *files)
    if problems:
        raise typer.Exit(1)


templates = typer.Typer(no_args_is_help=True, help="Write files to fill in.")
app.add_typer(templates, name="template")


@templates.command(name="xlsx")
def template_xlsx(
    out: Annotated[Path, typer.Option(help="Workbook to write.", dir_okay=False)] = Path("park.xlsx"),
    lang: Annotated[str, typer.Option(help="Language of its headings: en or zh.")] = "en",
    *,
    force: Force = False,
) -> None:
    """Write an empty workbook for enterprises, home zones, places and observed figures."""
    from parksim.importers import workbook
    from parksim.importers.draft import write_all

    print(*write_all({out: workbook.template(lang)}, force=force))


@templates.command(name="mapping")
def template_mapping(
    out: Annotated[Path, typer.Option(help="File to write.", dir_okay=False)] = Path("mapping.yaml"),
    *,
    force: Force = False,
) -> None:
    """Write the table of what OpenStreetMap's tags mean, to change and give as --mapping."""
    from parksim.importers.draft import write_all
    from parksim.importers.tables import shipped

    print(*write_all({out: shipped("osm").read_bytes()}, force=force))


exports = typer.Typer(no_args_is_help=True, help="Write a scenario in another program's form.")
app.add_typer(exports, name="export")


@exports.command(name="cityio")
def export_cityio(
    scenario: NameOrFile,
    out: Annotated[Path, typer.Option(help="JSON file to write.", dir_okay=False)],
    table: Annotated[
        Path | None,
        typer.Option(help="Table it came from; by default NAME-cityio.json beside it.", dir_okay=False),
    ] = None,
    lon: Annotated[float, typer.Option(help="North-west corner, degrees east.")] = 0,
    lat: Annotated[float, typer.Option(help="North-west corner, degrees north.")] = 0,
    *,
    force: Force = False,
) -> None:
    """Write the map of a scenario as an MIT CityScope table."""
    from parksim.importers import cityio
    from parksim.importers.draft import write_all
    from parksim.scenario.read import load

    loaded = load(scenario)
    beside = Path(scenario).with_name(f"{loaded.name}-cityio.json")
    base = table or (beside if Path(scenario).is_file() and beside.is_file() else None)
    made = cityio.export(loaded, cityio.read(base).raw if base else None, lon=lon, lat=lat)
    write_all({out: cityio.text(made)}, force=force)
    print(out)


@app.command()
def fit(
    scenario: NameOrFile,
    targets: Annotated[
        Path, typer.Option(help="Observed figures and the parameters that may move.", dir_okay=False)
    ],
    store: Annotated[
        str, typer.Option(help="Database of runs; a fit that was stopped goes on from it.")
    ] = "runs.db",
    out: Annotated[
        Path | None, typer.Option(help="File for the fitted values and ranges.", dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the runs.")] = 1,
    waves: Annotated[int, typer.Option(help="Rounds of runs.", min=1, max=10)] = 3,
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a core.", min=1)] = None,
    *,
    force: Force = False,
) -> None:
    """Calibrate parameters to one's own observations; the result is ranges, not a point."""
    import sys

    from parksim.fit import fit as match
    from parksim.fit import read_targets
    from parksim.importers.draft import write_all
    from parksim.scenario.read import load
    from parksim.store import Store

    loaded = load(scenario)
    if out is not None and out.exists() and not force:
        raise ParksimError(f"{out} is there already; --force overwrites it")
    wanted = read_targets(targets, loaded)
    where = Store(store)
    try:
        found = match(
            loaded, wanted, where, seed=seed, waves=waves, workers=workers, name=f"fit {loaded.name}",
            progress=lambda line: print(line, file=sys.stderr),
        )  # fmt: skip
    finally:
        where.close()
    for line in _told(found):
        print(line)
    if out is not None:
        print(
            "written:",
            *write_all(
                {out: found.snippet(f"fitted to {targets.name}", f"据{targets.name}校准")}, force=force
            ),
        )


def _told(found: Fit) -> Iterator[str]:
    """Say what a fit found, line by line."""
    yield "parameter: range before → 90 % interval after"
    for path, row in found.parameters.iterrows():
        after = f"{row['q05']:.4g} to {row['q95']:.4g}, median {row['median']:.4g}"
        told = after if row["identified"] else f"{after}: NOT IDENTIFIED by these targets"
        yield f"  {path}: {row['low']:g} to {row['high']:g} → {told}"
    for a, b, correlation in found.together:
        yield f"  {a} and {b} are known only together (correlation {correlation:.2f})"
    yield "target: observed ± error, simulated (5 to 95 %)"
    for label, row in found.targets.iterrows():
        held = ", held out" if row["held"] else ""
        span = f"{row['simulated']:.4g} ({row['q05']:.4g} to {row['q95']:.4g})"
        yield f"  {label}: {row['value']:g} ± {row['error']:g}, {span}, {row['away']:+.1f} sd away{held}"
    yield from (f"note: {note}" for note in found.notes)
    shares = ", ".join(f"{share:.1%}" for share in found.plausible)
    yield f"{found.runs} runs, {found.known} of them stored before, {found.failed} failed; plausible share: {shares}"


def _finish(draft: Draft, findings: Findings, into: Path, source: str, licence: str, *, force: bool) -> None:
    """Write, check, say what happened; end with 1 where the scenario does not pass."""
    from parksim.importers.finish import finish, summary

    files, problems = finish(draft, findings, into, source=source, licence=licence, force=force)
    for line in summary(findings, problems, words.asked()):
        print(line)
    print("written:", *files)
    if problems:
        raise typer.Exit(1)


def checked(*files: Path) -> int:
    """Check files that have been written and say so; return 1 where one does not pass."""
    from parksim.scenario.read import check

    m, faulty = words.asked(), 0
    for file in files:
        problems = check(file)
        print(
            f"{file}: ok"
            if not problems
            else m.translated(f"{file}: written, but it does not pass the check:")
        )
        for problem in problems:
            print(f"  {m.problem(problem)}")
            faulty = 1
    return faulty
