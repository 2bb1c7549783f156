"""Families of scenarios: what the change really was, and the figures that articles and press let us check."""

from functools import cache

import numpy as np
import pytest

from parksim.interventions import kinds
from parksim.model import ParkModel
from parksim.scenario import library
from parksim.scenario.diff import difference
from parksim.scenario.read import check
from parksim.scenario.read import load as read
from parksim.scenario.renewal import advanced, build_cost_cny, land_mu, new_floor_m2
from parksim.scenario.schema import LAYOUT_SECTIONS
from parksim.world.place import Place

CHANGES = {
    # family: what the change was, as prefixes of paths
    "iot-town": ("map.fences.", "amenities.", "governance."),
    "xingguang": ("amenities.", "governance."),
    "info-port": (
        "zoning.",
        "map.legend.X.",  # phase II
        "map.legend.Y.",
        "gateways.metro-line-7",
        "gateways.bus-interchange",
        "amenities.middle-school",
        "amenities.medical-centre",
        "arrivals",
    ),
    "three-towns": ("interventions.joint-innovation-centre",),
    "gaoqiao": ("map.legend.", "map.cells", "amenities.", "renewals"),
    "zhongtai": ("map.legend.", "map.cells", "amenities.", "renewals"),
    "tongyun": ("map.legend.", "map.cells", "amenities.", "arrivals", "renewals"),
}
RENEWED = ("gaoqiao", "zhongtai", "tongyun")
LATER = {"phase-2", "headquarters"}
"""Blocks of Information Port that are there for those to come."""

load = cache(read)


@cache
def place_of(name):
    return Place(load(name), load(name).layout)


BIG = sorted({name for name in library.names() for family in CHANGES if name.startswith(f"{family}-")})


def members(family):
    return load(f"{family}-park"), load(f"{family}-{'renewal' if family in RENEWED else 'community'}")


def settled(scenario):
    """The layout after the last intervention."""
    layout, known = scenario.layout, kinds()
    for item in sorted(scenario.interventions, key=lambda i: i.month + i.build_months):
        assert known[item.kind].problem(layout, item) is None, item.name
        layout = known[item.kind].apply(layout, item)
    return advanced(layout, 1200, scenario.parameters.renewal)


def by_name(things):
    return {thing.name: thing for thing in things}


# --- every family --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", library.names())
def test_every_scenario_of_the_library_passes_its_check_and_loads(name):
    assert check(name) == []
    assert load(name).family


@pytest.mark.parametrize("family", CHANGES)
def test_a_community_changes_only_what_the_change_really_was(family):
    park, community = members(family)
    changed = [each.path for each in difference(park, community)]
    assert changed
    assert [path for path in changed if not path.startswith(CHANGES[family])] == []


@pytest.mark.parametrize("family", CHANGES)
def test_a_community_has_the_people_firms_and_homes_of_its_park(family):
    park, community = members(family)
    for section in ("city", "population", "enterprises", "needs", "parameters", "start"):
        assert getattr(park, section) == getattr(community, section)


@pytest.mark.parametrize("family", CHANGES)
def test_a_staged_transition_ends_at_the_community(family):
    _, community = members(family)
    end = settled(load(f"{family}-transition"))
    for section in set(LAYOUT_SECTIONS) - {"interventions", "renewals"}:
        there, here = getattr(end, section), getattr(settled(community), section)
        if (
            section == "arrivals"
        ):  # the community's floor stands from the start, so who comes may come earlier
            assert [a.model_copy(update={"month": 1}) for a in there] == [
                a.model_copy(update={"month": 1}) for a in here
            ]
        elif section in ("amenities", "gateways", "car_parks"):
            assert by_name(there) == by_name(here)
        else:
            assert there == here


@pytest.mark.parametrize("family", CHANGES)
def test_a_transition_starts_from_the_park(family):
    transition, (park, _) = load(f"{family}-transition"), members(family)
    assert {each.path.partition(".")[0] for each in difference(park, transition)} == {"interventions"}


@pytest.mark.parametrize("name", BIG)
def test_every_building_and_place_can_be_reached_on_foot(name):
    place = place_of(name)
    assert np.isfinite(place.gateway_walk).all(), "from every gateway to every building"
    assert np.isfinite(place.walk).all(), "from every desk to every amenity"


@pytest.mark.parametrize("name", [n for n in BIG if not n.endswith("-renewal")])
def test_floor_for_work_is_a_sixth_to_a_quarter_above_need(name):
    scenario = load(name)
    floor = sum(b.m2 for b in place_of(name).buildings if b.workplace and b.block not in LATER)
    need = scenario.population.employees * scenario.parameters.enterprises.m2_per_worker
    assert 1.15 <= floor / need <= 1.25


@pytest.mark.parametrize("name", [n for n in BIG if not n.endswith("-transition")])
def test_seats_at_lunch_are_scarce_but_there(name):
    """Lunches wanted a day against seats that turn over four times between half past eleven and one."""
    scenario = load(name)
    lunches = scenario.population.employees * 0.8 * 14 / 21.75 * 0.8
    seats = sum(a.capacity for a in scenario.amenities if a.category == "canteen")
    assert 0.8 <= lunches / (seats * 90 / 22) <= 1.0


@pytest.mark.parametrize("name", BIG)
def test_every_section_says_where_its_figures_come_from(name):
    said = {path.partition(".")[0] for path in load(name).sources}
    assert {"map", "gateways", "amenities", "governance", "city", "population", "enterprises"} <= said


@pytest.mark.parametrize("name", BIG)
def test_places_of_both_members_carry_no_range(name):
    """A draw would change the park's past but not the one the community branches from."""
    scenario = load(name)
    if scenario.before is None:
        drawn = [path for path, source in scenario.sources.items() if source.range is not None]
        layout = ("map", "gateways", "car_parks", "amenities", "governance", "circles")
        assert [path for path in drawn if path.startswith(layout)] == []


# --- Xingguang -----------------------------------------------------------------------------------


def test_xingguang_has_the_land_between_the_streets_of_the_article():
    park = load("xingguang-park")
    rows = park.map.rows
    strip = "".join(row[1:-1] for row in rows[1:25])
    tooth = "".join(row[17:33] for row in rows[25:49])
    assert (len(strip) + len(tooth)) * park.map.cell_m**2 == 0.96e6
    assert "o" not in strip + tooth


def test_xingguang_has_thirty_towers_of_twenty_to_thirty_five_floors_and_one_mall():
    park, buildings = load("xingguang-park"), place_of("xingguang-park").buildings
    towers = [b for b in buildings if b.use in ("office", "housing")]
    assert len(towers) == 30
    assert {len(b.cells) for b in towers} == {4}
    assert min(b.floors for b in towers) == 20
    assert max(b.floors for b in towers) == 35
    assert sum(a.category == "mall" and a.outside is None for a in park.amenities) == 1


@pytest.mark.parametrize("name", ["xingguang-park", "xingguang-community"])
def test_xingguang_has_the_workers_a_firm_and_a_flat_that_the_press_gives(name):
    scenario = load(name)
    people, firms = scenario.population.employees, scenario.enterprises
    registered = firms.count / (1 - firms.registered_inactive_share)
    flats = sum(a.capacity for a in scenario.amenities if a.category == "flats")
    assert registered == pytest.approx(1706, abs=0.5)
    assert people / registered == pytest.approx(16.4, abs=0.05)
    assert people / flats == pytest.approx(3.74, abs=0.005)
    assert people / 0.96 == pytest.approx(29_200, abs=50)


def test_xingguang_sets_up_five_organs_and_leaves_towers_flats_and_mall_alone():
    park, community = members("xingguang")
    assert len(community.governance.organs) == 5
    before = by_name(park.amenities)
    assert {a.name: a for a in community.amenities if a.name in before} == before
    added = {a.category for a in community.amenities if a.name not in before}
    assert not added & {"flats", "mall", "canteen"}


def test_xingguang_is_a_vertical_community():
    park, community = members("xingguang")
    old = by_name(park.amenities)
    assert max(a.floor for a in community.amenities if a.name not in old) == 18
    place = place_of("xingguang-community")
    lounge = [a.name for a in community.amenities].index("lounge-river-centre")
    own = [i for i, b in enumerate(place.unit_building) if place.buildings[b].name == "river-centre-2"]
    others = [i for i, b in enumerate(place.unit_building) if place.buildings[b].name == "river-centre-1"]
    assert place.walk[own, lounge].max() < 1
    assert place.walk[others, lounge].min() > 2


# --- Information Port ----------------------------------------------------------------------------


def test_the_information_port_has_the_firms_and_workers_of_the_article():
    park = load("info-port-park")
    people, firms = park.population.employees, park.enterprises
    registered = firms.count / (1 - firms.registered_inactive_share)
    assert registered == pytest.approx(1625 + 77, abs=1)
    assert people / registered == pytest.approx(5.9, abs=0.05)
    assert people * park.parameters.enterprises.tax_worker * 1e4 == pytest.approx(0.8e9)


def test_the_information_port_of_2018_is_open_and_well_served():
    park, community = members("info-port")
    assert park.map.fences == ()
    assert (park.labour.fairs_year, park.labour.large_fairs_year, park.labour.colleges) == (12, 2, 4)
    inside = {a.category for a in park.amenities if a.outside is None}
    assert {"school", "kindergarten", "running_path", "mall", "bank", "library", "cafe", "canteen"} <= inside
    assert community.governance == park.governance
    assert community.labour == park.labour


def test_phase_two_has_no_floor_in_2018_and_room_for_a_doubled_town_later():
    floor = {
        name: sum(b.m2 for b in place_of(f"info-port-{name}").buildings if b.block in LATER)
        for name in ("park", "community", "transition")
    }
    assert floor["park"] == floor["transition"] == 0
    both = sum(b.m2 for b in place_of("info-port-community").buildings if b.workplace)
    assert 1.0 <= both / (20_000 * 25) <= 1.25


def test_the_sites_of_phase_two_stand_in_the_same_order_before_and_after():
    """People keep the number of their building when the layout changes in month 0."""
    park, community = place_of("info-port-park"), place_of("info-port-community")
    assert [b.name for b in park.buildings] == [b.name for b in community.buildings]


def test_the_valleys_are_sectors_and_each_has_its_buildings():
    park = load("info-port-park")
    valleys = {b.block for b in place_of("info-port-park").buildings if b.block.endswith("-valley")}
    assert len(valleys) == 5
    assert {"health", "ai", "scene", "smart-home", "transport"} <= set(park.enterprises.sectors)


def test_one_port_and_five_valleys_each_for_the_sector_of_its_name():
    park, community = members("info-port")
    assert park.zoning.valleys == ()
    zoning = community.zoning
    assert zoning.hub == "port"
    assert {s for v in zoning.valleys for s in v.sectors} == {
        "health",
        "ai",
        "scene",
        "smart-home",
        "transport",
    }
    named = {b.block for b in place_of("info-port-community").buildings if b.block.endswith("-valley")}
    assert {block for valley in zoning.valleys for block in valley.blocks} == named


def test_line_7_is_never_slower_than_the_bus_from_line_2():
    park, community = members("info-port")
    bus, metro = by_name(park.gateways)["metro-by-bus"], by_name(community.gateways)["metro-line-7"]
    assert bus.minutes.keys() == metro.minutes.keys()
    assert all(3 <= bus.minutes[zone] - metro.minutes[zone] <= 25 for zone in bus.minutes)
    assert bus.fare > metro.fare


# --- three towns ---------------------------------------------------------------------------------


def test_the_three_towns_are_yunqi_xuelang_and_qiyun_and_lag_in_this_order():
    park = load("three-towns-park")
    assert park.linked.names == ("yunqi", "xuelang", "qiyun")
    levels = [town.enterprises.digital_level.mean for town in park.all_towns.values()]
    assert levels == sorted(levels, reverse=True)
    assert {town.city.name for town in park.all_towns.values()} == {"Hangzhou", "Wuxi", "Lanzhou"}
    assert park.start.calendar_month == 12, "the joint innovation centre began in December 2020"


# --- three blocks of Yuhang ----------------------------------------------------------------------


def plans(family):
    return settled(load(f"{family}-transition")).renewals


def floor_by_use(name, block):
    out = dict.fromkeys(("factory", "office", "lab", "service", "housing"), 0.0)
    for b in place_of(name).buildings:
        if b.block == block:
            out[b.use] += b.m2
    return out


def test_each_family_of_yuhang_goes_its_path_of_the_article():
    assert {family: {r.path for r in plans(family)} for family in RENEWED} == {
        "gaoqiao": {3},
        "zhongtai": {1},
        "tongyun": {2},
    }


def test_gaoqiao_has_incubators_in_the_north_and_dining_and_talent_flats_in_the_south():
    north, south = floor_by_use("gaoqiao-renewal", "north"), floor_by_use("gaoqiao-renewal", "south")
    assert north["lab"] > 0 == north["factory"] == north["housing"]
    assert south["housing"] > 0 < south["service"]
    assert south["factory"] == south["office"] == south["lab"] == 0
    assert floor_by_use("gaoqiao-renewal", "centre") == floor_by_use("gaoqiao-park", "centre")
    new = {
        a.category
        for a in load("gaoqiao-renewal").amenities
        if a.name.endswith("-south") or "flats" in a.name
    }
    assert {"restaurant", "flats"} <= new


def test_all_of_zhongtai_is_acquired_in_two_phases():
    assert len(plans("zhongtai")) == 2
    assert {b.block for b in place_of("zhongtai-park").buildings} == {r.block for r in plans("zhongtai")}
    assert any(g.kind == "metro" and "nanhu" in g.name for g in load("zhongtai-park").gateways)


def test_a_leading_firm_comes_to_tongyun_and_pays_its_part():
    (plan,) = plans("tongyun")
    assert plan.leader is not None
    assert [a.block for a in load("tongyun-renewal").arrivals] == [plan.block]


def test_the_three_blocks_build_about_what_the_district_wants_on_a_mu():
    """Target of 2022: 1.5 million m² of new space on 3,000 mu vacated."""
    built = vacated = 0.0
    for family in RENEWED:
        end = settled(load(f"{family}-transition"))
        built += sum(new_floor_m2(end, r) for r in end.renewals)
        vacated += sum(land_mu(end, r.block) for r in end.renewals)
    assert built / vacated == pytest.approx(1.5e6 / 3000, rel=0.1)


@pytest.mark.parametrize("family", RENEWED)
def test_a_member_that_stands_renewed_has_cost_what_the_way_to_it_costs(family):
    town, end = load(f"{family}-renewal"), settled(load(f"{family}-transition"))
    p = town.parameters.renewal
    costs = [sum(build_cost_cny(at, r, p) for r in at.renewals) for at in (town.layout, end)]
    assert costs[0] == pytest.approx(costs[1])
    model = ParkModel(town, seed=1)
    places = sum(a.capex_cny for a in town.amenities)
    assert sum(paid for paid, _ in model.books.values()) == pytest.approx(costs[0])
    assert model.run(1).measured[-1]["capex_cny"] == pytest.approx(costs[0] + places)
    assert model.measured[-1]["firms_displaced"] == 0 < model.measured[-1]["new_floor_m2"]


def test_a_renewal_takes_24_months_and_8300_a_square_metre_unless_told_otherwise():
    p = load("gaoqiao-park").parameters.renewal
    assert (p.vacate_months + p.build_months, p.cost_m2) == (24, 8300)


def test_of_the_firms_of_gaoqiao_none_is_lost_on_the_way():
    model = ParkModel(load("gaoqiao-transition"), seed=1).run(27)
    register = model.displaced.to_pandas()
    assert len(register) > 20
    assert set(register["where"]) <= {"elsewhere", "outside", "back", "gone"}
    here = register["enterprise"].isin(model.firms.identity[model.firms.active])
    assert (here == register["where"].isin(["elsewhere", "back"])).all()
    assert np.bincount(model.posts.firm[model.posts.firm >= 0]).sum() == model.firms.size.sum()
