//! The alerts on the BFF's metrics, judged by Prometheus itself over what the BFF's metrics really say.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use service::clock::Clock;

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

/// A test of `promtool`: the first text at rest, then the growth from the second to the third, scrape by scrape.
fn unit_test(rules: &Path, [before, first, second]: &[String; 3], expected: &str) -> String {
    let mut series = String::new();
    for (name, last) in samples(second) {
        let at = |text: &str| {
            let known = samples(text).into_iter().find(|(known, _)| *known == name);
            known.map_or(0, |(_, value)| value)
        };
        let (start, step) = (at(before), last - at(first));
        let name = name.replace('\'', "''");
        writeln!(
            series,
            "      - series: '{name}'\n        values: '{start}x{SCRAPES} {start}+{step}x{SCRAPES}'"
        )
        .expect("memory");
    }
    format!(
        "rule_files: [{}]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    input_series:\n{series}    \
         alert_rule_test:\n      - eval_time: 2m\n        alertname: SharedLimitsGone\n        exp_alerts: []\n      \
         - eval_time: 5m\n        alertname: SharedLimitsGone\n{expected}",
        rules.display()
    )
}

fn rules() -> PathBuf {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../alerts/bff.yaml");
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

fn judge(test: &str) -> (bool, String) {
    let id = service::ids::Ids::new(Clock::system()).next();
    let file = std::env::temp_dir().join(format!("crema-alerts-{id}.yaml"));
    std::fs::write(&file, test).expect("a file");
    let judged = promtool(&["test", "rules"], &file);
    std::fs::remove_file(&file).expect("our file");
    judged
}

#[tokio::test]
async fn the_alert_fires_while_the_shared_limits_are_gone() {
    let texts = scraped(true).await;
    let fires = "        exp_alerts:\n          - exp_labels: {severity: warning, instance: bff}\n            \
                 exp_annotations:\n              summary: Each replica of the BFF counts sign-ins for itself, \
                 because their shared count is away\n";
    let (holds, said) = judge(&unit_test(&rules(), &texts, fires));
    assert!(holds, "{said}");
}

#[tokio::test]
async fn no_alert_fires_while_the_replicas_count_together() {
    let texts = scraped(false).await;
    let silent = "        exp_alerts: []\n";
    let (holds, said) = judge(&unit_test(&rules(), &texts, silent));
    assert!(holds, "{said}");
}

#[test]
fn prometheus_can_read_the_rules() {
    let (holds, said) = promtool(&["check", "rules"], &rules());
    assert!(holds, "{said}");
}
