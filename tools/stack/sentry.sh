#!/usr/bin/env bash
# sentry: the certificate authority of the sidecars. Whoever shows the token that secretstore
# made for an app gets a certificate of that app, so the secrets come first; nobody else gets
# one. What it signs with is made at its first start and never leaves its data folder.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

DATA=$STATE/data/sentry

held() { "$ROOT/tools/stack/dapr.sh" program sentry >/dev/null; }
origin() { "$ROOT/tools/stack/dapr.sh" origin; }
get() { held || "$ROOT/tools/stack/dapr.sh" get; }

# It is kept like a sidecar: without it no sidecar that starts finds its way in.
start() {
  ! alive sentry.keeper || return 0
  state_layout
  local program
  program=$("$ROOT/tools/stack/dapr.sh" program sentry) || die "sentry: get it first (tools/stack/sentry.sh get)"
  export STACK_SENTRY_KEYS=$STATE/secrets/sentry/jwks.json
  [[ -s $STACK_SENTRY_KEYS ]] || die "sentry: $STACK_SENTRY_KEYS is missing; secretstore writes it"
  install -d -m 700 "$DATA"
  # An authority lives for a year. One that may not last until the next start makes way.
  find "$DATA" -name issuer.crt -mtime +300 -delete
  # Part of every name that it signs.
  export NAMESPACE=default
  rm -f "$STATE/run/sentry.pid"
  daemon sentry.keeper "$ROOT/tools/keep.sh" --part sentry "$program" \
    --config "$ROOT/dapr/sentry.yaml" --issuer-credentials "$DATA" --trust-domain localhost \
    --listen-address 127.0.0.1 --port "$SENTRY_PORT" \
    --metrics-listen-address 127.0.0.1 --metrics-port $((SENTRY_PORT + 1)) --log-as-json
  await sentry.keeper 5 alive sentry
}

# It listens once it can sign, and has read the keys of the tokens.
ready() { alive sentry && [[ -s $DATA/ca.crt ]] && listening "$SENTRY_PORT"; }

stop() { end_daemon sentry.keeper TERM 10; }

case ${1:-} in held | origin) "$1" ;; *) part_main "$@" ;; esac
