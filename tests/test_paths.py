"""A value is read, listed and changed by a path of names, and a change is checked as a file would be."""

import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parksim.errors import ScenarioError
from parksim.scenario.diff import difference
from parksim.scenario.paths import changed, exists, get, paths
from parksim.scenario.read import load

PARK, TOWN = load("tiny-park"), load("tiny-community")
NUMBERS = paths(TOWN)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("population.employees", 40),
        ("parameters.staying.quit_monthly", 0.014),
        ("amenities.corner-shop.capacity", 4),
        ("amenities.corner-shop.outside.walk_m", 100),
        ("gateways.bus-stop.minutes.North", 20),
        ("city.zones.South.rent", 2000),
        ("map.fences.west-fence.open", True),
        ("map.gates.west-gate.cell", (1, 1)),
        ("map.legend...use", "green"),
        ("enterprises.anchors.alpha.employees", 20),
        ("needs.cafe.share", 1),
        ("needs.gym.visits", 5),
        ("needs.cafe.visits", 6),
        ("population.age.18-24", 0.16),
    ],
)
def test_a_path_names_what_it_points_at(path, value):
    assert get(TOWN, path) == value
    assert exists(TOWN, path)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        (
            "parameters.staying.quit_montly",
            "there is no 'quit_montly' in 'parameters.staying'; did you mean 'quit_monthly'?",
        ),
        ("amenities.corner-shp.capacity", "did you mean 'corner-shop'?"),
        ("paramters.staying", "there is no 'paramters' in a scenario; did you mean 'parameters'?"),
        ("needs.cofe.share", "did you mean 'cafe'?"),
        ("population.employees.of.alpha", "there is no 'of'"),
    ],
)
def test_a_path_to_nothing_says_what_is_near(path, near):
    for use in (lambda: get(TOWN, path), lambda: changed(TOWN, {path: 1})):
        with pytest.raises(ScenarioError) as caught:
            use()
        (problem,) = caught.value.problems
        assert (problem.file, problem.field) == ("tiny-community", path)
        assert near in problem.message
    assert not exists(TOWN, path)


def test_every_listed_number_can_be_set_to_itself_and_changes_nothing():
    for path in NUMBERS:
        assert changed(TOWN, {path: get(TOWN, path)}).content_hash == TOWN.content_hash, path


def test_the_list_of_numbers_has_levers_and_uncertainties_and_nothing_fixed():
    assert {"parameters.travel.walk_kmh", "amenities.pavilion-cafe.capacity", "governance.seats"} <= set(
        NUMBERS
    )
    assert len(NUMBERS) == len(set(NUMBERS))
    assert not [path for path in NUMBERS if path.startswith(("before", "sources", "parksim"))]


def test_a_change_changes_its_value_and_nothing_else():
    for path, value in [
        ("amenities.corner-shop.price", 9.0),
        ("parameters.hiring.search_days", 40.0),
        ("map.fences.west-fence.open", False),
        ("city.zones.North.weight", 0.25),
        ("needs.gym.share", 0.2),
    ]:
        copy = changed(TOWN, {path: value})
        assert get(copy, path) == value
        assert [each.path for each in difference(TOWN, copy)] in ([path], [path.rpartition(".")[0]])
        assert copy.content_hash != TOWN.content_hash
    assert TOWN.content_hash == load("tiny-community").content_hash, "the original stays as it was"


def test_the_world_changes_for_the_past_too_and_the_layout_does_not():
    copy = changed(TOWN, {"population.owner_share": 0.5, "amenities.corner-shop.price": 1})
    assert copy.plain.population.owner_share == 0.5
    assert copy.plain.amenities[1].price == 12


def test_mappings_merge_and_named_lists_merge_by_name():
    copy = TOWN.with_(
        parameters={"staying": {"quit_monthly": 0.01}}, amenities=[{"name": "corner-shop", "price": 3}]
    )
    assert copy.parameters.staying.quit_monthly == 0.01
    assert copy.parameters.travel == TOWN.parameters.travel
    assert len(copy.amenities) == len(TOWN.amenities)
    assert get(copy, "amenities.corner-shop.price") == 3


def test_things_are_added_moved_and_removed():
    kiosk = {"name": "kiosk", "category": "cafe", "cell": (0, 7), "capacity": 2}
    copy = TOWN.with_(amenities=[kiosk, {"name": "corner-shop", "remove": True}])
    assert [a.name for a in copy.amenities] == ["alpha-canteen", "pavilion-cafe", "dormitory-flats", "kiosk"]
    moved = copy.with_({"amenities.kiosk.block": "pavilion"})
    assert (moved.amenities[-1].block, moved.amenities[-1].cell) == ("pavilion", None)
    again = PARK.with_(amenities=[copy.amenities[-1]])
    assert again.amenities[-1] == copy.amenities[-1], "parts of another scenario may be given as they are"


def test_several_changes_hold_together():
    copy = changed(
        PARK,
        {"population.employees": 60, "enterprises.anchors.alpha.employees": 40, "map.legend.W.floors": 2},
    )
    assert (copy.population.employees, copy.enterprises.anchors[0].employees) == (60, 40)
    with pytest.raises(ScenarioError, match="employ 50 people, more than the 40"):
        changed(PARK, {"enterprises.anchors.alpha.employees": 50})


def test_every_wrong_change_is_named_at_once():
    with pytest.raises(ScenarioError) as caught:
        changed(TOWN, {"sources": {}, "before.map.cell_m": 5, "parksim": 2, "amenities.nowhere.price": 1})
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["sources", "before.map.cell_m", "parksim", "amenities.nowhere.price"]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"population.employees": "many"}, "population.employees", "is not a whole number"),
        (
            {"parameters.travel.walk_kmh": 60},
            "parameters.travel.walk_kmh",
            "60 is out of range; allowed: 1 to 8 (km/h)",
        ),
        ({"amenities.corner-shop.cell": [3, 3]}, "amenities.corner-shop.cell", "cell [3, 3] is road"),
        ({"population": {"employes": 4}}, "population.employes", "did you mean 'employees'?"),
        ({"amenities": [{"name": "shop", "remove": True}]}, "amenities.shop", "there is no 'shop' to remove"),
        ({"gateways.bus-stop.headway_min": float("inf")}, "gateways.bus-stop.headway_min", "out of range"),
    ],
)
def test_a_value_that_cannot_be_is_refused_as_in_a_file(changes, field, says):
    with pytest.raises(ScenarioError) as caught:
        changed(TOWN, changes)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert says in problem.message


def test_a_change_that_breaks_only_the_past_says_so():
    moved = TOWN.with_({"map.legend.W.built": 0.5})
    with pytest.raises(ScenarioError, match="in the layout before the change"):
        moved.with_({"population.employees": 100})


def test_a_source_does_not_outlive_its_value():
    assert "parameters.travel.walk_kmh" in TOWN.sources
    assert "parameters.travel.walk_kmh" not in changed(TOWN, {"parameters.travel.walk_kmh": 5}).sources
    assert "parameters.travel.walk_kmh" not in TOWN.with_(parameters={"travel": {"walk_kmh": 5}}).sources
    assert "parameters.travel.walk_kmh" in changed(TOWN, {"parameters.travel.walk_kmh": 6}).sources
    assert "population" in changed(TOWN, {"population.owner_share": 0.3}).sources, "it speaks of the whole"


def test_errors_and_scenarios_can_be_sent_to_another_process():
    copy = changed(TOWN, {"needs.cafe.share": 0.5})
    assert pickle.loads(pickle.dumps(copy)) == copy
    with pytest.raises(ScenarioError) as caught:
        get(TOWN, "nothing")
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(NUMBERS), st.floats(0.5, 2)), max_size=4, unique_by=lambda pair: pair[0]
    )
)
def test_a_changed_copy_is_whole_or_refused_and_the_order_of_changes_is_nothing(factors):
    changes = {path: get(TOWN, path) * factor for path, factor in factors}
    try:
        copy = changed(TOWN, changes)
    except ScenarioError:
        return
    assert copy == changed(TOWN, dict(reversed(changes.items())))
    assert all(get(copy, path) == pytest.approx(value) for path, value in changes.items())
    assert changed(copy, {path: get(TOWN, path) for path in changes}).content_hash == TOWN.content_hash


def test_changing_is_quick_enough_for_thousands():
    start = time.process_time()
    for step in range(100):
        changed(TOWN, {"parameters.staying.quit_monthly": 0.01 + step * 1e-5})
    assert (time.process_time() - start) / 100 < 0.02, "about 0.5 ms; the bound is wide for slow machines"
