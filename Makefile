# Two commands: `make demo` reads the pictures in examples/, `make test` checks everything.
PYTHON ?= python3
BIN := .venv/bin
READS := .venv/reads
TESTS := .venv/tests

.PHONY: demo test clean
.NOTPARALLEL:

demo: $(READS)
	$(BIN)/python tools/infer.py examples --annotated out --json out/read.jsonl

test: $(TESTS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n auto --dist loadfile

# Reading takes seconds to install; torch and all that tests need are added when they are asked for.
$(READS): pyproject.toml
	$(call install,onnx)
	@touch $(READS)

$(TESTS): pyproject.toml
	$(call install,dev)
	@touch $(READS) $(TESTS)

# Stamps are removed first and written last, so that an interrupted installation is done again.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@rm -f $(READS) $(TESTS)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(1)]'
endef

clean:
	rm -rf .venv out build *.egg-info
