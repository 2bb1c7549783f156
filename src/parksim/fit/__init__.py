"""Calibrate a scenario to one's own observations: ranges of parameters that the observations leave plausible."""

from parksim.fit.match import Fit, fit
from parksim.fit.targets import Target, Wanted, read_targets

__all__ = ["Fit", "Target", "Wanted", "fit", "read_targets"]
