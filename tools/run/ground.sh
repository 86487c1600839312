# shellcheck shell=bash disable=SC2034 # those who source this file read its variables
# Where things are, and how to speak: the clone, the state, the caches, the ports.
# Sourced by run.sh, keep.sh and each stack part, so that all of them agree; it starts
# nothing and writes nothing outside the state folder.

set -euo pipefail

ROOT=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
BASE=${CREMA_PORT_BASE:-20000}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/crema

state_folder() {
  local clone
  clone=$(printf %s "$ROOT" | sha256sum | cut -c1-12)
  if [[ -n ${CREMA_STATE:-} ]]; then printf %s "$CREMA_STATE"
  elif [[ $EUID -eq 0 ]]; then printf %s "/var/lib/crema/$clone"
  else printf %s "${XDG_STATE_HOME:-$HOME/.local/state}/crema/$clone"
  fi
}
STATE=$(state_folder)

# Row 0 of the ports belongs to the backing parts.
POSTGRES_PORT=$((BASE + 32))
REDIS_PORT=$((BASE + 79))
KAFKA_PORT=$((BASE + 92))
VAULT_PORT=$((BASE + 82))
SENTRY_PORT=$((BASE + 50))
SMTP_PORT=$((BASE + 25))
MAILDEV_PORT=$((BASE + 26))
ZIPKIN_PORT=$((BASE + 11))
OTLP_PORT=$((BASE + 12))
PUBLIC_PORT=$((8443 + BASE - 20000))

say() { printf '%s\n' "$*"; }
warn() { printf 'crema: %s\n' "$*" >&2; }
die() { warn "$*"; exit 1; }

# Folders come to be with the rights they keep: secrets are ours alone, the rest can be
# walked through, because PostgreSQL runs as a user of its own where we are root.
state_layout() {
  (umask 022; mkdir -p "$STATE"/{data,run,logs,vault,secrets})
  chmod 755 "$STATE"
  chmod 700 "$STATE"/{logs,secrets,vault}
}

# Keyed by what decides the content, so that a change fetches anew and nothing else does.
cache_of() { # part, files…
  local part=$1; shift
  printf %s "$CACHE/$part-$(cat -- "$@" | sha256sum | cut -c1-12)"
}

# Second of the epoch at which a process started.
started_at() { # pid
  local stat ticks boot
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # fields are wanted; the name may hold spaces, so cut first
  set -- ${stat##*) }
  ticks=${20}
  boot=$(awk '$1 == "btime" { print $2 }' /proc/stat)
  printf %s $((boot + ticks / $(getconf CLK_TCK)))
}

# The pid in run/NAME.pid, if that very process still lives. A process that is younger
# than its pid file is a stranger that inherited the number.
pid_of() { # name
  local file=$STATE/run/$1.pid pid begin written
  pid=$(cat "$file" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] || return 1
  kill -0 "$pid" 2>/dev/null || return 1
  [[ $(awk '$1 == "State:" { print $2 }' "/proc/$pid/status" 2>/dev/null) != Z ]] || return 1
  begin=$(started_at "$pid") || return 1
  written=$(stat -c %Y "$file" 2>/dev/null) || return 1
  ((begin <= written + 2)) || return 1
  printf %s "$pid"
}
alive() { pid_of "$1" >/dev/null; }

listening() { # port
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# open, sealed, empty (nobody has initialised it) or away, as it tells anybody.
vault_state() {
  local code
  code=$(curl -s -o /dev/null --max-time 2 -w '%{http_code}' "http://127.0.0.1:$VAULT_PORT/v1/sys/health" || true)
  case $code in
    200 | 429) printf open ;;
    501) printf empty ;;
    503) printf sealed ;;
    *) printf away ;;
  esac
}

# Starts a part as a daemon with a pid file and a log; the log of the last run is kept.
daemon() { # name, command…
  local name=$1 log=$STATE/logs/$1.log; shift
  [[ ! -s $log ]] || mv -f "$log" "$log.1"
  setsid "$@" >"$log" 2>&1 </dev/null &
  printf '%s\n' $! >"$STATE/run/$name.pid"
}

# Polls a condition until it holds; gives up when the time is over, or at once when the
# process it waits for is gone.
await() { # name, seconds, condition…
  local name=$1 end=$((SECONDS + $2)); shift 2
  until "$@"; do
    alive "$name" || die "$name died while starting: $(last_line "$name")"
    ((SECONDS < end)) || die "$name is not ready in time: $(last_line "$name")"
    sleep 0.1
  done
}
last_line() { # name
  local log=$STATE/logs/$1.log
  printf '%s (see %s)' "$(grep -v '^[[:space:]]*$' "$log" 2>/dev/null | tail -n 1 | cut -c1-200)" "$log"
}

# Ends a daemon with a signal, waits for it, and takes it by force when it doesn't listen.
end_daemon() { # name, signal, seconds
  local name=$1 signal=$2 end=$((SECONDS + $3)) pid
  if pid=$(pid_of "$name"); then
    kill "-$signal" "$pid" 2>/dev/null || true
    while alive "$name"; do
      if ((SECONDS >= end)); then
        warn "$name did not stop in $3 s, killed"
        kill -KILL "$pid" 2>/dev/null || true
        end=$((SECONDS + 5))
      fi
      sleep 0.05
    done
  fi
  rm -f "$STATE/run/$name.pid"
}

# A program from a Go module of ours, static, into its place in the cache.
go_build() { # name, folder, place, package, ldflags, flags…
  local log=$STATE/logs/build-$1.log
  state_layout
  (cd "$2" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w $5" -o "$3.$$/$1" "${@:6}" "$4") >"$log" 2>&1 ||
    die "$1: go build failed: $(grep -v downloading "$log" | tail -n 1) (see $log)"
  rm -rf "$3"
  mv -T "$3.$$" "$3"
}

# The jars of a folder's pom.xml, each with the checksum that SHA256SUMS there says, and no other.
maven_parts() { # name, folder, place
  local fresh=$3.$$ log=$3.$$.log
  mkdir -p "$fresh"
  if ! mvn -q -B -f "$2/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$fresh" >"$log" 2>&1; then
    rm -rf "$fresh"
    die "$1: Maven could not fetch it: $(grep -m1 ERROR "$log") (see $log)"
  fi
  if ! diff <(LC_ALL=C sort -k 2 "$2/SHA256SUMS") <(cd "$fresh" && LC_ALL=C sha256sum -- *.jar | LC_ALL=C sort -k 2) >"$log"; then
    rm -rf "$fresh"
    die "$1: what Maven fetched is not what SHA256SUMS says: $(sed -n 's/^> //p' "$log" | head -n 1) (see $log)"
  fi
  rm -f "$log"
  mv -T "$fresh" "$3"
}

# The four functions of a part are also its command line: tools/stack/redis.sh start.
part_main() {
  case ${1:-} in
    get | start | ready | stop) "$1" ;;
    *) die "usage: ${0##*/} get|start|ready|stop" ;;
  esac
}
