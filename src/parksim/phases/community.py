"""Community life: who met whom becomes ties, unserved needs become requests if there is somebody to ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from parksim.model import ParkModel

MOST_TIES = 60


@dataclass
class CommunityState:
    """The month's register of requests.

    Attributes
    ----------
    requests, answered : int
        Requests made this month, and those of them that will be answered.
    days : float
        Sum over the answered ones of the time to the answer.
    participants : int
        People who took part in an event this month.
    """

    requests: int = 0
    answered: int = 0
    days: float = 0.0
    participants: int = 0


def play(model: ParkModel) -> None:
    """Let people meet, ask and take part."""
    model.community = CommunityState()
    _meet(model)
    _ask(model)
    _take_part(model)


def _meet(model: ParkModel) -> None:
    """Make and lose ties outside the own firm: at most one of each a person and month."""
    posts, p, chance, month = model.posts, model.spec.parameters.community, model.chance, model.month
    rows = np.flatnonzero(posts.filled)
    ids, ties = posts.identity[rows], posts.ties[rows]
    gained = chance.uniform("tie/gain", month, ids) < -np.expm1(-posts.meetings[rows].astype(np.float64))
    lost = chance.uniform("tie/loss", month, ids) < -np.expm1(ties * np.log1p(-min(p.tie_decay, 0.999)))
    posts.ties[rows] = np.clip(ties + gained - lost, 0, MOST_TIES)


def _ask(model: ParkModel) -> None:
    """Turn unserved visits into requests; each goes to the first channel the person knows of."""
    posts, p, chance, month = model.posts, model.spec.parameters.community, model.chance, model.month
    filled = np.flatnonzero(posts.filled)
    odds = -np.expm1(-p.request_per_unserved * np.maximum(posts.unserved[filled], 0).astype(np.float64))
    rows = filled[chance.uniform("request", month, posts.identity[filled]) < odds]
    ids = posts.identity[rows]
    waiting = np.ones(rows.size, dtype=np.bool_)
    answered = np.zeros(rows.size, dtype=np.bool_)
    days = 0.0
    for channel in model.layout.governance.channels:
        knows = waiting & (chance.uniform(f"request/{channel.name}/known", 0, ids) < channel.awareness)
        asking = np.flatnonzero(knows)
        waiting &= ~knows
        lot = chance.uniform(f"request/{channel.name}/lot", month, ids[asking])
        heard = asking[np.argsort(lot, kind="stable")[: int(channel.capacity_month)]]
        answered[heard] = True
        days += float(
            channel.delay_days * chance.exponential(f"request/{channel.name}/delay", month, ids[heard]).sum()
        )
    change = np.where(answered, p.trust_answered, -p.trust_unanswered)
    posts.trust[rows] = np.clip(posts.trust[rows] + change, 0, 1)
    model.community.requests = int(rows.size)
    model.community.answered = int(answered.sum())
    model.community.days = days


def _take_part(model: ParkModel) -> None:
    """Fill the month's events; trust makes taking part more likely, taking part makes ties."""
    posts, chance, month = model.posts, model.chance, model.month
    governance = model.layout.governance
    places = governance.events_month * governance.event_places
    rows = np.flatnonzero(posts.filled)
    if places <= 0 or rows.size == 0:
        return
    ids = posts.identity[rows]
    rate = min(places / rows.size, 1.0)
    came = rows[chance.uniform("event", month, ids) < np.minimum(2 * rate * posts.trust[rows], 1)]
    posts.took_part[came] = month
    made = (
        chance.uniform("event/tie", month, posts.identity[came]) < model.spec.parameters.community.event_tie
    )
    posts.ties[came] = np.minimum(posts.ties[came] + made, MOST_TIES)
    model.community.participants = int(came.size)
