"""Every error that a user of the command line can meet is told in Chinese, and nothing else is kept translated."""

import re
import sys
from functools import cache
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from pydantic import BaseModel

sys.path.append(str(Path(__file__).parent))

from said import said

from parksim.compliance import check
from parksim.errors import Problem
from parksim.experiment.design import Experiment
from parksim.experiment.portfolio import PortfolioFile
from parksim.interventions import kinds
from parksim.report.errors import entries, entry_for, translated
from parksim.report.messages import Messages, catalogue
from parksim.scenario.faults import spot
from parksim.scenario.schema import Scenario

PROGRAMMERS = {
    "access.py": "arrays given to functions; parksim makes them itself",
    "agents.py": "a view of somebody who has left, held by a notebook",
    "report/maps.py": "the shape of an array given to a figure",
    "experiment/statistics.py": "the lengths of arrays given to a test",
    "survival.py": "the lengths of arrays given to a curve",
    "world/": "networks, ground and queues given to solvers; parksim makes them of a checked scenario",
}
"""Modules (or folders) whose errors only a programmer can meet, and why."""

ARGUMENTS = re.compile(
    r"(cost|weights|capacities|site_costs|existing|forbidden|radius|time_limit|budget|p)"
    r"( = |\[|: site| has shape| are missing| counts)"
    r"|site ⟦\d+⟧ is both|site_costs and budget"
)
"""Errors of the arguments of a function of `parksim.siting`: the command line passes none of them on."""

PYDANTIC = re.compile(r"⟦\d+⟧⟦\d+⟧, not ")
"""What the validator says of a kind of fault that no field of ours can have."""

OTHERS = {
    "text": {
        "no reason told",
        "Missing argument '⟦1⟧'.",
        "Missing option '⟦1⟧'.",
        "Missing command.",
        "No such command '⟦1⟧'.",
        "No such command '⟦1⟧'. Did you mean '⟦2⟧'?",
        "No such option: ⟦1⟧",
        "No such option: ⟦1⟧ (Possible options: ⟦2⟧)",
        "Option '⟦1⟧' requires an argument.",
        "Got unexpected extra argument(s) (⟦1⟧)",
        "Invalid value for '⟦1⟧': Input should be a valid number, unable to parse string as a number",
    },
    "why": {
        "Input should be a valid integer, unable to parse string as an integer",
        "Input should be greater than or equal to ⟦1⟧",
        "Input should be less than or equal to ⟦1⟧",
        "mapping values are not allowed in this context",
        "did not find expected key",
        "did not find expected key, while parsing a block mapping",
        "did not find expected '-' indicator, while parsing a block collection",
        "did not find expected ',' or ']', while parsing a flow sequence",
        "did not find expected ',' or '}', while parsing a flow mapping",
        "could not find expected ':', while scanning a simple key",
        "found character that cannot start any token, while scanning for the next token",
        "found unexpected end of stream, while scanning a quoted scalar",
        "found undefined alias",
        "but found another document, expected a single document in the stream",
        "unacceptable character ⟦1⟧: control characters are not allowed",
        "File is not a zip file",
        "nested more than ⟦1⟧ levels deep",
        "No such file or directory",
        "Permission denied",
        "Is a directory",
        "Not a directory",
        "No space left on device",
        "Read-only file system",
    },
    "shown": {"'⟦1⟧'"},
    "range": {"above ⟦1⟧", "above ⟦1⟧ to below ⟦2⟧", "⟦1⟧ to ⟦2⟧ (metres)"},
    "what": {"their number", "capacities, budget = ⟦1⟧", "their number, capacities"},
}
"""What Typer, libyaml, zip and the system say inside our own texts; and values that are put together item by item."""

CODE = re.compile(r".*[_=/*0-9]|-|.*\w[.:]\w|\.\w+|[A-Z-]+$|\w*[A-Z]\w*[A-Z]")
"""Options, paths, endings of files, acronyms."""

KEPT = {"pip", "install", "parksim", "true", "false", "none", "wgs", "access", "by", "if", "where", "workers"}
KEPT |= {
    "samples",
    "levels",
    "low",
    "high",
    "mode",
    "kind",
    "csv",
    "grid",
    "radius",
    "study",
    "reps",
    "everyone",
}
KEPT |= {
    "staff",
    "bus",
    "shuttle",
    "metro",
    "path",
    "runs",
    "shock",
    "local",
    "cityIO",
    "Parquet",
    "zip",
    "hub",
}
"""Words of the language of files, options and functions: what a user types."""


@cache
def texts() -> dict[str, str]:
    """Return every text of an error, with where it is said, without those of programmers."""
    found = {
        k: v for k, v in said().items() if not v.startswith(tuple(PROGRAMMERS)) and not PYDANTIC.match(k)
    }
    return {k: v for k, v in found.items() if not (v.startswith("siting.py") and ARGUMENTS.match(k))}


@cache
def units() -> set[str]:
    """Return every unit in which a field of a file is."""
    found, seen = set(), set()

    def walk(annotation: object) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
            seen.add(annotation)
            for name, field in annotation.model_fields.items():
                found.add(spot((name,), annotation).unit)
                walk(field.annotation)
        for inner in get_args(annotation):
            walk(inner)

    for model in (
        Scenario,
        Experiment,
        PortfolioFile,
        *(getattr(k, "Settings", None) for k in kinds().values()),
    ):
        walk(model)
    return found - {""}


@cache
def notes() -> set[str]:
    """Return what is said of findings of rules; the library has no homes that may be to let or not."""
    found = {"15 % are allowed if the homes are to let: the file does not say"}
    for name in ("iot-town-community", "tiny-park", "xingguang-community"):
        found.update(part for note in check(name)["note"] for part in note.split("; "))
    return {note for note in found if not re.search("[\u4e00-\u9fff]", note)}


def english(text: str) -> set[str]:
    """Return the words of a Chinese text that are none, but for names, quoted texts and what a user types."""
    text = re.sub(r"^([^\s：“]+: )+|⟦\d+⟧|“[^”]*”|'[^']*'|{[^}]*}|；可用：.*", " ", text)
    tokens = re.findall(r"[A-Za-z0-9_.,:=/+*-]+", text)
    plain = {t for t in tokens if re.search("[A-Za-z]{2,}", t) and not CODE.match(t)}
    return {t.strip(".,:") for t in plain} - KEPT


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_what_the_source_can_say_is_found():
    assert {
        "interrupted",
        "there is no gateway: nobody could reach the park",  # a fault
        "needs 'target:', the name of a car park",  # what callers pass
        "the fence '⟦1⟧' is open already",  # of an intervention
        "shares sum to ⟦1⟧, should be at most 1",  # of a validator
        "row ⟦1⟧, column ⟦1⟧ (counted from 0): '⟦1⟧' is not in the legend; valid: ⟦1⟧",  # put together
        "⟦1⟧: the disk is full; make room and start again: it goes on where it stopped (⟦1⟧)",
    } <= {re.sub(r"⟦\d+⟧", "⟦1⟧", text) for text in texts()}


def test_every_error_is_told_in_chinese():
    zh = Messages("zh")
    left = {
        text: (where, told)
        for text, where in texts().items()
        if re.search("[A-Za-z]{2}", re.sub(r"⟦\d+⟧", "", text))
        for told in [zh.translated(text)]
        if english(told)
    }
    assert left == {}


@pytest.mark.parametrize("section", [*OTHERS, "unit", "note"])
def test_what_stands_inside_errors_is_told_in_chinese(section):
    values = OTHERS.get(section) or {"unit": units, "note": notes}[section]()
    assert {v for v in values if english(translated(v, "zh", section))} == set()


def test_everything_translated_is_said():
    used = set()

    def follow(text: str, section: str = "text") -> None:
        found = entry_for(text, "zh", section)
        if found:
            used.add(found[0].english)
            for name, value in found[1].items():
                if name in entries("zh"):
                    follow(value, name)
        elif section == "text":
            for colon in re.finditer(": ", text):
                follow(text[colon.end() :])

    for text in texts():
        follow(text)
    for section, values in (*OTHERS.items(), ("unit", units()), ("note", notes())):
        for value in values:
            follow(value, section)
    known = {entry.english for section in entries("zh").values() for entry in section}
    known -= {key.partition(".")[2] for key in catalogue("zh") if key.startswith("parameter_unit.")}
    assert sorted(known - used) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "tiny-prk: no scenario of that name in the library, and no such file; did you mean 'tiny-park'?",
            "tiny-prk: 方案库中没有这个名称，也没有这个文件；是否指“tiny-park”？",
        ),
        ("replications 0: at least one is needed", "重复次数0：至少需要一次"),
        ("a/b.yaml is there already; --force overwrites it", "a/b.yaml 已存在；加 --force 可覆盖"),
        (
            "'25 m' is not a number; 'cell_m' is in metres, written without unit: write 25; allowed: 5 to 200",
            "“25 m”不是数值；“cell_m”的单位为米，书写时不带单位：请写25；允许：5至200",
        ),
        ("0 is out of range; allowed: above 0 to 24 (km/h)", "0超出范围；允许：大于0至24（公里/小时）"),
        (
            "in month 7, gateways.south.cell: cell [9, 2] is off the map (in the layout before the change)",
            "第7个月，gateways.south.cell：单元格[9, 2]不在地图内（改造前的布局）",
        ),
        ("the moon is down", "the moon is down"),
    ],
)
def test_values_stay_and_the_rest_is_told(said, told):
    assert Messages("zh").translated(said) == told
    assert Messages("en").translated(said) == said


def test_a_fault_keeps_its_place():
    fault = Problem("a.yaml", 3, "map", "unknown key 'x'; valid: office, road")
    assert Messages("zh").problem(fault) == "a.yaml:3: map: 没有“x”这个键；可用：office, road"
    sheet = Problem("a.xlsx", None, "sheet '企业', row 3, column B (zone)", "'zone' is missing")
    assert Messages("zh").problem(sheet) == "a.xlsx: 工作表“企业”第3行B列（“zone”）: 缺少“zone”"


def test_chinese_is_punctuated_as_chinese_and_fills_in_the_same_values():
    known = [entry for section in entries("zh").values() for entry in section]
    plain = [re.sub("“[^”]*”", "", e.told) for e in known]  # a heading of a workbook is quoted as it stands
    assert [text for text in plain if re.search("[\u4e00-\u9fff][,:;?!()]", text)] == []
    assert [e.english for e in known if fields(e.english) != fields(e.told)] == []
