"""One person's two lives in words, in either language; what is told is :mod:`parksim.experiment.explain`'s."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from parksim.experiment.explain import LEGS
from parksim.report.messages import Messages

if TYPE_CHECKING:
    import pandas as pd

    from parksim.experiment.explain import Explanation, Parting

_FIRM = re.compile(r"(.+) firm (\d+)")
_SAME = 1e-9


def told(x: Explanation, lang: str = "en") -> str:
    """Return one person's two lives in words."""
    return _Teller(x, lang).text()


def why(x: Explanation, lang: str = "en") -> str:
    """Return in one sentence what parted the two lives; empty where they never part."""
    return "" if x.parting is None else _Teller(x, lang).why(x.parting)


class _Teller:
    """Names things as the scenarios' files do in a language, and the rest after the catalogue."""

    def __init__(self, x: Explanation, lang: str) -> None:
        self.x = x
        self.m = m = Messages(lang)
        self.where = [m.own(scenario) for scenario in x.scenarios] if lang != "en" else list(x.names)
        self._titles: dict[str, str] = {}
        if lang != "en":
            for s in x.scenarios:
                self._titles |= {zone.name: zone.name_zh for zone in s.city.zones if zone.name_zh}
                added = [i.amenity for i in s.interventions if i.amenity is not None]
                self._titles |= {one.name: m.own(one) for one in (*s.amenities, *added)}
                self._titles |= {one.name: m.own(one) for one in s.enterprises.anchors}

    def text(self) -> str:
        m, x, who = self.m, self.x, self.x.person
        owned = [m(f"explain.has_{name}") for name in ("car", "ebike") if who[name]]
        first = m(
            "explain.person",
            employee=x.employee,
            age=f"{who['age']:.0f}",
            education=self._level("education", who["education"]),
            wage=self._level("wage_band", who["wage_band"]),
            household=self._level("household", who["household"]),
            home=m("explain.owns" if who["owns_home"] else "explain.rents"),
            vehicles=m("explain.and").join(owned) or m("explain.has_neither"),
        )
        lines = [first, m("explain.same", seed=x.seed, months=x.months)]
        for k, name in enumerate(x.names):
            lines += ["", m("explain.in", scenario=self.where[k]), *(f"  {one}" for one in self._life(name))]
        return "\n".join([*lines, "", *self._parting()])

    # --- names ----------------------------------------------------------------------------------

    def _level(self, dimension: str, level: str) -> str:
        return self.m.group(f"{dimension}={level}")[1]

    def _named(self, name: str) -> str:
        """Name a home or an employer."""
        firm = _FIRM.fullmatch(name)
        if firm:
            return self.m("explain.firm", sector=self.m.word(f"level.{firm[1]}", firm[1]), number=firm[2])
        return self._titles.get(name, name)

    def _mode(self, mode: str) -> str:
        return self.m.word(f"mode.{mode}", mode)

    def _term(self, term: str) -> str:
        return self.m.word(f"term.{term.replace(' ', '_')}", term)

    def _came(self, p: Parting, k: int) -> str:
        """Say what came of the decision in one scenario."""
        if p.decision in ("quit", "leave"):
            cause = p.facts["causes"][k]
            return (
                self.m("explain.left", cause=self.m.word(f"cause.{cause}", cause))
                if cause
                else self.m("explain.stayed")
            )
        value = (p.base, p.other)[k]
        if p.decision == "mode":
            return self._mode(value)
        return self._named(value) if value else self.m("explain.no_post")

    # --- a life ---------------------------------------------------------------------------------

    def _life(self, name: str) -> list[str]:
        m, x = self.m, self.x
        life = _of(x.life, name)
        travelled = [day for day in life if isinstance(day.get("mode"), str)]
        if not travelled:
            return [m("explain.never_worked")]
        lines = []
        for day in travelled[:1] + travelled[1:][-1:]:
            legs = m("page.comma").join(
                f"{m(f'leg.{leg}')} {day[leg]:.1f}" for leg in LEGS if abs(day[leg]) >= 0.05
            )
            lines.append(
                m(
                    "explain.day",
                    month=day["month"],
                    home=self._named(day["home"]),
                    employer=self._named(day["employer"]),
                    mode=self._mode(day["mode"]),
                    minutes=f"{day['minutes']:.1f}",
                    legs=legs,
                    served=f"{100 * day['served']:.0f}",
                    ties=f"{day['ties']:.0f}",
                )
            )
        met: dict[str, list[dict[str, Any]]] = {}
        for queue in _of(x.queues, name):
            met.setdefault(queue["category"], []).append(queue)
        seen, never = [], []
        for category, queues in met.items():
            served, walk, wait = (
                sum(q[key] for q in queues) / len(queues) for key in ("served", "walk_min", "wait_min")
            )
            if served < 0.005:
                never.append(m.category(category))
                continue
            there = "" if math.isnan(wait) else m("explain.queue", walk=f"{walk:.1f}", wait=f"{wait:.1f}")
            seen.append(f"{m.category(category)} {100 * served:.0f}%{there}")
        nothing, apart = m("explain.nothing"), m("page.separator")
        lines.append(
            m("explain.served", served=apart.join(seen) or nothing, never=apart.join(never) or nothing)
        )
        lines.append(m("explain.requests", n=sum(day.get("asked") is True for day in life)))
        for event in _of(x.events, name):
            kind, detail = event["kind"], str(event["detail"])
            of = m.word(f"cause.{detail}", detail) if kind == "leave" else self._home_of_event(detail)
            lines.append(
                m("explain.event", month=event["month"], what=m.word(f"event.{kind}", kind), detail=of)
            )
        return lines

    def _home_of_event(self, detail: str) -> str:
        return self.m("level.flat of the park") if detail == "flat" else self._named(detail)

    # --- where the two part ---------------------------------------------------------------------

    def _parting(self) -> list[str]:
        m, p = self.m, self.x.parting
        if p is None:
            return [m("explain.never_part"), *self._minutes()]
        said = {
            "base": self._came(p, 0),
            "other": self._came(p, 1),
            "in_base": self.where[0],
            "in_other": self.where[1],
        }
        lines = [m("explain.part", month=p.month, decision=m(f"decision.{p.decision}"), **said), self.why(p)]
        if p.through_others:
            lines.append(m("explain.through_others"))
        for term in p.terms.reset_index().to_dict("records"):
            if abs(term["difference"]) > _SAME:
                change = f"{term['base']:+.3f} → {term['other']:+.3f} ({term['difference']:+.3f})"
                lines.append(f"  {self._term(str(term['term']))}{m('page.colon')}{change}")
        return lines

    def why(self, p: Parting) -> str:
        """Return the sentence of a parting."""
        facts = dict(p.facts)
        facts.pop("causes", None)
        if "where" in facts:
            facts["where"] = self.where[facts["where"]]
        if "mode" in facts:
            facts["mode"] = self._mode(facts["mode"])
        if "home" in facts:
            facts["home"] = self._named(facts["home"])
        if "cause" in facts:
            facts["cause"] = self.m.word(f"cause.{facts['cause']}", facts["cause"])
        said = self.m(
            f"why.{p.reason}",
            term=self._term(p.term),
            base=self._came(p, 0),
            other=self._came(p, 1),
            in_base=self.where[0],
            in_other=self.where[1],
            **facts,
        )
        return said[0].upper() + said[1:]

    def _minutes(self) -> list[str]:
        life = self.x.life
        mean = [life[life.index.get_level_values(0) == name][list(LEGS)].mean() for name in self.x.names]
        change = {leg: float(mean[1][leg] - mean[0][leg]) for leg in LEGS}
        leg = max(change, key=lambda name: abs(change[name]))
        if not abs(change[leg]) >= 0.005:  # nor where there is no commute to speak of
            return []
        total = f"{sum(change.values()):+.1f}"
        return [self.m("explain.minutes", total=total, leg=self._term(leg), part=f"{change[leg]:+.1f}")]


def _of(frame: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """Return the rows of one scenario."""
    rows = frame.reset_index().to_dict("records")
    return [{str(k): v for k, v in row.items()} for row in rows if row["scenario"] == name]
