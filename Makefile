# Two commands for a fresh machine: `make demo` and `make test`. Python 3.11 or newer and make are all they need.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: demo test lint bench docs lock clean

demo: .venv/ready
	$(BIN)/opsbot demo $(ARGS)

test: .venv/ready lint
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/hadolint Dockerfile
	$(BIN)/opsbot check-config --no-secrets config.example.yaml

bench: .venv/ready
	$(BIN)/python -m benchmarks $(ARGS)

# Writes what is generated into README.md and config.example.yaml; a test keeps them equal.
docs: .venv/ready
	$(BIN)/opsbot config-example > config.example.yaml
	$(BIN)/python -m docs.generate

# Everything that is installed, pinned by version and hash; names only, so that any index will do.
.venv/ready: requirements/test.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	@echo "· installing what is needed into .venv, about a minute the first time …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/test.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Needs uv on the PATH; only for those who change a dependency.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate --no-emit-package sunbeam-opsbot
lock:
	$(LOCK) pyproject.toml --extra test --output-file requirements/test.txt
	$(LOCK) pyproject.toml --constraint requirements/test.txt --output-file requirements/run.txt
	$(LOCK) requirements/build.in --constraint requirements/test.txt --output-file requirements/build.txt
	$(LOCK) requirements/peer.in --output-file requirements/peer.txt

clean:
	rm -rf .venv .demo
