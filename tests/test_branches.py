"""Timetables that begin alike share their past, and nobody can tell by the numbers."""

from __future__ import annotations

import pytest

import parksim as ps
from parksim.errors import ParksimError
from parksim.experiment import branches
from parksim.experiment.branches import months_played, play_together
from parksim.experiment.work import Job, Member, Task, run_key, work

CAFE = {"name": "cafe", "category": "cafe", "block": "pavilion", "capacity": 12, "capex_cny": 500.0}
MEASURES = {
    "west": {"kind": "open_fence", "target": "west-fence", "cost_cny": 100.0},
    "east": {"kind": "open_fence", "target": "east-fence", "payer": "operator", "cost_cny_year": 50.0},
    "cafe": {"kind": "add_amenity", "build_months": 1, "amenity": CAFE},
}


def town(**months):
    measures = [{**MEASURES[name], "name": name, "month": month} for name, month in months.items()]
    return ps.load("tiny-park").with_({"interventions": measures, "start.burn_in_months": 2})


TOWNS = [
    town(west=2, east=4, cafe=6),
    town(west=4, east=2, cafe=6),
    town(west=2, east=6, cafe=4),
    town(west=2, east=4, cafe=7),
    town(west=2, east=6, cafe=4),
]


def task(towns, *, changes=None, together):
    changes = changes or {}
    members = [Member.of(each) for each in towns]
    jobs = tuple(Job(run_key(m, {**changes, "n": k}, 5, 9), m, changes) for k, m in enumerate(members))
    return Task(5, 9, jobs, events=True, together=together)


@pytest.mark.parametrize(
    "changes", [{}, {"parameters.staying.quit_monthly": 0.03}], ids=["as it is", "changed"]
)
def test_played_together_or_alone_the_runs_are_the_same_to_the_bit(changes):
    alone = work(task(TOWNS, changes=changes, together=False))
    shared = work(task(TOWNS, changes=changes, together=True))
    assert not [one.traceback for one in alone if one.failed]
    for a, b in zip(alone, shared, strict=True):
        assert a.key == b.key
        assert a.digest == b.digest
        assert a.events == b.events
    assert len({one.digest for one in shared}) == 4  # the third and the fifth are one timetable


def test_every_month_is_played_once_for_those_who_still_agree(monkeypatch):
    from parksim.model import ParkModel

    steps = []
    step = ParkModel.step
    monkeypatch.setattr(ParkModel, "step", lambda model: (steps.append(model.month), step(model))[1])
    play_together(task(TOWNS, together=True))
    # month 1 by all; from 2 by two kinds; from 4 by three; from 6 by four
    assert len(steps) == months_played(TOWNS, 9) == 1 * 1 + 2 * 2 + 2 * 3 + 4 * 4


def test_no_more_pasts_are_kept_than_timetables_part_on_one_way(monkeypatch):
    kept = []
    dumps = branches.pickle.dumps
    monkeypatch.setattr(branches.pickle, "dumps", lambda *a, **k: (kept.append(1), dumps(*a, **k))[1])
    play_together(task(TOWNS, together=True))
    assert len(kept) == 3


def test_what_fails_takes_only_those_with_it_who_share_the_month(monkeypatch):
    from parksim.model import ParkModel

    step = ParkModel.step

    def stumble(model):
        if model.month == 4 and any(i.name == "cafe" and i.month == 4 for i in model.spec.interventions):
            raise RuntimeError("the café fell on somebody")
        step(model)

    monkeypatch.setattr(ParkModel, "step", stumble)
    found = play_together(task(TOWNS, together=True))
    assert [one.failed for one in found] == [False, False, True, False, True]


def test_a_model_goes_on_only_as_who_has_the_same_past():
    model = ps.ParkModel(TOWNS[0], seed=5).run(3)
    with pytest.raises(ParksimError, match="interventions up to month 3"):
        model.go_on_as(TOWNS[1])
    with pytest.raises(ParksimError, match="population"):
        model.go_on_as(TOWNS[0].with_({"population.owner_share": 0.9}))
    model.go_on_as(TOWNS[3])
