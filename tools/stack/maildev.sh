#!/usr/bin/env bash
# maildev: the inbox that all mail of this stack goes to, with a page to read it. It passes
# nothing on to anybody. What it holds ends with it: a mail may have a link in it that
# opens an account.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

PACKAGE=$ROOT/tools/maildev
KEPT=$(cache_of maildev "$PACKAGE/package-lock.json")
MAILS=$STATE/run/maildev

held() { [[ -d $KEPT ]]; }
origin() { printf 'maildev 2.2.1 (npm, 41 MB)'; }

get() {
  ! held || return 0
  local fresh=$KEPT.$$
  mkdir -p "$fresh"
  cp "$PACKAGE"/package{,-lock}.json "$fresh"
  if ! npm ci --no-audit --no-fund --ignore-scripts --prefix "$fresh" >"$fresh.log" 2>&1; then
    rm -rf "$fresh"
    die "maildev: npm could not fetch it: $(grep -m1 'npm error' "$fresh.log") (see $fresh.log)"
  fi
  rm -f "$fresh.log"
  mv -T "$fresh" "$KEPT"
}

start() {
  ! alive maildev || return 0
  state_layout
  rm -rf "$MAILS"
  install -d -m 700 "$MAILS"
  daemon maildev node --max-old-space-size=64 "$KEPT/node_modules/maildev/bin/maildev" \
    --ip 127.0.0.1 --smtp "$SMTP_PORT" --web-ip 127.0.0.1 --web "$MAILDEV_PORT" --mail-directory "$MAILS"
}

ready() { listening "$SMTP_PORT" && curl -s -f -o /dev/null --max-time 2 "http://127.0.0.1:$MAILDEV_PORT/healthz"; }

stop() {
  end_daemon maildev TERM 10
  rm -rf "$MAILS"
}

case ${1:-} in held | origin) "$1" ;; *) part_main "$@" ;; esac
