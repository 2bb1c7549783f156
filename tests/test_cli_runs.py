"""The commands that play, as a user meets them."""

from __future__ import annotations

import json
import math

import pytest
from typer.testing import CliRunner

import parksim as ps
from parksim.cli import app, main
from parksim.errors import ParksimError
from parksim.experiment.comparison import from_store

TERMINAL = CliRunner()


def call(*words):
    result = TERMINAL.invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    file = out.parent / "answer.json"
    said = call(
        "compare",
        "tiny-park",
        "tiny-community",
        "--reps",
        3,
        "--months",
        13,
        "--seed",
        1,
        "--workers",
        1,
        "--out",
        out,
        "--json",
        file,
    )
    return out, json.loads(file.read_text(encoding="utf-8")), said


def test_a_run_prints_its_indicators_with_units():
    said = call("run", "tiny-park", "--months", 2, "--seed", 1)
    assert "commute_mean_min" in said
    assert "min" in said


def test_a_run_as_json_says_null_for_what_cannot_be_told():
    said = json.loads(call("run", "tiny-park", "--months", 2, "--json"))
    assert said["indicators"]["retention_employee_12m"] is None
    assert said["indicators"]["commute_mean_min"] > 0


def test_a_comparison_leaves_a_store_figures_and_a_page(folder):
    out, _, said = folder
    assert (out / "report.html").stat().st_size > 10_000
    assert (out / "runs.db").exists()
    assert {path.suffix for path in (out / "figures").iterdir()} == {".png", ".svg"}
    assert "verdict" in said


def test_the_store_holds_what_the_json_says(folder):
    out, answer, _ = folder
    frame = ps.Store(f"sqlite:///{out / 'runs.db'}").indicators()
    commute = frame[(frame["indicator"] == "commute_mean_min") & (frame["scenario"] == "tiny-park")]
    assert len(commute) == 3
    assert commute["value"].mean() == pytest.approx(
        answer["indicators"]["commute_mean_min"]["scenarios"]["tiny-park"]["mean"]
    )


def test_the_json_has_the_promised_structure(folder):
    _, answer, _ = folder
    assert {"baseline", "replications", "seed", "indicators"} <= set(answer)
    assert answer["baseline"] == "tiny-park"
    one = answer["indicators"]["commute_mean_min"]
    assert {"unit", "better", "scenarios", "differences"} <= set(one)
    assert one["better"] == "lower"
    low, high = one["scenarios"]["tiny-park"]["ci95"]
    assert low <= one["scenarios"]["tiny-park"]["mean"] <= high
    difference = one["differences"]["tiny-community"]
    keys = {"mean", "ci95", "range90", "sign_share", "variance_reduction", "verdict"}
    assert keys <= set(difference)
    assert difference["mean"] == pytest.approx(
        one["scenarios"]["tiny-community"]["mean"] - one["scenarios"]["tiny-park"]["mean"]
    )


def test_the_same_seed_gives_the_same_answer_with_one_worker_or_two():
    one = ps.compare(["tiny-park", "tiny-community"], reps=2, months=4, seed=9, workers=1)
    two = ps.compare(["tiny-park", "tiny-community"], reps=2, months=4, seed=9, workers=2)
    assert one.values.equals(two.values)


def test_a_report_from_the_store_has_the_numbers_of_the_store(folder, tmp_path):
    out, answer, _ = folder
    said = call("report", "--store", out / "runs.db", "--out", tmp_path / "again.html")
    assert "again.html" in said
    assert (tmp_path / "again.html").read_text("utf-8") == (out / "report.html").read_text("utf-8")
    stored = from_store(ps.Store(f"sqlite:///{out / 'runs.db'}"))
    assert stored.to_dict() == answer


def test_a_report_plays_what_it_is_given(tmp_path):
    file = tmp_path / "played.html"
    words = ("--reps", 1, "--months", 2, "--workers", 1, "--lang", "zh")
    call("report", "tiny-park", "tiny-community", *words, "--out", file)
    assert '<html lang="zh-CN">' in file.read_text("utf-8")


def test_a_report_needs_scenarios_or_a_store():
    for words in (["report"], ["report", "tiny-park", "tiny-community", "--store", "x.db"]):
        result = TERMINAL.invoke(app, words)
        assert "and not both" in str(result.exception)


def test_a_sweep_is_no_comparison(tmp_path):
    store = ps.Store(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(ParksimError, match="no comparison in this store"):
        from_store(store)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_terminal_speaks_chinese(how, monkeypatch):
    words = ["compare", "tiny-park", "tiny-community", "--reps", 2, "--months", 2, "--workers", 1]
    if how == "variable":
        monkeypatch.setenv("PARKSIM_LANG", "zh")
    else:
        words += ["--lang", "zh"]
    said = call(*words)
    assert "小小园区（基准）与小小社区" in said
    assert "平均通勤时间" in said
    assert "commute_mean_min" not in said
    assert "无大于" in said
    assert "盈亏平衡点：不适用：模拟不足一年" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "parksim：缺少参数“NAME”\n用法见 parksim run --help"),
        (["rnu", "tiny-park"], "没有命令“rnu”；是否指“run”？"),
        (["run", "tiny-park", "--mnths", "3"], "没有选项 --mnths；可用：--months"),
        (["run", "tiny-park", "--months"], "选项“--months”后须给出值"),
        (["run", "tiny-park", "--months", "x"], "选项“--months”的值不可用：应为整数"),
        (["run", "tiny-park", "--months", "0"], "选项“--months”的值不可用：不应小于1"),
        (["run", "tiny-park", "tiny-community"], "多余的参数：tiny-community"),
    ],
)
def test_what_cannot_be_parsed_is_told_in_the_language_asked_for(monkeypatch, capsys, arguments, told):
    monkeypatch.setenv("PARKSIM_LANG", "zh")
    monkeypatch.setattr("sys.argv", ["parksim", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert told in capsys.readouterr().err


def test_commands_end_in_chinese_as_in_english(monkeypatch, capsys, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("parksim: 1\n", encoding="utf-8")
    for arguments, code in ((["list"], 0), (["check", str(bad)], 1), (["--help"], 0)):
        monkeypatch.setattr("sys.argv", ["parksim", *arguments])
        ends = []
        for lang in ("en", "zh"):
            monkeypatch.setenv("PARKSIM_LANG", lang)
            with pytest.raises(SystemExit) as end:
                main()
            ends.append(end.value.code or 0)
        assert ends == [code, code]
    assert "Usage" in capsys.readouterr().out


def test_an_error_is_framed_in_the_language_asked_for(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["parksim", "compare", "tiny-park", "tiny-park", "--lang", "zh"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "parksim：两个方案同名“tiny-park”" in capsys.readouterr().err


def test_the_comparison_says_when_it_would_pay(folder):
    _, answer, said = folder
    assert "Break-even: It costs 0.1" in said
    assert answer["break_even"]["tiny-community"]["effects"][0]["effect"] == "services"


def test_validation_shows_value_range_source_and_verdict():
    frame = ps.validate(ps.load("tiny-park"), reps=1, futures=2, months=13)
    assert {"fact", "value", "low", "high", "published", "agrees", "used", "grade", "source"} <= set(frame)
    assert frame["value"].map(math.isfinite).all()
    assert set(frame["used"]) <= {"fitted", "shown", "context"}


def test_an_unknown_scenario_is_named_with_the_nearest():
    result = TERMINAL.invoke(app, ["run", "tiny-prk"])
    assert result.exit_code != 0
    assert "tiny-park" in str(result.exception)
