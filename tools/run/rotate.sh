# shellcheck shell=bash
# Changing secrets while the café runs.

rotate() { # what, flags
  [[ ${1:-} == signing && ( $# -eq 1 || $* == "signing --stolen" ) ]] || die "usage: ./run.sh rotate signing [--stolen]"
  alive vault || die "rotate: the vault is down; ./run.sh up starts it"
  # Whichever build brought the café up.
  local tool=$ROOT/target/debug/secretstore
  [[ -x $tool ]] || tool=$ROOT/target/release/secretstore
  "$tool" rotate "$@" --state "$STATE" --vault "http://127.0.0.1:$VAULT_PORT"
}
