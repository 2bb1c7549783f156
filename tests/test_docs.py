"""The documentation: what it takes from the code is all there, and what it names exists."""

import doctest
import importlib
import importlib.util
import re
import shlex
from pathlib import Path

import nbformat
import pytest
import typer
from nbclient import NotebookClient

import parksim as ps
from parksim import indicators
from parksim.cli import app
from parksim.interventions import kinds
from parksim.model import FIRM, POST
from parksim.phases import WRITES
from parksim.scenario import library
from parksim.scenario.categories import CATEGORIES, CIRCLE_PRESETS
from parksim.scenario.parameters import table as parameter_table

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = [*sorted(ROOT.glob("*.md")), ROOT / "experiments" / "README.md", *PAGES]
NOTEBOOKS = sorted((ROOT / "experiments" / "notebooks").glob("*.ipynb"))


def name(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("docs_tables", DOCS / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- tables written by the code ------------------------------------------------------------------


def test_every_parameter_stands_in_the_table_with_its_grade(tables):
    text = tables.parameters()
    for row in parameter_table():
        short = row["path"].rpartition(".")[2]
        assert re.search(rf"^\| `{short}` \| .* \| {row['grade']} \| ", text, re.MULTILINE), row["path"]


def test_every_indicator_stands_in_the_table(tables):
    text = tables.indicators()
    assert all(f"`{one}`" in text for one in indicators.ALL)
    patterns = [found.split("<")[0] for found in re.findall(r"`(\w+<\w+>)`", text)]
    played = ps.run(ps.load("tiny-community"), seed=1, months=1).indicators
    assert all(one in indicators.ALL or one.startswith(tuple(patterns)) for one in played)


def test_every_column_of_posts_and_firms_has_a_meaning(tables):
    assert tables.MEANING.keys() >= POST.keys() | FIRM.keys()
    text = "".join(tables.state(which) for which in ("person", "post", "firm"))
    assert all(f"| `{column}` |" in text for column in (*POST, *FIRM))


def test_phases_kinds_categories_circles_and_commands_are_all_listed(tables):
    assert all(f"{phase} <parksim.phases.{phase}>" in tables.phases() for phase in WRITES)
    assert all(f"| `{kind}` |" in tables.interventions() for kind in kinds())
    assert all(f"| `{category}` |" in tables.categories() for category in CATEGORIES)
    assert all(f"| `{preset}` |" in tables.circles() for preset in CIRCLE_PRESETS)
    assert all(f"## `parksim {command}`" in tables.cli() for command in typer.main.get_command(app).commands)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_asks_for_tables_that_exist(page, tables):
    for table, part in re.findall(r"^\{\{ (\w+)(?: ([\w.-]+))? \}\}$", page.read_text("utf-8"), re.MULTILINE):
        assert tables.TABLES[table](*filter(None, [part]))


def test_results_of_a_family_stand_between_markers_and_name_indicators_that_exist():
    spec = importlib.util.spec_from_file_location("docs_results", DOCS / "results.py")
    results = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(results)
    families = {header["family"] for header in library.headers()}
    for page in (DOCS / "scenarios").glob("*.md"):
        text = page.read_text("utf-8")
        assert text.count(results.START) == text.count(results.END) == 1, page
        made = text.partition(results.START)[2].partition(results.END)[0]
        assert page.stem in families
        for row in re.findall(r"^\| [^|]*<br>`(\w+)` \|", made, re.MULTILINE):
            assert indicators.describe(row).unit, row


# --- what pages name -----------------------------------------------------------------------------


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_links_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http", "#", "mailto:")):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_functions_and_modules_exist(page):
    for target in re.findall(r"\{py:\w+\}`~?(?:[^`<]*<)?([\w.]+)>?`", page.read_text("utf-8")):
        parts, thing = target.split("."), None
        for k in range(len(parts), 0, -1):
            try:
                thing = importlib.import_module(".".join(parts[:k]))
            except ModuleNotFoundError:
                continue
            for part in parts[k:]:
                thing = getattr(thing, part)
            break
        assert thing is not None, target


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_commands_and_their_options_exist(page):
    commands = typer.main.get_command(app).commands
    for line in re.findall(r"^(?:\$ |    )(parksim .*)$", page.read_text("utf-8"), re.MULTILINE):
        words = shlex.split(line, comments=True)
        assert words[1] in commands, line
        command = commands[words[1]]
        command = getattr(command, "commands", {}).get(words[2], command)
        known = {option for param in command.params for option in param.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in p.read_text("utf-8")], ids=name)
def test_examples_say_what_they_print(page):
    blocks = re.findall(r"```pycon\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    said = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not said, "".join(said)


# --- notebooks -----------------------------------------------------------------------------------


def test_notebooks_run_and_are_kept_without_results():
    """One kernel plays all of them, each with an empty namespace: a kernel takes longer to start than to play."""
    code = []
    for notebook in NOTEBOOKS:
        cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in cells), notebook
        code += ["%reset -f", *(cell.source for cell in cells)]
    played = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in code])
    NotebookClient(played, timeout=120).execute()
    assert all(cell.execution_count for cell in played.cells)


def test_the_page_about_notebooks_lists_them_all():
    page = (DOCS / "howto" / "notebooks.md").read_text("utf-8")
    assert set(re.findall(r"`([\w-]+\.ipynb)`", page)) == {path.name for path in NOTEBOOKS}


def test_texts_of_a_scenario_are_escaped_in_a_notebook():
    html = ps.load("tiny-park").with_(title="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "6 × 8 cells of 100 m" in html
