//! A service's alerts, judged by Prometheus itself: `promtool` reads the rules and tries them on samples.
//!
//! Invariant: the rules are those of `alerts/`, not a copy of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use service::clock::Clock;
use service::ids::Ids;

/// The alerts on a service's metrics.
pub struct Alerts(PathBuf);

/// What an alert does at an instant.
pub struct Judged<'a> {
    /// The alert.
    pub alert: &'a str,
    /// The instant, counted from the first sample, as Prometheus writes it: `10m`.
    pub at: &'a str,
    /// With which labels and which summary it fires; not at all without.
    pub fires: Option<(Value, &'a str)>,
}

impl Alerts {
    /// Those of this app id.
    ///
    /// # Panics
    ///
    /// Without such a file.
    #[must_use]
    pub fn of(app: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../alerts/{app}.yaml"));
        Self(file.canonicalize().expect("the rules"))
    }

    /// Holds that Prometheus can read the rules.
    ///
    /// # Panics
    ///
    /// If it can't.
    pub fn are_readable(&self) {
        promtool("check", &self.0);
    }

    /// Holds what each alert does, with a sample of each series at every `interval`; samples are written as Prometheus'
    /// own unit tests write them: `0x30 1x30`.
    ///
    /// # Panics
    ///
    /// If one does something else, or there is no `promtool`.
    pub fn hold(&self, interval: &str, series: &[(String, String)], judged: &[Judged<'_>]) {
        let series = series.iter();
        let series: Vec<_> = series
            .map(|(series, values)| json!({ "series": series, "values": values }))
            .collect();
        let tests: Vec<_> = judged.iter().map(Judged::written).collect();
        let test = json!({
            "rule_files": [self.0],
            "evaluation_interval": interval,
            "tests": [{ "interval": interval, "input_series": series, "alert_rule_test": tests }],
        });
        let file = std::env::temp_dir().join(format!(
            "crema-alerts-{}.yaml",
            Ids::new(Clock::system()).next()
        ));
        // JSON is YAML.
        std::fs::write(&file, test.to_string()).expect("a file");
        promtool("test", &file);
        std::fs::remove_file(&file).expect("our file");
    }
}

impl Judged<'_> {
    fn written(&self) -> Value {
        let fires = self.fires.iter().map(|(labels, summary)| {
            json!({ "exp_labels": labels, "exp_annotations": { "summary": summary } })
        });
        let fires: Vec<_> = fires.collect();
        json!({ "alertname": self.alert, "eval_time": self.at, "exp_alerts": fires })
    }
}

fn promtool(verb: &str, file: &Path) {
    let output = Command::new("promtool")
        .args([verb, "rules"])
        .arg(file)
        .output();
    let output = output.expect("promtool (apt-get install prometheus)");
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}
