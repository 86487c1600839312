//! The alerts on order's metrics, judged by Prometheus itself over what the metrics really say.

use axum::http::StatusCode;
use metrics_exporter_prometheus::PrometheusBuilder;
use order::upkeep::count_parked;
use serde_json::{Value, json};
use testkit::alerts::{Alerts, Judged};

use crate::operate::{settle, with_parked};

/// The gauges while a checkout is parked, and once it is not any more; each for half an hour.
async fn series() -> Vec<(String, String)> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let (world, id) = with_parked("k1").await;
    count_parked(&world.app).await.expect("a count");
    let parked = metrics.render();
    let note = json!({ "note": "Refunded in the provider's console." });
    assert_eq!(settle(&world, id, &note).await.status, StatusCode::OK);
    count_parked(&world.app).await.expect("a count");
    let samples = |text: &str| -> Vec<(String, String)> {
        let lines = text.lines().filter(|line| line.starts_with("crema_"));
        let samples = lines.filter_map(|line| line.split_once(' '));
        // They come in no particular order.
        let mut samples: Vec<_> = samples
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        samples.sort();
        samples
    };
    let (before, after) = (samples(&parked), samples(&metrics.render()));
    let both = before.into_iter().zip(after);
    both.map(|((name, first), (same, then))| {
        assert_eq!(name, same);
        (name, format!("{first}x30 {then}x30"))
    })
    .collect()
}

fn judged<'a>(alert: &'a str, at: &'a str, fires: Option<(Value, &'a str)>) -> Judged<'a> {
    Judged { alert, at, fires }
}

#[tokio::test]
async fn the_alert_fires_while_a_checkout_waits_for_a_person() {
    let summary = "A checkout can't be undone by itself and waits for an operator";
    let fires = Some((json!({ "severity": "critical" }), summary));
    let expected = [
        judged("CheckoutsParked", "20m", fires),
        judged("CheckoutsParked", "50m", None),
        judged("ReturnsParked", "20m", None),
    ];
    Alerts::of("order").hold("1m", &series().await, &expected);
}

#[test]
fn the_alert_fires_while_a_return_waits_for_a_person() {
    let series = [("crema_returns_manual".to_owned(), "0x30 1x30".to_owned())];
    let summary = "A return can't go on by itself and waits for an operator";
    let fires = Some((json!({ "severity": "warning" }), summary));
    let expected = [
        judged("ReturnsParked", "20m", None),
        judged("ReturnsParked", "50m", fires),
    ];
    Alerts::of("order").hold("1m", &series, &expected);
}

#[test]
fn prometheus_can_read_the_rules() {
    Alerts::of("order").are_readable();
}
