"""The indicators mean what their definitions say: recomputed from the event log and from looking, month by month."""

from __future__ import annotations

import numpy as np
import pytest

import parksim as ps
from parksim.phases.staying import CAUSES, QUIT_CAUSES

MONTHS = 26
QUITS = {CAUSES[k] for k in QUIT_CAUSES}


class Diary:
    """A run watched from outside: who was employed where at the end of each month."""

    def __init__(self, scenario, seed):
        model = ps.ParkModel(scenario, seed=seed)
        self.jobs = [self.look(model)]
        self.firms = [set(model.enterprises.identity.tolist())]
        self.register, self.took_part, self.heads, self.posts = [], [], [], []
        for month in range(1, MONTHS + 1):
            model.step()
            self.jobs.append(self.look(model))
            self.firms.append(set(model.enterprises.identity.tolist()))
            self.register.append((model.community.requests, model.community.answered, model.community.days))
            came = model.employees.identity[model.employees.took_part == month]
            self.took_part.append(set(came.tolist()))
            self.heads.append(len(model.employees))
            self.posts.append(int(model.firms.size[model.firms.active].sum()))
        self.model, self.measured = model, model.measured
        self.events = model.event_table()

    @staticmethod
    def look(model):
        employer = model.firms.identity[model.employees.firm]
        return dict(zip(model.employees.identity.tolist(), employer.tolist(), strict=True))


RESTLESS = {"parameters.staying.quit_monthly": 0.05, "parameters.hiring.seek_in_park": 0.25}


@pytest.fixture(scope="module", params=["tiny-community", "iot-town-community"])
def diary(request):
    scenario = ps.load(request.param)
    if request.param == "iot-town-community":
        scenario = scenario.with_(
            {
                "population.employees": 900,
                "enterprises.count": 60,
                "start.burn_in_months": 2,
                "enterprises.anchors.hikvision-digital.employees": 60,
                "enterprises.anchors.focused-photonics-tech.employees": 30,
                "enterprises.anchors.heren-tech.employees": 20,
                "enterprises.anchors.xintu-tech.employees": 10,
            }
        )
    return Diary(scenario.with_(RESTLESS), seed=6)


@pytest.mark.parametrize("month", [12, 20, 26])
def test_whoever_left_the_park_stays_in_the_denominator_of_retention(diary, month):
    then, now = diary.jobs[month - 12], diary.jobs[month]
    still = sum(person in now for person in then)
    same = sum(now.get(person) == firm for person, firm in then.items())
    assert still < len(then)
    assert diary.measured[month - 1]["retention_employee_12m"] == pytest.approx(still / len(then))
    assert diary.measured[month - 1]["retention_employer_12m"] == pytest.approx(same / len(then))


def test_who_changes_the_employer_within_the_park_has_left_the_employer_and_not_the_park(diary):
    log = diary.events.set_index(["identity", "month"])
    left, hired = (log.index[log["kind"] == kind] for kind in ("leave", "hire"))
    moved = {
        (person, month)
        for person, month in left.intersection(hired)
        if person in diary.jobs[month] and person in diary.jobs[month - 1]
    }
    changed = {
        (person, month)
        for month in range(1, MONTHS + 1)
        for person, firm in diary.jobs[month - 1].items()
        if diary.jobs[month].get(person, firm) != firm
    }
    assert moved == changed
    cohort = diary.model.memory.cohort
    for k, person in enumerate(cohort["identity"].tolist()):
        here = [person in month for month in diary.jobs]
        assert cohort["gone_month"][k] == (-1 if all(here) else here.index(False))


def test_retention_is_not_told_before_a_year_is_over(diary):
    assert all("retention_employee_12m" not in month for month in diary.measured[:11])


@pytest.mark.parametrize("month", [12, 24])
def test_turnover_is_the_quits_of_a_year_over_the_mean_head_count(diary, month):
    log = diary.events[(diary.events["kind"] == "leave") & diary.events["detail"].isin(QUITS)]
    quits = log["month"].between(month - 11, month).sum()
    heads = np.mean(diary.heads[month - 12 : month])
    assert diary.measured[month - 1]["turnover_annual"] == pytest.approx(quits / heads)


@pytest.mark.parametrize("month", [13, 26])
def test_a_firm_that_is_gone_stays_in_the_denominator(diary, month):
    then, now = diary.firms[month - 12], diary.firms[month]
    assert diary.measured[month - 1]["retention_enterprise_12m"] == pytest.approx(len(then & now) / len(then))


def test_participation_counts_the_employees_of_today_who_came_in_the_last_year(diary):
    lately = set().union(*diary.took_part[-12:])
    now = diary.jobs[-1]
    # who leaves and comes back within the year is known to have come: a few whom the diary did not see
    assert diary.measured[-1]["participation_share"] == pytest.approx(
        len(lately & set(now)) / len(now), abs=max(0.01, 1.5 / len(now))
    )


def test_requests_with_nobody_to_answer_count(diary):
    asked, answered, days = (sum(month[k] for month in diary.register[-12:]) for k in range(3))
    assert diary.measured[-1]["requests_answered_share"] == pytest.approx(answered / asked)
    assert diary.measured[-1]["request_days"] == pytest.approx(days / answered)


def test_open_posts_and_jobs_per_home(diary):
    last = diary.measured[-1]
    assert last["vacancy_rate"] == pytest.approx(1 - diary.heads[-1] / diary.posts[-1])
    flats = sum(a.capacity for a in diary.model.layout.amenities if a.category == "flats")
    if flats:
        assert last["jobs_per_home"] == pytest.approx(diary.posts[-1] / flats)
    else:
        assert "jobs_per_home" not in last


def test_commuters_are_those_who_travelled_this_month(diary):
    model = diary.model
    here = model.employees.mode != ""
    minutes = model.employees.commute_min[here].astype(float)
    last = diary.measured[-1]
    assert last["commute_mean_min"] == pytest.approx(minutes.mean(), rel=1e-6)
    assert last["commute_share_within_45"] == pytest.approx(np.mean(minutes <= 45))
    assert last["commute_share_over_60"] == pytest.approx(np.mean(minutes > 60))


def test_the_cohort_keeps_leavers_with_their_last_known_time(diary):
    cohort = diary.model.memory.cohort
    assert cohort["identity"].size == len(diary.jobs[0])
    gone = np.array([person not in diary.jobs[-1] for person in cohort["identity"].tolist()])
    assert gone.any()
    assert diary.measured[-1]["commute_mean_min_cohort"] == pytest.approx(cohort["minutes"].mean())


def test_coverage_of_one_category_by_going_around_asking(diary):
    model = diary.model
    name, circle = min(model.layout.circles.items(), key=lambda item: item[1].minutes)
    shares = []
    for row in np.flatnonzero(model.posts.filled & (model.posts.mode >= 0)):
        if model.posts.flat[row] >= 0:
            return  # asked of those without a flat only: the other scenario
        needs = [
            c
            for k, c in enumerate(_categories())
            if c in circle.categories and model.posts.needs[row] >> k & 1
        ]
        unit = model.posts.unit[row]
        near = {
            a.category
            for j, a in enumerate(model.layout.amenities)
            if model.place.usable[unit, j] and model.place.walk[unit, j] <= circle.minutes
        }
        if needs:
            shares.append(np.mean([need in near for need in needs]))
    assert model.measured[-1][f"coverage_{name}"] == pytest.approx(np.mean(shares), abs=0.01)


def _categories():
    from parksim.scenario.categories import CATEGORIES

    return list(CATEGORIES)
