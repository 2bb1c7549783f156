"""How long an answer takes: the chain of answers as a formula, for whatever is reported to it.

The month's requests are played one by one in :mod:`parksim.governance.register`; this is the mean of an
unhurried chain, without the waiting that too many requests bring.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parksim.scenario.organs import Governance


def answer_delay(governance: Governance) -> float:
    r"""Mean days until somebody answers what is reported where it happened; ``inf`` with nobody to ask.

    A report enters the chain at its first level and climbs past each level k that cannot answer it:

    .. math:: \sum_k d_k \prod_{j<k} (1 - s_j)

    with mean delays d and shares answered s; what the last level cannot answer counts as answered there. Without
    a chain it goes to the first channel its author knows, by awareness in the order of the channels.

    Parameters
    ----------
    governance : Governance

    Returns
    -------
    float
        Days.
    """
    days, climbs = 0.0, 1.0
    levels = [level for level in governance.chain if level.capacity_month > 0]
    for level in levels:
        days += climbs * level.delay_days
        climbs *= 1 - level.solves
    if levels:
        return days
    known, mean = 0.0, 0.0
    for channel in governance.channels:
        if channel.capacity_month > 0:
            share = (1 - known) * channel.awareness
            known, mean = known + share, mean + share * channel.delay_days
    return mean / known if known > 0 else math.inf
