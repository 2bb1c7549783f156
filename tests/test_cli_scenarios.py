"""The commands about scenario files, as a user at a terminal meets them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parksim import cli
from parksim.errors import ParksimError, Problem, ScenarioError
from parksim.scenario import library
from parksim.scenario.read import load

runner = CliRunner()


def parksim(*arguments, **options):
    command = [sys.executable, "-c", "from parksim.cli import main; main()", *arguments]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False, **options
    )


@pytest.fixture
def good_and_bad(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = library.find("tiny-park").read_text(encoding="utf-8")
    Path("good.yaml").write_text(text, encoding="utf-8")
    Path("bad.yaml").write_text(text.replace("cell_m: 100", "cel_m: 100"), encoding="utf-8")
    Path("worse.yaml").write_text("parksim: [", encoding="utf-8")


def test_check_names_every_fault_of_every_file(good_and_bad):
    result = runner.invoke(cli.app, ["check", "good.yaml", "bad.yaml", "worse.yaml", "--no-rules"])
    assert result.exit_code == 1
    assert result.stdout == "good.yaml: ok\n"
    first, second = result.stderr.splitlines()
    assert first.startswith("bad.yaml:23: map.cel_m: unknown key 'cel_m'; did you mean 'cell_m'?")
    assert second.startswith("worse.yaml:1: not valid YAML")


def test_check_is_content_with_what_is_right(good_and_bad):
    result = runner.invoke(cli.app, ["check", "good.yaml", "tiny-community", "--no-rules"])
    assert (result.exit_code, result.stdout) == (0, "good.yaml: ok\ntiny-community: ok\n")


def test_check_says_what_rules_of_planning_say_with_their_sources():
    lines = runner.invoke(cli.app, ["check", "tiny-community"]).stdout.splitlines()
    assert lines[0] == "tiny-community: ok"
    (land,) = (line for line in lines if line.startswith("Land for services"))
    said = "4.2% pass at most 15.0% notices of Fuzhou and Xiamen on industrial land (B)"
    assert " ".join(land.split()[5:]) == said
    (daily,) = (line for line in lines if line.startswith("Walk from every desk, 5-minute circle “daily”"))
    assert (
        "2 of 3 kinds of places (not: convenience shop)" in daily
    )  # by the file's head: the shop is 6 min away
    chinese = runner.invoke(cli.app, ["check", "tiny-community", "--lang", "zh"]).stdout
    assert chinese.startswith("tiny-community: 无误\n")
    assert "符合" in chinese


def test_list_shows_the_library():
    shown = runner.invoke(cli.app, ["list"]).stdout
    for header in library.headers():
        line = next(line for line in shown.splitlines() if line.startswith(f"{header['name']} "))
        assert header["family"] in line
        assert header["title_zh"] in line
    assert json.loads(runner.invoke(cli.app, ["list", "--json"]).stdout) == library.headers()


def test_show_prints_a_scenario_that_can_be_read_again(tmp_path):
    shown = runner.invoke(cli.app, ["show", "tiny-community"]).stdout
    path = tmp_path / "shown.yaml"
    path.write_text(shown, encoding="utf-8")
    assert load(path).amenities == load("tiny-community").amenities
    whole = json.loads(runner.invoke(cli.app, ["show", "tiny-community", "--json"]).stdout)
    assert whole["before"]["amenities"][0]["access"] == "staff"


def test_diff_prints_only_what_differs():
    lines = runner.invoke(cli.app, ["diff", "tiny-park", "tiny-community"]).stdout.splitlines()
    assert lines[0].split() == ["tiny-park", "tiny-community"]
    assert ["map.fences.west-fence.open", "false", "true"] in [line.split() for line in lines]
    assert ["governance.organs", "[]", "[council]"] in [line.split() for line in lines]
    assert not any("walk_kmh" in line for line in lines)
    same = runner.invoke(cli.app, ["diff", "tiny-park", "tiny-park"])
    assert same.stdout == "tiny-park and tiny-park say the same.\n"
    (added,) = (
        each
        for each in json.loads(
            runner.invoke(cli.app, ["diff", "tiny-park", "tiny-community", "--json"]).stdout
        )
        if each["path"] == "amenities.pavilion-cafe"
    )
    assert added["a"] is None
    assert added["b"]["category"] == "cafe"


def test_diff_draws_on_the_map_where_cells_differ(good_and_bad):
    text = Path("good.yaml").read_text(encoding="utf-8")
    Path("new.yaml").write_text(text.replace("    .H..S...\n", "    .HH.S...\n"), encoding="utf-8")
    (_, line) = runner.invoke(cli.app, ["diff", "good.yaml", "new.yaml"]).stdout.splitlines()
    assert line.split() == ["map.cells[4,2]", ".", "green", "H", "Old", "dormitory"]
    Path("new.yaml").write_text(text.replace("........\n", "========\n"), encoding="utf-8")
    assert "16 cells differ" in runner.invoke(cli.app, ["diff", "good.yaml", "new.yaml"]).stdout


def test_an_unknown_scenario_is_one_line_and_exit_code_2():
    result = parksim("show", "tiny-prk")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "tiny-prk: no scenario of that name in the library, and no such file; did you mean 'tiny-park'?\n"
    )


def test_an_unknown_command_is_a_usage_error():
    result = parksim("shwo")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            ScenarioError([Problem("a.yaml", 3, "x", "bad"), Problem("a.yaml", None, "", "worse")]),
            2,
            "a.yaml:3: x: bad\na.yaml: worse\n",
        ),
        (ParksimError("no room"), 2, "parksim: no room\n"),
        (KeyboardInterrupt(), 130, "parksim: interrupted\n"),
        (BrokenPipeError(32, "gone"), 1, ""),
    ],
)
def test_every_end_is_quiet_and_clear(error, code, said, monkeypatch, capfd):
    def fail(name):
        raise error

    monkeypatch.setattr("parksim.scenario.read.load", fail)
    monkeypatch.setattr(sys, "argv", ["parksim", "show", "tiny-park"])
    stdout = sys.stdout
    with pytest.raises(SystemExit) as end:
        cli.main()
    sys.stdout = stdout
    assert end.value.code == code
    assert capfd.readouterr().err == said


def test_a_reader_who_leaves_early_is_no_error():
    command = f'"{sys.executable}" -c "from parksim.cli import main; main()" show tiny-park --json | head -1'
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert result.stdout == "{\n"
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["check", "tiny-park", "--no-rules"]])
def test_commands_about_files_load_nothing_heavy(arguments):
    code = f"""
import sys
from parksim.cli import main
sys.argv = ["parksim", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = {{"mesa", "numpy", "pandas", "scipy", "matplotlib", "sqlalchemy"}} & set(sys.modules)
assert not heavy, heavy
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_faults_of_a_file_are_told_in_chinese(tmp_path):
    file = tmp_path / "bad.yaml"
    text = "parksim: 1\nname: bad\ntitle: x\nextends: tiny-park\ngovernance: {kind: councill}\n"
    file.write_text(text, encoding="utf-8")
    told = runner.invoke(cli.app, ["check", str(file), "--lang", "zh"])
    assert told.exit_code == 1
    assert f"{file}:5: governance.kind: “councill”不在可选值之列；是否指“council”？" in told.stderr
