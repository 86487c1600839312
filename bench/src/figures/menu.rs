//! The menu out of the BFF's memory, beside a bare handler that serves the same bytes over the same TLS.
//!
//! Invariant: no sidecar is on either path; the BFF asks the catalog once in 30 s for all of them.

use std::time::Duration;

use anyhow::Result;
use e2e::{Part, Target};
use http::Method;

use super::{LATENCY_LEG, cpu_row, half_of, latency_row, rate};
use crate::contest::{Contestant, Way, capacity, latency};
use crate::controls::Controls;
use crate::http_call::Call;
use crate::report::{Goal, Report, Row};
use crate::stack::Root;

const CONNECTIONS: usize = 32;
const LEG: Duration = Duration::from_secs(3);

/// Measures it.
pub async fn measure(
    target: &Target,
    controls: &Controls,
    path: &str,
    report: &mut Report,
) -> Result<()> {
    let get = |url| Call::new(Method::GET, &url, "".into())?.tls(target);
    let ours = Contestant {
        name: "the BFF's menu",
        way: Way::Http(get(target.public().join(path)?)?),
        roots: vec![Root::of(target, "bff", &Part::App("bff".into()))?],
    };
    let bare = Contestant {
        name: "bare, the same bytes",
        way: Way::Http(get(controls.front.join("menu")?)?),
        roots: vec![controls.front_root.clone()],
    };
    let outcome = capacity("menu", &[&ours, &bare], CONNECTIONS, LEG).await?;
    let [us, it] = [0, 1].map(|nth| outcome.standings[nth].per_second);
    report.rows([
        Row::ratio(
            "menu from the BFF's cache / bare handler, same bytes, same TLS",
            [rate(us), rate(it)],
            outcome.ratios[0],
            Goal::AtLeast(0.6),
        ),
        cpu_row("… processor time of the server per request", &outcome, 1),
    ]);
    let at = half_of(us.min(it) / 2.0);
    let latencies = latency("menu", [&ours, &bare], CONNECTIONS, at, LATENCY_LEG).await?;
    report.rows([latency_row("…", at, &latencies)]);
    let (kept, made) = outcome.rounds;
    report.remark(format!(
        "Menu: {CONNECTIONS} connections, HTTP/1.1; {kept} of {made} rounds counted. The driver shares the processors, \
         which brings the ratio of rates nearer to 1 than that of the processor times."
    ));
    Ok(())
}
