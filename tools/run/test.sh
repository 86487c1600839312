# shellcheck shell=bash disable=SC2030,SC2031 # STATE differs in on_scratch alone, on purpose
# The tests, from nothing: what reads the source, what needs a PostgreSQL, and what needs
# the whole café, which gets a stack of its own: other ports, data on tmpfs, no fsync.

STEPS=() # "seconds name", for the closing list
LOGS=()  # what those steps wrote

step() { # name, command…
  local name=$1 began=$SECONDS log; shift
  log=${STATE:?}/logs/step-${name// /-}.log
  LOGS+=("$log")
  say "$name …"
  if ! "$@" >"$log" 2>&1; then
    grep -E '^(error|Error|test .* FAILED|---- |thread .* panicked|crema:|not ok|.* VIOLATED)' "$log" | head -n 30 >&2 || true
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

# Runs on a stack of the tests': its own state and ports, nothing synced to disk, and what is
# killed again and again comes back at once.
on_scratch() ( # purpose, port shift, command…
  export CREMA_STATE CREMA_PORT_BASE STACK_FSYNC=off STACK_LONGEST_PAUSE=0.2 STACK_COURIER_SEARCH=12
  CREMA_STATE=$(scratch "$1") CREMA_PORT_BASE=$((BASE + $2))
  STATE=$CREMA_STATE
  shift 2
  "$@"
)

check() {
  state_layout
  check_tools test
  check_texts
  step 'lints' cargo clippy --workspace --exclude web --all-targets --features service/failpoints,e2e/stack -- -D warnings
  step 'lints of the web client' cargo clippy -p web --target wasm32-unknown-unknown --profile wasm --no-deps -- -D warnings
  step 'licences and layout' cargo test -p e2e --test architecture
  step 'advisories' advisories
  say_skipped
}
check_texts() {
  step 'format' format_holds
  step 'shellcheck' shellcheck run.sh .ci/run tools/*.sh tools/*/*.sh
}
# Clippy takes the compiler's place, so that one build both lints and makes what runs.
lint_while_building() {
  RUSTC_WORKSPACE_WRAPPER=$(command -v clippy-driver) || die "clippy is missing: rustup component add clippy"
  CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings
  export RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS
}
format_holds() {
  cargo fmt --all --check || return 1
  # What a merge left behind compiles, in a document.
  ! git grep -nE '^(<{7}|>{7}) ' || return 1
  local unformatted
  unformatted=$(gofmt -l tools/dapr tools/traces) || return 1
  [[ -z $unformatted ]] || { printf 'error: gofmt: %s\n' "$unformatted"; return 1; }
}

# Stripe's own stand-in for Stripe, by which payment's tests know what requests are allowed.
stripe_mock() {
  local kept
  kept=$(cache_of stripe-mock "$ROOT/tools/stripe-mock/go.sum")
  [[ -x $kept/stripe-mock ]] || go_build stripe-mock "$ROOT/tools/stripe-mock" "$kept" github.com/stripe/stripe-mock ''
  printf %s "$kept/stripe-mock"
}

# What unit and API tests need besides the source: a PostgreSQL that lives as long as
# they do, and the vault's program and Stripe's, which tests start for themselves.
with_servers() { # command…
  local status=0 stripe
  stripe=$(stripe_mock) || return 1
  servers_over
  {
    on_scratch unit 3000 tools/stack/postgres.sh start &&
      on_scratch unit 3000 await postgres 30 tools/stack/postgres.sh ready
  } || return 1
  OPENBAO_BIN=$(tools/stack/vault.sh program) STRIPE_MOCK_BIN=$stripe \
    TESTKIT_POSTGRES="postgres://postgres@localhost:$((BASE + 3032))/postgres?host=$(scratch unit)/run/postgres" \
    "$@" || status=$?
  servers_over
  return $status
}
servers_over() {
  on_scratch unit 3000 tools/stack/postgres.sh stop
  rm -rf "$(scratch unit)"
}

# The café under test, for as many steps as look at it. After a failure it is stopped, and
# its logs stay.
cafe_opens() {
  on_scratch cafe 2000 ./run.sh reset -y && on_scratch cafe 2000 ./run.sh up -d
}
in_cafe() { on_scratch cafe 2000 "$@"; }
with_cafe() { # command…
  cafe_opens || return 1
  in_cafe "$@" || { cafe_over; return 1; }
  in_cafe ./run.sh reset -y
}
cafe_over() { on_scratch cafe 2000 ./run.sh down >/dev/null || true; }

# However the tests end, nothing of theirs goes on.
tests_over() {
  end_jobs
  servers_over
  cafe_over
}

get_browser() {
  local kept=$ROOT/tools/browser/node_modules/.package-lock.json
  [[ $kept -nt $ROOT/tools/browser/package-lock.json ]] || npm ci --no-audit --no-fund --prefix "$ROOT/tools/browser"
}

# Clients of the identity provider that others wrote.
get_foreign() {
  local folder=$ROOT/tools/foreign
  [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] || npm ci --no-audit --no-fund --prefix "$folder"
  [[ $folder/site -nt $folder/requirements.txt ]] || {
    rm -rf "$folder/site"
    pip3 install --quiet --disable-pip-version-check --root-user-action ignore --target "$folder/site" --require-hashes -r "$folder/requirements.txt"
    touch "$folder/site"
  }
}

# Each binary of `cargo test` is a step in the closing list too.
closing() { # began
  local began=$1 passed
  passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "${LOGS[@]}" | awk '{ n += $1 } END { print n + 0 }')
  say
  say_skipped
  say "passed: $passed tests, skipped: ${#SKIPPED[@]}, in $((SECONDS - began)) s; the slowest steps:"
  {
    printf '%s\n' "${STEPS[@]}"
    awk '
      FNR == 1 { crate = "e2e" }
      # Cargo names the crate only by its unit tests, which come first.
      $1 == "Running" && $2 == "unittests" { crate = $4; gsub(/.*\/|-[0-9a-f]*\)$/, "", crate); name = crate ": " $3 }
      $1 == "Running" && $2 != "unittests" { name = crate ": " $2 }
      match($0, /finished in [0-9.]+s/) { print substr($0, RSTART + 12, RLENGTH - 13), name }
    ' "${LOGS[@]}"
  } | sort -rn | head -n 10 | awk '{ $1 = sprintf("%7.1f s ", $1); print }'
}

run_tests() { # quick
  local began=$SECONDS
  state_layout
  trap tests_over EXIT
  trap 'exit 130' INT TERM HUP
  [[ ${1:-} != quick ]] || { quick_tests; return; }
  check_tools test; check_memory; check_disk
  say_what_is_used
  check_texts
  step 'advisories' advisories
  lint_while_building
  # Services look at their secrets every ten seconds. What failed is to be read at a glance;
  # where it was thrown is not what a test's error tells.
  export STACK_TESTS=yes STACK_SETTLE=15s RUST_BACKTRACE=0
  local building=$SECONDS
  get_everything debug
  STEPS+=("$((SECONDS - building)) build, lints and downloads")
  step 'browser' get_browser
  step 'foreign clients' get_foreign
  step 'unit and API tests' with_servers cargo test --workspace --features service/failpoints --no-fail-fast
  local suite=(cargo test --workspace --features 'service/failpoints,e2e/stack' --test suite)
  step 'opening the café' cafe_opens
  step 'the whole café' in_cafe "${suite[@]}" -- --skip mutations::
  step 'the checker' in_cafe target/debug/checker
  cat "$STATE/logs/step-the-checker.log"
  # Last, because what it breaks on purpose stays broken.
  step 'the checker, checked' in_cafe "${suite[@]}" -- mutations::
  in_cafe ./run.sh reset -y
  closing "$began"
}

# The crates that differ from the last commit, and one journey.
quick_tests() {
  local began=$SECONDS crates=() folder
  check_tools test
  step 'browser' get_browser
  while read -r folder; do
    [[ ! -f $folder/Cargo.toml || $folder == e2e ]] || crates+=(-p "${folder##*/}")
  done < <({ git diff --name-only HEAD; git ls-files --others --exclude-standard; } | awk -F/ '{ print $1; print $1 "/" $2 }' | sort -u)
  get_everything debug
  if ((${#crates[@]})); then step 'changed crates' with_servers cargo test "${crates[@]}"; fi
  step 'one journey' with_cafe cargo test -p e2e --features stack --test suite -- journeys::
  closing "$began"
}
