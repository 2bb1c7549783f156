"""A fast stand-in for the simulator: one Gaussian process an output, with the runs' own luck as noise."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]


class Emulator:
    """Predicts one output from parameters in the unit cube.

    A linear trend plus a Gaussian process with a length scale for each parameter and white noise: the noise is
    what differs between two runs of the same parameters with other luck [1]_.

    Parameters
    ----------
    points : array, shape (runs, parameters)
        In the unit cube.
    values : array, shape (runs,)

    References
    ----------
    .. [1] Andrianakis, I. et al. (2015). Bayesian history matching of complex infectious disease models using
       emulation. PLoS Computational Biology 11(1), e1003968.
    """

    def __init__(self, points: Floats, values: Floats) -> None:
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  (an extra, slow to import)
        from sklearn.gaussian_process import GaussianProcessRegressor  # noqa: PLC0415
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel  # noqa: PLC0415

        good = np.isfinite(values)
        points, values = points[good], values[good]
        design = np.column_stack([np.ones(len(points)), points])
        self.trend = np.linalg.lstsq(design, values, rcond=None)[0]
        rest = values - design @ self.trend
        self.scale = float(rest.std()) or 1e-12
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(np.full(points.shape[1], 1.0), (0.1, 20.0))
        kernel += WhiteKernel(0.3, (1e-6, 2.0))
        self.process: Any = GaussianProcessRegressor(kernel, normalize_y=False, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.process.fit(points, rest / self.scale)
        self.noise_var = float(np.exp(self.process.kernel_.theta[-1])) * self.scale**2

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of one run's output at each point, its luck included."""
        mean, deviation = self.process.predict(points, return_std=True)
        trend = np.column_stack([np.ones(len(points)), points]) @ self.trend
        return trend + mean * self.scale, (deviation * self.scale) ** 2


class Emulators:
    """One emulator for each target.

    Parameters
    ----------
    points : array, shape (runs, parameters)
    values : array, shape (runs, targets)
    """

    def __init__(self, points: Floats, values: Floats) -> None:
        self.each = [Emulator(points, column) for column in values.T]

    def distance(
        self, points: Floats, wanted: Sequence[tuple[float, float]], use: Sequence[int]
    ) -> tuple[Floats, Floats]:
        """Compare predictions with observations.

        Parameters
        ----------
        points : array, shape (points, parameters)
        wanted : sequence of (value, error)
        use : sequence of int
            Which targets count.

        Returns
        -------
        implausibility : array, shape (points, targets used)
            Distance from the observation in standard deviations of observation, emulator and luck.
        log_likelihood : array, shape (points,)
        """
        far, log = np.empty((len(points), len(use))), np.zeros(len(points))
        for k, number in enumerate(use):
            value, error = wanted[number]
            mean, var = self.each[number].predict(points)
            whole = var + error**2
            far[:, k] = np.abs(value - mean) / np.sqrt(whole)
            log += -0.5 * far[:, k] ** 2 - 0.5 * np.log(whole)
        return far, log
