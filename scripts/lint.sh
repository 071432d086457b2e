#!/usr/bin/env bash
# Runs every linter, even after one has found something.
set -uo pipefail

status=0
python -m ruff check . || status=1
python -m ruff format --check . || status=1
python -m mypy || status=1
python -m mypy examples/flights/*.py || status=1
MYPYPATH=.:python python -m mypy --explicit-package-bases --ignore-missing-imports benchmarks || status=1
find cpp -name '*.[ch]pp' -print0 | xargs -0 clang-format --dry-run -Werror || status=1
exit $status
