"""Workbooks fill scenarios in, row by row; every fault names its sheet, row and column."""

import datetime as dt
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("defusedxml")

from parksim.authoring import new  # noqa: E402
from parksim.cli import app  # noqa: E402
from parksim.errors import ScenarioError  # noqa: E402
from parksim.importers import tenants, workbook  # noqa: E402
from parksim.importers.draft import DraftError  # noqa: E402
from parksim.importers.findings import Findings  # noqa: E402
from parksim.model import ParkModel  # noqa: E402
from parksim.scenario.document import parse  # noqa: E402
from parksim.scenario.read import load  # noqa: E402

COMMANDS = CliRunner()
FIRMS = [
    ("Acme", "software", 120, "yard 1", 3),
    ("海纳科技", "electronics", 80, "front", None),
    ("Bits & Co.", "software", 40, None, None),
    ("Small", "law: tax", 3, None, None),
]
HOMES = [("inner city", 100), ("new town", 90), ("suburb", 43), ("Riverside", 10, 5.5, 9, 0.8, 2600)]


def filled(folder, lang="en", **sheets):
    """Fill a template in; sheets by key, each a list of rows."""
    path = folder / "book.xlsx"
    path.write_bytes(workbook.template(lang))
    book = openpyxl.load_workbook(path)
    titles = {s.key: (s.en if lang == "en" else s.zh) for s in workbook.SHEETS}
    for key, rows in sheets.items():
        for row in rows:
            book[titles[key]].append(row)
    book.save(path)
    return path


@pytest.fixture
def park(tmp_path):
    new("mine", "sci-tech", 20, 30, employees=300, into=tmp_path)
    return tmp_path / "mine-park.yaml"


def into(park, file, *options):
    return COMMANDS.invoke(app, ["import", "xlsx", str(file), "--into", str(park), *options])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_languages_fill_a_scenario_in(lang, park, tmp_path):
    file = filled(
        tmp_path, lang, enterprises=FIRMS, homes=HOMES,
        amenities=[("Canteen One", "canteen", "yard 1", 1, 90, dt.time(11), "13:30", 18, "staff"),
                   ("food-court", "食堂", None, None, 200, 6.5, 21, None, "everyone")],
        observed=[("commute_mean_min", None, 41.5, 2, 300), ("turnover_annual", "wage_band=low", 0.2)],
    )  # fmt: skip
    out = tmp_path / "real.yaml"
    result = into(park, file, "--out", str(out))
    assert result.exit_code == 0, (result.output, result.exception)
    scenario = load(out)
    assert scenario.population.employees == 243
    assert scenario.enterprises.count == 4
    assert [(a.title or a.title_zh, a.employees, a.block) for a in scenario.enterprises.anchors] == [
        ("Acme", 120, "yard-1"), ("海纳科技", 80, "front"),
    ]  # fmt: skip
    assert [a.floor for a in scenario.enterprises.anchors] == [1, None], "no higher than the yard is drawn"
    assert set(scenario.enterprises.sectors) == {"software", "electronics", "law-tax"}
    assert [z.name for z in scenario.city.zones] == ["inner city", "new town", "suburb", "Riverside"]
    assert scenario.city.zones[0].name_zh == "老城", "what the scenario knew of a zone is kept"
    by_name = {a.name: a for a in scenario.amenities}
    assert by_name["food-court"].capacity == 200
    assert by_name["food-court"].cell is not None, "where it stood"
    canteen = by_name["canteen-one"]
    assert (canteen.block, canteen.opens, canteen.closes, canteen.owner) == ("yard-1", 11, 13.5, "yard-1")
    assert scenario.sources["city.zones"].grade == "B"
    targets = parse((tmp_path / "real-targets.yaml").read_text(), "t").data["targets"]
    assert targets[0] == {"indicator": "commute_mean_min", "value": 41.5, "error": 2, "people": 300}
    assert targets[1]["group"] == "wage_band=low"
    page = (tmp_path / "real-workbook.html").read_text()
    assert "passes the check" in page
    assert "regions" not in page


def test_people_live_where_the_workbook_says(park, tmp_path):
    counts = {"inner city": 20, "new town": 400, "suburb": 1200, "far county": 380}
    new("mine", "sci-tech", 30, 40, employees=2000, into=tmp_path, force=True)
    file = filled(tmp_path, homes=list(counts.items()))
    assert into(park, file, "--force").exit_code == 0
    scenario = load(park)
    model = ParkModel(scenario.with_({"start.burn_in_months": 0}), seed=4)
    zone = model.posts.to_pandas()["zone"] if hasattr(model.posts, "to_pandas") else model.posts.zone
    lived = np.bincount(np.asarray(zone)[np.asarray(model.posts.filled)], minlength=4)
    assert np.allclose(lived / lived.sum(), np.array(list(counts.values())) / 2000, atol=0.035)


def test_an_enterprise_works_on_its_floor(park, tmp_path):
    file = filled(
        tmp_path, enterprises=[("Acme", "software", 60, "yard 1", 2), ("High", "software", 50, "front", 99)]
    )
    assert into(park, file, "--force").exit_code == 0
    scenario = load(park)
    acme, high = scenario.enterprises.anchors
    assert "floor 99 of a building drawn with" in (tmp_path / "mine-park-workbook.html").read_text()
    model = ParkModel(scenario.with_({"start.burn_in_months": 0}), seed=4)
    for number, anchor in enumerate((acme, high)):
        rows = model.firms.anchor[model.posts.firm] == number
        storeys = model.offices.storeys[model.place.unit_building[model.posts.unit[rows]]]
        assert rows.any()
        assert (model.posts.floor[rows] == np.minimum(anchor.floor, storeys)).all()
    with pytest.raises(
        ScenarioError, match=r"floor: floor 3 of a block with|floor: floor 120 of a block with"
    ):
        scenario.with_({f"enterprises.anchors.{acme.name}.floor": 120})


def test_the_rest_of_the_file_keeps_its_comments(park, tmp_path):
    before = park.read_text()
    file = filled(tmp_path, homes=[("inner city", 100)])
    assert into(park, file, "--force").exit_code == 0
    after = park.read_text()
    for line in before.splitlines():
        if line.startswith("#"):
            assert line in after
    assert after.count("\ncity:") == 1
    assert load(park).map == load(tmp_path / "mine-community.yaml").before.map


def test_nothing_is_overwritten_without_force(park, tmp_path):
    file = filled(tmp_path, enterprises=FIRMS)
    before = park.read_text()
    result = into(park, file)
    assert "--force rewrites it, or give --out" in str(result.exception)
    assert park.read_text() == before


def test_what_extends_another_scenario_is_not_filled_in(park, tmp_path):
    file = filled(tmp_path, enterprises=FIRMS)
    result = into(tmp_path / "mine-community.yaml", file, "--out", str(tmp_path / "x.yaml"))
    assert "fill in that one" in str(result.exception)


FAULTS = [
    ("enterprises", ("A", "s", "about 30"), "sheet 'enterprises', row 2, column C (employees): 'about 30' is not a"),
    ("enterprises", ("A", "s", 3.5), "row 2, column C (employees): 3.5 is not a whole number"),
    ("enterprises", ("A", "s", -3), "column C (employees): -3 is out of range; allowed: 1 to 1,000,000"),
    ("enterprises", ("A", "s", True), "True is not a number"),
    ("enterprises", ("A", "s", dt.date(2024, 1, 2)), "is not a number"),
    ("enterprises", ("A", "s", "=SUM(1,2)"), "holds a formula (=SUM(1,2)): paste its value"),
    ("enterprises", (None, "s", 30), "column A (name): 'name' is missing"),
    ("enterprises", ("A", "s", 30, "tower 9"), "there is no building 'tower 9' on the map"),
    ("enterprises", ("A", "s", 30, "yard 11"), "did you mean 'yard 1'?"),
    ("enterprises", ("A", "s", 30, None, None, "stray"), "row 2, column F: 'stray' has no heading above it"),
    ("homes", ("inner city", 3), "row 2, column B (employees): 3 people could be recognised"),
    ("homes", ("Atlantis", 30), "'km by road' is missing, and the scenario has no zone of that name"),
    ("amenities", ("X", "cantine", "yard 1", 1, 9), "there is no category 'cantine'; did you mean 'canteen'?"),
    ("amenities", ("X", "canteen", "yard 1", 1, 9, "noon"), "column F (opens): 'noon' is no hour: write 7.5 or 07:30"),
    ("amenities", ("X", "canteen", "yard 1", 1, 9, 14, 11), "closes at 11, before it opens at 14"),
    ("amenities", ("X", "canteen", None, 1, 9), "'building' is missing, and no place is called 'X' yet"),
    ("amenities", ("X", "canteen", "yard 1", 1, 9, 7, 9, 1, "vips"), "'vips' is neither everyone nor staff"),
    ("observed", ("comute_mean_min", None, 3), "no indicator 'comute_mean_min'; did you mean 'commute_mean_min'?"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "row", "told"), FAULTS)
def test_a_fault_names_its_sheet_row_and_column(sheet, row, told, park, tmp_path):
    result = into(park, filled(tmp_path, **{sheet: [row]}), "--out", str(tmp_path / "x.yaml"))
    assert isinstance(result.exception, ScenarioError)
    assert told in str(result.exception)
    assert "book.xlsx" in str(result.exception)
    assert not (tmp_path / "x.yaml").exists()


def test_all_faults_are_told_at_once(park, tmp_path):
    rows = [("A", "s", "x"), ("B", "s", "y"), ("C", "s", 3)]
    result = into(park, filled(tmp_path, enterprises=rows, homes=[("inner city", 2)]), "--force")
    assert len(result.exception.problems) == 3


def test_small_counts_are_taken_when_asked_for(park, tmp_path):
    file = filled(tmp_path, homes=[("inner city", 3), ("suburb", 30)])
    assert into(park, file, "--out", str(tmp_path / "x.yaml"), "--allow-small-cells").exit_code == 0


def test_headings_may_stand_in_any_order_and_merged_cells_are_refused(park, tmp_path):
    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    page.title = "企业"
    for row in (["人数", "Name", "行业"], ["1,200", "A", "s"], [30, "B", "s"]):
        page.append(row)
    book.create_sheet("notes").append(["hello"])
    book.save(path)
    found = Findings()
    rows = workbook.read(path, found).rows["enterprises"]
    assert [row.values["employees"] for row in rows] == [1200, 30]
    assert any("read as a number" in g.value for g in found.all_guesses())
    assert found.unused["sheet 'notes'"] == 1
    page.merge_cells("A2:A3")
    book.save(path)
    with pytest.raises(ScenarioError, match=r"sheet '企业', cells A2:A3: are merged: split them"):
        workbook.read(path, Findings())
    page.unmerge_cells("A2:A3")
    page["C1"] = "sectr"
    book.save(path)
    with pytest.raises(ScenarioError, match="unknown heading 'sectr'; did you mean 'sector'"):
        workbook.read(path, Findings())


def test_ten_thousand_rows_are_read(park, tmp_path):
    rng = np.random.default_rng(1)
    rows = [
        (f"Firm {i}", "software", int(rng.integers(1, 9)), "yard 1" if i % 3 else None) for i in range(10_000)
    ]
    new("mine", "commercial-towers", 60, 60, employees=60_000, into=tmp_path, force=True)
    rows = [(name, sector, n, "front 1" if building else None) for name, sector, n, building in rows]
    file = filled(tmp_path, enterprises=rows)
    result = into(park, file, "--force")
    assert result.exit_code == 0, (result.output, result.exception)
    scenario = load(park)
    assert scenario.enterprises.count == 10_000
    assert scenario.population.employees == sum(row[2] for row in rows)
    assert len(scenario.enterprises.anchors) == 1000
    assert "1,000 largest of 6,666" in (tmp_path / "mine-park-workbook.html").read_text()


def test_bombs_and_what_is_no_workbook_are_refused(tmp_path):
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(DraftError, match="unpacks to 200 MB"):
        workbook.read(bomb, Findings())
    good = filled(tmp_path, homes=[("inner city", 100)])
    entity = tmp_path / "entity.xlsx"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(entity, "w") as packed:
        for part in old.infolist():
            data = old.read(part)
            if part.filename == "xl/workbook.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "b">]>' + data
            packed.writestr(part, data)
    with pytest.raises(DraftError, match="declares entities"):
        workbook.read(entity, Findings())
    text = tmp_path / "text.xlsx"
    text.write_text("name,employees\n")
    with pytest.raises(DraftError, match="is no workbook"):
        workbook.read(text, Findings())
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(DraftError, match=r"save \.xls, \.xlsm and \.csv as \.xlsx"):
        workbook.read(tmp_path / "a.csv", Findings())
    with pytest.raises(DraftError, match="has no records"):
        workbook.read(filled(tmp_path), Findings())
    with zipfile.ZipFile(text, "w") as packed:
        packed.writestr("a.txt", "x")
    with pytest.raises(DraftError, match="cannot be read as a workbook"):
        workbook.read(text, Findings())


def test_the_template_command(tmp_path):
    out = tmp_path / "park.xlsx"
    assert COMMANDS.invoke(app, ["template", "xlsx", "--out", str(out), "--lang", "zh"]).exit_code == 0
    assert openpyxl.load_workbook(out).sheetnames == ["说明", "类别表", "企业", "居住地", "设施", "观测"]
    assert "is there already" in str(COMMANDS.invoke(app, ["template", "xlsx", "--out", str(out)]).exception)
    assert "there is no workbook in 'fr'" in str(
        COMMANDS.invoke(app, ["template", "xlsx", "--lang", "fr"]).exception
    )
    table = tmp_path / "mapping.yaml"
    assert COMMANDS.invoke(app, ["template", "mapping", "--out", str(table)]).exit_code == 0
    assert "amenity=canteen: canteen" in table.read_text()


def test_a_section_is_replaced_and_nothing_else():
    text = "# head\nparksim: 1\n\n# about a\na: {x: 1}\n\n# about b\nb:\n  - {name: y}\n# end\n"
    new_text = tenants.replaced(text, "a", {"z": 2})
    assert new_text == "# head\nparksim: 1\n\n# about a\na:\n  z: 2\n\n# about b\nb:\n  - {name: y}\n# end\n"
    assert tenants.replaced(text, "b", [{"name": "q"}]).endswith("# about b\nb:\n  - {name: q}\n# end\n")
    assert tenants.replaced(text, "c", 3).endswith("\n\nc: 3\n")
