"""parksim: what people and firms gain or lose when an industrial park becomes an industrial community.

>>> import parksim as ps
>>> park, town = ps.load("tiny-park"), ps.load("tiny-community")
>>> park.name
'tiny-park'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parksim.errors import ParksimError, Problem, ScenarioError
    from parksim.experiment.comparison import Comparison, compare
    from parksim.experiment.run import Run, run
    from parksim.experiment.sweep import Sweep
    from parksim.model import ParkModel
    from parksim.scenario.read import check, load
    from parksim.scenario.schema import Scenario
    from parksim.store import Store
    from parksim.validation import validate

_HOME = {
    "Comparison": "parksim.experiment.comparison",
    "ParkModel": "parksim.model",
    "ParksimError": "parksim.errors",
    "Problem": "parksim.errors",
    "Run": "parksim.experiment.run",
    "Scenario": "parksim.scenario.schema",
    "ScenarioError": "parksim.errors",
    "Store": "parksim.store",
    "Sweep": "parksim.experiment.sweep",
    "check": "parksim.scenario.read",
    "compare": "parksim.experiment.comparison",
    "load": "parksim.scenario.read",
    "run": "parksim.experiment.run",
    "validate": "parksim.validation",
}

__all__ = [
    "Comparison",
    "ParkModel",
    "ParksimError",
    "Problem",
    "Run",
    "Scenario",
    "ScenarioError",
    "Store",
    "Sweep",
    "check",
    "compare",
    "load",
    "run",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: Mesa, pandas and scipy take about a second together."""
    if name not in _HOME:
        raise AttributeError(f"module 'parksim' has no attribute '{name}'")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
