"""Kinds of interventions: what each does to the place, what a file may tell it, and kinds from elsewhere."""

from __future__ import annotations

import pickle
import textwrap
from pathlib import Path

import numpy as np
import pytest

import parksim as ps
import parksim.model
from parksim import interventions
from parksim.phases import WRITES
from parksim.scenario.library import find
from parksim.scenario.read import check
from parksim.world.city import BICYCLE, BUS, CAR, EBIKE, WALK

PARK = find("tiny-park").read_text(encoding="utf-8")
LOT = {"name": "deck", "cell": [4, 7], "places": 10, "price": 4}


def planned(kind, month=2, **what):
    return {"kind": kind, "name": "measure", "month": month, **what}


def played(*measures, months=3, scenario="tiny-park", **changes):
    measures = [{**m, "name": f"measure-{k}"} for k, m in enumerate(measures)]
    return ps.ParkModel(ps.load(scenario).with_({"interventions": measures, **changes}), seed=2).run(months)


def problems(tmp_path, *items, text=PARK):
    file = tmp_path / "plan.yaml"
    file.write_text(text + "\ninterventions:\n" + "".join(f"  - {item}\n" for item in items), "utf-8")
    return check(file), file.read_text("utf-8").splitlines()


# --- what each does ------------------------------------------------------------------------------


def test_a_new_car_park_takes_the_cars_and_asks_its_price():
    cars = {"population.car_share": {"low": 1, "middle": 1, "high": 1}}
    model = played(planned("add_car_park", car_park=LOT), **cars)
    assert [lot.name for lot in model.layout.car_parks] == ["deck"]
    assert model.travel.car_park_taken[0] > 0


def test_dearer_parking_and_fewer_places_reach_the_drivers():
    cars = {"population.car_share": {"low": 1, "middle": 1, "high": 1}, "car_parks": [LOT]}
    cheap = played(**cars)
    dear = played(planned("change_car_park", target="deck", set={"price": 40.0, "places": 4}), **cars)
    assert (dear.travel.parking > cheap.travel.parking + 1).any()
    assert np.mean(dear.employees.mode == "car") < np.mean(cheap.employees.mode == "car")


def test_a_bus_that_comes_more_often_is_waited_for_half_the_difference():
    usual = played()
    model = played(planned("change_gateway", target="bus-stop", set={"headway_min": 4.0}))
    saved = usual.place.journeys.fixed[BUS] - model.place.journeys.fixed[BUS]
    assert saved == pytest.approx(3.0)


def test_a_closed_road_lets_no_car_in_and_people_still_walk_through():
    model = played(planned("change_gateway", target="east-road", set={"closed": "true"}))
    assert np.isinf(model.place.journeys.fixed[CAR]).all()
    assert np.isfinite(model.place.journeys.fixed[WALK]).all()
    shut, opened = (planned("change_gateway", m, target="east-road", set={"closed": c}) for m, c in
                    ((1, True), (2, False)))  # fmt: skip
    assert np.isfinite(played(shut, opened).place.journeys.fixed[CAR]).all()


def test_a_cycle_path_saves_its_share_of_the_ride_for_those_it_leads_to():
    path = {"name": "canal", "kind": "path", "cell": [3, 0], "cycle_km": 7, "cycle_zones": ["North"]}
    north, south = (
        played(planned("add_cycle_path", gateway=path)).place.journeys.stretch[[BICYCLE, EBIKE]].min(axis=2)
        / played().place.journeys.stretch[[BICYCLE, EBIKE]].min(axis=2)
    ).T
    assert north == pytest.approx(1 - 0.15 * 7 / 14)  # half of North's 14 km, 15 % faster
    assert south == pytest.approx(1)


def test_a_shared_facility_serves_everybody_and_people_from_outside():
    model = played(planned("share_facility", target="alpha-canteen", set={"outsiders": 20.0}))
    assert model.place.usable.all()
    usual = played(planned("share_facility", target="alpha-canteen"))
    assert model.services.load[:, 0].sum() > usual.services.load[:, 0].sum()


def test_flats_are_let_to_those_who_may_rent():
    settings = {"number": 5, "rent": 900, "block": "dormitory", "wage_bands": ["low"]}
    model = played(
        planned("add_flats", set=settings),
        months=12,
        **{"parameters.home.tenant_moves_year": 1.0, "parameters.home.flat_weight": 0.3},
    )
    (flats,) = (a for a in model.layout.amenities if a.category == "flats")
    assert (flats.name, flats.capacity, flats.price) == ("measure-0", 5, 900)
    tenants = model.employees.wage_band[model.employees.flat >= 0]
    assert 0 < tenants.size <= 5
    assert (tenants == "low").all()


def test_events_are_held_for_as_many_as_there_are_places():
    assert played().community.participants == 0
    model = played(planned("hold_events", set={"events_month": 2, "event_places": 10}))
    assert model.layout.governance.events_month == 2
    assert model.community.participants > 0


# --- what a file may say -------------------------------------------------------------------------

FAULTS = {  # items; field; what the message says; the item whose line it is
    "a key that is none": (
        ["{name: a, kind: change_gateway, month: 2, target: bus-stop, set: {hedway_min: 3}}"],
        "a.set.hedway_min", "did you mean 'headway_min'?", 0),
    "out of range": (
        ["{name: a, kind: hold_events, month: 2, set: {events_month: -1}}"],
        "a.set.events_month", "-1 is out of range; allowed: 0 to 1000", 0),
    "needed": (
        ["{name: a, kind: add_flats, month: 2, set: {number: 5, block: dormitory}}"],
        "a.set.rent", "'rent' is missing (CNY a month)", 0),
    "no such block": (
        ["{name: a, kind: add_flats, month: 2, set: {number: 5, rent: 900, block: dormitry}}"],
        "a.set.block", "did you mean 'dormitory'?", 0),
    "takes no settings": (
        ["{name: a, kind: open_fence, month: 2, target: west-fence, set: {open: false}}"],
        "a.set", "open_fence takes no 'set:'", 0),
    "takes no target": (
        ["{name: a, kind: hold_events, month: 2, target: bus-stop, set: {events_month: 1}}"],
        "a.target", "hold_events takes no 'target:'", 0),
    "opened twice": (
        ["{name: a, kind: open_fence, month: 2, target: west-fence}",
         "{name: b, kind: open_fence, month: 5, target: west-fence}"],
        "b", "is open already", 1),
    "shared twice": (
        ["{name: a, kind: share_facility, month: 2, target: alpha-canteen}",
         "{name: b, kind: share_facility, month: 5, target: alpha-canteen}"],
        "b", "is open to everyone already", 1),
    "closed twice": (
        ["{name: a, kind: change_gateway, month: 2, target: bus-stop, set: {closed: true}}",
         "{name: b, kind: change_gateway, month: 3, target: bus-stop, set: {closed: true}}"],
        "b", "the gateway 'bus-stop' is closed already", 1),
    "closed, and never opened": (
        ["{name: a, kind: close_amenity, month: 2, target: corner-cafe}"],
        "a.target", "there is no 'corner-cafe'", 0),
    "costs that are none": (
        ["{name: a, kind: open_fence, month: 2, target: west-fence, cost_cny: -5}"],
        "a.cost_cny", "-5 is out of range; allowed: 0 or more", 0),
    "a cycle path to a bus stop": (
        ["{name: a, kind: add_cycle_path, month: 2, target: bus-stop, set: {cycle_km: 3}}"],
        "a", "leads to one of kind 'path'", 0),
    "a car park in the middle of nowhere": (
        ["{name: a, kind: add_car_park, month: 2, car_park: {name: deck, cell: [9, 9], places: 4}}"],
        "a.car_park.cell", "off the map", 0),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_contradicts_itself_is_named_at_its_line(tmp_path, fault):
    items, field, says, at = FAULTS[fault]
    found, lines = problems(tmp_path, *items)
    assert [p.field for p in found] == [f"interventions.{field}"]
    assert says in found[0].message
    assert found[0].line == lines.index(f"  - {items[at]}") + 1


def test_a_month_beyond_the_plan_is_named(tmp_path):
    text = PARK + "\nstart: {horizon_months: 24}\n"
    late = "{name: a, kind: open_fence, month: 20, build_months: 6, target: west-fence}"
    (problem,), _ = problems(tmp_path, late, text=text)
    assert problem.field == "interventions.a.month"
    assert "month 26, with its 6 months of works, is beyond the 24 months of the plan" in problem.message


def test_the_plan_of_the_manual_is_sound_and_does_what_it_says(tmp_path):
    page = (Path(__file__).parents[1] / "docs" / "howto" / "plan.md").read_text("utf-8")
    file = tmp_path / "my-plan.yaml"
    file.write_text(page.partition("```yaml\n")[2].partition("```")[0], "utf-8")
    assert check(file) == []
    model = ps.ParkModel(ps.load(str(file)), seed=1).run(20)
    assert {"corner-cafe", "homes"} <= {a.name for a in model.layout.amenities}
    assert {"shuttle-north", "canal-path"} <= {g.name for g in model.layout.gateways}
    assert model.shocks.away.max() == 0.6


# --- a kind of one's own -------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package of somebody else's that adds one kind."""
    site = tmp_path / "site"
    (site / "night_market-1.0.dist-info").mkdir(parents=True)
    (site / "night_market-1.0.dist-info" / "METADATA").write_text("Name: night-market\nVersion: 1.0\n")
    (site / "night_market-1.0.dist-info" / "entry_points.txt").write_text(
        "[parksim.interventions]\nnight_market = night_market:NightMarket()\n".replace("()", "")
    )
    (site / "night_market.py").write_text(
        textwrap.dedent('''
            """Let a place stay open into the night."""
            from pydantic import Field
            from parksim.scenario.parameters import Frozen

            class NightMarket:
                """Let a place stay open into the night."""

                TARGET = "an amenity"

                class Settings(Frozen):
                    until: float = Field(ge=12, le=24, json_schema_extra={"unit": "hours of the day"})

                @staticmethod
                def apply(layout, intervention):
                    until = NightMarket.Settings.model_validate(intervention.set).until
                    amenities = tuple(
                        a.model_copy(update={"closes": until}) if a.name == intervention.target else a
                        for a in layout.amenities
                    )
                    return layout.model_copy(update={"amenities": amenities})

                @staticmethod
                def problem(layout, intervention):
                    return None if intervention.set else "night_market needs 'set:' with 'until'"

                @staticmethod
                def summary(intervention):
                    return f"'{intervention.target}' open until {intervention.set.get('until')}"
        '''),
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(site)
    interventions.kinds.cache_clear()
    yield
    interventions.kinds.cache_clear()


@pytest.mark.usefixtures("installed")
def test_an_installed_package_adds_a_kind_that_files_use_and_are_checked_for(tmp_path):
    market = "{name: a, kind: night_market, month: 2, target: alpha-canteen, set: {until: 23}}"
    found, _ = problems(tmp_path, market)
    assert found == []
    model = ps.ParkModel(ps.load(str(tmp_path / "plan.yaml")), seed=1).run(2)
    assert model.layout.amenities[0].closes == 23
    (problem,), lines = problems(tmp_path, market.replace("23", "30"))
    assert problem.field == "interventions.a.set.until"
    assert problem.message == "30 is out of range; allowed: 12 to 24 (hours of the day)"
    assert problem.line == len(lines)


# --- nothing but the place -----------------------------------------------------------------------

_OF_FIRMS = {"firm_exits", "firm_entries", "turned_away", "firm_life"}
_NOTED = {"measured", "memory"}  # what measuring remembers; who leaves is told to it at once
_CALENDAR = {"chance", "month", "first_month", "in_burn_in", "posts", "firms"}


def wrote(model, name, play):
    """Whatever a phase changed, by the names of WRITES; rows of posts that passed to somebody else aside."""
    before = {s: pickle.dumps(v) for s, v in model._state().items() if s not in _CALENDAR}
    posts, firms = (
        {c: getattr(table, c).copy() for c in table.columns} for table in (model.posts, model.firms)
    )
    layout, n = model.layout, (len(model.posts), len(model.firms))
    play(model)
    out = {s for s, v in before.items() if pickle.dumps(model._state()[s]) != v}
    out = {"firms" if s in _OF_FIRMS else "measured" if s in _NOTED else s for s in out}
    out = {"layout" if s == "undisturbed" else s for s in out}
    out -= {"measured"} if name in ("staying", "enterprises") else set()
    if model.layout is not layout:
        out.add("layout")
    same = np.flatnonzero(
        (model.posts.identity[: n[0]] == posts["identity"]) & (model.posts.filled[: n[0]] == posts["filled"])
    )
    out |= {f"posts.{c}" for c in posts if (getattr(model.posts, c)[same] != posts[c][same]).any()}
    if len(same) < len(model.posts):
        out.add("who holds a post")
    out |= (
        {"firms"}
        if any(not np.array_equal(getattr(model.firms, c)[: n[1]], firms[c]) for c in firms)
        else set()
    )
    return out


def foreign(name, changed):
    """Of what was changed, what the phase does not own."""
    own = WRITES[name] | ({"who holds a post"} if "posts" in WRITES[name] else set())
    return {c for c in changed if c not in own and c.partition(".")[0] not in own}


@pytest.fixture(scope="module")
def lively():
    cafe = {"name": "kiosk", "category": "cafe", "block": "pavilion", "capacity": 4}
    measures = [
        planned("add_amenity", 2, amenity=cafe, cost_cny=10.0, build_months=1),
        {**planned("hold_events", 3, set={"events_month": 3.0}), "name": "events"},
    ]
    quits = {"parameters.staying.quit_monthly": 0.1, "parameters.enterprises.growth_scale": 0.2}
    town = ps.load("tiny-community").with_({"interventions": measures, **quits})
    return ps.ParkModel(town, seed=5)


def test_every_phase_writes_what_it_declares_and_nothing_else(lively):
    for _ in range(4):
        lively.month += 1
        for phase in parksim.model.PHASES:
            name = phase.__name__.rpartition(".")[2]
            assert foreign(name, wrote(lively, name, phase.play)) == set(), name


@pytest.mark.parametrize(
    "column", ["posts.served", "posts.ties", "posts.trust", "firms", "measured", "services"]
)
def test_a_measure_that_wrote_to_people_or_results_would_be_found(lively, column):
    model = pickle.loads(pickle.dumps(lively))

    def cheat(model):
        if column.startswith("posts."):
            getattr(model.posts, column.partition(".")[2])[0] += 1
        elif column == "firms":
            model.firms.runway[0] += 1
        elif column == "measured":
            model.measured.append({"retention_employee_12m": 1.0})
        else:
            model.services.served = model.services.served + 1

    for name in ("interventions", "works"):
        assert foreign(name, wrote(model, name, cheat)) == {column}


def test_costs_add_up():
    measures = [
        {**planned("open_fence", 2, target="west-fence"), "cost_cny": 100.0, "cost_cny_year": 12.0},
        {**planned("hold_events", 4, set={"events_month": 1.0}), "cost_cny": 50.0, "cost_cny_year": 24.0},
    ]
    plain, model = played(months=5), played(*measures, months=5)
    assert model.books == {"government": [150.0, 36.0]}
    for name, cost in (("capex_cny", 150), ("opex_cny_year", 36)):
        assert model.measured[-1][name] - plain.measured[-1][name] == pytest.approx(cost)
