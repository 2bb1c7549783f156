"""One catalogue in two languages: nothing untranslated, nothing unused, nothing that no font can draw."""

import re
import string
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from require import need

from parksim.cli.words import language as asked_for
from parksim.experiment.decompose import MECHANISMS
from parksim.experiment.explain import LEGS, TERMS
from parksim.indicators import ALL, describe
from parksim.phases.staying import CAUSES
from parksim.report import style
from parksim.report.figures import TOPICS
from parksim.report.maps import GATEWAY_MARKER, SIGNS
from parksim.report.messages import (
    Messages,
    UnknownLanguageError,
    calibrated,
    catalogue,
    facts,
    languages,
    parameters,
)
from parksim.scenario import library, presets
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.organs import Governance
from parksim.scenario.parameters import Parameters, table
from parksim.scenario.read import load
from parksim.scenario.schema import MODES, PAYERS
from parksim.validation import CALIBRATED, FACTS

SOURCE = Path(style.__file__).parents[1]
VERDICTS = {"better", "worse", "higher", "lower", "same", "unclear", "na"}
MODEL_MD = [
    "commute_mean_min", "commute_median_min", "commute_mean_min_cohort", "commute_share_within_45",
    "commute_share_over_60", "commute_share_under_5km", "live_in_park_share", "jobs_per_home",
    "retention_employee_12m", "retention_employer_12m", "turnover_annual", "retention_enterprise_12m",
    "retention_enterprise_36m", "vacancy_rate", "floor_vacancy_share", "ties_per_employee",
    "participation_share", "spillover_index", "cross_firm_collaborations", "spinoffs",
    "requests_answered_share", "request_days", "output_per_mu", "tax_per_mu", "land_vacated_mu",
    "new_floor_m2", "firms_displaced", "firms_returned", "digital_gap", "recovery_months",
    "hazard_detection_days", "capex_cny", "opex_cny_year", "cost_per_retained_employee",
]  # fmt: skip
TIERS = ("micro", "innovative", "srdi", "little_giant", "champion", "listed", "high_tech")
CIRCLES = ("life_15", "medical_15", "fitness_10", "reading_10", "5min", "10min", "15min", "daily_5")
PATTERNED = [
    *(f"mode_share_{mode}" for mode in MODES),
    *(f"coverage_{c}" for c in CATEGORIES),
    *(f"nearest_min_{c}" for c in CATEGORIES),
    *(f"placed_share_{c}" for c in CATEGORIES),
    *(f"{kind}_{circle}" for kind in ("coverage", "coverage_all", "served") for circle in CIRCLES),
    *(f"tier_{tier}" for tier in TIERS),
    *(f"net_cost_{payer}" for payer in PAYERS),
]  # fmt: skip

CITED = {
    "Ahlfeldt", "Axtell", "Boushey", "Glynn", "Cohen", "Levinthal", "Ellison", "Glaeser", "Kerr", "Stanley",
    "Verspagen", "CIBSE", "Guide", "BPR", "Nature", "Econ", "Rev", "Struct", "Change", "Dyn", "Adm", "Sci",
    "Sobol", "Morris",
}  # fmt: skip
"""Authors, journals and standards stay as they are written."""


NAMED = {"parksim", "Holm", "PDF", "Chromium", "chromium", "PARKSIM", "CHROMIUM"}
OPTIONS = {
    "employee",
    "failed",
    "retry",
    "most",
    "changed",
    "force",
    "out",
    "cells",
    "group",
    "until",
    "width",
    "help",
}
TYPED = {"true", "false", "yaml", "png", "svg", "runs", "store", "sqlite", "FILE", "postgresql"}
"""What a user types."""
WESTERN = re.compile("[\u4e00-\u9fff}][,:;?!()]")
"""Punctuation that does not follow a Chinese character."""


def chinese():
    """Every Chinese text by its key: messages, and the words of parameters and published figures."""
    texts = dict(catalogue("zh"))
    for path, (name, source) in parameters("zh").items():
        texts |= {f"{path}.name": name, f"{path}.source": source}
    for key, words in facts("zh").items():
        texts |= {f"{key}.{part}": text for part, text in words.items()}
    return texts | calibrated("zh")


def fields(text):
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})


def source_text():
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.j2")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_both_languages_say_the_same_things():
    assert languages() == ["en", "zh"]
    en, zh = catalogue("en"), catalogue("zh")
    assert set(en) == set(zh)
    assert [k for k in en if fields(en[k]) != fields(zh[k])] == []


def english(text):
    """Words in Latin letters that are none of a message's values."""
    return re.findall(r"[A-Za-z]{3,}", re.sub(r"{[^}]*}", "", text))


def test_nothing_is_left_in_english():
    kept = CITED | NAMED | OPTIONS | TYPED
    assert {k: text for k, text in chinese().items() if set(english(text)) - kept} == {}


def test_every_source_of_a_shipped_scenario_and_type_is_told_in_chinese():
    told = {s.source: s.source_zh for name in library.names() for s in load(name).sources.values()}
    for name in presets.names():
        kind = presets.preset(name)
        told |= {s.source: s.source_zh for s in [*kind.park.values(), *kind.places, *kind.chain]}
    assert len(told) > 200
    left = {en: zh for en, zh in told.items() if not zh or set(english(zh)) - CITED - NAMED}
    assert left == {}
    assert [zh for zh in told.values() if WESTERN.search(zh)] == []


def test_chinese_is_punctuated_as_chinese():
    wrong = {k: text for k, text in chinese().items() if WESTERN.search(text)}
    assert {k for k in wrong if not k.startswith("unit.")} == set()


def test_titles_of_the_library_are_punctuated_as_chinese():
    said = [h[key] for h in library.headers() for key in ("title_zh", "summary_zh")]
    assert [text for text in said if WESTERN.search(text)] == []


def test_every_parameter_and_published_figure_has_its_words_in_chinese():
    assert set(parameters("zh")) == {row["path"] for row in table()}
    names = [name for name, _ in parameters("zh").values()]
    assert len(set(names)) == len(names)
    assert len({fact.key for fact in FACTS}) == len(FACTS)
    assert facts("zh").keys() == {fact.key for fact in FACTS}
    assert calibrated("zh").keys() == CALIBRATED.keys()
    for fact in FACTS:
        labelled = Messages("zh").indicator(fact.name) != fact.name  # an indicator has its name there
        assert set(facts("zh")[fact.key]) == {"published", "source"} | (set() if labelled else {"name"})


def test_english_words_of_parameters_stand_in_the_code_alone():
    assert parameters("en") == facts("en") == calibrated("en") == {}
    assert Messages("en").parameter("parameters.staying.tie") == "staying.tie"
    assert Messages("zh").parameter("parameters.staying.tie") == "每名外单位熟人的离职倍数"
    assert Messages("zh").parameter("amenities.canteen.capacity") == "amenities.canteen.capacity"


def test_every_message_is_used():
    text = source_text()
    literal = set(re.findall(r"""["']([a-z_]+\.[A-Za-z0-9_-]+)["']""", text))
    families = set(re.findall(r"""f["']([a-z_]+\.[a-z_]*)\{""", text))
    families |= {"mode.", "payer.", "tier."}  # parts of indicators' names
    families |= set(re.findall(r'"([a-z_]+\.[a-z_]*)" ~', text)) | set(
        re.findall(r'"([a-z_]+\.[a-z_]*)%d"', text)
    )
    unused = [k for k in catalogue("en") if k not in literal and not any(k.startswith(f) for f in families)]
    assert unused == []


def test_every_message_that_is_asked_for_is_there():
    text = source_text()
    asked = set(re.findall(r"""\b(?:m|t|self\.m)\(\s*["']([a-z_]+\.[A-Za-z0-9_]+)["']""", text))
    assert asked
    assert asked <= set(catalogue("en"))


@pytest.mark.parametrize(
    ("section", "members"),
    [
        ("mode", set(MODES)),
        ("payer", set(PAYERS)),
        ("verdict", VERDICTS),
        ("land", set(style.LAND)),
        ("place", {*SIGNS, "other"}),
        ("gateway", set(GATEWAY_MARKER)),
        ("parameters", set(Parameters.model_fields)),
        ("grade", {"A", "B", "C", "assumed"}),
        ("grade_short", {"A", "B", "C", "assumed"}),
        ("cause", {*CAUSES, "displaced"}),
        ("leg", set(LEGS)),
        ("term", {*LEGS, *TERMS, "money", "rate_of_moving", "way_to_work"}),
        ("mechanism", set(MECHANISMS)),
    ],
)  # fmt: skip
def test_a_family_of_messages_has_exactly_the_members_of_the_model(section, members):
    assert {k.split(".")[1] for k in catalogue("en") if k.startswith(f"{section}.")} == members


def test_every_field_of_governance_that_can_differ_has_a_name():
    named = {k.split(".")[1] for k in catalogue("en") if k.startswith("field.")}
    assert named == set(Governance.model_fields) - {"channels"}


def test_every_sector_of_a_shipped_scenario_has_a_name():
    sectors = {sector for name in library.names() for sector in load(name).enterprises.sectors}
    assert {sector for sector in sectors if f"level.{sector}" not in catalogue("zh")} == set()


def test_every_topic_has_a_heading():
    assert {f"page.topic_{topic}" for topic in TOPICS} == {
        k for k in catalogue("en") if k.startswith("page.topic_")
    }


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_indicator_has_a_label(lang):
    m = Messages(lang)
    labels = {name: m.indicator(name) for name in [*MODEL_MD, *ALL, *PATTERNED]}
    assert {name for name, label in labels.items() if label == name or "{" in label} == set()
    if lang == "zh":
        assert {n for n, label in labels.items() if not re.search("[\u4e00-\u9fff]", label)} == set()


def test_every_unit_of_an_indicator_has_a_name():
    units = {describe(name).unit for name in [*ALL, "mode_share_walk", "nearest_min_gym"]}
    assert units - {k.removeprefix("unit.") for k in catalogue("en") if k.startswith("unit.")} == set()


def test_labels_tell_indicators_apart():
    for lang in languages():
        labels = [Messages(lang).indicator(name) for name in dict.fromkeys([*MODEL_MD, *ALL, *PATTERNED])]
        assert len(set(labels)) == len(labels)


def test_an_unknown_language_names_the_nearest():
    with pytest.raises(UnknownLanguageError, match="zh"):
        Messages("zhh")


def test_numbers_are_written_as_people_read_them():
    en, zh = Messages("en"), Messages("zh")
    assert en.value(0.8, "share") == "80.0%"
    assert en.value(-0.034, "share", sign=True, difference=True) == "−3.4 pp"
    assert zh.value(0.034, "share", sign=True, difference=True) == "+3.4个百分点"
    assert en.value(20_260_000, "CNY") == "20.3 million CNY"
    assert zh.value(20_260_000, "CNY") == "2,026万元"
    assert en.value(-0.001, "min", sign=True, difference=True) == "0.00 min"
    assert en.value(None, "min") == en.value(float("nan"), "min") == "n/a"
    assert en.interval(-1.5, 2.0, "min") == "−1.50 … +2.00"


def test_verdicts_say_how_large_a_difference_would_have_been_seen():
    assert (
        Messages("en").verdict("no difference larger than 1 min", 1, "min")
        == "no difference larger than 1 min"
    )
    assert (
        Messages("zh").verdict("no difference larger than 1 percentage point", 0.01, "share")
        == "无大于1个百分点的差异"
    )


def test_the_chinese_font_has_every_character():
    need("cjk")
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    known, dejavu = (  # DejaVu stands second in the list
        set(FT2Font(font_manager.findfont(name)).get_charmap()) for name in (style.cjk_font(), "DejaVu Sans")
    )
    words = "".join(chinese().values()) + "".join(c.zh for c in CATEGORIES.values())
    assert {c for c in words if ord(c) not in known | dejavu and not c.isspace()} == set()


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ([], "en"),
        (["check", "x.yaml", "--lang", "zh"], "zh"),
        (["--lang=zh", "list"], "zh"),
        (["check", "--lang"], ""),
    ],
)
def test_the_language_is_known_before_the_command_line_is_understood(words, language, monkeypatch):
    monkeypatch.delenv("PARKSIM_LANG", raising=False)
    assert asked_for(words) == language
