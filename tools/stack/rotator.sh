#!/usr/bin/env bash
# The keeper of the signing keys: rotates them by schedule, with a token that may do nothing
# else. secretstore made that token, so the vault and `secretstore up` come first.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

get() { :; }

start() {
  ! alive rotator || return 0
  state_layout
  daemon rotator "${STACK_SECRETSTORE:?which build of secretstore}" watch --state "$STATE" \
    --vault "http://127.0.0.1:$VAULT_PORT" --keys-last "${STACK_SIGNING_KEYS_LAST:-30d}"
}

ready() { alive rotator; }

stop() { end_daemon rotator TERM 10; }

part_main "$@"
