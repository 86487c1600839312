# shellcheck shell=bash
# What Crema is made of: a bill of materials (CycloneDX, JSON) for each file that pins
# parts, by the tool that its ecosystem keeps for that. Nothing is built of ours.

CYCLONEDX_CARGO=0.5.9
CYCLONEDX_MAVEN=2.9.1
CYCLONEDX_PYTHON=7.5.0

sbom() {
  local out=$ROOT/target/sbom pins folder name
  state_layout
  rm -rf "$out"
  mkdir -p "$out"
  for pins in Cargo.lock tools/*/{go.sum,package-lock.json,pom.xml,requirements.txt}; do
    [[ -f $ROOT/$pins ]] || continue
    folder=$ROOT/$(dirname "$pins") name=$(basename "$(dirname "$pins")")
    say "  $pins"
    case $pins in
      Cargo.lock) sbom_of_crates "$out" ;;
      */go.sum) sbom_of_go "$folder" "$out/$name.go.cdx.json" ;;
      */package-lock.json) (cd "$folder" && npm sbom --sbom-format cyclonedx --package-lock-only) >"$out/$name.npm.cdx.json" ;;
      */pom.xml) sbom_of_maven "$folder" "$out" "$name.maven.cdx" ;;
      */requirements.txt) sbom_of_python "$folder" "$out/$name.python.cdx.json" ;;
    esac || die "sbom: $pins can't be read"
  done
  say "what Crema is made of is in $out"
}

# The tools are kept like the other parts that are built once.
sbom_of_crates() { # folder
  local kept name
  kept=$CACHE/cargo-cyclonedx-$CYCLONEDX_CARGO
  [[ -x $kept/bin/cargo-cyclonedx ]] || cargo install --quiet --locked --root "$kept" --version "$CYCLONEDX_CARGO" cargo-cyclonedx
  # It writes beside each Cargo.toml.
  (cd "$ROOT" && "$kept/bin/cargo-cyclonedx" cyclonedx --format json --all --override-filename crema.cdx)
  while read -r name; do
    mv "$name" "$1/$(basename "$(dirname "$name")").crates.cdx.json"
  done < <(find "$ROOT/apps" "$ROOT/libs" "$ROOT/bench" "$ROOT/e2e" "$ROOT/tools" -name crema.cdx.json -not -path '*/node_modules/*')
}

sbom_of_go() { # folder, file
  local kept
  kept=$(cache_of cyclonedx-gomod "$ROOT/tools/sbom/go.sum")
  [[ -x $kept/gomod ]] || go_build gomod "$ROOT/tools/sbom" "$kept" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod ""
  "$kept/gomod" mod -json -output "$2" "$1" >>"$STATE/logs/sbom.log" 2>&1
}

sbom_of_maven() { # folder, folder of the result, name
  (cd "$1" && mvn -q "org.cyclonedx:cyclonedx-maven-plugin:$CYCLONEDX_MAVEN:makeBom" \
    -DoutputFormat=json -DoutputDirectory="$2" -DoutputName="$3") >>"$STATE/logs/sbom.log" 2>&1
}

sbom_of_python() { # folder, file
  local kept=$CACHE/cyclonedx-bom-$CYCLONEDX_PYTHON
  [[ -x $kept/bin/cyclonedx-py ]] || {
    rm -rf "$kept"
    python3 -m venv "$kept"
    "$kept/bin/pip" install --quiet "cyclonedx-bom==$CYCLONEDX_PYTHON"
  }
  "$kept/bin/cyclonedx-py" requirements --output-format JSON --output-file "$2" "$1/requirements.txt"
}
