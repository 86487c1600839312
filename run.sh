#!/usr/bin/env bash
# Crema on this machine: the real stack without containers, in one command. This file only
# chooses; tools/run/ holds the verbs, tools/stack/ one file for each part.

cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
. tools/run/ground.sh
. tools/run/apps.sh
. tools/run/jobs.sh
. tools/run/machine.sh
. tools/run/up.sh
. tools/run/look.sh
. tools/run/replay.sh
. tools/run/rotate.sh
. tools/run/advisories.sh
. tools/run/test.sh
. tools/run/bench.sh
. tools/run/sbom.sh

# Builds land where this script and dapr.yaml look for them.
export CARGO_TARGET_DIR=$ROOT/target

usage() {
  cat <<'TEXT'
./run.sh                          up in the foreground; Ctrl-C stops everything, the data stays
./run.sh up [-d] [--observe] [--release] [app…]
                                  -d returns when all is ready; --observe adds traces
./run.sh down                     stop; the data stays
./run.sh status                   app, pid, ports, health, memory, restarts
./run.sh logs APP [-f]            what an app, its sidecar (APP.daprd) or a part wrote
./run.sh replay APP --topic T [--from beginning|RFC3339]
                                  let an app read a topic again
./run.sh rotate signing [--stolen]
                                  let identity sign with its next keys; stolen: with new ones
./run.sh rotate session|quotes|clients|webhook|database…
                                  replace these secrets while everybody goes on
./run.sh rotate tokens [app…]     replace the tokens of apps and sidecars, by restarting one
                                  app after the other
./run.sh restart APP              restart an app and its sidecar
./run.sh vault status|unseal      say how the vault stands; open it if it is sealed
./run.sh vault rekey              new shares for the vault
./run.sh vault backup FILE        write the vault into a file; vault restore FILE, of a
                                  stopped café, puts it back
./run.sh provider add NAME <FILE  let people sign in by another identity provider;
                                  provider remove NAME ends that
./run.sh reset [-y]               stop and delete all data and secrets
./run.sh trust                    let this machine's browsers trust the development CA
./run.sh doctor                   check tools, memory, disk, ports
./run.sh check                    format, lints, shellcheck, licences
./run.sh sbom                     what it is made of, as CycloneDX in target/sbom
./run.sh test [quick]             everything, from nothing; quick: changed crates, one journey
./run.sh bench [chain | identity | perimeter] [NAME]
                                  measure a release build; one of those: its figures alone

CREMA_PORT_BASE (20000) moves every port, CREMA_STATE the state folder.
TEXT
}

verb=${1:-up}
(($# == 0)) || shift
case $verb in
  up | down | status | logs | replay | rotate | restart | vault | provider | reset | trust | doctor | check | sbom | bench) "$verb" "$@" ;;
  test) run_tests "$@" ;;
  help | -h | --help) usage ;;
  *) usage >&2; die "unknown: $verb" ;;
esac
