#!/usr/bin/env bash
# Creates the virtual environment .venv with the first suitable Python: PYTHON if set, else python3, else a versioned one.
#
#   scripts/create-venv.sh .venv
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/say.sh"

venv=$1

# Prints nothing if the interpreter serves, else what it lacks.
probe='
import importlib.util, os, sys, sysconfig
version = sys.version_info[:2]
if not (3, 11) <= version <= (3, 14):
    print("is Python %d.%d, not 3.11 to 3.14" % version)
elif not importlib.util.find_spec("ensurepip") or not importlib.util.find_spec("venv"):
    print("cannot create virtual environments (module venv or ensurepip is missing)")
elif not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    print("has no headers (Python.h) to build extensions with")
'

lacks() { "$1" -c "$probe" 2>/dev/null || echo "does not run"; }

find_python() { # sets `python`, or `rejected` to what was found and why it does not serve
  rejected=()
  local candidate lack
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3}; do
    command -v "$candidate" >/dev/null || continue
    lack=$(lacks "$candidate")
    if [[ -z $lack ]]; then
      python=$candidate
      return 0
    fi
    rejected+=("$candidate $lack")
  done
  return 1
}

no_python() {
  ((${#rejected[@]})) || rejected=("no Python was found")
  stop "Modyn needs Python 3.11 to 3.14 with venv and headers." "${rejected[@]}" \
    "Install one, or name one: PYTHON=/path/to/python make ..."
}

if ! find_python; then
  # Only the system's own Python can be completed by the system's packages.
  [[ -z ${PYTHON:-} ]] || no_python
  if [[ -x /usr/bin/python3 && $(lacks /usr/bin/python3) == is\ Python* ]]; then no_python; fi
  "$here/system-packages.sh" python python-venv python-headers
  find_python || no_python
fi

say "creating $venv with $("$python" --version) ($(command -v "$python"))"
"$python" -m venv --clear "$venv"
# Dependency groups (pip install --group) need a newer pip than Python 3.11 and 3.12 bring.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt 'pip>=25.1' </dev/null
