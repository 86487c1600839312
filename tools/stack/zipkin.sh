#!/usr/bin/env bash
# The viewer of `up --observe`: Zipkin with its page, and a small OpenTelemetry Collector
# before it, because Zipkin speaks no OTLP. Spans stay in memory and end with it.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

JAR=$(cache_of zipkin "$ROOT"/tools/traces/{pom.xml,SHA256SUMS})
COLLECTOR=$(cache_of traces "$ROOT"/tools/traces/{go.sum,main.go})

held() { [[ -d $JAR && -d $COLLECTOR ]]; }
origin() { printf 'Zipkin 3.5.1 (Maven, 125 MB), an OTLP collector (Go modules, built once in about 2 minutes)'; }

get() {
  [[ -d $JAR ]] || maven_parts zipkin "$ROOT/tools/traces" "$JAR"
  [[ -d $COLLECTOR ]] || go_build traces "$ROOT/tools/traces" "$COLLECTOR" . ''
}

start() {
  state_layout
  alive zipkin || daemon zipkin java -Xmx200m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    "-Darmeria.ports[0].ip=127.0.0.1" "-Darmeria.ports[0].port=$ZIPKIN_PORT" "-Darmeria.ports[0].protocols[0]=http" \
    -Dlogging.level.root=WARN -cp "$(compgen -G "$JAR/*.jar")" org.springframework.boot.loader.launch.PropertiesLauncher
  alive traces || STACK_OTLP_PORT=$OTLP_PORT STACK_ZIPKIN_PORT=$ZIPKIN_PORT daemon traces \
    "$COLLECTOR/traces" --config "$ROOT/tools/traces/config.yaml"
}

ready() { listening "$OTLP_PORT" && curl -s -f -o /dev/null --max-time 2 "http://127.0.0.1:$ZIPKIN_PORT/health"; }

stop() {
  end_daemon traces TERM 5
  end_daemon zipkin TERM 10
}

case ${1:-} in held | origin) "$1" ;; *) part_main "$@" ;; esac
