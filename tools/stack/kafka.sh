#!/usr/bin/env bash
# Kafka, one broker that is its own controller (KRaft). It counts as ready when the
# topics exist too: a sidecar that finds none at its start gives up.
. "$(dirname "${BASH_SOURCE[0]}")/../run/ground.sh"

HOME_JARS=${KAFKA_HOME:+$KAFKA_HOME/libs}
JARS=${HOME_JARS:-$(cache_of kafka "$ROOT"/tools/kafka/{pom.xml,SHA256SUMS})}
DATA=$STATE/data/kafka

held() { [[ -d $JARS ]]; }
origin() { printf 'Kafka 4.1.0 (Maven, 54 MB)'; }

get() {
  held || maven_parts kafka "$ROOT/tools/kafka" "$JARS"
}

tool() { # heap, class, arguments…
  local heap=$1; shift
  java "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    "-Dlog4j2.configurationFile=$ROOT/tools/kafka/log4j2.yaml" -cp "$JARS/*" "$@"
}

start() {
  ! alive kafka || return 0
  state_layout
  install -d -m 700 "$DATA"
  cat >"$STATE/run/kafka.properties" <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((KAFKA_PORT + 1))
listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$((KAFKA_PORT + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$DATA
num.partitions=6
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
log.retention.bytes=-1
CONF
  if [[ ! -f $DATA/meta.properties ]]; then
    local id
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    # In one word: an id may begin with a dash.
    tool 128m kafka.tools.StorageTool format "--cluster-id=$id" -c "$STATE/run/kafka.properties" >"$STATE/logs/kafka.log" 2>&1 ||
      die "kafka: cannot prepare its data folder: $(last_line kafka)"
  fi
  daemon kafka java -Xmx384m -Xms128m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
    "-Dlog4j2.configurationFile=$ROOT/tools/kafka/log4j2.yaml" -cp "$JARS/*" kafka.Kafka "$STATE/run/kafka.properties"
}

# Every topic that a subscription names, dead letters included.
topics() { awk '$1 == "topic:" || $1 == "deadLetterTopic:" { print $2 }' "$ROOT"/dapr/subscriptions/*.yaml | sort -u; }

ready() {
  grep -q 'Kafka Server started' "$STATE/logs/kafka.log" 2>/dev/null && listening "$KAFKA_PORT" || return 1
  local topic partitions making=()
  for topic in $(topics); do
    [[ ! -d $DATA/$topic-0 ]] || continue
    partitions=6
    [[ $topic != *.dead ]] || partitions=1
    tool 128m org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$KAFKA_PORT" \
      --create --if-not-exists --topic "$topic" --partitions "$partitions" >>"$STATE/logs/kafka-topics.log" 2>&1 &
    making+=($!)
  done
  local pid
  for pid in "${making[@]}"; do wait "$pid" || return 1; done
}

stop() { end_daemon kafka TERM 20; }

# Kafka's own view of consumer groups, and its way to move them.
groups() { # arguments…
  tool 128m org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --bootstrap-server "127.0.0.1:$KAFKA_PORT" "$@"
}

case ${1:-} in
  held | origin) "$1" ;;
  groups) "$@" ;;
  *) part_main "$@" ;;
esac
