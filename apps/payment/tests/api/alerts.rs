//! The alerts on payment's metrics, judged by Prometheus itself over what the metrics really say.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use metrics_exporter_prometheus::PrometheusBuilder;
use payment::reconcile::{run, schedule};

use crate::world::World;

/// How long each state of the metrics lasts, in scrapes of a minute.
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

/// A test of `promtool` over the first text, and then the second.
fn unit_test([before, after]: &[String; 2], alert: &str, minutes: usize, expected: &str) -> String {
    let mut series = String::new();
    for (name, value) in samples(after) {
        let mut known = samples(before).into_iter();
        let earlier = known.find(|(known, _)| *known == name);
        let earlier = earlier.map_or("_", |(_, value)| value);
        let name = name.replace('\'', "''");
        writeln!(
            series,
            "      - series: '{name}'\n        values: '{earlier}x{SCRAPES} {value}x{SCRAPES}'"
        )
        .expect("memory");
    }
    format!(
        "rule_files: [{}]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n{series}    \
         alert_rule_test:\n      - eval_time: 10m\n        alertname: {alert}\n        exp_alerts: []\n      \
         - eval_time: {minutes}m\n        alertname: {alert}\n{expected}",
        rules().display()
    )
}

fn rules() -> PathBuf {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../alerts/payment.yaml");
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

fn judge(test: &str) {
    let id = service::ids::Ids::new(service::clock::Clock::system()).next();
    let file = std::env::temp_dir().join(format!("crema-payment-alerts-{id}.yaml"));
    std::fs::write(&file, test).expect("a file");
    let (holds, said) = promtool(&["test", "rules"], &file);
    std::fs::remove_file(&file).expect("our file");
    assert!(holds, "{said}");
}

const SILENT: &str = "        exp_alerts: []\n";

#[tokio::test]
async fn the_alert_fires_when_the_books_differ() {
    let fires = "        exp_alerts:\n          - exp_labels: {severity: critical, kind: unknown_here}\n            \
                 exp_annotations:\n              summary: Our books and the card provider's differ\n";
    judge(&unit_test(&scraped(true).await, "BooksDiffer", 40, fires));
}

#[tokio::test]
async fn no_alert_fires_while_the_books_agree() {
    judge(&unit_test(&scraped(false).await, "BooksDiffer", 40, SILENT));
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
    let after_a_day = unit_test(&texts, "BooksNotCompared", 60, SILENT);
    judge(&after_a_day);
    let fires = "        exp_alerts:\n          - exp_labels: {severity: warning}\n            \
                 exp_annotations:\n              summary: Our books were not held against the card provider's for a \
                 day and a half\n";
    let for_days = |test: String| test.replace(&format!("0x{SCRAPES}'"), "0x3000'");
    judge(&for_days(unit_test(
        &texts,
        "BooksNotCompared",
        37 * 60,
        fires,
    )));
}

#[test]
fn prometheus_can_read_the_rules() {
    let (holds, said) = promtool(&["check", "rules"], &rules());
    assert!(holds, "{said}");
}
