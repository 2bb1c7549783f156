"""A park of one's own: what `parksim new` writes passes the check and runs, and nothing is overwritten."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from parksim.authoring import drafts, new
from parksim.cli import app
from parksim.experiment.run import run
from parksim.importers.draft import DraftError, Names, slug, symbols, within
from parksim.importers.picture import as_text
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.presets import names as types
from parksim.scenario.read import check, load
from parksim.scenario.typical import capacity
from parksim.world.place import draw

COMMANDS = CliRunner()


@pytest.mark.parametrize("kind", types())
def test_every_type_gives_a_pair_that_passes_the_check_and_runs(kind, tmp_path):
    park, community = new("mine", kind, 20, 30, employees=300, into=tmp_path)
    assert check(park) == []
    assert check(community) == []
    before, after = load(park), load(community)
    assert before.before is None
    assert after.before is not None
    played = run(after, seed=1, months=1)
    assert np.isfinite(played.indicators["commute_mean_min"])


@pytest.mark.parametrize(("rows", "columns"), [(14, 18), (40, 60), (33, 71), (120, 19), (15, 200)])
def test_every_building_can_be_reached_on_any_size_of_map(rows, columns, tmp_path):
    for kind in types():
        park, _ = new("mine", kind, rows, columns, into=tmp_path, force=True)
        scenario = load(park)
        drawn = draw(scenario.layout)
        walks = drawn.walks.minutes[drawn.gateway_place][:, : len(drawn.park.buildings)]
        assert np.isfinite(walks).all()


def test_the_map_has_fenced_yards_gates_a_green_and_a_gateway_of_each_kind():
    park, community = drafts("mine", "sci-tech", 40, 60)
    fenced = {fence["name"] for fence in park.map["fences"]}
    assert len(fenced) >= 3
    assert {gate["fence"] for gate in park.map["gates"]} == fenced
    assert {gateway["kind"] for gateway in park.gateways} == {"metro", "bus", "shuttle", "road", "path"}
    assert any(entry["use"] == "green" for entry in park.map["legend"].values())
    assert len(park.city["zones"]) == 5
    assert park.sources["city.zones"]["grade"] == "assumed"
    assert community.extends == "mine-park"


def test_people_get_the_floor_they_need_and_too_many_are_refused(tmp_path):
    park, _ = new("mine", "sci-tech", 40, 60, employees=20_000, into=tmp_path)
    assert load(park).population.employees == 20_000
    with pytest.raises(DraftError, match=r"at most 16 storeys, .* give more cells"):
        drafts("mine", "sci-tech", 14, 18, employees=900_000)


def test_nothing_is_overwritten_without_force(tmp_path):
    new("mine", "cultural", 20, 30, into=tmp_path)
    (tmp_path / "mine-park.yaml").unlink()
    text = (tmp_path / "mine-community.yaml").read_text()
    with pytest.raises(DraftError, match="--force overwrites it"):
        new("mine", "manufacturing", 20, 30, into=tmp_path)
    assert not (tmp_path / "mine-park.yaml").exists(), "none or all"
    assert (tmp_path / "mine-community.yaml").read_text() == text
    assert len(new("mine", "manufacturing", 20, 30, into=tmp_path, force=True)) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mine", "--type", "scitech"], "did you mean 'sci-tech'?"),
        (["mine", "--cells", "60"], "write columns x rows"),
        (["mine", "--cells", "4x4"], "from 18x14 to 400x400"),
        (["../mine"], "is not a name"),
        (["mine", "--cell-m", "1"], "from 5 to 200"),
        (["mine", "--employees", "3"], "from 20 to"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_would_be_right(arguments, told, tmp_path):
    result = COMMANDS.invoke(app, ["new", *arguments, "--into", str(tmp_path)])
    assert told in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_new_and_map_on_the_command_line(tmp_path):
    result = COMMANDS.invoke(app, ["new", "mine", "--cells", "30x20", "--into", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.output.count(": ok") == 2
    file = str(tmp_path / "mine-park.yaml")
    result = COMMANDS.invoke(app, ["map", file])
    assert "metro gateway" in result.output
    picture = tmp_path / "map.png"
    assert COMMANDS.invoke(app, ["map", file, "--out", str(picture)]).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "is there already" in str(COMMANDS.invoke(app, ["map", file, "--out", str(picture)]).exception)
    result = COMMANDS.invoke(app, ["map", file, "--out", str(tmp_path / "map.svg"), "--lang", "zh"])
    assert b"<svg" in (tmp_path / "map.svg").read_bytes()


def test_the_text_map_shows_fences_and_opens_them_at_gates():
    lines = [line.plain for line in as_text(load("tiny-park"))]
    assert lines[1].startswith(".│W W│.│E E│")
    assert lines[3].startswith("B = =")
    styles = [span.style for span in next(iter(as_text(load("tiny-park")))).spans]
    below = [("underline" in style) for style in styles[::2]]
    assert below == [False, False, True, False, False, True, False, False], "the gates are west of each side"


@pytest.mark.parametrize("category", CATEGORIES)
def test_more_people_never_need_fewer_places(category):
    sizes = [capacity(category, people) for people in (0, 100, 1000, 10_000)]
    assert sizes == sorted(sizes)
    assert sizes[0] > 0


def test_names_are_unique_and_symbols_are_single_printable_characters():
    name = Names(["cafe"])
    assert [name("Café", "x"), name("Café!", "x"), name("食堂", "canteen"), name("食堂", "canteen")] == [
        "cafe-2",
        "cafe-3",
        "canteen",
        "canteen-2",
    ]
    assert slug("A", "place-1") == "place-1"
    found = symbols(["A"])
    some = [next(found) for _ in range(2000)]
    assert len(set(some)) == 2000
    assert "A" not in some
    assert all(len(s) == 1 and s.isprintable() and not s.isspace() for s in some)


def test_a_path_that_leaves_the_folder_is_refused(tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.json").write_text("{}")
    (tmp_path / "secret.json").write_text("{}")
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    assert within(inside, "a.json") == inside / "a.json"
    for path in ("../secret.json", str(tmp_path / "secret.json"), "link.json", "x/../../secret.json"):
        with pytest.raises(DraftError, match="leads out of"):
            within(inside, path)
    with pytest.raises(DraftError, match="there is no file"):
        within(Path(inside), "b.json")
