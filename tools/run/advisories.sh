# shellcheck shell=bash
# Known weaknesses of what others wrote, by the lists of each ecosystem. What they know of
# fails; a list that can't be asked here is named in the closing words.

SKIPPED=() # "list: why"

advisories() {
  asked Rust cargo-audit https://github.com/RustSec/advisory-db cargo audit --quiet &&
    asked Go govulncheck https://vuln.go.dev/index/db.json in_folders go.mod govulncheck ./... &&
    asked npm npm "$(npm config get registry)-/npm/v1/security/advisories/bulk" \
      in_folders package-lock.json npm audit --audit-level=high &&
    asked Python pip-audit https://osv.dev \
      in_folders requirements.txt pip-audit --vulnerability-service osv --requirement requirements.txt
}

asked() { # list, program, address, command…
  local list=$1 program=$2 address=$3 post=(); shift 3
  [[ $list != npm ]] || post=(-H 'content-type: application/json' -d '{}')
  if ! command -v "$program" >/dev/null; then
    SKIPPED+=("advisories of $list (there is no $program here)")
  elif ! curl -sfL --max-time 5 -o /dev/null "${post[@]}" "$address"; then
    SKIPPED+=("advisories of $list (the list can't be reached)")
  else
    "$@"
  fi
}

# Runs a command where each tool's pins are.
in_folders() { # file, command…
  local file=$1 pins; shift
  for pins in "$ROOT"/tools/*/"$file"; do
    (cd "${pins%/*}" && "$@") || { printf 'error: %s\n' "${pins#"$ROOT"/}"; return 1; }
  done
}

say_skipped() {
  local what
  for what in "${SKIPPED[@]}"; do say "SKIPPED: $what"; done
}
