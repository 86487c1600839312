# shellcheck shell=bash
# Long steps: side by side, each with its own log, shown with the time they take. A job
# that fails ends the others and the run, with its last line as the reason.

declare -A JOB_PID=() JOB_BEGAN=()

# In a process group of its own, so that ending it ends its compilers too.
job() { # name, command…
  local name=$1; shift
  state_layout
  set -m
  ("$@") >"$STATE/logs/job-$name.log" 2>&1 </dev/null &
  JOB_PID[$name]=$!
  set +m
  JOB_BEGAN[$name]=$SECONDS
}

end_jobs() {
  local name
  for name in "${!JOB_PID[@]}"; do kill -TERM -- "-${JOB_PID[$name]}" 2>/dev/null || true; done
  JOB_PID=()
}

# Waits for all jobs; a line for each that ends, and one now and then for those that run.
await_jobs() {
  local name status next=$((SECONDS + 10))
  while ((${#JOB_PID[@]})); do
    for name in "${!JOB_PID[@]}"; do
      ! kill -0 "${JOB_PID[$name]}" 2>/dev/null || continue
      status=0
      wait "${JOB_PID[$name]}" || status=$?
      unset "JOB_PID[$name]"
      if ((status != 0)); then
        end_jobs
        die "$name failed: $(job_reason "$name")"
      fi
      ((SECONDS - JOB_BEGAN[$name] < 2)) || say "  $name: done in $((SECONDS - JOB_BEGAN[$name])) s"
    done
    if ((SECONDS >= next)); then
      next=$((SECONDS + 10))
      for name in "${!JOB_PID[@]}"; do
        say "  $name: $((SECONDS - JOB_BEGAN[$name])) s … $(last_words "$STATE/logs/job-$name.log")"
      done
    fi
    sleep 0.1
  done
}
last_words() { tail -n 1 "$1" 2>/dev/null | tr -d '\r\0' | cut -c1-70; }
job_reason() { # name
  local log=$STATE/logs/job-$1.log
  { grep -m1 -E '^(error|crema:)' "$log" || tail -n 1 "$log"; } | sed 's/^crema: //' | cut -c1-300
}
