# Every target sets itself up: a virtual environment in .venv, Python packages at the versions of
# constraints.txt, Modyn built into it, and system packages where they are missing. See CONTRIBUTING.md.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

venv := .venv
python := $(venv)/bin/python
pip := $(python) -m pip --disable-pip-version-check --no-input
say := @source scripts/say.sh; say

# The environment's cmake, ninja and compilers of stubs come first; another PYTHONPATH would shadow what is tested.
export PATH := $(CURDIR)/$(venv)/bin:$(PATH)
unexport PYTHONPATH PYTHONHOME

# Modyn is installed in editable mode with its C++ part in build/editable. Every target that uses it first compiles
# what has changed there, which takes a tenth of a second if nothing has.
install := $(pip) install --quiet -c constraints.txt --no-build-isolation -Cbuild-dir=build/editable \
  -Ceditable.verbose=false --editable .

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

# --- What targets need -----------------------------------------------------------------------------

$(venv)/stamps/created: scripts/create-venv.sh
	@scripts/system-packages.sh compiler
	@scripts/create-venv.sh $(venv)
	@mkdir -p $(@D) && touch $@

# A dependency group of pyproject.toml.
$(venv)/stamps/group-%: $(venv)/stamps/created pyproject.toml constraints.txt
	$(say) "installing the Python packages for: $*"
	@$(pip) install --quiet -c constraints.txt --group $* </dev/null
	@touch $@

# The names of all Python modules. An editable installation looks them up by the files that there were when it was
# made, so it is made anew when one was moved or removed.
.PHONY: always
build/stamps/modules: always
	@mkdir -p $(@D)
	@find python -name '*.py' | LC_ALL=C sort > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# Modyn itself and what it needs at run time. The stamp lies in build/, for the build that it speaks of does too.
build/stamps/modyn: $(venv)/stamps/group-build build/stamps/modules pyproject.toml constraints.txt
	$(say) "building and installing modyn (editable) with its dependencies"
	@$(install) </dev/null
	@mkdir -p $(@D) && touch $@

.PHONY: setup
setup: build/stamps/modyn ## .venv with modyn in it, compiled anew where its C++ has changed
	@$(python) -c 'import modyn; modyn.__loader__.rebuild()'

.PHONY: develop
develop: $(venv)/stamps/group-build ## the same, and from now on each import of modyn compiles what has changed
	@$(install) -Ceditable.rebuild=true </dev/null
	@mkdir -p build/stamps && touch build/stamps/modyn

.PHONY: system-%
system-%:
	@scripts/system-packages.sh $*

# --- What users and developers run -----------------------------------------------------------------

.PHONY: demo
demo: setup $(venv)/stamps/group-demo ## the flights of 2013 through three pipelines: a table and build/demo/report.html
	@$(python) examples/flights/demo.py

.PHONY: test
test: ctest pytest ## all tests but the long ones

.PHONY: ctest
ctest: setup system-gtest ## the C++ tests
	@scripts/ctest.sh build/ctest

.PHONY: pytest
pytest: setup system-postgresql $(venv)/stamps/group-test $(venv)/stamps/group-demo ## the Python tests but the long ones
	@$(python) -m pytest -m 'not long'

.PHONY: test-long
test-long: setup system-postgresql $(venv)/stamps/group-test $(venv)/stamps/group-demo fuzz ## the tests that take minutes
	@$(python) -m pytest -m long

fuzz_seconds := 60

.PHONY: fuzz
fuzz: setup system-fuzzer ## every parser and file format under libFuzzer, fuzz_seconds=60 each
	@scripts/fuzz.sh $(fuzz_seconds)

.PHONY: test-asan
test-asan: setup system-gtest ## the C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/ctest.sh build/asan -DMODYN_SANITIZE=address,undefined

.PHONY: test-tsan
test-tsan: setup system-gtest ## the C++ tests under ThreadSanitizer
	@scripts/ctest.sh build/tsan -DMODYN_SANITIZE=thread

.PHONY: lint
lint: setup $(venv)/stamps/group-lint ## ruff, mypy and clang-format, at pinned versions
	@scripts/lint.sh

.PHONY: format
format: setup $(venv)/stamps/group-lint ## write all files as `make lint` wants them
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .
	@find cpp -name '*.[ch]pp' -print0 | xargs -0 $(venv)/bin/clang-format -i

.PHONY: bench
bench: setup system-benchmark $(venv)/stamps/group-demo ## all benchmarks: tables, and build/bench/*.json
	@scripts/bench.sh

.PHONY: bench-data
bench-data: setup system-benchmark system-postgresql $(venv)/stamps/group-test ## the data plane against peers and limits
	@scripts/build-benchmarks.sh
	@$(python) -m benchmarks.data

.PHONY: bench-selection
bench-selection: setup $(venv)/stamps/group-test $(venv)/stamps/group-bench ## selection against its peers
	@$(python) -m benchmarks.selection

.PHONY: wheel
wheel: $(venv)/stamps/group-build ## a wheel and a source distribution in dist/
	@$(python) -m build --outdir dist .

.PHONY: clean
clean: ## remove what was built, prepared or cached; .venv stays
	@rm -rf build dist examples/flights/data .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find python tests benchmarks examples scripts -name __pycache__ -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove .venv too
	@rm -rf $(venv)
