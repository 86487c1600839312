# shellcheck shell=bash
# Measuring. A stack of its own, the release build, its data on disk and durable as in
# earnest; it is gone afterwards, the report stays (bench/reports/).

bench() { # [chain | identity | perimeter] name of the report
  local figures=system programs commit
  case ${1:-} in chain | identity | perimeter) figures=$1; shift ;; esac
  local name=${1:-latest}
  [[ $figures == system ]] || name=${1:-$figures}
  [[ $name =~ ^[a-z0-9][a-z0-9-]*$ ]] || die "bench: a report is named by small letters, digits and dashes, not $name"
  state_layout
  check_tools up; check_memory; check_disk
  say_what_is_used
  # The drivers are built in one go with the services, here and when the stack comes up.
  export STACK_BENCH=yes
  trap end_jobs EXIT
  get_everything release
  trap - EXIT

  programs=$(compgen -G '/usr/lib/postgresql/*/bin/pgbench' | sort -V | tail -n 1) || programs=$(command -v pgbench) ||
    die "bench: pgbench is not installed (apt-get install postgresql)"
  commit=$(git rev-parse --short HEAD 2>/dev/null) || commit=none
  trap 'exit 130' INT TERM HUP
  trap bench_over EXIT
  on_bench_stack ./run.sh reset -y >/dev/null
  # Ten thousand live views are as many connections of one process.
  ulimit -Sn "$(ulimit -Hn)"
  step 'first start' on_bench_stack ./run.sh up -d --release
  local words=("--$figures")
  [[ $figures != system ]] || prepare_system_figures
  on_bench_stack target/release/bench --ports $((BENCH_BASE + 1800)) --postgres "${programs%/*}" \
    "${words[@]}" --report "bench/reports/$name.md" --subject "commit $commit, $(date -u +%F)"
  on_bench_stack ./run.sh reset -y >/dev/null
}

# How long it takes to come up again, as words for the driver, and what pgbench works on.
prepare_system_figures() {
  step 'stop' on_bench_stack ./run.sh down
  local began=${EPOCHREALTIME//[.,]/}
  step 'second start' on_bench_stack ./run.sh up -d --release
  words=(--second-start-ms $(((${EPOCHREALTIME//[.,]/} - began) / 1000)))
  step 'database of pgbench' on_bench_stack pgbench_database
}

BENCH_STATE=$STATE-bench
BENCH_BASE=$((BASE + 4000))

# libpq's variables lead pgbench to the superuser's socket.
on_bench_stack() {
  CREMA_STATE=$BENCH_STATE CREMA_PORT_BASE=$BENCH_BASE STACK_RATE_FACTOR=10000 \
    PGHOST=$BENCH_STATE/run/postgres PGPORT=$((BENCH_BASE + 32)) PGUSER=postgres "$@"
}

# After a failure the stack stops and its logs stay.
bench_over() { on_bench_stack ./run.sh down >/dev/null || true; }

# The schemas of all that share in a checkout again, in a database that only pgbench uses. A
# table that each of them has is found as the order service's.
pgbench_database() {
  local app path='order_service, inventory, payment'
  tools/stack/postgres.sh sql -c 'CREATE DATABASE bench'
  {
    for app in order inventory payment; do
      printf 'CREATE SCHEMA %s; SET search_path TO %s;\n' "${app/#order/order_service}" "${app/#order/order_service}"
      cat "apps/$app"/migrations/*.sql
    done
    printf 'ALTER DATABASE bench SET search_path TO %s; SET search_path TO %s;\nCREATE SCHEMA outbox;\n' "$path" "$path"
    cat libs/outbox/migrations/*.sql bench/sql/bench.sql
  } | tools/stack/postgres.sh sql -d bench
}
