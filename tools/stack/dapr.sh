#!/usr/bin/env bash
# Dapr: the sidecar and its CLI. The sidecar and sentry (sentry.sh) are one program, built
# from a Go module of ours in which a fault of Dapr is mended; the CLI is built likewise,
# unless the user's own is of a version that fits. Start is `dapr run -f`: every app of the
# template, each with its sidecar, both under tools/keep.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

DAPRD_VERSION=1.18.2
CLI_VERSION=1.16.5
DAPRD_KEPT=$(cache_of daprd "$ROOT"/tools/dapr/{go.sum,*.go,mend.sed,mended/*.go})
CLI_KEPT=$(cache_of dapr-cli "$ROOT/tools/dapr-cli/go.sum")

# daprd or sentry: what the program does is what it is called.
program() { # name
  [[ -x $DAPRD_KEPT/$1 ]] && printf %s "$DAPRD_KEPT/$1"
}
# The user's own is taken when it is of the same minor version.
cli() {
  local theirs
  if [[ -x $CLI_KEPT/dapr ]]; then
    printf %s "$CLI_KEPT/dapr"
    return
  fi
  theirs=$(command -v dapr) && [[ $("$theirs" --version 2>/dev/null | head -n 1) == *"${CLI_VERSION%.*}."* ]] && printf %s "$theirs"
}

held() { program sentry >/dev/null && cli >/dev/null; }
origin() { printf 'daprd and sentry %s and the Dapr CLI %s (Go modules, built once in about 6 minutes)' $DAPRD_VERSION $CLI_VERSION; }

# Has Dapr built from a copy of its module, with its fault mended (tools/dapr/mend.sed).
mend() ( # folder for the copy
  local module=github.com/dapr/dapr faulty=pkg/middleware/http/pipeline.go original
  cd "$ROOT/tools/dapr"
  go mod download $module
  original=$(go list -m -f '{{.Dir}}' $module)
  cp -r --no-preserve=mode "$original" "$1/dapr"
  sed -i -f mend.sed "$1/dapr/$faulty"
  ! cmp -s "$original/$faulty" "$1/dapr/$faulty" || die "tools/dapr/mend.sed finds nothing to mend in $original"
  cp go.mod go.sum "$1"
  go mod edit -replace "$module=$1/dapr" "$1/go.mod"
  CGO_ENABLED=0 go test -modfile="$1/go.mod" ./mended >"$STATE/logs/build-mended.log" 2>&1 ||
    die "Dapr still runs requests in each other's handlers (see $STATE/logs/build-mended.log)"
)

get() {
  local work
  state_layout
  if ! program sentry >/dev/null; then
    work=$(mktemp -d)
    mend "$work"
    go_build daprd "$ROOT/tools/dapr" "$DAPRD_KEPT" . "-X github.com/dapr/dapr/pkg/buildinfo.version=$DAPRD_VERSION" "-modfile=$work/go.mod"
    rm -rf "$work"
    ln -s daprd "$DAPRD_KEPT/sentry"
  fi
  cli >/dev/null || go_build dapr "$ROOT/tools/dapr-cli" "$CLI_KEPT" github.com/dapr/cli "-X main.version=$CLI_VERSION"
}

# STACK_TEMPLATE names the run template; without it, all apps as dapr/dapr.yaml has them.
start() {
  ! alive dapr || return 0
  state_layout
  local runtime=$STATE/run/dapr-runtime
  mkdir -p "$runtime/.dapr/bin"
  ln -sfn "$ROOT/tools/keep.sh" "$runtime/.dapr/bin/daprd"
  STACK_DAPRD=$(program daprd) || die "dapr: get it first (tools/stack/dapr.sh get)"
  export STACK_DAPRD
  export DAPR_RUNTIME_PATH=$runtime CREMA_STATE=$STATE CREMA_PORT_BASE=$BASE
  export STACK_TRACE_SAMPLING=${STACK_OTLP:+1} STACK_OTLP=${STACK_OTLP:-}
  : "${STACK_TRACE_SAMPLING:=0}"
  rm -f "$STATE"/run/*.keep.pid
  daemon dapr "$(cli)" run -f "${STACK_TEMPLATE:-$ROOT/dapr/dapr.yaml}"
}

# The CLI has started every app when each has a keeper; whether an app serves is its own
# /readyz to say.
ready() { alive dapr; }

# The CLI would kill outright. So the keepers are told first: sidecars stop taking events
# and go on carrying calls while the apps drain.
stop() {
  local keeper end=$((SECONDS + 25)) pid
  for keeper in "$STATE"/run/*.daprd.keep.pid "$STATE"/run/*.keep.pid; do
    keeper=${keeper##*/}
    if pid=$(pid_of "${keeper%.pid}"); then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for keeper in "$STATE"/run/*.keep.pid; do
    keeper=${keeper##*/}
    keeper=${keeper%.pid}
    while pid=$(pid_of "$keeper"); do
      if ((SECONDS >= end)); then
        warn "${keeper%.keep} did not stop in time, killed"
        kill -KILL "$pid" 2>/dev/null || true
      fi
      sleep 0.05
    done
    rm -f "$STATE/run/$keeper.pid"
  done
  # Nothing of the CLI's is left to keep, and it may be waiting for a sidecar that is gone.
  end_daemon dapr KILL 5
}

case ${1:-} in held | origin | program) "$@" ;; *) part_main "$@" ;; esac
