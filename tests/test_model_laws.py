"""Laws of the whole model: what may never change a run, what is conserved, who is affected by what."""

import sys
from pathlib import Path

import mesa
import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.plain_mesa import slice_of

import parksim.model
from parksim import cores
from parksim.agents import Employee
from parksim.firms.offices import free
from parksim.model import ParkModel
from parksim.phases import WRITES
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.read import load

RESTLESS = {
    "parameters.staying.quit_monthly": 0.04,
    "parameters.hiring.seek_in_park": 0.4,
    "parameters.enterprises.entry_year": 0.5,
    "parameters.enterprises.entrant_size": 6,
    "parameters.enterprises.exit_year_4_7": 0.2,
}
NO_FACTOR = {
    f"parameters.staying.{name}": 1.0
    for name in (
        *("tenure_0_6", "tenure_7_12", "tenure_13_36", "tenure_37"),
        *("age_under_25", "age_25_34", "age_35_44", "age_45"),
        *("commute_per_10min", "tie", "park_home", "firm_shrinking"),
    )
} | {
    "parameters.staying.services": 0.0,
    "parameters.staying.wage_share": 0.0,  # offers follow the vacancies of all firms
    "parameters.staying.retirement_age": 75,
}
FIRMS_STAY = {
    f"parameters.enterprises.{name}": 0.0
    for name in (
        *("growth_scale", "growth_mean", "entry_year"),
        *("exit_year_1", "exit_year_2", "exit_year_3", "exit_year_4_7", "exit_year_8"),
    )
}


@pytest.fixture(scope="module")
def town():
    """IoT Town's park with 300 people and 16 restless firms."""
    return slice_of("iot-town-park", 300, 16, **RESTLESS)


def columns(table):
    return {name: getattr(table, name).copy() for name in table.columns}


def assert_same_columns(a, b):
    for name, column in columns(a).items():
        assert np.array_equal(column, getattr(b, name)), name


def assert_same_run(a, b):
    """Bit for bit: people, firms, events and every indicator of every month."""
    assert_same_columns(a.posts, b.posts)
    assert_same_columns(a.firms, b.firms)
    assert a.event_table().equals(b.event_table())
    assert pd.DataFrame(a.measured).equals(pd.DataFrame(b.measured))


def by_identity(model, name):
    posts = model.posts
    held = posts.filled
    return dict(zip(posts.identity[held].tolist(), getattr(posts, name)[held].tolist(), strict=True))


def forget_burn_ins():
    parksim.model._snapshots.clear()


# --- what may never change a run -----------------------------------------------------------------


def test_the_number_of_cores_changes_nothing(town, monkeypatch):
    monkeypatch.setenv(cores.VARIABLE, "1")
    alone = ParkModel(town, seed=5).run(4)
    monkeypatch.setattr(cores, "AT_ONCE", 64)  # so that the few people of a test make several stretches
    for number in "12":
        monkeypatch.setenv(cores.VARIABLE, number)
        forget_burn_ins()
        assert_same_run(ParkModel(town, seed=5).run(4), alone)
    forget_burn_ins()


def test_the_same_seed_plays_the_same_run_to_the_bit(town):
    runs = []
    for _ in range(2):
        forget_burn_ins()
        runs.append(ParkModel(town, seed=5).run(8))
    assert_same_run(*runs)


def test_another_seed_has_other_people(town):
    one, other = (ParkModel(town, seed=seed) for seed in (5, 6))
    assert not set(one.posts.identity[one.posts.filled]) & set(other.posts.identity[other.posts.filled])


def test_a_remembered_burn_in_is_the_burn_in(town):
    forget_burn_ins()
    played = ParkModel(town, seed=5).run(4)
    remembered = ParkModel(town, seed=5).run(4)
    assert_same_run(played, remembered)


def test_the_family_grows_up_once(monkeypatch):
    forget_burn_ins()
    grown = []
    begin = ParkModel._begin
    monkeypatch.setattr(
        ParkModel, "_begin", lambda self, plain: (grown.append(plain.name), begin(self, plain))
    )
    for name in ("tiny-park", "tiny-community", "tiny-park"):
        ParkModel(load(name), seed=3)
    assert len(grown) == 1


def test_months_played_in_pieces_are_the_same_months(town):
    at_once = ParkModel(town, seed=5).run(6)
    in_pieces = ParkModel(town, seed=5)
    for months in (1, 2, 3):
        in_pieces.run(months)
    assert_same_run(at_once, in_pieces)


def test_looking_changes_nothing(town):
    alone = ParkModel(town, seed=5).run(5)
    watched = ParkModel(town, seed=5)
    collector = mesa.DataCollector(
        model_reporters={"heads": lambda m: len(m.employees)},
        agenttype_reporters={Employee: {"minutes": "commute_min"}},
    )
    for _ in range(5):
        watched.step()
        collector.collect(watched)
        assert len(watched.agents.shuffle()) > 300
        assert watched.grid.all_cells
        for table in (watched.employees, watched.enterprises, watched.amenities):
            table.to_pandas()
        watched.event_table()
    assert_same_run(alone, watched)


def test_measuring_changes_nothing(town, monkeypatch):
    measured = ParkModel(town, seed=5).run(5)
    unmeasured = ParkModel(town, seed=5)
    monkeypatch.setattr(parksim.model, "PHASES", parksim.model.PHASES[:-1])
    unmeasured.run(5)
    assert not unmeasured.measured
    assert_same_columns(measured.posts, unmeasured.posts)
    assert measured.event_table().equals(unmeasured.event_table())


def test_a_community_that_differs_in_name_only_is_the_park(tmp_path):
    file = tmp_path / "renamed.yaml"
    file.write_text(
        "parksim: 1\nname: renamed\ntitle: Another name\nsummary: Nothing else.\nextends: tiny-park\n",
        encoding="utf-8",
    )
    renamed = load(file)
    assert renamed.before is not None
    assert_same_run(ParkModel(load("tiny-park"), seed=2).run(12), ParkModel(renamed, seed=2).run(12))


def test_a_fence_that_opens_in_month_5_leaves_months_1_to_4_alone():
    park = load("tiny-park")
    opening = {"kind": "open_fence", "name": "opening", "month": 5, "target": "west-fence"}
    closed, opened = ParkModel(park, seed=1), ParkModel(park.with_(interventions=[opening]), seed=1)
    for model in (closed, opened):
        model.run(4)
    assert_same_run(closed, opened)
    for model in (closed, opened):
        model.step()
    saved = closed.measured[-1]["commute_mean_min"] - opened.measured[-1]["commute_mean_min"]
    assert 0 < saved <= 3, "the fence is a detour of 3 minutes for those in block west"


def test_a_cafe_that_closes_leaves_the_waiting_list_for_flats_alone():
    closing = {"kind": "close_amenity", "name": "closing", "month": 1, "target": "pavilion-cafe"}
    model = ParkModel(load("tiny-community").with_(interventions=[closing]), seed=1)
    (before,) = model.place.flats
    waiting = np.flatnonzero(model.posts.filled & (model.posts.flat < 0))[:3]
    model.posts.flat_wish[waiting] = before
    model.change_layout(model.layout.interventions[0])
    (after,) = model.place.flats
    assert after != before
    assert (model.posts.flat_wish[waiting] == after).all()


def test_each_phase_writes_only_what_is_its_own(town):
    model = ParkModel(town, seed=5)
    for _ in range(3):
        model.month += 1
        for phase in parksim.model.PHASES:
            posts, firms = columns(model.posts), columns(model.firms)
            name = phase.__name__.rpartition(".")[2]
            phase.play(model)
            if name in ("staying", "hiring", "enterprises"):
                continue  # people come and go: whole rows change
            wrote = {c for c in posts if not np.array_equal(posts[c], getattr(model.posts, c))}
            assert {f"posts.{c}" for c in wrote} <= WRITES[name], name
            assert all(np.array_equal(firms[c], getattr(model.firms, c)) for c in firms), name


# --- who is affected by what ---------------------------------------------------------------------


def crowded(scenario):
    """Nearly every place too small, so that queues matter to everybody."""
    return scenario.with_({f"amenities.{a.name}.capacity": min(3, a.capacity) for a in scenario.amenities})


def with_amenity(scenario, **amenity):
    return scenario.with_({"amenities": [amenity]})


def test_a_busy_kiosk_beyond_everybodys_reach_changes_nobody(town):
    via = next(g.name for g in town.gateways if g.kind == "path")
    far = {"via": via, "walk_m": 3000}
    before = crowded(town.with_({"parameters.staying.services": -1.0}))
    after = with_amenity(
        before, name="far-kiosk", category="convenience", capacity=4, outside=far, outsiders=50_000
    )
    plain, changed = ParkModel(before, seed=1).run(6), ParkModel(after, seed=1).run(6)
    assert plain.services.wait.max() > 1, "nobody queues, so nothing is tested"
    assert_same_columns(plain.posts, changed.posts)
    assert plain.event_table().equals(changed.event_table())


def offered(scenario):
    return {a.category for a in scenario.amenities}


def test_a_corner_for_one_firms_own_staff_is_noticed_by_nobody_else(town):
    before = crowded(town)
    anchor = town.enterprises.anchors[0]
    new = next(c for c, kind in CATEGORIES.items() if not kind.allotted and c not in offered(town))
    place = {"name": "corner", "category": new, "capacity": 20, "block": anchor.block}
    after = with_amenity(before, **place, access="staff", owner=anchor.name)
    plain, changed = ParkModel(before, seed=1).run(3), ParkModel(after, seed=1).run(3)
    posts = changed.posts
    anchored = changed.firms.anchor[posts.firm] == 0
    others = posts.filled & ~anchored
    assert np.array_equal(plain.posts.identity, posts.identity)
    for column in ("served", "unserved", "commute_min", "mode", "zone"):
        assert np.array_equal(getattr(plain.posts, column)[others], getattr(posts, column)[others]), column
    mine = posts.filled & anchored
    assert (posts.served[mine] > plain.posts.served[mine]).any(), "its own staff do not notice it either"


def one_more(scenario):
    """Return the scenario with an anchor larger by one person; no other firm changes."""
    anchor = scenario.enterprises.anchors[0]
    return scenario.with_(
        {
            "population.employees": scenario.population.employees + 1,
            f"enterprises.anchors.{anchor.name}.employees": anchor.employees + 1,
        }
    )


def events(model):
    return set(model.event_table().itertuples(index=False, name=None))


def post_identities(model):
    posts, firms = model.posts, model.firms
    held = posts.firm >= 0
    return set(zip(firms.identity[posts.firm[held]].tolist(), posts.post[held].tolist(), strict=True))


def test_one_more_employee_is_one_more_and_the_others_are_who_they_were():
    """Guaranteed to the bit: who everybody is, where they live at first, and on which post they sit."""
    park = load("tiny-park").with_({"start.burn_in_months": 0})
    before, after = ParkModel(park, seed=1), ParkModel(one_more(park), seed=1)
    assert len(after.employees) == len(before.employees) + 1
    for column in ("age", "household", "wage_band", "needs", "zone", "spread", "since", "post", "floor"):
        one, other = by_identity(before, column), by_identity(after, column)
        assert one.items() <= other.items(), column
    assert post_identities(before) < post_identities(after)


@pytest.mark.parametrize("seed", range(3))
def test_one_more_employee_changes_nobody_who_does_not_meet_him(seed):
    """Guaranteed to the event where nothing is shared: no road, no queue that matters, no mean, no applicant.

    The newcomer is known by the post; whoever ever sits there is left out of the comparison.
    """
    alone = {**NO_FACTOR, "parameters.hiring.seek_in_park": 0.0, "parameters.home.move_per_10min": 1.0}
    park = load("tiny-park").with_(alone)
    before, after = ParkModel(park, seed=seed).run(24), ParkModel(one_more(park), seed=seed).run(24)
    theirs = events(before)
    ours = events(after)
    assert theirs <= ours
    extra = post_identities(after) - post_identities(before)
    assert len(extra) == 1
    (firm, _) = extra.pop()
    assert {event[3] for event in ours - theirs} <= {firm}, "only the anchor has other events"


def test_one_more_employee_on_shared_roads_and_in_shared_queues_changes_hardly_anybody(town):
    """Not guaranteed to the event: the hazard is scaled to a mean, roads and queues are shared."""
    before, after = ParkModel(town, seed=2).run(6), ParkModel(one_more(town), seed=2).run(6)
    theirs = events(before)
    ours = events(after)
    assert len(theirs & ours) > 0.9 * len(theirs)
    then, now = by_identity(before, "commute_min"), by_identity(after, "commute_min")
    both = then.keys() & now.keys()
    assert len(both) > 0.97 * len(then)
    assert np.mean([abs(then[i] - now[i]) < 0.05 for i in both]) > 0.97


def test_members_of_a_family_start_with_the_same_people_homes_and_firms():
    park, community = (ParkModel(load(f"tiny-{kind}"), seed=4) for kind in ("park", "community"))
    for column in (
        "identity",
        "age",
        "household",
        "needs",
        "zone",
        "spread",
        "since",
        "ties",
        "firm",
        "post",
    ):
        assert np.array_equal(getattr(park.posts, column), getattr(community.posts, column)), column
    assert_same_columns(park.firms, community.firms)
    assert not np.array_equal(park.posts.commute_min, community.posts.commute_min)


def test_the_same_vacancy_meets_the_same_stranger_in_both_members():
    runs = [ParkModel(load(f"tiny-{kind}"), seed=4).run(24) for kind in ("park", "community")]
    hired = [set(m.event_table().query("kind == 'hire'").identity) for m in runs]
    shared = hired[0] & hired[1]
    assert len(shared) > 0.8 * min(len(h) for h in hired)


def test_models_played_in_turn_do_not_know_of_each_other(town):
    scenarios = [load("tiny-park"), load("tiny-community"), town]
    alone = [ParkModel(s, seed=7).run(4) for s in scenarios]
    in_turn = [ParkModel(s, seed=7) for s in scenarios]
    for _ in range(4):
        for model in in_turn:
            model.step()
    for a, b in zip(alone, in_turn, strict=True):
        assert_same_run(a, b)


# --- what is conserved ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_people_and_posts_are_conserved_every_month(town, seed):
    model = ParkModel(town, seed=seed)
    heads = len(model.employees)
    for month in range(1, 13):
        model.step()
        events = model.event_table()
        kinds = events[events.month == month].kind.value_counts()
        heads += kinds.get("hire", 0) - kinds.get("leave", 0)
        posts, firms = model.posts, model.firms
        assert len(model.employees) == heads
        identities = posts.identity[posts.filled]
        assert len(set(identities.tolist())) == heads, "somebody holds two posts"
        assert not set(identities.tolist()) & set(model.seekers.identity.tolist()), "employed and seeking"
        assert len(set(model.seekers.identity.tolist())) == len(model.seekers)
        in_use = posts.firm >= 0
        assert firms.size[firms.active].sum() == in_use.sum()
        assert np.array_equal(np.bincount(posts.firm[in_use], minlength=len(firms)), firms.size)
        assert firms.active[posts.firm[in_use]].all(), "a post of a firm that is gone"
        assert not posts.filled[~in_use].any()
        assert not posts.identity[~posts.filled].any(), "a vacancy remembers somebody"
    assert {"hire", "leave", "firm_exit", "firm_entry"} <= set(events.kind)


def test_firms_that_come_and_go_are_counted(town):
    model = ParkModel(town, seed=1)
    before = len(model.enterprises)
    kinds = model.run(12).event_table().kind.value_counts()
    assert len(model.enterprises) == before + kinds["firm_entry"] - kinds["firm_exit"]


def test_nobody_has_more_posts_than_the_building_has_floor(town):
    model = ParkModel(town, seed=1)
    for _ in range(12):
        model.step()
        assert (free(model) >= 0).all()


def test_leavers_stay_in_the_denominator_of_the_cohort(town):
    model = ParkModel(town, seed=1)
    members = {int(i): k for k, i in enumerate(model.memory.cohort["identity"])}
    assert set(members) == set(by_identity(model, "age"))
    last_known = dict(enumerate(model.memory.cohort["minutes"]))
    for _ in range(6):
        model.step()
        travelled = model.posts.mode[model.posts.filled] >= 0
        here = zip(by_identity(model, "commute_min").items(), travelled, strict=True)
        last_known |= {members[i]: m for (i, m), went in here if went and i in members}
        assert model.measured[-1]["commute_mean_min_cohort"] == pytest.approx(np.mean([*last_known.values()]))
    events = model.event_table()
    first = (
        events[(events.kind == "leave") & events.identity.isin(list(members))].groupby("identity").month.min()
    )
    cohort = model.memory.cohort
    assert len(cohort["identity"]) == len(members)
    gone = {int(i): int(m) for i, m in zip(cohort["identity"], cohort["left_month"], strict=True) if m >= 0}
    assert gone == first.to_dict()
    assert gone


@pytest.mark.parametrize("h", [0.01, 0.03])
def test_with_every_factor_at_one_the_cohort_survives_geometrically(h):
    """Share still with the first employer after t months: (1 - h)^t, within four binomial standard errors."""
    quit_at = {"parameters.staying.quit_monthly": h}
    plain = slice_of("iot-town-park", 2000, 40, **NO_FACTOR, **FIRMS_STAY, **quit_at)
    model = ParkModel(plain.with_({"start.burn_in_months": 0}), seed=1)
    left = model.run(12).memory.cohort["left_month"]
    assert len(left) == 2000
    for t in range(1, 13):
        stayed = np.mean((left < 0) | (left > t))
        expected = (1 - h) ** t
        assert stayed == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 2000)), t
