#!/usr/bin/env bash
# Redis: the cache behind Dapr's state store. Its password is in a file that secretstore
# wrote, so the vault comes first; nothing in it has to outlive it.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

get() { command -v redis-server >/dev/null || die "redis: redis-server is not installed (apt-get install redis-server)"; }

start() {
  ! alive redis || return 0
  state_layout
  [[ -s $STATE/secrets/redis.conf ]] || die "redis: $STATE/secrets/redis.conf is missing; secretstore writes it"
  install -d -m 700 "$STATE/data/redis"
  (
    umask 077
    cat >"$STATE/run/redis.conf" <<CONF
include $STATE/secrets/redis.conf
bind 127.0.0.1
port $REDIS_PORT
dir $STATE/data/redis
save 60 1
maxmemory 128mb
maxmemory-policy volatile-lru
CONF
  )
  daemon redis redis-server "$STATE/run/redis.conf"
}

# Any answer means that it takes commands; without the password the answer is a refusal.
ready() {
  local answer
  answer=$( (
    exec 3<>"/dev/tcp/127.0.0.1/$REDIS_PORT" && printf 'PING\r\n' >&3 && read -r -t 1 line <&3 && printf %s "$line"
  ) 2>/dev/null) || return 1
  [[ $answer == -NOAUTH* || $answer == +PONG* ]]
}

stop() { end_daemon redis TERM 10; }

part_main "$@"
