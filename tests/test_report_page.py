"""The report in a real browser: it says what the comparison says, to everybody, and talks to nobody."""

import re
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from report_case import case
from require import chromium, need
from test_messages import CITED

from parksim.report.messages import Messages
from parksim.report.page import Report, write
from parksim.report.pdf import PdfError, pdf

LANGUAGES = ("en", "zh")
SIZES = {"desktop": 1200, "phone": 390}
A4_PX = 695  # 210 mm less margins, at 96 px an inch


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return {lang: write(case(), folder / f"{lang}.html", lang=lang) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def browser():
    need("chromium")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, files):
    """Open a report; what it asked for and complained about is kept in `asked` and `complaints`."""
    opened = []

    def show(lang_or_file="en", width=1200, **options):
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(Path(files.get(lang_or_file, lang_or_file)).as_uri())
        opened.append(page)
        return page

    yield show
    for page in opened:
        page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_leaves_the_file_and_nothing_is_complained_about(open_page, files, lang):
    page = open_page(lang)
    assert page.asked == [files[lang].as_uri()]
    assert page.complaints == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_and_figures_are_there(open_page, lang):
    page = open_page(lang)
    assert page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[lang]
    for table in ("main", "all", "groups", "parameters"):
        assert page.locator(f"table[data-table={table}]").count() >= 1
    figures = page.evaluate(
        "[...document.querySelectorAll('[role=img]')]"
        ".map(f => [f.getAttribute('aria-label'), f.querySelector('svg').getBoundingClientRect().height])"
    )
    assert len(figures) >= 12
    assert all(label and height > 40 for label, height in figures)
    assert page.locator("table:not(:has(caption))").count() == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_numbers_are_those_of_the_comparison(open_page, lang):
    page, m = open_page(lang), Messages(lang)
    written = case().to_dict()
    rows = page.evaluate(
        "[...document.querySelectorAll('table[data-table=all] tbody tr')]"
        ".map(row => [row.dataset.indicator, [...row.cells].map(cell => cell.innerText)])"
    )
    assert [indicator for indicator, _ in rows] == list(written["indicators"])
    for indicator, cells in rows:
        entry = written["indicators"][indicator]
        unit = entry["unit"]
        d = entry["differences"]["tiny-community"]
        label, name, base, other, mean, interval, futures, sign, _, n, verdict = cells
        assert label == m.indicator(indicator)
        assert name == m.unit(unit)
        assert base == m.number(entry["scenarios"]["tiny-park"]["mean"], unit)
        assert other == m.number(entry["scenarios"]["tiny-community"]["mean"], unit)
        assert mean == m.number(d["mean"], unit, sign=True, difference=True)
        assert interval == m.interval(*d["ci95"], unit)
        assert futures == m.interval(*d["range90"], unit)
        assert sign == m.number(d["sign_share"], "share")
        assert int(n) == d["n"]
        about = case().about(indicator)
        assert verdict == m.verdict(d["verdict"], about.threshold, unit)


def test_no_difference_stands_without_its_base(open_page):
    rows = open_page("en").evaluate(
        "[...document.querySelectorAll('table[data-table=main] tr[data-indicator]')]"
        ".map(row => [...row.querySelectorAll('td.num')].map(cell => cell.innerText))"
    )
    assert rows
    assert all(len(cells) == 3 and all(cells) for cells in rows)


def test_the_answer_lists_what_is_better_and_what_is_worse(open_page):
    page = open_page("en")
    assert "Requests answered" in page.locator(".answer .better").inner_text()
    assert "Open posts" in page.locator(".answer .worse").inner_text()
    assert "Commute, mean" in page.locator(".answer .same").inner_text()


def test_who_loses_is_named_with_a_count(open_page):
    text = open_page("en").locator(".card", has_text="Who loses").inner_text()
    assert "with kindergarten child, 12 people" in text


def test_what_differs_in_the_inputs_and_only_that(open_page):
    text = open_page("en").locator("dl.what").inner_text()
    assert "Fences opened\nAlpha; East offices" in text
    assert "Seats: 0 → 3" in text
    assert "employees" not in text


@pytest.mark.parametrize("width", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_no_wider_than_the_screen(open_page, lang, width):
    page = open_page(lang, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_cut_off_on_a4(open_page, lang):
    page = open_page(lang, width=A4_PX)
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[...document.querySelectorAll('table, figure, .card, pre')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_serious(open_page, lang, scheme):
    need("axe")
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(lang, color_scheme=scheme, bypass_csp=True)
    found = Axe().run(page).response
    assert len(found["passes"]) > 15
    serious = [v for v in found["violations"] if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], v["nodes"][0]["html"][:120], v["nodes"][0]["failureSummary"]) for v in serious] == []


def said_by_files(scenarios):
    """Names and texts that the scenario files give, longest first."""
    found = set()

    def walk(data):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            if isinstance(value, dict | list | tuple):
                walk(value)
            elif key in {"name", "title", "site", "summary"}:
                found.add(value)

    for scenario in scenarios:
        walk(scenario.model_dump())
        found.update(circle.rpartition("_")[0] for circle in scenario.circles)
    return sorted(found - {""}, key=len, reverse=True)


def english(text, scenarios):
    """Words of a text in Latin letters that are neither a file's own nor a name that stays."""
    for own in said_by_files(scenarios):
        text = re.sub(rf"(?<![A-Za-z]){re.escape(own)}(?![A-Za-z])", "", text)
    kept = CITED | {"parksim", "Holm", "Python", "numpy", "scipy", "pandas", "mesa"}
    return {line.strip() for line in text.splitlines() if set(re.findall("[A-Za-z]{3,}", line)) - kept}


def test_the_chinese_page_is_chinese_throughout(files):
    """Code aside; figures are outlines, and the text of each stands in a comment beside it."""
    page = files["zh"].read_text(encoding="utf-8")
    drawn = re.findall("<!--(.*?)-->", page, re.DOTALL)
    assert " 200 米 " in drawn
    code = r'<style.*?</style>|<pre>.*?</pre>|<code>.*?</code>|<(\w+)[^>]* class="mono">.*?</\1>|<!--.*?-->'
    page = re.sub(code, "", page, flags=re.DOTALL)
    told = re.findall('(?:aria-label|alt|title)="([^"]*)"', page)
    text = unescape("\n".join([*re.findall(">([^<]+)<", page), *told, *drawn]))
    assert english(text, case().scenarios) == set()
    formulas = r"/\([^)]+\)"  # of units: yuan a month and square metre
    assert not re.search("[\u4e00-\u9fff][,:;?!()]", re.sub(formulas, "", text))


def test_published_figures_and_assumptions_that_turn_a_conclusion_are_chinese_on_a_chinese_page():
    base, other = case().scenarios
    city = base.city.model_copy(update={"name": "Hangzhou"})
    report = Report(
        replace(case(), scenarios=(base.model_copy(update={"city": city}), other)), Messages("zh")
    )
    rows = report.validation_rows()
    assert len(rows) >= 5
    assert english("\n".join(row[k] for row in rows for k in ("label", "published", "source")), ()) == set()
    assert report._assumption("parameters.staying.tie") == "去留 · 每名外单位熟人的离职倍数"
    assert report._assumption("start.<b>") == "<code>start.&lt;b&gt;</code>"


def test_ids_are_unique(files):
    ids = re.findall(r'\bid="([^"]+)"', files["en"].read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids))


def test_text_from_a_scenario_stays_text(open_page, tmp_path):
    evil = "<script>window.pwned = 1</script><img src=x onerror='window.pwned=1'>\"'&"
    base, other = case().scenarios
    changed = replace(
        case(),
        scenarios=(
            base.model_copy(update={"title": evil, "summary": evil}),
            other.model_copy(update={"title": evil}),
        ),
    )
    page = open_page(write(changed, tmp_path / "evil.html"))
    assert page.evaluate("window.pwned") is None
    assert page.locator("script, img").count() == 0
    assert evil in page.locator("h1").inner_text()
    assert len(page.asked) == 1


def test_no_composite_score(files):
    assert not re.search("overall score|total score:", files["en"].read_text(encoding="utf-8"), re.IGNORECASE)


def test_a_pdf_is_printed_on_a4(files, tmp_path):
    need("chromium")
    made = pdf(files["en"], tmp_path / "out" / "report.pdf").read_bytes()
    assert made.startswith(b"%PDF")
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", made)
    assert boxes
    assert all(abs(float(w) - 595) < 2 and abs(float(h) - 842) < 2 for w, h in boxes)


def test_without_a_browser_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PARKSIM_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(PdfError, match="install 'chromium'"):
        pdf(tmp_path / "a.html", tmp_path / "a.pdf")
