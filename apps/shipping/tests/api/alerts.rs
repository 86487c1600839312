//! The alerts on shipping's metrics: the metrics are there by those names, and Prometheus itself judges when each fires.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use metrics_exporter_prometheus::PrometheusBuilder;
use shipping::upkeep;

use crate::world::World;

fn rules() -> PathBuf {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../alerts/shipping.yaml");
    rules.canonicalize().expect("the rules")
}

fn promtool(arguments: &[&str], file: &Path) -> (bool, String) {
    let output = Command::new("promtool").args(arguments).arg(file).output();
    let output = output.expect("promtool (apt-get install prometheus)");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// Judges whether the alert fires half an hour into these series of a sample each minute.
fn judge(alert: &str, series: &[(&str, &str)], fires: Option<(&str, &str)>) {
    let mut inputs = String::new();
    for (name, values) in series {
        writeln!(
            inputs,
            "      - series: '{name}'\n        values: '{values}'"
        )
        .expect("memory");
    }
    let expected = fires.map_or("[]".to_owned(), |(severity, summary)| {
        format!(
            "[{{exp_labels: {{severity: {severity}}}, exp_annotations: {{summary: {summary}}}}}]"
        )
    });
    let test = format!(
        "rule_files: [{}]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n{inputs}    \
         alert_rule_test:\n      - eval_time: 30m\n        alertname: {alert}\n        exp_alerts: {expected}\n",
        rules().display()
    );
    let id = service::ids::Ids::new(service::clock::Clock::system()).next();
    let file = std::env::temp_dir().join(format!("crema-shipping-alerts-{id}.yaml"));
    std::fs::write(&file, test).expect("a file");
    let (holds, said) = promtool(&["test", "rules"], &file);
    std::fs::remove_file(&file).expect("our file");
    assert!(holds, "{alert}: {said}");
}

#[test]
fn prometheus_can_read_the_rules() {
    let (holds, said) = promtool(&["check", "rules"], &rules());
    assert!(holds, "{said}");
}

#[test]
fn each_alert_fires_when_it_should_and_not_before() {
    let searching = "crema_shipments_oldest_seconds{status=\"searching\"}";
    let endless = (
        "critical",
        "A courier is looked for longer than anybody may wait",
    );
    judge("SearchDoesNotEnd", &[(searching, "0+60x40")], Some(endless));
    judge("SearchDoesNotEnd", &[(searching, "0x10 0+60x9 0x20")], None);

    let read = "crema_carrier_feed_read_timestamp_seconds";
    let silent = (
        "warning",
        "The carrier has not said for five minutes what became of our shipments",
    );
    judge("CarrierSilent", &[(read, "0+60x20 1200x20")], Some(silent));
    judge("CarrierSilent", &[(read, "0+60x40")], None);
    // One replica that hears it is enough.
    let two = [
        ("crema_carrier_feed_read_timestamp_seconds{a=\"1\"}", "0x40"),
        (
            "crema_carrier_feed_read_timestamp_seconds{a=\"2\"}",
            "0+60x40",
        ),
    ];
    judge("CarrierSilent", &two, None);

    let failed = "crema_shipments_moved_total{status=\"failed\"}";
    let delivered = "crema_shipments_moved_total{status=\"delivered\"}";
    let many = (
        "warning",
        "More than a quarter of an hour's shipments failed",
    );
    judge(
        "ShipmentsFail",
        &[(failed, "0+1x40"), (delivered, "0+1x40")],
        Some(many),
    );
    judge(
        "ShipmentsFail",
        &[(failed, "0+1x40"), (delivered, "0+9x40")],
        None,
    );
    judge(
        "ShipmentsFail",
        &[(failed, "0x10 1x30"), (delivered, "0x40")],
        None,
    );
}

#[tokio::test]
async fn the_metrics_of_the_rules_are_told_by_their_names() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let world = World::new().await;
    let order = world.booked().await;
    for state in ["collected", "delivered"] {
        world.carrier.tells(&order.to_string(), state);
    }
    world.read_feed().await;
    let waiting = world.searching().await;
    world.app.clock.advance(chrono::TimeDelta::minutes(3));
    upkeep::once(&world.app).await.expect("upkeep");
    let told = metrics.render();
    for line in [
        "crema_shipments{status=\"searching\"} 1",
        "crema_shipments_oldest_seconds{status=\"searching\"} 180",
        "crema_shipments_moved_total{status=\"delivered\"} 1",
        "crema_carrier_calls_total{call=\"book\",outcome=\"done\"} 1",
        "crema_carrier_feed_read_timestamp_seconds 1772436600",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\n{told}");
    }
    assert_eq!(world.status(waiting).await, "searching");
}
