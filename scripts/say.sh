# Sourced by the other scripts: one way to say what is being done and why something stopped.

say() { printf '==> %s\n' "$*" >&2; }

stop() {
  printf '\nstopped: %s\n' "$1" >&2
  shift
  if (($#)); then printf '    %s\n' "$@" >&2; fi
  exit 1
}
