#!/usr/bin/env bash
# The keeper of secrets: rotates them by schedule and renews the sidecars' vault tokens, with
# a token that may do nothing else. secretstore made that token, so the vault and `secretstore up` come first.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

get() { :; }

start() {
  ! alive rotator || return 0
  state_layout
  daemon rotator "${STACK_SECRETSTORE:?which build of secretstore}" watch --state "$STATE" \
    --vault "http://127.0.0.1:$VAULT_PORT" --keys-last "${STACK_SIGNING_KEYS_LAST:-30d}" \
    --secrets-last "${STACK_SECRETS_LAST:-30d}" --sql "$ROOT/tools/stack/postgres.sh"
}

ready() { alive rotator; }

stop() { end_daemon rotator TERM 10; }

part_main "$@"
