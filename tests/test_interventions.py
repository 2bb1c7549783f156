"""Each kind of intervention changes the place, and only the place, on the tiny park."""

from __future__ import annotations

import numpy as np
import pytest

import parksim as ps
from parksim.chance import name_code
from parksim.interventions import kinds
from parksim.phases import WRITES
from parksim.scenario.schema import Intervention

CAFE = {"name": "new-cafe", "category": "cafe", "block": "pavilion", "capacity": 20}


def planned(kind, month=2, **what):
    return {"kind": kind, "name": "measure", "month": month, **what}


def played(measure, months=3, seed=2):
    return ps.ParkModel(ps.load("tiny-park").with_({"interventions": [measure]}), seed=seed).run(months)


def fence_of():
    return ps.load("tiny-park").map.fences[0].name


def test_an_opened_fence_shortens_a_walk_and_lengthens_none():
    before = ps.ParkModel(ps.load("tiny-park"), seed=2)
    after = played(planned("open_fence", target=fence_of()))
    assert (after.place.walk <= before.place.walk + 1e-9).all()
    assert (after.place.walk < before.place.walk - 0.1).any()


def test_a_new_place_opens_when_its_works_are_done():
    model = ps.ParkModel(
        ps.load("tiny-park").with_({"interventions": [planned("add_amenity", amenity=CAFE, build_months=2)]}),
        seed=2,
    )
    there = [any(a.name == "new-cafe" for a in model.run(1).layout.amenities) for _ in range(5)]
    assert there == [False, False, False, True, True]


def test_a_shared_canteen_takes_in_others():
    canteen = next(a for a in ps.load("tiny-park").amenities if a.access == "staff")
    before = ps.ParkModel(ps.load("tiny-park"), seed=2)
    after = played(planned("change_amenity", target=canteen.name, set={"access": "everyone"}))
    at = [a.name for a in after.layout.amenities].index(canteen.name)
    assert after.place.usable[:, at].all()
    assert not before.place.usable[:, at].all()


def test_a_closed_place_serves_nobody():
    name = ps.load("tiny-park").amenities[0].name
    assert all(a.name != name for a in played(planned("close_amenity", target=name)).layout.amenities)


def test_days_at_home_spare_trips_and_meals():
    usual = ps.ParkModel(ps.load("tiny-park"), seed=2).run(3)
    model = played(planned("hybrid_work", set={"days": 2.0}))
    assert model.services.demanded.sum() < 0.7 * usual.services.demanded.sum()


def test_a_job_fair_is_held_when_it_is_set():
    assert played(planned("set_labour", set={"fairs_year": 12.0})).layout.labour.fairs_year == 12


def test_costs_are_booked_to_who_pays():
    model = played(
        planned("open_fence", target=fence_of(), cost_cny=1000.0, cost_cny_year=120.0, payer="operator")
    )
    assert model.books == {"operator": [1000.0, 120.0]}
    assert model.measured[-1]["net_cost_operator"] > 1000


def test_nothing_differs_before_the_month_of_the_first_measure():
    park = ps.load("tiny-park")
    late = park.with_({"interventions": [planned("open_fence", month=7, target=fence_of())]})
    one, two = ps.run(park, seed=3, months=8), ps.run(late, seed=3, months=8)
    assert one.series.iloc[:6].equals(two.series.iloc[:6])


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_sums_itself_up_and_says_what_is_missing(kind):
    empty = Intervention(kind=kind, name="m", month=1)
    assert kinds()[kind].problem(ps.load("tiny-park").layout, empty)
    assert isinstance(kinds()[kind].summary(empty), str)


def test_no_measure_may_write_to_people_firms_or_what_is_measured():
    assert WRITES["interventions"] | WRITES["works"] <= {"layout", "works", "books"}


def test_a_measure_leaves_the_people_of_its_month_alone():
    park = ps.ParkModel(ps.load("tiny-park"), seed=4).run(1)
    state = park.posts.identity.copy(), park.posts.since.copy(), park.firms.identity.copy()
    park.change_layout(Intervention(kind="open_fence", name="m", month=2, target=fence_of()))
    assert all(
        (a == b).all()
        for a, b in zip(state, (park.posts.identity, park.posts.since, park.firms.identity), strict=True)
    )
    assert np.isfinite(park.place.walk).any()


def test_a_branch_is_the_same_whether_its_past_was_played_or_remembered():
    from parksim import model as engine

    town = ps.load("tiny-community")
    engine._snapshots.clear()
    played_anew = ps.ParkModel(town, seed=11).run(3)
    remembered = ps.ParkModel(town, seed=11).run(3)
    for column in played_anew.posts.columns:
        assert (getattr(played_anew.posts, column) == getattr(remembered.posts, column)).all(), column
    assert played_anew.measured == remembered.measured


def test_who_loses_the_flat_finds_a_home_in_the_city():
    town = ps.ParkModel(ps.load("tiny-community"), seed=7).run(12)
    assert (town.posts.flat >= 0).any()
    town.change_layout(Intervention(kind="close_amenity", name="m", month=13, target="dormitory-flats"))
    assert (town.posts.zone[town.posts.filled] >= 0).all()
    assert (town.posts.flat < 0).all()


def test_an_anchor_fills_its_posts_over_the_ramp_and_hires_like_others():
    plan = planned(
        "anchor_arrives", set={"employees": 12, "ramp_months": 4, "sector": "other", "block": "east"}
    )
    park = ps.load("tiny-park")
    plan["set"]["sector"] = next(iter(park.enterprises.sectors))
    model = ps.ParkModel(park.with_({"interventions": [plan]}), seed=2)
    sizes = []
    for _ in range(6):
        model.step()
        mine = model.firms.identity == model.chance.identities("arrival", name_code("measure"))[0]
        sizes.append(int(model.firms.size[mine].sum()))
    assert sizes == [0, 3, 6, 9, 12, 12]


def test_new_floor_can_be_let_and_moves_nobody():
    block = next(b.block for b in ps.ParkModel(ps.load("tiny-park"), seed=2).place.buildings if b.workplace)
    before = ps.ParkModel(ps.load("tiny-park"), seed=2).run(1)
    after = played(planned("add_floor", month=1, target=block, set={"floors": 20}), months=1)
    assert after.offices.capacity.sum() > before.offices.capacity.sum()
    assert (after.posts.unit == before.posts.unit).all()


def test_information_port_grows_by_anchors_floor_and_entry_not_by_decree():
    park, town = ("info-port-park", "info-port-community")
    small = {"start.burn_in_months": 2}
    grown = [
        ps.run(ps.load(name).with_(small), seed=1, months=24).series["employees"] for name in (park, town)
    ]
    assert grown[0].iloc[-1] / grown[0].iloc[0] < 1.1
    assert grown[1].iloc[-1] / grown[1].iloc[0] > 1.25
