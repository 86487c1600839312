# shellcheck shell=bash
# Bringing the café up and down. What one run starts, it also stops when it fails half
# way; data stays in every case.

PARTS=(postgres vault kafka redis maildev)
# Each verb calls the parts as programs; this is the state they share.
part() { "$ROOT/tools/stack/$1.sh" "$2"; }

# Always the whole workspace or always its default members, never a crate by itself: each
# choice has its own set of features, and every dependency would be compiled for each.
build_workspace() { # profile
  local what=()
  # Kill points are for tests and never in a release.
  if [[ $1 == debug ]]; then what=(--features service/failpoints); else what=(--release); fi
  # The tests build what they run in one go, and find it built when they start the café.
  [[ -z ${STACK_TESTS:-} ]] || what+=(--workspace --all-targets)
  [[ -z ${STACK_BENCH:-} ]] || what+=(--workspace --exclude web)
  cargo build "${what[@]}"
  # The client of the web: its own builder, one folder of assets.
  "$ROOT/target/$1/web-build" --out "$ROOT/target/web"
}

get_everything() { # profile
  job workspace build_workspace "$1"
  local name
  for name in dapr kafka vault maildev ${STACK_OBSERVE:+zipkin}; do job "$name" part "$name" get; done
  [[ -z ${STACK_TESTS:-} ]] || job stripe-mock stripe_mock
  await_jobs
}

# Each part starts as soon as it is there, while the rest is still being built.
get_and_start() { # profile
  job workspace build_workspace "$1"
  job dapr part dapr get
  local name
  for name in postgres vault kafka maildev ${STACK_OBSERVE:+zipkin}; do job "$name" begin_part "$name"; done
  await_jobs
  job secrets hand_out_secrets "$1"
  await_jobs
}
begin_part() { # name
  part "$1" get
  part "$1" start
  await "$1" 60 part "$1" ready
}

# secretstore opens the vault and gives everything its secrets: the databases' owners, and
# those that do not start without theirs, Redis and sentry. From then on it keeps the signing
# keys and what sidecars show to sentry.
hand_out_secrets() { # profile
  local tool=$ROOT/target/$1/secretstore
  local apps
  apps=$(app_names | paste -sd,)
  # The benchmark's bare handlers have sidecars too.
  [[ -z ${STACK_BENCH:-} ]] || apps+=,bench-bare,bench-leaf
  local common=(--state "$STATE" --vault "http://127.0.0.1:$VAULT_PORT" --apps "$apps")
  "$tool" up "${common[@]}" --postgres "127.0.0.1:$POSTGRES_PORT" --demo
  "$tool" sql "${common[@]}" | "$ROOT/tools/stack/postgres.sh" sql
  STACK_SECRETSTORE=$tool part rotator start
  await rotator 5 part rotator ready
  begin_part redis
  begin_part sentry
}

start_apps() { # profile, apps…
  local wanted=("${@:2}") app end=$((SECONDS + 60))
  ((${#wanted[@]})) || mapfile -t wanted < <(app_names)
  STACK_TEMPLATE=$(template_for "$@")
  export STACK_TEMPLATE
  # The counts of the last run say nothing about this one.
  rm -f "$STATE"/run/*.restarts
  part dapr start
  for app in "${wanted[@]}"; do
    until app_ready "$app"; do
      alive dapr || die "dapr run ended: $(last_line dapr)"
      keeps_dying "$app" || keeps_dying "$app.daprd" || true
      ((SECONDS < end)) || die "$app is not ready in time: $(last_line "$app")"
      sleep 0.1
    done
  done
}

# Its own last words, not those of the wrapper that starts it again.
keeps_dying() { # app, or its sidecar
  (($(cat "$STATE/run/$1.restarts" 2>/dev/null || echo 0) >= 5)) || return 1
  die "$1 dies at its start: $(grep -v 'started again in' "$STATE/logs/$1.log" | tail -n 1 | cut -c1-300) (./run.sh logs $1)"
}

stop_everything() {
  local name
  part dapr stop
  for name in "${PARTS[@]}" sentry rotator zipkin; do part "$name" stop & done
  wait
}

running() {
  local name
  for name in dapr "${PARTS[@]}" sentry.keeper rotator zipkin; do ! alive "$name" || return 0; done
  return 1
}

up() { # flags, apps…
  local detached='' profile=debug wanted=() began=$SECONDS
  while (($#)); do
    case $1 in
      -d) detached=yes ;;
      --observe) STACK_OBSERVE=yes STACK_OTLP=127.0.0.1:$OTLP_PORT; export STACK_OBSERVE STACK_OTLP ;;
      --release) profile=release ;;
      -*) die "up: unknown option $1" ;;
      *) ops_of "$1" >/dev/null; wanted+=("$1") ;;
    esac
    shift
  done
  ! alive dapr || die "already up (./run.sh status); ./run.sh down stops it"
  state_layout
  check_tools up; check_memory; check_disk; check_ports
  say_what_is_used

  trap 'end_jobs; stop_everything' EXIT
  trap 'say; say "stopping, the data stays"; exit 130' INT TERM HUP
  get_and_start "$profile"
  start_apps "$profile" "${wanted[@]}"
  ((${#wanted[@]})) || first_coffee "$profile"
  say "up in $((SECONDS - began)) s"
  say_addresses
  if [[ -n $detached ]]; then
    trap - EXIT
    return
  fi
  say "Ctrl-C stops everything; the data stays."
  trap 'say; say "stopping, the data stays"; exit 0' INT TERM HUP
  watch_parts
}

# Proof that it works: one coffee, ordered and made, through the public entry.
first_coffee() { # profile
  CREMA_STATE=$STATE CREMA_PORT_BASE=$BASE "$ROOT/target/$1/first-coffee" ||
    die "the first coffee could not be made; ./run.sh logs APP tells more"
}

say_addresses() {
  local store=0190a000-0000-7000-8000-000000000001
  say "
  the café     https://localhost:$PUBLIC_PORT
  the board    https://localhost:$PUBLIC_PORT/board
  the mail     http://127.0.0.1:$MAILDEV_PORT
  sign-ins     $STATE/demo-sign-ins.json${STACK_OBSERVE:+
  traces       http://127.0.0.1:$ZIPKIN_PORT/zipkin/}

  curl --cacert $STATE/ca.pem https://localhost:$PUBLIC_PORT/api/stores/$store/menu
"
}

# Apps, sidecars and sentry come back by themselves; another backing part that dies ends the run.
watch_parts() {
  local name
  while true; do
    for name in dapr "${PARTS[@]}"; do
      alive "$name" || die "$name died: $(last_line "$name")"
    done
    sleep 1 &
    wait $!
  done
}

down() {
  running || { say "nothing runs"; return; }
  stop_everything
  say "stopped; the data stays in $STATE"
}

reset() {
  [[ -d $STATE/run && -d $STATE/data ]] || { say "no state in $STATE"; return; }
  if [[ ${1:-} != -y ]]; then
    [[ -t 0 ]] || die "reset: deletes all data in $STATE; say -y"
    read -r -p "delete all data, secrets and logs in $STATE? [y/N] " answer
    [[ $answer == [yY]* ]] || die "nothing deleted"
  fi
  stop_everything
  rm -rf -- "$STATE"
  say "deleted $STATE"
}
