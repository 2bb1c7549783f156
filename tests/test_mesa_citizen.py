"""A Mesa user finds a Mesa model: agents, agent sets, collectors, grid, pickling; and it leaves no trace."""

import copy
import copyreg
import gc
import pickle
import weakref

import mesa
import numpy as np
import pytest
from mesa.agent import AgentSet

from parksim.agents import Amenity, Council, Employee, Enterprise, StaleAgentError
from parksim.model import ParkModel
from parksim.people import PERSON
from parksim.phases.staying import CAUSES
from parksim.scenario.read import load


@pytest.fixture
def model():
    """40 people, all posts filled."""
    return ParkModel(load("tiny-community").with_({"start.burn_in_months": 0}), seed=1)


def assert_same_state(a, b):
    for table in ("posts", "firms"):
        for name in getattr(a, table).columns:
            assert np.array_equal(getattr(getattr(a, table), name), getattr(getattr(b, table), name)), name
    assert a.event_table().equals(b.event_table())
    assert len(a.measured) == len(b.measured)
    assert (a.tick, a.steps) == (b.tick, b.steps)


# --- stepping and agents -------------------------------------------------------------------------


def test_it_steps_like_any_mesa_model(model):
    assert isinstance(model, mesa.Model)
    assert (model.steps, model.tick) == (0, 0)
    model.step()
    assert (model.steps, model.tick) == (1, 1)
    assert model.running


def test_agents_are_employees_enterprises_amenities_and_the_council(model):
    assert isinstance(model.agents, AgentSet)
    assert set(model.agent_types) == {Employee, Enterprise, Amenity, Council}
    by_type = model.agents_by_type
    assert len(by_type[Employee]) == len(model.employees) == 40
    assert len(by_type[Enterprise]) == len(model.enterprises) == 3
    assert len(by_type[Amenity]) == len(model.amenities) == len(model.layout.amenities)
    assert [council.seats for council in by_type[Council]] == [3]
    assert len(model.agents) == sum(len(agents) for agents in by_type.values())


def test_agents_follow_the_months(model):
    for _ in range(6):
        model.step()
        ids = {a.unique_id for a in model.agents_by_type[Employee]}
        assert ids == set(model.employees.identity.tolist())
        assert len(model.agents_by_type[Employee]) == len(model.employees)


def test_an_agent_keeps_its_object_while_it_stays(model):
    before = {a.unique_id: a for a in model.agents_by_type[Employee]}
    model.run(3)
    after = {a.unique_id: a for a in model.agents_by_type[Employee]}
    stayed = before.keys() & after.keys()
    assert stayed
    assert all(before[i] is after[i] for i in stayed)


def test_an_agent_reads_its_row_with_names_for_codes(model):
    person = next(iter(model.agents_by_type[Employee]))
    posts = model.posts
    assert person.commute_min == posts.commute_min[person.row]
    assert isinstance(person.age, float)
    assert person.mode == "bus"
    assert person.zone in ("North", "South")
    assert person.enterprise.sector in ("software", "services")
    assert person in [a for a in model.agents_by_type[Employee] if a.enterprise is person.enterprise]
    assert sum(firm.employees for firm in model.agents_by_type[Enterprise]) == 40
    assert {a.name for a in model.agents_by_type[Amenity]} == {a.name for a in model.layout.amenities}


def test_an_agent_writes_its_row(model):
    person = next(iter(model.agents_by_type[Employee]))
    person.trust = 0.25
    person.zone = "South"
    assert model.posts.trust[person.row] == 0.25
    assert person.zone == "South"
    with pytest.raises(AttributeError, match="no column 'shoe_size'"):
        _ = person.shoe_size


def test_agent_sets_get_set_agg_select_and_group(model):
    people = model.agents_by_type[Employee]
    assert sorted(people.get("commute_min")) == sorted(model.employees.commute_min.tolist())
    assert people.agg("commute_min", np.mean) == pytest.approx(model.employees.commute_min.mean(), rel=1e-6)
    north = people.select(lambda a: a.zone == "North")
    assert 0 < len(north) < len(people)
    groups = people.groupby("zone")
    assert {zone: len(group) for zone, group in groups} == {"North": len(north), "South": 40 - len(north)}
    people.set("ties", 3)
    assert model.employees.ties.tolist() == [3] * 40
    assert sum(people.map(lambda a: a.ties)) == 120
    assert people.shuffle().sort("age", ascending=True).get("age") == sorted(model.employees.age.tolist())


def test_a_stale_handle_says_so(model):
    handles = {a.unique_id: a for a in model.agents_by_type[Employee]}
    while True:
        model.step()
        gone = handles.keys() - set(model.employees.identity.tolist())
        if gone:
            break
    left = handles[gone.pop()]
    for ask in (lambda: left.commute_min, lambda: left.enterprise, lambda: setattr(left, "trust", 1.0)):
        with pytest.raises(StaleAgentError, match=f"Employee {left.unique_id} is no longer in the park"):
            ask()
    assert left not in model.agents


def leave_and_come_back(model, row):
    """Let the holder of a post leave it and be the one who is hired for it next, all else being equal."""
    posts = model.posts
    rows = np.array([row])
    person = {name: getattr(posts, name)[rows].copy() for name in PERSON}
    model.leave(rows, np.array([CAUSES.index("other")], dtype=np.int8))
    posts.fill[row] += 1
    model.seat(rows, person)
    posts.filled[row] = True
    model._agents_stale = True


@pytest.mark.parametrize("looked_at_in_between", [True, False])
def test_a_stale_handle_stays_stale_when_its_person_comes_back_to_the_post(model, looked_at_in_between):
    old = next(iter(model.agents_by_type[Employee]))
    leave_and_come_back(model, old.row)
    if looked_at_in_between:
        assert len(model.agents_by_type[Employee]) == 40
    for ask in (lambda: old.commute_min, lambda: old.enterprise, lambda: setattr(old, "trust", 1.0)):
        with pytest.raises(StaleAgentError, match=f"Employee {old.unique_id} is no longer in the park"):
            ask()
    (new,) = model.agents_by_type[Employee].select(lambda a: a.unique_id == old.unique_id)
    assert new is not old
    assert new.row == old.row
    assert old not in model.agents
    assert new.trust == model.posts.trust[new.row]


# --- tables --------------------------------------------------------------------------------------


def test_employees_are_a_table_of_columns(model):
    people = model.employees
    assert len(people) == 40
    assert isinstance(people.commute_min, np.ndarray)
    assert people.commute_min.shape == (40,)
    assert set(people.mode) == {"bus"}
    frame = people.to_pandas()
    assert len(frame) == 40
    assert set(frame["mode"]) == {"bus"}
    assert set(frame["zone"]) == {"North", "South"}
    assert "commute_min" in dir(people)


def test_enterprises_and_amenities_are_tables_too(model):
    assert model.enterprises.to_pandas()["size"].sum() == 40
    assert set(model.enterprises.sector) <= {"software", "services"}
    assert model.amenities.to_pandas()["name"].tolist() == [a.name for a in model.layout.amenities]


# --- collecting ----------------------------------------------------------------------------------


def test_mesas_data_collector_collects(model):
    collector = mesa.DataCollector(
        model_reporters={
            "heads": lambda m: len(m.employees),
            "commute": lambda m: m.agents_by_type[Employee].agg("commute_min", np.mean),
            "month": "tick",
        },
        agent_reporters={"minutes": lambda a: getattr(a, "commute_min", None)},
        agenttype_reporters={Employee: {"zone": "zone", "ties": "ties"}, Enterprise: {"size": "size"}},
    )
    collector.collect(model)
    for _ in range(3):
        model.step()
        collector.collect(model)
    frame = collector.get_model_vars_dataframe()
    assert frame["month"].tolist() == [0, 1, 2, 3]
    assert frame["heads"].iloc[-1] == len(model.employees)
    people = collector.get_agenttype_vars_dataframe(Employee)
    assert set(people["zone"]) <= {"North", "South", ""}
    last = people.loc[3]
    assert sorted(last.index) == sorted(model.employees.identity.tolist())
    assert collector.get_agenttype_vars_dataframe(Enterprise).loc[0]["size"].sum() == 40
    assert collector.get_agent_vars_dataframe().loc[0]["minutes"].notna().sum() == 40


# --- grid ----------------------------------------------------------------------------------------


def test_the_grid_has_the_maps_layers(model):
    grid, park = model.grid, model.place.drawn.park
    assert grid.dimensions == park.shape == (6, 8)
    for name in ("use", "floors", "m2", "block", "building"):
        assert np.array_equal(getattr(grid, name).data, getattr(park, name)), name
        assert getattr(grid[1, 1], name) == getattr(park, name)[1, 1]
    assert model.grid is grid


def test_cells_hold_the_enterprises_and_people_of_their_building(model):
    grid, park = model.grid, model.place.drawn.park
    firms = [agent for cell in grid.all_cells for agent in cell.agents if isinstance(agent, Enterprise)]
    assert sorted(a.unique_id for a in firms) == sorted(model.enterprises.identity.tolist())
    for cell in grid.all_cells:
        for agent in cell.agents:
            assert agent.cell is cell
            if isinstance(agent, Enterprise):
                building = int(model.firms.building[agent.row])
                assert park.building[cell.coordinate] == building
                assert agent.building == park.buildings[building].name
            elif isinstance(agent, Employee):
                assert (
                    park.building[cell.coordinate] == model.place.unit_building[model.posts.unit[agent.row]]
                )
    canteen = next(a for a in model.agents_by_type[Amenity] if a.name == "alpha-canteen")
    assert canteen.cell.coordinate == (2, 2)


def test_who_leaves_the_park_leaves_the_grid(model):
    assert model.grid.all_cells
    model.run(6)
    in_park = [a for a in model.agents if isinstance(a, Employee)]
    on_grid = [a for cell in model.grid.all_cells for a in cell.agents if isinstance(a, Employee)]
    assert {a.unique_id for a in on_grid} == {a.unique_id for a in in_park}
    assert len(on_grid) == len(in_park)


def test_an_intervention_redraws_the_grid():
    opening = {"kind": "open_fence", "name": "opening", "month": 2, "target": "west-fence"}
    model = ParkModel(load("tiny-park").with_(interventions=[opening]), seed=1)
    old = model.grid
    model.run(2)
    assert model.grid is not old
    assert all(a.cell in set(model.grid.all_cells) for a in model.agents)


# --- copies --------------------------------------------------------------------------------------


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize(
    ("name", "again", "looked_at"),
    [
        ("tiny-community", pickled, False),
        ("tiny-community", copy.deepcopy, True),
        ("small town", pickled, True),
    ],
)
def test_a_model_copied_in_mid_run_goes_on_as_if_nothing_had_been(name, again, looked_at):
    scenario = small_town() if name == "small town" else load(name)
    whole, halted = ParkModel(scenario, seed=2), ParkModel(scenario, seed=2)
    whole.run(5)
    halted.run(3)
    if looked_at:
        assert halted.agents
        assert halted.grid.all_cells
    copied = again(halted)
    assert (copied.steps, copied.tick) == (3, 3)
    copied.run(2)
    halted.run(2)
    assert_same_state(whole, copied)
    assert_same_state(whole, halted)


def small_town():
    """IoT Town on the way to a community, with 200 people: roads, works and interventions are under way."""
    town = load("iot-town-transition")
    anchors = {f"enterprises.anchors.{a.name}.employees": 20 for a in town.enterprises.anchors}
    return town.with_({"population.employees": 200, "enterprises.count": 12, **anchors})


def test_a_pickled_model_has_agents_and_a_grid_again(model):
    model.run(2)
    assert model.grid.all_cells
    other = pickled(model)
    assert {a.unique_id for a in other.agents} == {a.unique_id for a in model.agents}
    assert all(a.model is other for a in other.agents)
    assert other.grid[1, 1].floors == model.grid[1, 1].floors
    assert sum(len(cell.agents) for cell in other.grid.all_cells) == len(other.agents)


def test_a_copy_is_a_model_of_its_own(model):
    other = copy.deepcopy(model)
    other.run(3)
    assert model.tick == 0
    assert model.event_table().empty
    other.agents_by_type[Employee].set("ties", 9)
    assert not (model.employees.ties == 9).all()


# --- no trace ------------------------------------------------------------------------------------


def test_a_model_that_nobody_holds_is_gone():
    before = len(mesa.Agent._ids), len(copyreg.dispatch_table)
    gone = []
    for seed in range(4):
        model = ParkModel(load("tiny-community"), seed=seed)
        model.run(2)
        assert model.agents
        assert model.grid.all_cells
        assert len(model.grid[2, 2].get_neighborhood(radius=2)) == 24
        assert len(model.grid[0, 0].neighborhood) == 3
        gone.append(weakref.ref(model))
    del model
    gc.collect()
    assert [ref() for ref in gone] == [None] * 4
    assert (len(mesa.Agent._ids), len(copyreg.dispatch_table)) == before


def test_three_models_in_turn_do_not_influence_each_other():
    names = ("tiny-park", "tiny-community", "tiny-park")
    alone = [ParkModel(load(name), seed=seed).run(5) for seed, name in enumerate(names)]
    in_turn = [ParkModel(load(name), seed=seed) for seed, name in enumerate(names)]
    for _ in range(5):
        for model in in_turn:
            model.step()
            assert all(a.model is model for a in model.agents)
    for a, b in zip(alone, in_turn, strict=True):
        assert_same_state(a, b)


def test_a_run_that_nobody_looks_into_makes_no_agents():
    model = ParkModel(load("tiny-park"), seed=1).run(3)
    assert len(model._all_agents) == 0
