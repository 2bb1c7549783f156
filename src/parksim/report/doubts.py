"""What a sensitivity says, in either language: how much is luck, and in which futures a conclusion flips."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.experiment.sensitivity import Robustness, Rule
    from parksim.report.messages import Messages


def of_whom(of: str, titles: Mapping[str, str]) -> str:
    """Return what a scenario, or a difference written ``other - baseline``, is called."""
    return " − ".join(titles.get(name, name) for name in of.split(" - ")) if titles else of


def noise(shares: Mapping[str, float], m: Messages) -> str:
    """Say how the variance of single runs splits; see :class:`parksim.experiment.sensitivity.Sensitivity`."""
    if shares["n_replications"] < 2:
        return m("doubt.one_replication")
    parts = ("points", "replications", "interaction", "noise")
    return m("doubt.variance", **{name: f"{100 * shares[name]:.0f}" for name in parts})


def conclusion(found: Robustness, m: Messages, titles: Mapping[str, str] | None = None) -> str:
    """Say in how many futures a conclusion holds, and when it flips.

    Parameters
    ----------
    found : Robustness
    m : Messages
        Of the language to write in.
    titles : mapping, optional
        What the scenarios are called; by default their names.
    """
    of, what = of_whom(found.difference, titles or {}), m.named(found.indicator)
    said = {"of": of, "indicator": what, "n": found.futures}
    if found.sign == 0:
        return m("doubt.nothing", **said)
    text = m(f"doubt.{'more' if found.sign > 0 else 'less'}", share=f"{100 * found.holds:.0f}", **said)
    if found.holds + found.flips < 1 - 1e-9:
        text += m("doubt.neither", share=f"{100 * (1 - found.holds - found.flips):.0f}")
    if found.flips == 0:
        return text + m("doubt.end")
    if not found.rules:
        return text + m("doubt.no_rule", share=f"{100 * found.flips:.0f}")
    return text + m(
        "doubt.flips",
        rules=m("doubt.and").join(_side(rule, m) for rule in found.rules),
        inside=f"{100 * found.flips_inside:.0f}",
        covered=f"{100 * found.flips_covered:.0f}",
    )


def _side(rule: Rule, m: Messages) -> str:
    return str(rule if m.lang == "en" else replace(rule, path=m.parameter(rule.path)))
