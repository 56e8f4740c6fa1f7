# `make demo` and `make test` each work alone on a fresh machine; both set up .venv first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OLDEST := $(VENV)/oldest
# What meets the borders to the packages of constraints-oldest.txt.
OLDEST_TESTS := tests/test_conformance.py --deselect tests/test_conformance.py::test_a_copy_of_a_vector_env_continues \
	tests/cli/test_cli.py tests/recording tests/plants/test_point_mass.py tests/rendering/test_video.py \
	tests/benchmark/test_report.py tests/acting/test_sb3.py::test_a_saved_model_acts_as_before_with_and_without_trust \
	tests/agents/dqn/test_dqn_cli.py::test_tensorboard_reads_the_curves

.PHONY: demo test oldest check lint format type layers docs bench ray examples clean

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,dev,docs]"
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python -m benchmarks demo

test: check oldest

# Some tests once more with the oldest packages that pyproject.toml admits, laid over those of .venv. Two are left out: the oldest
# PyTorch comes for Linux only with gigabytes of CUDA, and PyNWB needs a whole set of its own.
$(OLDEST)/.installed: constraints-oldest.txt $(STAMP)
	rm -rf $(OLDEST)
	grep -vE '^(torch|pynwb)==' $< | $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target $(OLDEST) -r /dev/stdin
	touch $@

oldest: $(OLDEST)/.installed
	PYTHONPATH=$(OLDEST) $(BIN)/python -m pytest -n 2 -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning \
		$(OLDEST_TESTS)

check: $(STAMP) lint type layers docs
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

# A warning is an error. Nothing is fetched from the network.
docs: $(STAMP)
	$(BIN)/python -m sphinx -E -W --keep-going -q -b html docs docs/_build/html

bench: $(STAMP)
	$(BIN)/python -m benchmarks speed

# Ray, RLlib and TorchRL bring pins of their own, and so each has its own environment.
ray: $(STAMP)
	test -d $(VENV)/ray || $(BIN)/python -m venv $(VENV)/ray
	$(VENV)/ray/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench,ray]" pytest
	$(VENV)/ray/bin/python -m pytest tests/benchmark/test_ray.py

# These two also see what .venv has, so that PyTorch is not installed once more for each.
SITE = import sysconfig; print(sysconfig.get_path('purelib'))
$(VENV)/torchrl $(VENV)/rllib: $(STAMP)
	$(BIN)/python -m venv $@
	$(BIN)/python -c "$(SITE)" > "$$($@/bin/python -c "$(SITE)")/beside.pth"
	$@/bin/pip install --quiet --disable-pip-version-check $(if $(filter %rllib,$@),"ray[rllib]",torchrl) || { rm -r $@; exit 1; }
	touch $@

# Two to four minutes on one core, each example under one.
examples: $(VENV)/torchrl $(VENV)/rllib
	for name in cleanrl_dqn sb3_dqn sb3_sac minari_cloning; do $(BIN)/python -m benchmarks.examples $$name || exit 1; done
	$(VENV)/torchrl/bin/python -m benchmarks.examples torchrl_ppo
	$(VENV)/rllib/bin/python -m benchmarks.examples rllib_ppo

clean:
	rm -rf $(VENV) runs build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
