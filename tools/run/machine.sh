# shellcheck shell=bash
# What the machine must have before anything is built or started: tools, memory, disk,
# ports. A check that fails says one line, names the thing, and stops the run.

# command | Debian package (or - where Debian's is too old) | what to do without one
tools_for() { # verb
  cat <<'LIST'
curl|curl|
cc|gcc libc6-dev|
mold|mold|
python3|python3|
java|default-jre-headless|
mvn|maven|
redis-server|redis-server|
postgres|postgresql|
npm|nodejs npm|
cargo|-|Rust comes from https://rustup.rs
go|-|Go 1.26 or newer comes from https://go.dev/dl
LIST
  [[ $1 != test ]] || cat <<'LIST'
shellcheck|shellcheck|
chromium|chromium|
pip3|python3-pip|
promtool|prometheus|
LIST
}

has() { # command
  case $1 in
    postgres) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null ;;
    chromium) command -v chromium >/dev/null || command -v google-chrome >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

check_tools() { # verb
  local tool package hint packages=()
  while IFS='|' read -r tool package hint; do
    has "$tool" && continue
    [[ $package != - ]] || die "$tool is missing: $hint"
    # shellcheck disable=SC2206 # one entry may name two packages
    packages+=($package)
  done < <(tools_for "$1")
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
  get_wasm_target
  go_is_new_enough || die "$(go version | cut -d' ' -f3) is too old: tools/dapr needs Go 1.26 or newer (https://go.dev/dl)"
  java_is_new_enough || die "java is older than 17, which Kafka needs (apt-get install default-jre-headless)"
}
# rustup may be set not to fetch by itself what rust-toolchain.toml names.
get_wasm_target() {
  local target=wasm32-unknown-unknown
  [[ ! -d $(rustc --print sysroot)/lib/rustlib/$target ]] || return 0
  say "getting from rustup: the target $target"
  rustup target add "$target" >"$STATE/logs/rustup.log" 2>&1 ||
    die "Rust's target $target is missing: rustup target add $target (see $STATE/logs/rustup.log)"
}
go_is_new_enough() { [[ $(printf '%s\n' go1.26 "$(go version | cut -d' ' -f3)" | sort -V | head -n 1) == go1.26 ]]; }
java_is_new_enough() {
  local major
  major=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
  ((${major:-0} >= 17))
}

# Debian starts a server at once when it is installed. Ours run on ports of their own, so
# the packages come without their services.
install_packages() {
  local command=(apt-get install -y --no-install-recommends "$@") sudo=()
  if [[ $EUID -ne 0 ]]; then
    sudo -n true 2>/dev/null || die "packages are missing; run: sudo ${command[*]}"
    sudo=(sudo)
  fi
  command -v apt-get >/dev/null || die "packages are missing, and this is no Debian: ${*}"
  say "installing from Debian: $*"
  local log=$STATE/logs/apt.log
  apt_without_services "${command[@]}" >"$log" 2>&1 ||
    die "apt-get could not install $*: $(grep '^E:' "$log" | head -n 1) (see $log)"
}
apt_without_services() ( # apt-get install …; reads sudo
  policy=/usr/sbin/policy-rc.d
  clusters=/etc/postgresql-common/createcluster.d/crema.conf
  written=()
  trap '((${#written[@]} == 0)) || "${sudo[@]}" rm -f "${written[@]}"' EXIT
  if [[ ! -e $policy ]]; then
    written+=("$policy")
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
    "${sudo[@]}" chmod 755 "$policy"
  fi
  if [[ ! -e /etc/postgresql-common ]]; then
    written+=("$clusters")
    "${sudo[@]}" mkdir -p "${clusters%/*}"
    printf 'create_main_cluster = false\n' | "${sudo[@]}" tee "$clusters" >/dev/null
  fi
  "${sudo[@]}" apt-get update -q && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
)

check_memory() {
  local free
  free=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
  ((free >= 2500)) || die "memory: $free MB are free, the stack needs 2500"
}

# The first build fills target/ and the caches of Cargo, Go and Maven.
check_disk() {
  local folder free need=2
  [[ -x $ROOT/target/debug/secretstore ]] || need=12
  folder=$STATE
  while [[ ! -d $folder ]]; do folder=${folder%/*}; done
  for folder in "$ROOT" "$folder"; do
    free=$(df --output=avail -BG "$folder" | tail -n 1 | tr -dc 0-9)
    if [[ $folder != "$ROOT" ]]; then need=1; fi
    ((free >= need)) || die "disk: $free GB are free in $folder, $need GB are needed"
  done
}

check_ports() {
  local what port
  while read -r what port; do
    ! listening "$port" || die "port $port ($what) is in use${CREMA_PORT_BASE:+ (CREMA_PORT_BASE=$CREMA_PORT_BASE)}$(user_of_port "$port")"
  done < <(
    alive postgres || printf 'postgres %s\n' "$POSTGRES_PORT"
    alive redis || printf 'redis %s\n' "$REDIS_PORT"
    alive vault || printf 'vault %s\nvault %s\n' "$VAULT_PORT" $((VAULT_PORT + 1))
    alive kafka || printf 'kafka %s\nkafka %s\n' "$KAFKA_PORT" $((KAFKA_PORT + 1))
    alive maildev || printf 'smtp %s\nmaildev %s\n' "$SMTP_PORT" "$MAILDEV_PORT"
    alive sentry || printf 'sentry %s\nsentry %s\n' "$SENTRY_PORT" $((SENTRY_PORT + 1))
    [[ -z ${STACK_OBSERVE:-} ]] || alive zipkin || printf 'zipkin %s\nzipkin %s\n' "$ZIPKIN_PORT" "$OTLP_PORT"
    printf 'public-entry %s\n' "$PUBLIC_PORT"
    local app first offset
    while read -r app first; do
      for offset in 0 1 2 3 4 5; do printf '%s %s\n' "$app" $((first + offset)); done
    done < <(apps)
  )
}
user_of_port() { # port
  local line
  line=$(ss -Hltnp "sport = :$1" 2>/dev/null | grep -o '"[^"]*",pid=[0-9]*' | head -n 1 | tr -d '"' | sed 's/,/, /') || true
  [[ -z $line ]] || printf ' by %s' "$line"
}

# One line: what is taken from this machine, what is got.
say_what_is_used() {
  local taken got=() part
  taken="$(rustc --version | cut -d' ' -f1,2), $(go version | cut -d' ' -f3), Java, Maven, Python, Node, PostgreSQL, Redis"
  for part in dapr kafka vault maildev ${STACK_OBSERVE:+zipkin}; do
    "$ROOT/tools/stack/$part.sh" held 2>/dev/null || got+=("$("$ROOT/tools/stack/$part.sh" origin)")
  done
  if ((${#got[@]})); then
    local list
    list=$(printf '; %s' "${got[@]}")
    say "taking from this machine: $taken. Getting: ${list:2}."
  else
    say "taking from this machine: $taken, and what earlier runs cached."
  fi
}
