"""Hub + X valleys: zoning moves firms, and partners gain by the minutes between them alone."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

import parksim as ps
from parksim.firms import zoning
from parksim.scenario.zoning import Zoning

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.plain_mesa import slice_of

BUSY = {
    "parameters.enterprises.entry_year": 1.5,
    "parameters.enterprises.entrant_size": 4,
    "parameters.enterprises.exit_year_4_7": 0.3,
    "parameters.enterprises.exit_year_8": 0.3,
    "parameters.enterprises.spinoff_year": 0.3,
    "parameters.enterprises.spinoff_parent_size": 5,
    "parameters.enterprises.growth_scale": 0.4,
}
VALLEYS = {
    "hub": "port",
    "valleys": [
        {"name": "health", "blocks": ["health-valley"], "sectors": ["health"]},
        {"name": "machines", "blocks": ["ai-valley", "home-valley"], "sectors": ["ai", "smart-home"]},
    ],
}
OF = {"health-valley": {"health"}, "ai-valley": {"ai", "smart-home"}, "home-valley": {"ai", "smart-home"}}
SEED = 5


@pytest.fixture(scope="module")
def port():
    park = slice_of("info-port-park", 300, 30, **BUSY)
    legend = {f"map.legend.{key}.built": symbol.built / 25 for key, symbol in park.map.legend.items()}
    return park.with_(legend)


def played(scenario, months=14, **rules):
    plan = {"kind": "zone_valleys", "name": "zones", "month": 1, "set": {**VALLEYS, **rules}}
    return ps.ParkModel(scenario.with_({"interventions": [plan]} if rules else {}), seed=SEED).run(months)


@pytest.fixture(scope="module")
def free(port):
    return played(port)


@pytest.fixture(scope="module")
def strict(port):
    return played(port, steering=10, to_others=0)


def newcomers(model):
    """Block and sector of the firms that came after month 0."""
    firms, sectors = model.firms, list(model.spec.enterprises.sectors)
    rows = np.flatnonzero(firms.active & (firms.born > 0))
    return [(model.place.buildings[firms.building[r]].block, sectors[firms.sector[r]]) for r in rows]


def test_floor_is_for_whom_the_valleys_say(free):
    rules = Zoning.model_validate({**VALLEYS, "steering": 3, "to_others": 0.25})
    sectors = list(free.spec.enterprises.sectors)
    lets, shown = zoning.floor_shares(rules, free.place.buildings, sectors)
    for b, building in enumerate(free.place.buildings):
        for s, sector in enumerate(sectors):
            own = sector in OF.get(building.block, ())
            other = building.block in OF and not own
            assert lets[b, s] == (0.25 if other else 1)
            assert shown[b, s] == (3 if own else 0.25 if other else 1)


def test_who_comes_settles_in_no_valley_of_others(free, strict):
    came, unzoned = newcomers(strict), newcomers(free)
    assert len(came) > 30
    assert [pair for pair in came if pair[0] in OF and pair[1] not in OF[pair[0]]] == []
    assert [pair for pair in unzoned if pair[0] in OF and pair[1] not in OF[pair[0]]] != []


def test_who_is_steered_finds_the_own_valley_more_often(free, strict):
    def at_home(model):
        of_valleys = [
            (block, sector) for block, sector in newcomers(model) if sector in {"health", "ai", "smart-home"}
        ]
        return np.mean([sector in OF.get(block, ()) for block, sector in of_valleys])

    assert at_home(strict) > at_home(free) + 0.1


def test_a_growing_firm_rents_no_floor_in_a_valley_of_others(port):
    def posts(model):
        rows = np.flatnonzero(model.posts.firm >= 0)
        firm = model.posts.firm[rows]
        known = zip(model.firms.identity[firm].tolist(), model.posts.post[rows].tolist(), strict=True)
        return dict(zip(known, rows.tolist(), strict=True))

    before, model = posts(ps.ParkModel(port, seed=SEED)), played(port, months=8, to_others=0)
    sectors = list(model.spec.enterprises.sectors)
    rented = 0
    for post, row in posts(model).items():
        firm, here = model.posts.firm[row], model.place.unit_building[model.posts.unit[row]]
        if post in before or here == model.firms.building[firm]:
            continue
        block, sector = model.place.buildings[here].block, sectors[model.firms.sector[firm]]
        assert block not in OF or sector in OF[block]
        rented += 1
    assert rented > 3


def test_valleys_without_rules_change_nothing(port, free):
    same = played(port, steering=1, to_others=1)
    for name in free.firms.columns:
        np.testing.assert_array_equal(getattr(same.firms, name), getattr(free.firms, name), name)


def test_steering_alone_brings_not_one_firm_more(port, free):
    """It says where, not how many: in the first month the same firms come."""
    steered = played(port, months=1, steering=100, to_others=1)
    usual = ps.ParkModel(port, seed=SEED).run(1)
    assert steered.firm_entries == usual.firm_entries > 0
    assert set(steered.firms.identity.tolist()) == set(usual.firms.identity.tolist())


def test_valleys_are_zoned_in_their_month(port):
    plan = {"kind": "zone_valleys", "name": "zones", "month": 3, "set": {**VALLEYS, "to_others": 0}}
    model = ps.ParkModel(port.with_({"interventions": [plan]}), seed=SEED).run(2)
    assert (model.offices.lets == 1).all()
    model.run(1)
    assert (model.offices.lets == 0).any()


def test_partners_begin_more_together_the_nearer_they_are(free):
    model, p = free, free.spec.parameters
    odds = zoning.project_odds(model)
    assert len(model.ties) > 5
    sectors = list(model.spec.enterprises.sectors)
    stated = model.spec.enterprises.partners
    pairs = {frozenset((a, b)) for a, others in stated.items() for b in others}
    for tie, rows in enumerate(model.ties.row):
        one, other = (sectors[model.firms.sector[model.posts.firm[r]]] for r in rows)
        a, b = (model.place.unit_building[model.posts.unit[r]] for r in rows)
        minutes = model.place.between[a, b]
        near = frozenset((one, other)) in pairs and minutes <= p.enterprises.spillover_reach_min
        more = p.community.partner_project * math.exp(p.enterprises.spillover_decay * minutes) if near else 0
        assert odds[tie] == pytest.approx(p.community.joint_project / 12 * (1 + more))


def test_partners_around_are_counted_firm_by_firm(free):
    model, reach = free, free.spec.parameters.enterprises.neighbour_reach_min
    firms, sectors = model.firms, list(model.spec.enterprises.sectors)
    stated = model.spec.enterprises.partners
    rows, shares = np.flatnonzero(firms.active), []
    for f in rows:
        walk = model.place.between[firms.building[f]]
        others = [sectors[firms.sector[g]] for g in rows if g != f and walk[firms.building[g]] <= reach]
        mine = sectors[firms.sector[f]]
        kin = {mine, *stated.get(mine, ()), *(a for a, those in stated.items() if mine in those)}
        if others:
            shares.append(np.mean([other in kin for other in others]))
    assert zoning.near_share(model) == pytest.approx(np.mean(shares))
    assert model.measured[-1]["partner_share_near"] == pytest.approx(np.mean(shares))


def valley(blocks="[east]", sectors="[software]", name="v"):
    return f"{{name: {name}, blocks: {blocks}, sectors: {sectors}}}"


PLAN = "interventions:\n  - {kind: zone_valleys, name: z, month: 1, set: "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "zoning: {hub: pavillion}",
            "zoning.hub: there is no block 'pavillion' on the map; did you mean 'pavilion'?",
        ),
        ("zoning: {hub: east}", "zoning.hub: block 'east' has no place in it"),
        (f"zoning: {{valleys: [{valley('[est]')}]}}", "blocks: block 'est' is not on the map; did you mean"),
        (f"zoning: {{valleys: [{valley('[pavilion]')}]}}", "block 'pavilion' has no office"),
        (
            f"zoning: {{valleys: [{valley(sectors='[softwares]')}]}}",
            "no sector 'softwares'; did you mean 'software'?",
        ),
        (f"zoning: {{hub: west, valleys: [{valley('[west]')}]}}", "block 'west' is the hub"),
        (
            f"zoning: {{valleys: [{valley()}, {valley(name='w', sectors='[services]')}]}}",
            "link.yaml:6: zoning.valleys.w.blocks: block 'east' belongs to the valley 'v' already",
        ),
        ("zoning: {steering: 0.5}", "link.yaml:6: zoning.steering: 0.5 is out of range"),
        ("enterprises: {partners: {software: [servces]}}", "no sector 'servces'; did you mean 'services'?"),
        (
            f"{PLAN}{{valleys: [{valley('[est]')}]}}}}",
            "link.yaml:7: interventions.z.set.valleys.v.blocks: block 'est' is not on the map",
        ),
    ],
)
def test_wrong_valleys_are_told_where_they_stand(tmp_path, text, told):
    path = tmp_path / "link.yaml"
    path.write_text(
        f"parksim: 1\nname: x\ntitle: X\nfamily: tiny\nextends: tiny-park\n{text}\n", encoding="utf-8"
    )
    problems = [str(problem) for problem in ps.check(path)]
    assert any(told in problem for problem in problems), problems
