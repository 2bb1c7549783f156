"""Support reaches firms as cash, is booked when it is paid, and moves no firm by itself."""

from __future__ import annotations

import numpy as np
import pytest

import parksim as ps
from parksim.errors import ScenarioError
from parksim.firms.support import annuity

COST = 20_000  # of a worker a month, CNY: the default
YEAR = 12


def played(months, support=None, **changes):
    """The tiny park with firms that stay; support begins in month 1."""
    park = ps.load("tiny-park").with_(
        {
            "parameters.enterprises.exit_year_4_7": 0.0,
            "parameters.enterprises.exit_year_8": 0.0,
            "parameters.enterprises.growth_scale": 0.0,
            "parameters.enterprises.entry_year": 0.0,
            **changes,
        }
    )
    if support is not None:
        measure = {"kind": "set_support", "name": "measure", "month": 1, "set": support}
        park = park.with_({"interventions": [measure]})
    return ps.ParkModel(park, seed=3).run(months)


def by_firm(model, column):
    firms = model.enterprises
    return dict(zip(firms.identity.tolist(), getattr(firms, column).tolist(), strict=True))


def longer(a, b):
    """Months of cash that firms have more in b than in a."""
    ours, theirs = by_firm(a, "runway"), by_firm(b, "runway")
    assert ours.keys() == theirs.keys()
    return {firm: theirs[firm] - ours[firm] for firm in ours}


def test_a_fund_goes_to_the_best_until_it_is_used_up():
    from parksim.firms import ladder

    fund = {"name": "seed", "cny_year": 500_000, "cny_firm": 200_000}
    without, with_ = played(YEAR), played(YEAR, {"funds": [fund]})
    more, size = longer(without, with_), by_firm(with_, "size")
    rows = np.flatnonzero(without.firms.active)
    ranked = without.firms.identity[rows[np.argsort(-ladder.score(without, rows))]].tolist()
    given = [200_000, 200_000, 100_000, *[0] * (len(ranked) - 3)]
    for firm, cny in zip(ranked, given, strict=True):
        assert more[firm] == pytest.approx(cny / (size[firm] * COST), abs=1e-4)


def test_what_is_paid_is_booked_with_who_pays_and_who_receives_and_the_rest_lapses():
    fund = {"name": "seed", "cny_year": 1e9, "cny_firm": 200_000, "payer": "operator"}
    without, with_ = (m.measured[-1] for m in (played(YEAR), played(YEAR, {"funds": [fund]})))
    paid = 200_000 * with_["enterprises"]
    assert with_["support_cny"] == paid
    assert "support_cny" not in without
    worth = paid / 1.04
    for payer, cny in {"operator": worth, "employers": -worth, "government": 0, "users": 0}.items():
        assert with_[f"net_cost_{payer}"] - without[f"net_cost_{payer}"] == pytest.approx(cny, abs=1)


def test_who_may_not_have_a_fund_gets_nothing():
    fund = {"name": "seed", "cny_year": 1e6, "cny_firm": 1e5, "tiers": ["champion"]}
    without, with_ = played(YEAR), played(YEAR, {"funds": [fund]})
    champions = {firm for firm, tier in by_firm(with_, "tier").items() if tier == "champion"}
    assert {firm for firm, months in longer(without, with_).items() if months > 0} <= champions


def test_a_loan_is_cash_now_and_less_of_it_later():
    credit = {
        "cny_year": 1e7,
        "research_share": 0.0,
        "runway_months": 120,
        "months": 4,
        "interest_year": 0.12,
    }
    one = played(1, {"credit": credit})
    firms = len(one.enterprises)
    assert one.support.debtor.size == firms
    assert all(months == pytest.approx(1.0, abs=1e-4) for months in longer(played(1), one).values())
    posts = float(one.enterprises.size.sum())
    assert one.support.instalment.sum() == pytest.approx(posts * 20_000 * 0.01 / (1 - 1.01**-4))
    paid_back = played(5, {"credit": credit}).support  # the last instalment, and all may ask again
    lent = posts * 20_000
    assert paid_back.total == pytest.approx(2 * lent - 4 * lent * annuity(0.12, 4), rel=1e-3)


def test_firms_without_research_or_with_cash_get_no_credit():
    for bar in ({"research_share": 1.0}, {"research_share": 0.0, "runway_months": 0}):
        assert played(2, {"credit": {"cny_year": 1e7, **bar}}).support.total == 0


def test_a_reward_pays_each_stage_and_lists_nobody():
    many = {"parameters.ladder.listing_start": 1000, "enterprises.tiers": {"srdi": 1.0}}
    reward = {"listing": {"cny_stages": [1, 20, 300, 4000]}}
    without, with_ = played(30, **many), played(30, reward, **many)
    assert by_firm(without, "listed") == by_firm(with_, "listed")
    ours, theirs = by_firm(without, "listing"), by_firm(with_, "listing")
    assert ours == theirs
    assert with_.support.total == int(with_.support.total) > 4000
    assert any(by_firm(with_, "listed").values())


def test_procedures_that_take_less_time_leave_firms_more_cash():
    without, hall = played(1), played(1, {"delay_days": 0})
    p = without.spec.parameters.enterprises
    for months in longer(without, hall).values():
        assert months == pytest.approx(2 * p.delay_cost, abs=1e-4)


def test_a_fund_for_a_sector_that_is_not_there_is_told():
    fund = {"name": "seed", "cny_year": 1e6, "cny_firm": 1e5, "sectors": ["softwear"]}
    with pytest.raises(ScenarioError, match="no sector 'softwear'"):
        played(0, {"funds": [fund]})
    with pytest.raises(ScenarioError, match="softwear"):
        ps.load("tiny-park").with_({"support": {"funds": [fund]}})
