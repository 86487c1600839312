//! Start-up: each service from exec to ready, and the whole system when it is started again.
//!
//! Invariant: what is started is a second one of the running service, on ports of its own beside the first one's sidecar:
//! everything it depends on is up, and nothing else is disturbed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use e2e::{Part, Target};

use crate::contest::median;
use crate::report::{Goal, Report, Row, note};
use crate::stack::pid;
use crate::twin::Twin;

/// Starts of each service, of which the median counts.
const STARTS: usize = 5;
/// How often it is asked whether it is ready.
const LOOK: Duration = Duration::from_millis(1);
/// A service that takes longer does not start.
const GIVE_UP: Duration = Duration::from_secs(10);
const SERVICE_MS: f64 = 100.0;
const SYSTEM_S: f64 = 20.0;
/// What the acquirer and the carrier write and hold a lock on; a second one must not write into the first one's.
const BOOKS: [&str; 2] = ["CREMA_LEDGER_FILE", "CREMA_JOURNAL_FILE"];

/// Measures each service on ports from `first`.
pub async fn measure(
    target: &Target,
    first: u16,
    second_start: Duration,
    report: &mut Report,
) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let folder = std::env::temp_dir();
    let books = BOOKS.map(|book| folder.join(format!("{book}-{}.jsonl", std::process::id())));
    for app in target.apps() {
        note(&format!("start of {app}"));
        let mut times = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            let mut twin = Twin::of(pid(target, &Part::App(app.into()))?)?
                .variable("APP_PORT", &first.to_string())
                .variable("CREMA_OPS_PORT", &(first + 1).to_string())
                .variable("CREMA_PUBLIC_LISTEN", &format!("127.0.0.1:{}", first + 2))
                .variable("CREMA_PROVIDER_LISTEN", &format!("127.0.0.1:{}", first + 3))
                .variable("CREMA_CARRIER_LISTEN", &format!("127.0.0.1:{}", first + 3));
            for (book, path) in BOOKS.iter().zip(&books) {
                twin = twin.variable(book, &path.to_string_lossy());
            }
            times.push(start(&http, app, &twin, first + 1).await?.as_secs_f64() * 1e3);
        }
        let figure = format!("{app}: exec → ready");
        let time = median(times.into_iter());
        report.rows([Row::alone(&figure, time, " ms", Goal::AtMost(SERVICE_MS))]);
    }
    // Not there if no service keeps one.
    for path in &books {
        let _ = std::fs::remove_file(path);
    }
    let time = second_start.as_secs_f64();
    report.rows([Row::alone(
        "second start of the system, first coffee included",
        time,
        " s",
        Goal::AtMost(SYSTEM_S),
    )]);
    Ok(())
}

async fn start(http: &reqwest::Client, app: &str, twin: &Twin, ops: u16) -> Result<Duration> {
    let url = format!("http://127.0.0.1:{ops}/readyz");
    let mut command = twin.command()?;
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let took = loop {
        let answer = http.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            break begin.elapsed();
        }
        if let Some(status) = child.try_wait()? {
            bail!("{app} ended with {status} rather than start");
        }
        if begin.elapsed() > GIVE_UP {
            bail!("{app} is not ready after {GIVE_UP:?}");
        }
        tokio::time::sleep(LOOK).await;
    };
    // Waited for, because the next one wants the same ports.
    child.kill().await?;
    Ok(took)
}
