"""Who pays, and break-even, in sentences for the page and the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from parksim.experiment.breakeven import values
from parksim.experiment.payback import accounts
from parksim.scenario import paths

if TYPE_CHECKING:
    from parksim.experiment.breakeven import Strength
    from parksim.experiment.comparison import Comparison
    from parksim.experiment.payback import Account, Payback
    from parksim.report.messages import Messages


def sentences(comparison: Comparison, m: Messages, scenario: str | None = None) -> list[str]:
    """Say at what effect of services or ties on quitting an alternative would pay.

    Parameters
    ----------
    comparison : Comparison
    m : Messages
    scenario : str, optional
        The alternative; by default the second scenario.

    Returns
    -------
    list of str
        The cost of a year and the quits it would have to avoid, then one sentence for each effect, then the
        cost per employee retained. Without numbers the reason.
    """
    found = comparison.break_even(scenario)
    if found.reason:
        out = [m("paying.none", reason=m(f"reason.{found.reason}"))]
    else:
        low, high = found.found_interval
        years = paths.get(comparison.scenarios[0], "parameters.economics.lifetime_years")
        out = [
            m(
                "paying.cost",
                cost=m.value(found.extra_cost_year, "CNY"),
                years=f"{years:g}",
                quit_cost=m.value(found.quit_cost, "CNY/person"),
                needed=_percent(m, found.needed),
                quits=f"{found.quits_year:,.0f}",
                found=m.value(-found.found, "share", sign=True),
                interval=m.interval(-high, -low, "share"),
            ),
            *(_strength(m, one) for one in found.effects),
        ]
    ratio = comparison.cost_per_retained_employee(scenario)
    if ratio.reason:
        return [*out, m("paying.per_head_na", reason=m(f"reason.{ratio.reason}"))]
    spread = m.interval(ratio.low, ratio.high, "CNY/person", sign=False)
    return [*out, m("paying.per_head", value=m.value(ratio.value, "CNY/person"), interval=spread)]


def payers(comparison: Comparison, m: Messages, scenario: str | None = None) -> list[str]:
    """Say what an alternative means for each payer, what success costs whom, and how land is graded.

    Parameters
    ----------
    comparison : Comparison
    m : Messages
    scenario : str, optional
        The alternative; by default the second scenario.

    Returns
    -------
    list of str
        A sentence for each payer for whom anything differs, then on rents and small firms, then on land; empty
        where the runs keep no accounts.
    """
    other = scenario or comparison.names[1]
    if not _kept(comparison):
        return []
    moved = [_account(m, one) for one in accounts(comparison, other) if one.moves]
    return [*(moved or [m("payers.nobody")]), *costs_of_success(comparison, m, other)]


def payer_table(
    comparison: Comparison, m: Messages, scenario: str | None = None
) -> tuple[list[str], list[list[str]]]:
    """Say the same for each payer as a table: its head, and a row a payer; nothing where runs keep no accounts."""
    if not _kept(comparison):
        return [], []
    names = (
        m("payers.once"),
        m("payers.running"),
        m("payers.returns"),
        m("payers.balance"),
        m("payers.payback"),
    )
    rows = []
    for one in accounts(comparison, scenario):
        pairs = (one.once, one.running, one.returns, one.balance)
        cells = [m.number(pair.mean, "CNY", sign=True, difference=True) for pair in pairs]
        cells[-1] += f" [{m.interval(one.balance.low, one.balance.high, 'CNY')}]"
        rows.append([m(f"payer.{one.payer}"), *cells, _payback(m, one.payback)])
    head = [m("payers.who", unit=m.unit("CNY")), *names]
    return head, rows


def _kept(comparison: Comparison) -> bool:
    return "returns_cny_year_government" in comparison.indicators


def costs_of_success(comparison: Comparison, m: Messages, scenario: str | None = None) -> list[str]:
    """Say what success costs whom, and how land is graded; nothing where the runs do not hold it."""
    other, out = scenario or comparison.names[1], []
    if "small_firms_gone_share" in comparison.indicators:
        out.append(_success(comparison, m, other))
    if "firms_grade_a" in comparison.indicators:
        out.append(_land(comparison, m, other))
    return out


def _account(m: Messages, one: Account) -> str:
    return m(
        "payers.account",
        payer=m(f"payer.{one.payer}"),
        once=m.value(one.once.mean, "CNY", sign=True),
        running=m.value(one.running.mean, "CNY/year", sign=True),
        returns=m.value(one.returns.mean, "CNY/year", sign=True),
        balance=m.value(one.balance.mean, "CNY", sign=True),
        interval=m.interval(one.balance.low, one.balance.high, "CNY"),
        payback=_payback(m, one.payback),
    )


def _payback(m: Messages, found: Payback) -> str:
    if found.reason:
        return m("payers.no_payback", reason=m(f"payback_reason.{found.reason}"))
    years, low, high = (m.number(x, "years") for x in (found.years, found.low, found.high))
    if math.isinf(found.high):
        return m("payers.back_open", years=years, low=low)
    return m("payers.back", years=years, low=low, high=high)


def _success(comparison: Comparison, m: Messages, other: str) -> str:
    said = {}
    for name, indicator in (
        ("rent", "rent_rise_cny_year"),
        ("gone", "small_firms_gone_share"),
        ("exits", "small_firm_exits"),
    ):
        pair, unit = comparison.difference(indicator, other), comparison.about(indicator).unit
        said[name] = m.value(pair.mean, unit, sign=True, difference=True)
        said[f"{name}_interval"] = m.interval(pair.low, pair.high, unit)
    return m("payers.success", **said)


def _land(comparison: Comparison, m: Messages, other: str) -> str:
    from parksim.yields import GRADES, grade  # noqa: PLC0415  (most pages have loaded the model, terminals not)

    said = {}
    for side, name in (("before", comparison.baseline), ("after", other)):
        output, tax = (float(values(comparison, f"{what}_per_mu", name).mean()) for what in ("output", "tax"))
        reached = int(grade(comparison.scenarios[0].parameters.economics, output, tax))
        said[side] = GRADES[reached].upper()
        for letter in ("a", "d"):
            share = comparison.estimate(f"firms_grade_{letter}", name).mean
            said[f"{letter}_{side}"] = m.value(share, "share")
    return m("payers.land", **said)


def _strength(m: Messages, one: Strength) -> str:
    if one.reason:
        key = "paying.services_na" if one.effect == "services" else "paying.tie_na"
        return m(key, reason=m(f"reason.{one.reason}"))
    return m(
        "paying.services" if one.effect == "services" else "paying.tie",
        cut=_percent(m, one.cut),
        range=m.interval(*one.range90, "share", sign=False),
        low=m.number(one.allowed[0], "share").removesuffix(".0"),
        high=f"{100 * one.allowed[1]:g}%",
        verdict=m(f"effect_verdict.{one.verdict}"),
    )


def _percent(m: Messages, share: float) -> str:
    """Write a share; what is more than everything, as such."""
    return ">100%" if share > 1 else m.value(share, "share")
