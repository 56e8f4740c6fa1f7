# `make demo` and `make test` each work alone on a fresh machine; both set up .venv first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test oldest check lint format type layers bench clean

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,dev]"
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python -m benchmarks demo

test: check oldest

# The environments once more under the oldest Gymnasium that pyproject.toml admits.
oldest: $(STAMP)
	test -d $(VENV)/oldest || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target $(VENV)/oldest gymnasium==1.2.0
	PYTHONPATH=$(VENV)/oldest $(BIN)/python -c "import gymnasium; print('gymnasium', gymnasium.__version__)"
	PYTHONPATH=$(VENV)/oldest $(BIN)/python -m pytest -n 2 tests/test_conformance.py tests/test_vector_env.py tests/test_cli.py

check: $(STAMP) lint type layers
	$(BIN)/python -m pytest -n 2

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

type: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m benchmarks speed

clean:
	rm -rf $(VENV) runs build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
