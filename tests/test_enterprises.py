"""Enterprises: floor is finite, cash acts on leaving, rent on coming, quotas bind, births have addresses."""

from __future__ import annotations

import numpy as np
import pytest

import parksim as ps
from parksim.chance import Chance
from parksim.errors import ParksimError
from parksim.firms import cash, ladder, neighbours, offices
from parksim.phases import enterprises
from parksim.scenario.parameters import EnterpriseParameters
from parksim.scenario.terms import TIERS
from parksim.synthesis import sizes

LIVELY = {
    "start.burn_in_months": 0,
    "parameters.enterprises.growth_scale": 0.3,
    "parameters.enterprises.spinoff_year": 0.2,
}


@pytest.fixture(scope="module")
def town():
    """IoT Town's park at full size, from its first month."""
    return ps.load("iot-town-park").with_({"start.burn_in_months": 0})


def play(model, months, phase=enterprises.play):
    """Let firms live without anything else happening."""
    for _ in range(months):
        model.month += 1
        phase(model)
        yield model.month


def firms(model):
    table = model.firms
    rows = np.flatnonzero(table.active)
    return {int(table.identity[r]): r for r in rows}


def posts_by_firm(model):
    held = model.posts.firm >= 0
    return np.bincount(model.posts.firm[held], minlength=len(model.firms))


def column(model, name):
    values = getattr(model.firms, name)
    return {identity: values[row] for identity, row in firms(model).items()}


def nothing_happens(**others):
    still = ["growth_scale", "growth_mean", "entry_year", "spinoff_year", "runway_weight"]
    still += [f"exit_year_{y}" for y in ("1", "2", "3", "4_7", "8")]
    return {"start.burn_in_months": 0} | {f"parameters.enterprises.{name}": 0.0 for name in still} | others


# --- posts and floor -----------------------------------------------------------------------------


def test_posts_are_conserved_and_nobody_grows_into_walls(town):
    model = ps.ParkModel(town.with_(LIVELY), seed=3)
    for _ in play(model, 24):
        active = model.firms.active
        assert np.array_equal(posts_by_firm(model)[active], model.firms.size[active])
        assert posts_by_firm(model)[~active].sum() == 0
        assert (offices.free(model) >= 0).all()
        assert (model.firms.size[active] >= 1).all()


def test_a_firm_whose_building_is_full_rents_in_the_nearest_one_with_room(town):
    model = ps.ParkModel(town, seed=1)
    room, minutes = offices.free(model), model.offices.minutes
    market = model.offices.market
    home = int(np.flatnonzero(market)[0])
    others = market & (np.arange(room.size) != home) & (room > 0)
    nearest = minutes[home][others].min()
    row = next(
        r for r in firms(model).values() if model.firms.building[r] == home and model.firms.anchor[r] < 0
    )
    before = offices.free(model)
    granted = offices.move_in(model, np.array([row]), np.array([int(room[home]) + 1]))
    assert granted[0] == int(room[home]) + 1
    taken = before - offices.free(model)
    assert taken[home] == room[home]
    elsewhere = np.flatnonzero((taken > 0) & (np.arange(room.size) != home))
    assert elsewhere.size == 1
    assert minutes[home][elsewhere[0]] == nearest


def test_without_any_floor_left_nobody_grows(town):
    model = ps.ParkModel(town, seed=1)
    rows = np.array(list(firms(model).values()))
    free = int(np.maximum(offices.free(model), 0).sum())
    granted = offices.move_in(model, rows, np.full(rows.size, 1000))
    assert granted.sum() <= free
    assert (offices.free(model)[model.offices.market] == 0).all()
    assert offices.move_in(model, rows[:5], np.full(5, 3)).sum() == 0


def test_scarce_floor_goes_by_lottery_whatever_the_order_of_asking(town):
    first, second = (ps.ParkModel(town, seed=1) for _ in range(2))
    rows = np.array(list(firms(first).values()))
    ways = np.argsort(Chance(5).uniform("order", 0, first.firms.identity[rows]))
    got = offices.move_in(first, rows, np.full(rows.size, 12))
    again = offices.move_in(second, rows[ways], np.full(rows.size, 12))
    assert np.array_equal(got[ways], again)


def test_the_first_firms_are_housed_without_exceeding_any_building(town):
    for seed in range(3):
        model = ps.ParkModel(town, seed=seed)
        assert (offices.free(model) >= 0).all()
        assert (model.posts.firm >= 0).sum() == town.population.employees


def test_the_largest_fifth_of_the_first_firms_has_the_tail_of_its_exponent(town):
    size = np.sort(sizes(town.enterprises, 14_800))[::-1].astype(float)
    top = size[: size.size // 5]
    hill = 1 / np.log(top / top[-1]).mean()
    assert 0.8 <= hill <= 1.5


# --- cash ----------------------------------------------------------------------------------------


def test_firms_at_rest_keep_the_mean_and_spread_of_their_cash():
    p, rng = EnterpriseParameters(), np.random.default_rng(1)
    runway = np.maximum(rng.normal(p.runway_mean, p.runway_spread, 40_000), 0)
    for _ in range(60):
        runway = cash.next_runway(p, runway, 0.0, rng.normal(size=runway.size))
    assert runway.mean() == pytest.approx(p.runway_mean, abs=0.2)
    assert runway.std() == pytest.approx(p.runway_spread, abs=0.25)
    assert runway.min() >= 0
    assert cash.exit_factor(p, runway).mean() == pytest.approx(1.0, abs=0.02)


def test_delay_and_dear_leases_shorten_the_runway(town):
    hall = ps.ParkModel(town, seed=2)
    queue = ps.ParkModel(town, seed=2)
    queue.layout = queue.layout.model_copy(
        update={"support": queue.layout.support.model_copy(update={"delay_days": 8})}
    )
    dear = ps.ParkModel(town, seed=2)
    dear.firms.rent[:] = dear.firms.rent * 1.5
    for model in (hall, queue, dear):
        for _ in play(model, 6, cash.spend):
            pass
    mean = [np.mean(list(column(m, "runway").values())) for m in (hall, queue, dear)]
    assert mean[1] < mean[0] - 0.1
    assert mean[2] < mean[0] - 0.1


def test_money_lengthens_the_runway_by_what_a_month_costs(town):
    model = ps.ParkModel(town, seed=2)
    rows = np.array(list(firms(model).values()))[:20]
    before = model.firms.runway[rows].copy()
    cash.support(
        model, rows, model.firms.size[rows] * model.spec.parameters.enterprises.cost_worker * 1e4 * 3
    )
    assert model.firms.runway[rows] - before == pytest.approx(3.0, abs=1e-4)


def test_a_bigger_shock_closes_the_same_firms_and_more(town):
    gone = []
    for months_of_cash in (0.0, 4.0, 9.0):
        model = ps.ParkModel(town, seed=4)
        rows = np.array(list(firms(model).values()))
        model.firms.runway[rows] = np.maximum(model.firms.runway[rows] - months_of_cash, 0)
        before = set(firms(model))
        for _ in play(model, 12, enterprises.leave_park):
            pass
        gone.append(before - set(firms(model)))
    assert gone[0] <= gone[1] <= gone[2]
    assert len(gone[0]) < len(gone[2])


def test_named_anchors_do_not_leave_by_chance(town):
    ruin = {f"parameters.enterprises.exit_year_{y}": 0.2 for y in ("4_7", "8")}
    model = ps.ParkModel(town.with_(ruin), seed=1)
    for _ in play(model, 24):
        pass
    assert np.count_nonzero(model.firms.anchor[model.firms.active] >= 0) == len(town.enterprises.anchors)


def test_firms_leave_by_age_as_in_the_registration_data(town):
    """Many short lives of the same first firms, all newborn: one sample of each year of age."""
    alive = np.zeros((8, 2))
    for seed in range(12):
        model = ps.ParkModel(town, seed=seed)
        model.firms.born[:] = 0
        model.firms.anchor[:] = -1
        for year in range(8):
            here = set(firms(model))
            for _ in range(12):
                cash.spend(model)
                enterprises.leave_park(model)
                model.month += 1
            alive[year] += len(here), len(here - set(firms(model)))
    share = alive[:, 1] / alive[:, 0]
    noise = np.sqrt(share * (1 - share) / alive[:, 0])
    fact = np.array([0.016, 0.063, 0.095, 0.08, 0.08, 0.08, 0.08, 0.06])
    assert (np.abs(share - fact) < 3 * noise + 0.1 * fact).all()
    assert share[1:4].mean() > share[0]
    assert share[2] == max(share)


# --- rents and entry -----------------------------------------------------------------------------


def test_rents_stand_near_their_base_when_the_park_begins_and_fall_with_vacancy(town):
    model = ps.ParkModel(town, seed=1)
    market, capacity = model.offices.market, model.offices.capacity
    start = offices.going_rent(model, offices.free(model))
    ratio = (start / model.offices.base_rent)[market]
    assert np.average(ratio, weights=capacity[market]) == pytest.approx(1.0, abs=0.04)
    full, empty = offices.going_rent(model, 0 * capacity), offices.going_rent(model, capacity)
    assert (full[market] > start[market] - 1e-9).all()
    assert (empty[market] < start[market]).all()
    assert np.array_equal(full[~market], model.offices.base_rent[~market])


def test_dear_floor_keeps_entrants_away_and_neighbours_of_the_sector_draw_them(town):
    model = ps.ParkModel(town, seed=1)
    base = model.offices.base_rent
    usual, dear = enterprises.attraction(model, base), enterprises.attraction(model, base * 1.5)
    assert (dear < usual).all()
    around = neighbours.sector_shares(model)
    where, sector = np.unravel_index(np.argmax(around), around.shape)
    least = np.argmin(around[:, sector])
    assert usual[where, sector] > usual[least, sector]


def test_sector_shares_count_the_firms_around(town):
    model = ps.ParkModel(town, seed=1)
    shares = neighbours.sector_shares(model)
    names = list(town.enterprises.sectors)
    usual = np.array(list(town.enterprises.sectors.values()))
    rows = list(firms(model).values())
    for building in (0, 16, 33):
        near = [r for r in rows if model.place.between[building, model.firms.building[r]] <= 5]
        for s in range(len(names)):
            share = sum(model.firms.sector[r] == s for r in near) / len(near)
            assert shares[building, s] == pytest.approx(share - usual[s] / usual.sum())


def test_a_park_without_free_floor_turns_entrants_away(town):
    model = ps.ParkModel(town, seed=1)
    rows = np.array(list(firms(model).values()))
    offices.move_in(model, rows, np.full(rows.size, 1000))
    before, known = model.turned_away, set(firms(model))
    for _ in play(model, 6, enterprises.enter):
        pass
    assert set(firms(model)) == known
    assert model.turned_away > before


def test_one_more_entrant_elsewhere_changes_no_other_firms_draws(town):
    one, other = (ps.ParkModel(town, seed=6) for _ in range(2))
    far = int(np.flatnonzero(other.offices.market)[-1])
    stranger = np.array([12345], dtype=np.uint64)
    enterprises.settle(
        other,
        "firm_entry",
        stranger,
        stranger,
        np.array([0]),
        np.array([far]),
        np.array([2]),
        other.offices.base_rent,
    )
    for _ in range(12):
        for model in (one, other):
            model.month += 1
            enterprises.play(model)
    a, b = set(firms(one)), set(firms(other)) - {12345}
    assert a == b
    assert column(one, "runway").keys() <= column(other, "runway").keys()
    for name in ("size", "runway", "rd_share", "high_tech", "born"):
        theirs, ours = column(one, name), column(other, name)
        same = [abs(float(theirs[i]) - float(ours[i])) < 1e-3 for i in a]
        assert np.mean(same) > (0.99 if name != "runway" else 0.97), name


# --- spin-offs -----------------------------------------------------------------------------------


def test_a_spin_off_bears_its_parents_number_and_sits_near(town):
    model = ps.ParkModel(town.with_(LIVELY), seed=3)
    chance, parents = Chance(3), {}
    for _ in play(model, 12):
        parents |= {i: int(model.firms.building[r]) for i, r in firms(model).items()}
    born = [r for r in firms(model).values() if model.firms.parent[r]]
    assert len(born) > 5
    for r in born:
        parent = model.firms.parent[r]
        possible = chance.identities("spin-off", np.full(9, parent), np.arange(9, dtype=np.uint64))
        assert model.firms.identity[r] in possible
        near = model.place.between[parents[int(parent)], model.firms.building[r]]
        assert near <= town.parameters.enterprises.spillover_reach_min
    made = sum(len(ids) for _, kind, ids, _, _ in model.events if kind == "spin_off")
    assert made >= len(born)


def test_only_technology_firms_of_some_size_have_spin_offs(town):
    model = ps.ParkModel(town.with_(LIVELY), seed=3)
    smallest = town.parameters.enterprises.spinoff_parent_size
    for _ in play(model, 6, enterprises.spin_off):
        spun = np.flatnonzero(model.firms.spun > 0)
        assert model.tech_sector[model.firms.sector[spun]].all()
        assert (model.firms.size[spun] > smallest).all()


def test_spin_offs_do_not_depend_on_neighbours_unless_a_scenario_says_so(town):
    assert town.parameters.enterprises.spinoff_spillover == 0.0
    alone, crowded = (ps.ParkModel(town.with_(LIVELY), seed=3) for _ in range(2))
    crowded.firms.exposure[:] *= 3
    for model in (alone, crowded):
        model.month += 1
        enterprises.spin_off(model)
    assert set(firms(alone)) == set(firms(crowded))


# --- the ladder ----------------------------------------------------------------------------------


def test_quotas_are_never_exceeded_and_the_best_are_promoted(town):
    eager = {f"parameters.ladder.step_{t}": 0.25 for t in ("innovative", "srdi")}
    model = ps.ParkModel(town.with_(eager | {"parameters.ladder.step_little_giant": 0.2}), seed=1)
    for month in (12, 24, 36):
        model.month = month
        before, standing = column(model, "tier"), dict(zip(firms(model), _scores(model), strict=True))
        ladder.review(model)
        after = column(model, "tier")
        for tier in range(len(TIERS) - 1):
            on = [i for i in before if before[i] == tier]
            up = [i for i in on if after[i] == tier + 1]
            assert len(up) <= np.ceil(ladder.quota(model, tier))
            assert all(standing[i] >= standing[j] for i in up for j in on if after[j] <= tier)
        assert all(after[i] - before[i] <= 1 for i in before)


def _scores(model):
    return ladder.score(model, np.array(list(firms(model).values())))


def test_only_little_giants_are_lost_at_review_and_as_many_as_measured(town):
    named = {"enterprises.tiers": {"innovative": 0.2, "srdi": 0.1, "little_giant": 0.6, "champion": 0.01}}
    model = ps.ParkModel(town.with_(named), seed=1)
    lost = stood = 0
    for year in range(1, 25):
        before = column(model, "tier")
        model.month = 12 * year
        ladder.review(model)
        after = column(model, "tier")
        fell = [i for i in before if after[i] < before[i]]
        assert all(TIERS[before[i]] == "little_giant" and TIERS[after[i]] == "srdi" for i in fell)
        stood += sum(TIERS[t] == "little_giant" for t in before.values())
        lost += len(fell)
    assert lost / stood == pytest.approx(0.10, abs=0.03)


def test_nothing_happens_on_the_ladder_between_the_yearly_rounds(town):
    model = ps.ParkModel(town, seed=1)
    before = model.firms.tier.copy()
    for _ in play(model, 11, ladder.review):
        assert np.array_equal(model.firms.tier, before)


def test_the_first_firms_stand_where_the_scenario_puts_them(town):
    model = ps.ParkModel(town.with_({"enterprises.tiers": {"srdi": 0.5}}), seed=1)
    count = np.bincount(model.firms.tier[model.firms.active], minlength=len(TIERS))
    assert count.tolist() == [250, 0, 250, 0, 0]
    with pytest.raises(ParksimError, match=r"1\.2"):
        town.with_({"enterprises.tiers": {"micro": 0.6, "srdi": 0.6}})


def test_high_tech_firms_are_technology_firms_in_their_usual_number(town):
    share = []
    for seed in range(4):
        model = ps.ParkModel(town, seed=seed)
        marked = model.firms.high_tech & model.firms.active
        assert model.tech_sector[model.firms.sector[marked]].all()
        share.append(marked.sum() / model.firms.active.sum())
    assert np.mean(share) == pytest.approx(town.parameters.ladder.high_tech_share, abs=0.03)


# --- spillover and what is measured --------------------------------------------------------------


def test_exposure_is_the_workers_of_other_firms_weighed_by_the_walk(town):
    model = ps.ParkModel(town.with_(LIVELY), seed=3)
    for _ in play(model, 12):
        pass
    p = model.spec.parameters.enterprises
    place, posts = model.place, model.posts
    held = np.flatnonzero(posts.firm >= 0)
    building, owner = place.unit_building[posts.unit[held]], posts.firm[held]
    walk = place.between
    handy = [r for r in firms(model).values() if model.firms.size[r] < 100]
    several = [r for r in handy if np.unique(building[owner == r]).size > 1]
    assert several
    for r in [*several[:3], *handy[:3]]:
        mine, theirs = building[owner == r], building[owner != r]
        minutes = walk[mine[:, None], theirs[None, :]]
        weight = np.where(minutes <= p.spillover_reach_min, np.exp(p.spillover_decay * minutes), 0)
        assert model.firms.exposure[r] == pytest.approx(weight.sum(axis=1).mean(), rel=1e-4)


def test_a_firm_that_cuts_posts_is_marked_with_the_month(town):
    model = ps.ParkModel(town.with_({"parameters.enterprises.growth_scale": 0.3}), seed=1)
    before = column(model, "size")
    model.month += 1
    enterprises.grow(model)
    after, marked = column(model, "size"), column(model, "shrank")
    assert any(after[i] < before[i] for i in before)
    for i in before:
        assert (marked[i] == model.month) == (after[i] < before[i])


def test_firms_that_nothing_happens_to_stay_as_they_are(town):
    model = ps.ParkModel(town.with_(nothing_happens()), seed=1)
    before = column(model, "size")
    for _ in play(model, 12):
        pass
    assert column(model, "size") == before


def test_the_plain_park_neither_grows_nor_shrinks_by_itself(town):
    """Entry is calibrated to this; the spread over parks is about 2.5 % for firms and 5 % for posts."""
    change = []
    for seed in range(6):
        model = ps.ParkModel(town, seed=seed)
        start = np.array([len(firms(model)), model.firms.size[model.firms.active].sum()])
        for _ in play(model, 36):
            pass
        end = np.array([len(firms(model)), model.firms.size[model.firms.active].sum()])
        change.append(end / start - 1)
    firms_change, posts_change = np.mean(change, axis=0)
    assert abs(firms_change) < 0.05
    assert abs(posts_change) < 0.07


def test_the_month_measures_tiers_spin_offs_cash_and_rent():
    model = ps.ParkModel(ps.load("tiny-park"), seed=1).run(1)
    measured = model.measured[-1]
    assert sum(measured[f"tier_{tier}"] for tier in TIERS) == measured["enterprises"]
    for name in ("spinoffs", "runway_months", "office_rent", "firms_high_tech", "firms_listed", "land_mu"):
        assert np.isfinite(measured[name])
