# shellcheck shell=bash
# The tests, from nothing: what reads the source, what needs a PostgreSQL, and what needs
# the whole café, which gets a stack of its own: other ports, data on tmpfs, no fsync.

STEPS=() # "seconds name", for the closing list

step() { # name, command…
  local name=$1 began=$SECONDS log; shift
  log=${STATE:?}/logs/step-${name// /-}.log
  say "$name …"
  if ! "$@" >"$log" 2>&1; then
    grep -E '^(error|test .* FAILED|---- |thread .* panicked|crema:|not ok)' "$log" | head -n 20 >&2 || true
    tail -n 25 "$log" >&2
    die "$name failed after $((SECONDS - began)) s (see $log)"
  fi
  STEPS+=("$((SECONDS - began)) $name")
  say "$name: done in $((SECONDS - began)) s"
}

scratch() { # purpose
  local home=/dev/shm
  [[ -d $home && -w $home ]] || home=${TMPDIR:-/tmp}
  printf %s "$home/crema-$(printf %s "$ROOT" | sha256sum | cut -c1-12)-$1"
}

check() {
  state_layout
  check_tools test
  step 'format' format_holds
  step 'shellcheck' shellcheck run.sh .ci/run tools/*.sh tools/*/*.sh
  step 'lints' cargo clippy --workspace --exclude web --all-targets -- -D warnings
  step 'lints of the web client' cargo clippy -p web --target wasm32-unknown-unknown -- -D warnings
  step 'licences and layout' cargo test -p e2e --test architecture
}
format_holds() {
  cargo fmt --all --check
  local unformatted
  unformatted=$(gofmt -l tools/dapr)
  [[ -z $unformatted ]] || { printf 'error: gofmt: %s\n' "$unformatted"; return 1; }
}

# A server that lives as long as the tests that need it.
with_postgres() { # command…
  local status=0
  (
    CREMA_STATE=$(scratch unit) CREMA_PORT_BASE=$((BASE + 3000)) STACK_FSYNC=off
    export CREMA_STATE CREMA_PORT_BASE STACK_FSYNC
    "$ROOT/tools/stack/postgres.sh" stop
    rm -rf "$CREMA_STATE"
    "$ROOT/tools/stack/postgres.sh" start
    until "$ROOT/tools/stack/postgres.sh" ready; do sleep 0.1; done
  ) || return 1
  TESTKIT_POSTGRES="postgres://postgres@localhost:$((BASE + 3032))/postgres?host=$(scratch unit)/run/postgres" "$@" || status=$?
  CREMA_STATE=$(scratch unit) "$ROOT/tools/stack/postgres.sh" stop
  rm -rf "$(scratch unit)"
  return $status
}

# The café under test. It is stopped in every case; its logs stay.
with_cafe() { # command…
  local state status=0
  state=$(scratch cafe)
  CREMA_STATE=$state "$ROOT/run.sh" down >/dev/null
  rm -rf "$state"
  (
    CREMA_STATE=$state CREMA_PORT_BASE=$((BASE + 2000)) STACK_FSYNC=off
    export CREMA_STATE CREMA_PORT_BASE STACK_FSYNC
    "$ROOT/run.sh" up -d && "$@"
  ) || status=$?
  CREMA_STATE=$state CREMA_PORT_BASE=$((BASE + 2000)) "$ROOT/run.sh" down >/dev/null || true
  return $status
}

get_browser() {
  local kept=$ROOT/tools/browser/node_modules/.package-lock.json
  [[ $kept -nt $ROOT/tools/browser/package-lock.json ]] || npm ci --no-audit --no-fund --prefix "$ROOT/tools/browser"
}

# Each binary of `cargo test` is a step in the closing list too.
closing() { # began, logs…
  local began=$1; shift
  local passed
  passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$@" | awk '{ n += $1 } END { print n + 0 }')
  say
  say "passed: $passed tests in $((SECONDS - began)) s; the slowest steps:"
  {
    printf '%s\n' "${STEPS[@]}"
    awk '
      $1 == "Running" { name = $2 " " $3 " " $4; sub(/ *\(.*/, "", name); sub(/^unittests /, "unit tests of ", name) }
      match($0, /finished in [0-9.]+s/) { print substr($0, RSTART + 12, RLENGTH - 13), name }
    ' "$@"
  } | sort -rn | head -n 10 | awk '{ $1 = sprintf("%7.1f s ", $1); print }'
}

run_tests() { # quick
  local began=$SECONDS
  state_layout
  [[ ${1:-} != quick ]] || { quick_tests; return; }
  check_tools test; check_memory; check_disk
  say_what_is_used
  trap end_jobs EXIT
  STEP_BEGAN=$SECONDS
  get_everything debug
  STEPS+=("$((SECONDS - STEP_BEGAN)) build and downloads")
  trap - EXIT
  step 'browser' get_browser
  check
  step 'unit and API tests' with_postgres cargo test --workspace --exclude e2e
  step 'the whole café' with_cafe cargo test -p e2e --features stack --test suite
  closing "$began" "$STATE"/logs/step-{unit-and-API-tests,the-whole-café,licences-and-layout}.log
}

# The crates that differ from the last commit, and one journey.
quick_tests() {
  local began=$SECONDS crates=() folder
  check_tools test
  while read -r folder; do
    [[ ! -f $folder/Cargo.toml || $folder == apps/web || $folder == e2e ]] || crates+=(-p "${folder#*/}")
  done < <({ git diff --name-only HEAD; git ls-files --others --exclude-standard; } | cut -d/ -f1,2 | sort -u)
  get_everything debug
  if ((${#crates[@]})); then step 'changed crates' with_postgres cargo test "${crates[@]}"; fi
  step 'one journey' with_cafe cargo test -p e2e --features stack --test suite -- journeys::
  closing "$began" "$STATE"/logs/step-{changed-crates,one-journey}.log
}

bench() {
  say "bench: nothing is measured yet"
  return 1
}
