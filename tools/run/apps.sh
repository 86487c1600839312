# shellcheck shell=bash
# What dapr/dapr.yaml says about the apps; nothing here knows an app by name.

TEMPLATE=$ROOT/dapr/dapr.yaml

# Each app's id and first port, moved to this stack's base.
apps() {
  awk -v shift=$((BASE - 20000)) '
    $1 == "-" && $2 == "appID:" { app = $3 }
    $1 == "appPort:" { print app, $2 + shift }
  ' "$TEMPLATE"
}
app_names() { apps | cut -d' ' -f1; }

# An address of ours on this machine, moved to this stack's base.
MOVED='
  function moved(line,  port) {
    if (!match(line, /127\.0\.0\.1:2[0-9][0-9][0-9][0-9]/)) return line
    port = substr(line, RSTART + 10, 5) + shift
    return substr(line, 1, RSTART + 9) port substr(line, RSTART + RLENGTH)
  }
'

# The components with this stack's addresses: not every field of theirs can come from the
# environment.
move_components() {
  local copy=$STATE/run/components file
  rm -rf "$copy"
  mkdir -p "$copy"
  for file in "$ROOT"/components/*.yaml; do
    awk -v shift=$((BASE - 20000)) "$MOVED"'{ print moved($0) }' "$file" >"$copy/${file##*/}"
  done
}

# The template to run. The file itself, unless a part of it is asked for, the ports move,
# or the release build runs: then a copy in the state folder.
template_for() { # profile, apps… (none: all)
  local profile=$1 copy=$STATE/run/dapr.yaml; shift
  if (($# == 0)) && [[ $BASE == 20000 && $profile == debug ]]; then
    printf %s "$TEMPLATE"
    return
  fi
  move_components
  awk -v shift=$((BASE - 20000)) -v folder="$ROOT/dapr" -v state="$STATE" -v profile="$profile" -v wanted=" $* " -v public="$PUBLIC_PORT" "$MOVED"'
    function placed(path) {
      if (path == "../components") return state "/run/components"
      return path ~ /^\// ? path : folder "/" path
    }
    $1 == "-" && $2 == "appID:" { skip = wanted != "  " && index(wanted, " " $3 " ") == 0 }
    skip { next }
    $1 ~ /Port:$/ { sub(/[0-9]+$/, $2 + shift) }
    $1 == "configFilePath:" || $1 == "appDirPath:" { sub(/[^ ]+$/, placed($2)) }
    $1 == "resourcesPaths:" {
      gsub(/^ *resourcesPaths: *\[|\] *$/, "")
      n = split($0, path, / *, */)
      $0 = "  resourcesPaths: ["
      for (i = 1; i <= n; i++) $0 = $0 placed(path[i]) (i < n ? ", " : "]")
    }
    { $0 = moved($0) }
    { gsub(/:8443/, ":" public); gsub(/target\/debug/, "target/" profile); print }
  ' "$TEMPLATE" >"$copy"
  printf %s "$copy"
}

# Where an app answers for itself.
ops_of() { # app
  local port
  port=$(apps | awk -v app="$1" '$1 == app { print $2 + 1 }')
  [[ -n $port ]] || die "no app is named $1 (dapr/dapr.yaml has: $(app_names | paste -sd' '))"
  printf %s "http://127.0.0.1:$port"
}
app_ready() { curl -s -f -o /dev/null --max-time 2 "$(ops_of "$1")/readyz"; }

sidecar_ready() { # app
  local port
  port=$(apps | awk -v app="$1" '$1 == app { print $2 + 2 }')
  curl -s -f -o /dev/null --max-time 2 "http://127.0.0.1:$port/v1.0/healthz/outbound"
}
