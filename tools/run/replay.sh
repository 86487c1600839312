# shellcheck shell=bash
# Letting an app read a topic again, from its beginning or from an instant. Nothing is
# deleted here: effects are had once (the inbox sees to that), and a read model that is to
# be built anew is dropped through the app first (DELETE /v1/timeline of order).

replay() { # app, flags
  local app=${1:-} topic='' from=beginning
  [[ -n $app && $app != -* ]] || die "usage: ./run.sh replay APP --topic T [--from beginning|RFC3339]"
  shift
  while (($#)); do
    (($# >= 2)) || die "replay: $1 needs a value"
    case $1 in
      --topic) topic=$2 ;;
      --from) from=$2 ;;
      *) die "replay: unknown option $1" ;;
    esac
    shift 2
  done
  [[ -n $topic ]] || die "replay: which topic? ($(replayable "$app" | paste -sd' '))"
  replayable "$app" | grep -qxF -- "$topic" ||
    die "replay: $app has no place of its own in $topic (it has in: $(replayable "$app" | paste -sd' '))"
  local start
  start=$(start_of_replay "$from")
  alive kafka || die "replay: Kafka is down; ./run.sh up starts it"

  local began=$SECONDS
  # shellcheck disable=SC2086 # an option and, after a blank, its value
  without_sidecar "$app" move_group "$app" "$topic" $start
  say "$app reads $topic again from $from"
  until group_has_read "$app" "$topic"; do
    alive kafka || die "replay: Kafka died: $(last_line kafka)"
    alive "$app.daprd.keep" || die "replay: $app was stopped meanwhile"
    sleep 0.5
  done
  say "$app has read all of $topic, after $((SECONDS - began)) s"
}

# The topics that an app reads as one consumer group: through the component whose group is
# the app's id. The BFF's groups live as long as its processes and have nothing to replay.
replayable() { # app
  cat "$ROOT"/dapr/subscriptions/*.yaml | awk -v app="$1" '
    function told() { if (through == "pubsub" && mine) print topic; through = topic = ""; mine = 0 }
    $1 == "apiVersion:" { told() }
    $1 == "pubsubname:" { through = $2 }
    $1 == "topic:" { topic = $2 }
    $1 == "scopes:" { mine = $0 ~ "[[ ,]" app "[], ]" }
    END { told() }
  ' | sort -u
}

# What Kafka calls the place to begin at.
start_of_replay() { # beginning, or an instant
  local instant
  if [[ $1 == beginning ]]; then
    printf -- '--to-earliest'
    return
  fi
  # `date` alone would take "yesterday" too.
  if ! [[ $1 =~ ^[0-9-]{10}[Tt][0-9:]{8}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$ ]] ||
    ! instant=$(date -u -d "$1" +%FT%T.%3NZ 2>/dev/null); then
    die "replay: --from is 'beginning' or an instant such as 2026-03-02T07:30:00Z, not $1"
  fi
  printf -- '--to-datetime %s' "$instant"
}

# Runs a command while an app has no sidecar, and so no consumer. Its keeper is frozen
# meanwhile, and finds a dead sidecar to start again when it thaws.
without_sidecar() ( # app, command…
  app=$1 end=$((SECONDS + 30)); shift
  keeper=$(pid_of "$app.daprd.keep") || die "replay: $app is down; ./run.sh up starts it"
  sidecar=$(pid_of "$app.daprd") || die "replay: the sidecar of $app is down"
  trap 'kill -CONT "$keeper"' EXIT
  kill -STOP "$keeper"
  kill -TERM "$sidecar"
  while alive "$app.daprd"; do
    ((SECONDS < end)) || die "replay: the sidecar of $app does not stop"
    sleep 0.1
  done
  "$@"
)

# Kafka moves no group that still has a member, and tells so in words, not by its status.
move_group() { # group, topic, where to
  local group=$1 topic=$2 end=$((SECONDS + 30)) answer; shift 2
  until answer=$("$ROOT/tools/stack/kafka.sh" groups --group "$group" --topic "$topic" --reset-offsets "$@" --execute 2>&1) &&
    awk -v group="$group" -v topic="$topic" '$1 == group && $2 == topic { n++ } END { exit !n }' <<<"$answer"; do
    ((SECONDS < end)) || die "replay: Kafka does not move $group: $(tail -n 1 <<<"$answer")"
    sleep 0.5
  done
}

# Whether a group is at the end of every partition of a topic.
group_has_read() { # group, topic
  "$ROOT/tools/stack/kafka.sh" groups --group "$1" --describe 2>/dev/null |
    awk -v topic="$2" '$2 == topic { n++; left += $6 == "-" ? 1 : $6 } END { exit !n || left > 0 }'
}
