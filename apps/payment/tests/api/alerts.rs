//! The alerts on payment's metrics, judged by Prometheus itself over what the metrics really say.

use chrono::TimeDelta;
use metrics_exporter_prometheus::PrometheusBuilder;
use payment::reconcile::{run, schedule};
use serde_json::{Value, json};
use testkit::alerts::{Alerts, Judged};

use crate::world::World;

/// How long the first state of the metrics lasts, in scrapes of a minute.
const SCRAPES: usize = 30;

/// The metrics before and after a day's reconciliation, of which something was planted for it or nothing.
async fn scraped(planted: bool) -> [String; 2] {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let world = World::new().await;
    run::announce();
    let before = metrics.render();
    world.captured().await;
    if planted {
        let order = world.new_order().0.to_string();
        world.provider.plant("authorisation", &order, None, 500);
    }
    world.app.clock.advance(TimeDelta::hours(1));
    assert!(schedule::want_todays(&world.app).await.expect("an answer"));
    assert!(run::pass(&world.app).await.expect("a pass"));
    schedule::want_todays(&world.app).await.expect("an answer");
    [before, metrics.render()]
}

/// The samples of these metrics, by their series.
fn samples(text: &str) -> Vec<(&str, &str)> {
    let ours = ["crema_payment_divergences", "crema_payment_reconciled"];
    let lines = text.lines();
    lines
        .filter(|line| ours.iter().any(|name| line.starts_with(name)))
        .map(|line| line.rsplit_once(' ').expect("a sample"))
        .collect()
}

/// The samples of the first text, and then those of the second, each for so many scrapes.
fn series([before, after]: &[String; 2], scrapes: [usize; 2]) -> Vec<(String, String)> {
    let each = samples(after).into_iter().map(|(name, value)| {
        let mut known = samples(before).into_iter();
        let earlier = known.find(|(known, _)| *known == name);
        let earlier = earlier.map_or("_", |(_, value)| value);
        let [first, then] = scrapes;
        (name.to_owned(), format!("{earlier}x{first} {value}x{then}"))
    });
    each.collect()
}

/// Silent at first, and then as it is said.
fn hold(texts: &[String; 2], alert: &str, at: &str, fires: Option<(Value, &str)>) {
    let quiet = Judged {
        alert,
        at: "10m",
        fires: None,
    };
    let series = series(texts, [SCRAPES, 3000]);
    Alerts::of("payment").hold("1m", &series, &[quiet, Judged { alert, at, fires }]);
}

#[tokio::test]
async fn the_alert_fires_when_the_books_differ() {
    let labels = json!({ "severity": "critical", "kind": "unknown_here" });
    let summary = "Our books and the card provider's differ";
    let texts = scraped(true).await;
    hold(&texts, "BooksDiffer", "40m", Some((labels, summary)));
}

#[tokio::test]
async fn no_alert_fires_while_the_books_agree() {
    hold(&scraped(false).await, "BooksDiffer", "40m", None);
}

#[tokio::test]
async fn the_alert_fires_when_nobody_compares_the_books() {
    let [before, after] = scraped(false).await;
    // Prometheus' time begins with the epoch in such a test, and so did the last reconciliation.
    let at_the_epoch = |text: String| -> String {
        let lines = text.lines().map(|line| match line.split_once(' ') {
            Some((name, _)) if name.starts_with("crema_payment_reconciled") => format!("{name} 0"),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let texts = [before, at_the_epoch(after)];
    hold(&texts, "BooksNotCompared", "60m", None);
    let labels = json!({ "severity": "warning" });
    let summary = "Our books were not held against the card provider's for a day and a half";
    hold(&texts, "BooksNotCompared", "37h", Some((labels, summary)));
}

#[test]
fn prometheus_can_read_the_rules() {
    Alerts::of("payment").are_readable();
}
