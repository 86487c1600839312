//! The alerts on the BFF's metrics, judged by Prometheus itself over what the BFF's metrics really say.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use service::clock::Clock;
use testkit::alerts::{Alerts, Judged};

use crate::counts::Counts;
use crate::stage::Stage;

/// How long each state of the metrics lasts, in scrapes of fifteen seconds.
const SCRAPES: usize = 12;

/// The metrics of a BFF that sees one sign-in between two scrapes: first with the shared count, then without it.
async fn scraped(away: bool) -> [String; 3] {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let counts = Arc::<Counts>::default();
    let stage = Stage::with(counts.clone(), Clock::manual(Clock::system().now())).await;
    let page = stage.sidecar.invoke("identity", Method::POST, "/sign-in");
    page.respond(200, json!({})).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let mut seen = Vec::new();
    for gone in [None, Some(false), Some(away)] {
        if let Some(gone) = gone {
            counts.set_away(gone);
            let mut browser = stage.browser();
            let answer = browser.ask(Method::POST, "/sign-in", &form, Body::from("a=b"));
            assert_eq!(answer.await.status, StatusCode::OK);
        }
        seen.push(metrics.render());
    }
    seen.try_into().expect("three")
}

/// The samples of one text, by their series.
fn samples(text: &str) -> Vec<(String, i64)> {
    let lines = text.lines().filter(|line| line.starts_with("crema_"));
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a sample");
        let series = match series.strip_suffix('}') {
            Some(labels) => format!("{labels},instance=\"bff\"}}"),
            None => format!("{series}{{instance=\"bff\"}}"),
        };
        (series, value.parse().expect("a whole number"))
    };
    lines.map(sample).collect()
}

/// The first text at rest, then the growth from the second to the third, scrape by scrape.
fn series([before, first, second]: &[String; 3]) -> Vec<(String, String)> {
    let each = samples(second).into_iter().map(|(name, last)| {
        let at = |text: &str| {
            let known = samples(text).into_iter().find(|(known, _)| *known == name);
            known.map_or(0, |(_, value)| value)
        };
        let (start, step) = (at(before), last - at(first));
        let values = format!("{start}x{SCRAPES} {start}+{step}x{SCRAPES}");
        (name, values)
    });
    each.collect()
}

/// Silent at first, and then as it is said.
fn hold(texts: &[String; 3], fires: Option<(Value, &str)>) {
    let alert = "SharedLimitsGone";
    let quiet = Judged {
        alert,
        at: "2m",
        fires: None,
    };
    let then = Judged {
        alert,
        at: "5m",
        fires,
    };
    Alerts::of("bff").hold("15s", &series(texts), &[quiet, then]);
}

#[tokio::test]
async fn the_alert_fires_while_the_shared_limits_are_gone() {
    let labels = json!({ "severity": "warning", "instance": "bff" });
    let summary =
        "Each replica of the BFF counts sign-ins for itself, because their shared count is away";
    hold(&scraped(true).await, Some((labels, summary)));
}

#[tokio::test]
async fn no_alert_fires_while_the_replicas_count_together() {
    hold(&scraped(false).await, None);
}

#[test]
fn prometheus_can_read_the_rules() {
    Alerts::of("bff").are_readable();
}
