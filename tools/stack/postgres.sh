#!/usr/bin/env bash
# PostgreSQL: one server, one database per service. TCP on loopback with SCRAM only; the
# superuser comes in by a socket in a folder that nobody else can enter.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

DATA=$STATE/data/postgres
SOCKET=$STATE/run/postgres

bin() { # program
  local found
  found=$(compgen -G "/usr/lib/postgresql/*/bin/$1" | sort -V | tail -n 1) || found=
  [[ -n $found ]] || found=$(command -v "$1") || die "postgresql: $1 is not installed (apt-get install postgresql)"
  printf %s "$found"
}

# The server refuses to run as root, so root lends it the user that Debian's package made.
OWNER=$(id -un)
AS_OWNER=()
if [[ $EUID -eq 0 ]]; then
  OWNER=postgres
  AS_OWNER=(setpriv --reuid postgres --regid postgres --init-groups)
fi

get() { bin postgres >/dev/null; }

create() {
  "${AS_OWNER[@]}" "$(bin initdb)" -D "$DATA" -U postgres -E UTF8 --locale=C.UTF-8 -A reject --no-sync >"$STATE/logs/initdb.log" 2>&1 ||
    { rm -rf "$DATA"; die "postgres: initdb failed: $(last_line initdb)"; }
  {
    printf 'local all postgres peer map=crema\n'
    printf 'host all all 127.0.0.1/32 scram-sha-256\n'
  } >"$DATA/pg_hba.conf"
  printf 'crema %s postgres\n' "$OWNER" root >"$DATA/pg_ident.conf"
}

start() {
  ! alive postgres || return 0
  state_layout
  install -d -m 700 "$SOCKET" "$DATA"
  [[ $EUID -ne 0 ]] || chown postgres: "$SOCKET" "$DATA"
  "${AS_OWNER[@]}" test -x "$DATA" || die "postgres: its user cannot reach $DATA; set CREMA_STATE to a folder that can be walked through"
  [[ -f $DATA/PG_VERSION ]] || create
  # Without fsync a commit still reaches the kernel before it is answered: it survives the
  # death of the server, only not that of the machine.
  local durable=on
  [[ ${STACK_FSYNC:-on} == on ]] || durable=off
  # Tests kill it again and again, and look for what it has warned of since it was made.
  [[ ! -s $STATE/logs/postgres.log.1 ]] ||
    grep 'WARNING:' "$STATE/logs/postgres.log.1" >>"$STATE/logs/postgres.warnings.log" || true
  daemon postgres "${AS_OWNER[@]}" \
    "$(bin postgres)" -D "$DATA" -p "$POSTGRES_PORT" -k "$SOCKET" -c listen_addresses=127.0.0.1 \
    -c max_connections=200 -c shared_buffers=64MB -c timezone=UTC -c log_timezone=UTC \
    -c password_encryption=scram-sha-256 -c log_min_error_statement=panic \
    -c fsync=$durable -c full_page_writes=$durable
}

ready() {
  "$(bin pg_isready)" -q -h "$SOCKET" -p "$POSTGRES_PORT" -U postgres
}

stop() { end_daemon postgres INT 20; }

# A session of the superuser; SQL on standard input.
sql() { "$(bin psql)" -XqAt -v ON_ERROR_STOP=1 -h "$SOCKET" -p "$POSTGRES_PORT" -U postgres "$@"; }

if [[ ${1:-} == sql ]]; then "$@"; else part_main "$@"; fi
