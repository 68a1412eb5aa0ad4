# run     everything once, small: simulate, train, search, serve, report
# test    every test, with the real engines
# unit    the unit tests alone, on every core
# check   style, types, import order, spelling
# bench   speed on this machine (with a GPU: python -m benchmarks.gpu), how labels depend on their settings, how busy actors are, what a search takes, what HTTP adds, what a server makes of 10 000 odd requests
# chaos   hundreds of faults in a campaign of short runs, and an audit of what is left (an hour)
# studies how far the model holds on fresh designs and beyond its data, what angles, more designs, replicas and active learning bring
# train-reference   the model that ships, from the records that ship, into runs/reference-model
# PIP_ARGS is passed to pip, for example PIP_ARGS="--no-cache-dir".

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
OUT    ?= runs/quickstart

.PHONY: run test unit check bench chaos studies train-reference clean
.DELETE_ON_ERROR:

run: $(VENV)/.installed
	$(BIN)/glassyli quickstart --out $(OUT)

test: unit
	$(BIN)/pytest --ignore tests/unit

unit: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/unit -n auto --dist loadfile

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/biome check

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.labels
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.scheduling --records 2000
	$(BIN)/python -m benchmarks.busy
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.fuzz

chaos: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.chaos

studies: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.beyond train/reference --also train/reference-long train/extrapolation/designs train/extrapolation/hold train/extrapolation/sodium
	$(BIN)/python -m benchmarks.fresh train/reference --since 2026-11-25 --config configs/train.yaml
	$(BIN)/python -m benchmarks.extrapolation train/reference
	$(BIN)/python -m benchmarks.ablation train/reference
	$(BIN)/python -m benchmarks.learning_curve train/reference
	$(BIN)/python -m benchmarks.replicas train/reference
	$(BIN)/python -m benchmarks.active train/reference
	$(BIN)/python -m benchmarks.mixed train/reference train/extrapolation/sodium --parts 4
	$(BIN)/python -m benchmarks.prospective train/reference-later --learnt train/reference train/reference-long

train-reference: $(VENV)/.installed
	$(BIN)/glassyli train train/reference train/reference-long --config configs/train.yaml --name reference-starter --out runs/reference-model

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Glassy Li needs Python 3.11 or newer, but $(PYTHON) is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@echo "Installing into $(VENV): some 3 GB, several minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) runs
