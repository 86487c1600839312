# shellcheck shell=bash
# Changing secrets while the café runs.

secretstore_now() { # what and whose, arguments
  alive vault || die "$1: the vault is down; ./run.sh up starts it"
  # Whichever build brought the café up.
  local tool=$ROOT/target/debug/secretstore
  [[ -x $tool ]] || tool=$ROOT/target/release/secretstore
  "$tool" "$@" --state "$STATE" --vault "http://127.0.0.1:$VAULT_PORT"
}

rotate() { # what, flags
  [[ ${1:-} == signing && ( $# -eq 1 || $* == "signing --stolen" ) ]] || die "usage: ./run.sh rotate signing [--stolen]"
  secretstore_now rotate "$@"
}

# Other identity providers by which people sign in. `add` reads JSON: the secret in it is for no argument list.
provider() { # add or remove, name
  [[ $# -eq 2 && ( $1 == add || $1 == remove ) ]] || die "usage: ./run.sh provider add NAME <FILE, or ./run.sh provider remove NAME"
  secretstore_now provider "$@"
}
