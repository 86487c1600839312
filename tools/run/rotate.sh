# shellcheck shell=bash
# Changing secrets while the café runs.

secretstore_now() { # what and whose, arguments
  alive vault || die "$1: the vault is down; ./run.sh up starts it"
  # Whichever build brought the café up.
  local tool=$ROOT/target/debug/secretstore
  [[ -x $tool ]] || tool=$ROOT/target/release/secretstore
  "$tool" "$@" --state "$STATE" --vault "http://127.0.0.1:$VAULT_PORT"
}

rotate() { # what, flags or apps
  local usage="usage: ./run.sh rotate signing [--stolen], rotate tokens [APP…], or rotate some of session, quotes, clients, webhook, database"
  local what apps=("${@:2}")
  case "${1:-}" in
    signing)
      (($# == 1)) || [[ $# -eq 2 && $2 == --stolen ]] || die "$usage"
      secretstore_now rotate "$@"
      ;;
    tokens)
      ((${#apps[@]})) || mapfile -t apps < <(app_names)
      for what in "${apps[@]}"; do ops_of "$what" >/dev/null; done
      secretstore_now rotate tokens --apps "$(IFS=,; printf %s "${apps[*]}")" --restart "$ROOT/run.sh" --sql "$ROOT/tools/stack/postgres.sh"
      ;;
    *)
      (($#)) || die "$usage"
      for what; do [[ $what =~ ^(session|quotes|clients|webhook|database)$ ]] || die "$usage"; done
      secretstore_now rotate "$@" --settle "${STACK_SETTLE:-30s}" --sql "$ROOT/tools/stack/postgres.sh"
      ;;
  esac
}

# Each keeper starts its own anew, with the tokens of now.
restart() { # app
  local app=${1:-} part before=() end=$((SECONDS + 60))
  (($# == 1)) || die "usage: ./run.sh restart APP"
  ops_of "$app" >/dev/null
  for part in "$app.daprd" "$app"; do
    before+=("$part=$(pid_of "$part")") || die "$part does not run"
  done
  [[ $(vault_state) == open ]] || die "the vault is $(vault_state), and $app would wait for it; ./run.sh vault unseal opens a sealed one"
  # The sidecar first and to its end: it takes no more events, and the app is still there for those that it has. With
  # the app gone it would try them again until its stop is forced.
  for part in "${before[@]}"; do
    kill -TERM "${part#*=}"
    while [[ $(pid_of "${part%=*}" || true) =~ ^(${part#*=})?$ ]]; do
      ((SECONDS < end)) || die "${part%=*} did not come back: $(last_line "${part%=*}")"
      sleep 0.1
    done
  done
  until app_ready "$app" && sidecar_ready "$app"; do
    ((SECONDS < end)) || die "$app is not ready in time: $(last_line "$app")"
    sleep 0.1
  done
  say "$app and its sidecar run anew"
}

vault() { # what, file
  case "${1:-} $#" in
    "status 1" | "unseal 1" | "rekey 1") secretstore_now "$1" ;;
    "backup 2") secretstore_now backup "$2" ;;
    "restore 2") restore_vault "$2" ;;
    *) die "usage: ./run.sh vault status, vault unseal, vault rekey, vault backup FILE, or vault restore FILE" ;;
  esac
}

# What the vault has now is moved away, not deleted.
restore_vault() { # file
  ! alive dapr || die "stop the café first: ./run.sh down"
  [[ -r $1 ]] || die "there is no $1"
  part vault stop
  [[ ! -d $STATE/data/vault ]] || mv -T "$STATE/data/vault" "$STATE/data/vault.before-$(date +%s)"
  part vault start
  await vault 60 part vault ready
  secretstore_now restore "$1"
  part vault stop
}

# Other identity providers by which people sign in. `add` reads JSON: the secret in it is for no argument list.
provider() { # add or remove, name
  [[ $# -eq 2 && ( $1 == add || $1 == remove ) ]] || die "usage: ./run.sh provider add NAME <FILE, or ./run.sh provider remove NAME"
  secretstore_now provider "$@"
}
