"""Break-even in sentences, for the page and the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.scenario import paths

if TYPE_CHECKING:
    from parksim.experiment.breakeven import Strength
    from parksim.experiment.comparison import Comparison
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
