# shellcheck shell=bash
# Looking at a stack without touching it.

resident() { # pid…
  local pid total=0 kb
  for pid; do
    kb=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status" 2>/dev/null) || kb=0
    total=$((total + ${kb:-0}))
  done
  printf '%s MB' $((total / 1024))
}

status() {
  local name app port health pid side restarts row='%-10s %-15s %-12s %-10s %-16s %s\n'
  # shellcheck disable=SC2059 # one format for all rows
  {
    printf "$row" app pid ports health memory restarts
    for name in postgres redis kafka vault maildev rotator sentry zipkin; do
      pid=$(pid_of "$name") || { [[ $name == zipkin ]] || printf "$row" "$name" - - down - -; continue; }
      health=ready
      part "$name" ready >/dev/null 2>&1 || health='not ready'
      [[ $name != vault || $(vault_state) == open ]] || health=$(vault_state)
      port=${name^^}_PORT
      printf "$row" "$name" "$pid" "${!port:--}" "$health" "$(resident "$pid")" -
    done
    while read -r app port; do
      pid=$(pid_of "$app") || pid=-
      side=$(pid_of "$app.daprd") || side=-
      health=down
      if app_ready "$app"; then health=ready; elif [[ $pid != - ]]; then health='not ready'; fi
      restarts=$(cat "$STATE/run/$app.restarts" 2>/dev/null || printf -- -)+$(cat "$STATE/run/$app.daprd.restarts" 2>/dev/null || printf -- -)
      printf "$row" "$app" "$pid+$side" "$port-$((port + 5))" "$health" "$(resident "$pid")+$(resident "$side")" "$restarts"
    done < <(apps)
  }
  say "an app's second number is its sidecar's; the public entry is https://localhost:$PUBLIC_PORT"
}

logs() { # app, -f
  local name=${1:-} follow=() file
  [[ -n $name ]] || die "logs: which one? ($(app_names | paste -sd' ') ${PARTS[*]} rotator sentry dapr, APP.daprd)"
  [[ ${2:-} != -f ]] || follow=(-F)
  file=$STATE/logs/$name.log
  [[ -f $file ]] || die "logs: there is no $file"
  tail -n 200 "${follow[@]}" "$file"
}

# Each check in a shell of its own, so that all of them have their say.
doctor() {
  local failed=0 check
  state_layout
  running || set -- check_ports
  for check in 'check_tools up' check_memory check_disk "$@"; do
    # shellcheck disable=SC2086 # a check may bring its argument
    ( $check ) && say "ok: ${check//_/ }" || failed=1
  done
  status
  return $failed
}

# Adds the development CA to the stores of the system and of Chromium and Firefox's kin.
trust() {
  local ca=$STATE/ca.pem name=crema-development done=
  [[ -s $ca ]] || die "trust: there is no CA yet; ./run.sh up makes it"
  if [[ $EUID -eq 0 ]] || sudo -n true 2>/dev/null; then
    local sudo=()
    [[ $EUID -eq 0 ]] || sudo=(sudo)
    "${sudo[@]}" install -m 644 "$ca" "/usr/local/share/ca-certificates/$name.crt"
    "${sudo[@]}" update-ca-certificates >/dev/null
    say "trusted by this system (/usr/local/share/ca-certificates/$name.crt)"
    done=yes
  fi
  if command -v certutil >/dev/null; then
    mkdir -p "$HOME/.pki/nssdb"
    certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n "$name" -i "$ca"
    say "trusted by Chromium (~/.pki/nssdb)"
    done=yes
  fi
  [[ -n $done ]] || die "trust: needs root, sudo or certutil (apt-get install libnss3-tools); or: sudo install -m 644 $ca /usr/local/share/ca-certificates/$name.crt && sudo update-ca-certificates"
}
