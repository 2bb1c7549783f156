"""Linked towns: several parks in step, month by month, that exchange digital methods through a hub.

Nothing but methods passes between towns: people, posts and rents stay in theirs. What a town offers in a month
the others may take up in the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.chance import named_seed
from parksim.errors import ParksimError
from parksim.firms import digital
from parksim.model import ParkModel

if TYPE_CHECKING:
    from parksim.scenario.schema import Scenario


class LinkedParks:
    """The towns of a scenario as one model; one park where the scenario names no others.

    Parameters
    ----------
    scenario : Scenario
        Its ``linked:`` names the other towns; its ``link`` says how open the hub is, whatever those of the other
        towns' files say.
    seed : int
        That of the scenario's own town. Every other town has the seed that belongs to (seed, its name), see
        :func:`town_seed`: its people and luck are its own, and another town more changes nobody's.

    Attributes
    ----------
    parks : dict of str to ParkModel
        The towns by name, the scenario's own first.
    tick : int
        Months played.
    """

    def __init__(self, scenario: Scenario, seed: int = 0) -> None:
        self.spec, self.run_seed, self.tick = scenario, int(seed), 0
        (name, own), *others = scenario.all_towns.items()
        self.parks = {name: ParkModel(own, seed=seed)}
        self.parks |= {name: ParkModel(town, seed=town_seed(seed, name)) for name, town in others}

    @property
    def here(self) -> ParkModel:
        """The scenario's own town, whose layout holds the link."""
        return next(iter(self.parks.values()))

    @property
    def residual_min(self) -> float:
        """Largest residual of this month's fixed points of times and choices, over the towns."""
        return max(max(p.travel.residual_min, p.services.residual_min) for p in self.parks.values())

    def step(self) -> None:
        """Play one month in every town."""
        self._exchange()
        for park in self.parks.values():
            park.step()
        self.tick += 1

    def run(self, months: int) -> LinkedParks:
        """Play some months and return the model."""
        for _ in range(months):
            self.step()
        return self

    def go_on_as(self, scenario: Scenario) -> None:
        """Go on with another timetable of the same towns, as :meth:`parksim.model.ParkModel.go_on_as`.

        Raises
        ------
        ParksimError
            If anything else than interventions to come differs.
        """
        if scenario.linked != self.spec.linked:
            raise ParksimError(f"'{scenario.name}' cannot go on from '{self.spec.name}': linked differ")
        self.here.go_on_as(scenario.alone)
        self.spec = scenario

    def _exchange(self) -> None:
        """Tell every town what the others offer: the level of the best that take part."""
        if len(self.parks) == 1:
            return
        link = self.here.layout.link
        takes_part = [name for name in self.parks if not link.towns or name in link.towns]
        offers = {name: digital.offer(self.parks[name]) for name in takes_part}
        for name, park in self.parks.items():
            others = [level for other, level in offers.items() if other != name]
            openness = link.openness if name in offers and others else 0.0
            park.hub = digital.Hub(openness, max(others, default=0.0))


def town_seed(seed: int, town: str) -> int:
    """Return the seed of another town of a run: played alone with it, the town lives the same months."""
    return named_seed(seed, f"town {town}")
