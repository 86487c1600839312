#!/usr/bin/env bash
# Keeps one process alive: an app, the sidecar beside it, or a part. `dapr run -f` starts
# every app as `keep.sh PROGRAM`, and every sidecar through a link named daprd that leads
# here; a part starts itself as `keep.sh --part NAME PROGRAM`. What it runs writes to its own
# log and comes back when it dies; it never outlives this script. An app and its sidecar get
# their own two Dapr tokens from files.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run/ground.sh"

case ${0##*/} in
  daprd)
    # The CLI asks for the version before it starts anything.
    [[ ${1:-} != --version ]] || exec "$STACK_DAPRD" --version
    role=sidecar
    ;;
  *) if [[ ${1:-} == --part ]]; then role=part; else role=app; fi ;;
esac

# The app that this is about: the sidecar is told by a flag, the app by the CLI.
name_of_app() {
  while (($#)); do
    [[ $1 != --app-id ]] || { printf %s "$2"; return; }
    shift
  done
  printf %s "${APP_ID:-}"
}
if [[ $role != part ]]; then
  APP=$(name_of_app "$@")
  [[ -n $APP ]] || die "keep.sh: dapr run starts this, with an app id"
fi

token() { cat "$STATE/secrets/$APP/$1" || die "$APP: $STATE/secrets/$APP/$1 is missing; secretstore writes it"; }
# Before each start: a rotation is a pair of new files and a restart.
tokens() {
  DAPR_API_TOKEN=$(token dapr-api-token)
  APP_API_TOKEN=$(token app-api-token)
  export DAPR_API_TOKEN APP_API_TOKEN
}

note() { # level, message
  printf '%s\n' "{\"timestamp\":\"$(date -u +%FT%T.%3NZ)\",\"level\":\"$1\",\"message\":\"$2\"}" >>"$LOG"
}
# A sidecar reads its secrets once, at its start, and would only end without them.
await_vault() {
  local state said=
  until state=$(vault_state); [[ $state == open || -n $stopping ]]; do
    [[ $state == "$said" ]] || note WARN "$NAME waits: the vault is $state (./run.sh vault unseal opens a sealed one)"
    said=$state
    sleep 0.2 &
    wait $! || true
  done
  [[ -z $said || $state != open ]] || note INFO "$NAME goes on: the vault is open"
}

sidecar() {
  NAME=$APP.daprd
  export STACK_REDIS=127.0.0.1:$REDIS_PORT
  export STACK_KAFKA=127.0.0.1:$KAFKA_PORT
  export STACK_SMTP_HOST=127.0.0.1 STACK_SMTP_PORT=$SMTP_PORT
  export STACK_VAULT=http://127.0.0.1:$VAULT_PORT
  export STACK_VAULT_TOKEN_FILE=$STATE/secrets/$APP/vault-token
  export STACK_NAMES=$STATE/run/names.db
  # What name resolution tells the other sidecars; they are all on this machine.
  export DAPR_HOST_IP=127.0.0.1
  # Who it is, it proves to sentry; the name and the place in it are not for the environment to say.
  DAPR_TRUST_ANCHORS=$(cat "$STATE/data/sentry/ca.crt") || die "$APP: sentry has no certificate yet"
  export DAPR_TRUST_ANCHORS DAPR_SENTRY_TOKEN_FILE=$STATE/secrets/$APP/sentry-token NAMESPACE=default
  unset SENTRY_LOCAL_IDENTITY
  COMMAND=("$STACK_DAPRD")
  while (($#)); do
    # The CLI insists on a scheduler address; no scheduler runs here.
    if [[ $1 == --scheduler-host-address ]]; then shift 2; else COMMAND+=("$1"); shift; fi
  done
  # What the CLI's template has no field for, or would have another address for.
  COMMAND+=(
    --config "$ROOT/dapr/access/$APP.yaml"
    --enable-mtls
    --sentry-address "127.0.0.1:$SENTRY_PORT"
    --control-plane-trust-domain localhost
    --control-plane-namespace default
    --dapr-internal-grpc-listen-address 127.0.0.1
    --metrics-listen-address 127.0.0.1
    --dapr-graceful-shutdown-seconds 12
    --dapr-block-shutdown-duration 5s
    --log-as-json
  )
}

app() {
  NAME=$APP
  export CREMA_OPS_PORT=$((APP_PORT + 1))
  export CREMA_ISSUER=https://localhost:$PUBLIC_PORT
  [[ -z ${STACK_OTLP:-} ]] || export OTEL_EXPORTER_OTLP_ENDPOINT=http://$STACK_OTLP
  # Calls to the public address meet a certificate of the development CA.
  export SSL_CERT_FILE=$STATE/ca.pem
  # An app refuses a CREMA_ variable that it doesn't know; these two are ours.
  unset CREMA_PORT_BASE CREMA_STATE
  # Where the café is measured, one customer orders for all.
  [[ -z ${STACK_RATE_FACTOR:-} || $APP != bff ]] || export CREMA_RATE_FACTOR=$STACK_RATE_FACTOR
  # Where delivery is tested, nobody is looked for as long as in life.
  [[ -z ${STACK_COURIER_SEARCH:-} || $APP != shipping ]] || export CREMA_COURIER_SEARCH=$STACK_COURIER_SEARCH
  # What dapr.yaml sets may name the state folder.
  local name
  for name in "${!CREMA_@}"; do export "$name=${!name//"\${STATE}"/$STATE}"; done
  COMMAND=("$@")
}

part() { # --part, its name, command…
  NAME=$2
  COMMAND=("${@:3}")
}

"$role" "$@"

child=
stopping=
finish() {
  stopping=yes
  [[ -z $child ]] || kill -TERM "$child" 2>/dev/null || true
}
trap finish TERM INT

LOG=$STATE/logs/$NAME.log
[[ ! -s $LOG ]] || mv -f "$LOG" "$LOG.1"
# The keepers of parts are noted by who starts them, apart from those of `dapr run`.
[[ $role == part ]] || printf '%s\n' $$ >"$STATE/run/$NAME.keep.pid"
restarts=0
printf '0\n' >"$STATE/run/$NAME.restarts"
delay=0.2
while [[ -z $stopping ]]; do
  began=$SECONDS
  [[ $role != sidecar ]] || await_vault
  [[ -z $stopping ]] || break
  [[ $role == part ]] || tokens
  # Should this script be killed, the kernel takes the child with it.
  setpriv --pdeathsig KILL "${COMMAND[@]}" >>"$LOG" 2>&1 </dev/null &
  child=$!
  # A signal that came before there was a child to tell.
  [[ -z $stopping ]] || finish
  printf '%s\n' "$child" >"$STATE/run/$NAME.pid"
  # A signal interrupts the wait, not the child.
  status=0
  while kill -0 "$child" 2>/dev/null; do wait "$child" || status=$?; done
  child=
  [[ -z $stopping ]] || break
  restarts=$((restarts + 1))
  printf '%s\n' "$restarts" >"$STATE/run/$NAME.restarts"
  note ERROR "$NAME ended with status $status, started again in $delay s"
  # Quick for a rare death, slower for one that follows another.
  ((SECONDS - began < 10)) || delay=0.2
  sleep "$delay" &
  wait $! || true
  delay=$(awk -v d="$delay" -v most="${STACK_LONGEST_PAUSE:-5}" 'BEGIN { d *= 2; print (d > most ? most : d) }')
done
rm -f "$STATE/run/$NAME.pid" "$STATE/run/$NAME.keep.pid"
