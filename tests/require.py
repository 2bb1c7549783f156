"""What a test needs from outside: skips where it is missing, fails where the environment promised it."""

import os
from importlib.util import find_spec

import pytest


def chinese_font():
    """Family of an installed font that can write Chinese, or None."""
    from parksim.report.style import cjk_font

    return cjk_font()


def chromium():
    """Path of an installed Chromium or Chrome, or None."""
    from parksim.report.pdf import find_chromium

    return find_chromium()


CHECKS = {
    "postgres": lambda: bool(
        os.environ.get("PARKSIM_PG_URL") or os.environ.get("PGHOST") or os.environ.get("PGPORT")
    ),
    "dask": lambda: find_spec("distributed") is not None,
    "cjk": lambda: chinese_font() is not None,
    "chromium": lambda: chromium() is not None,
    "axe": lambda: find_spec("axe_playwright_python") is not None,
}


def need(what):
    """Go on only where `what` is there; ``PARKSIM_REQUIRE=postgres,dask`` turns skips into failures."""
    if CHECKS[what]():
        return
    if what in os.environ.get("PARKSIM_REQUIRE", "").split(","):
        pytest.fail(f"PARKSIM_REQUIRE promises {what}, and it is not there")
    pytest.skip(f"needs {what}")


def postgres_url():
    """URL of a PostgreSQL for tests: PARKSIM_PG_URL, or what pg_virtualenv sets."""
    need("postgres")
    return os.environ.get("PARKSIM_PG_URL") or "postgresql://"
