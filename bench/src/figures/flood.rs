//! How long somebody waits while another address floods the public entry.
//!
//! Invariant: the limits are those that everybody has, at a second BFF beside the one that is measured without them; the
//! flood has used up its quota before it counts.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::Target;
use tokio::time::sleep;

use crate::contest::{Latency, median};
use crate::http_call::Call;
use crate::load::{Arrivals, drive};
use crate::report::{Goal, Report, Row, note};
use crate::visitors::page_asks;

/// Requests of the polite one, a second; far from any limit of a session.
const POLITE: u32 = 40;
/// Requests of the flood, a second: sixteen times what an address may.
const FLOOD: u32 = 2000;
const FLOOD_CONNECTIONS: usize = 64;
const LEG: Duration = Duration::from_secs(8);
/// What the flood needs to use its quota up.
const BUILDS_UP: Duration = Duration::from_secs(2);
/// Legs of each kind.
const PAIRS: usize = 3;

/// Measures it with this session.
pub async fn measure(target: &Target, cookie: &str, report: &mut Report) -> Result<()> {
    note("flood: somebody alone, and beside it");
    let limited = target.twin("bff").await?;
    let entry = limited.public().join("/api/orders?limit=1")?;
    let polite = page_asks(target, entry.as_str(), cookie)?;
    let rude = page_asks(target, entry.as_str(), "none=1")?
        .from(Ipv4Addr::new(127, 66, 6, 6))
        .whatever_comes();
    leg(&polite).await?;
    let mut pairs = Vec::with_capacity(PAIRS);
    for nth in 0..PAIRS {
        // Each is first as often, but for one.
        let (alone, beside) = if nth % 2 == 0 {
            let alone = leg(&polite).await?;
            (alone, beside(&polite, &rude).await?)
        } else {
            let beside = beside(&polite, &rude).await?;
            // The flood's quota is its own; nothing of it is left to wait for.
            (leg(&polite).await?, beside)
        };
        pairs.push([alone, beside]);
    }
    limited.kill().await?;
    let p99 = |latency: &Latency| {
        Duration::from_micros(latency.value_at_quantile(0.99)).as_secs_f64() * 1e3
    };
    let [alone, beside] = [0, 1].map(|nth| median(pairs.iter().map(|pair| p99(&pair[nth]))));
    let ratio = median(pairs.iter().map(|[alone, beside]| p99(beside) / p99(alone)));
    report.rows([Row::ratio(
        "p99 of a signed-in client beside a flood / alone",
        [format!("{beside:.1} ms"), format!("{alone:.1} ms")],
        ratio,
        Goal::None,
    )]);
    report.remark(format!(
        "Flood: {FLOOD} requests a second from one address over {FLOOD_CONNECTIONS} connections, beside {POLITE} a second \
         of somebody who is signed in, at another; {PAIRS} legs of {} s each way. Nobody polite was refused. The flood's \
         driver takes the same processors.",
        LEG.as_secs()
    ));
    Ok(())
}

/// The polite one's latencies; one refusal would end it.
async fn leg(polite: &Call) -> Result<Latency> {
    let callers = polite.callers(8).await?;
    let (_, drive) = drive(callers, Arrivals::PerSecond(POLITE), LEG).await?;
    Ok(drive.sound().context("the polite one")?.latency)
}

/// The same while the flood goes on.
async fn beside(polite: &Call, rude: &Call) -> Result<Latency> {
    let flood = rude.callers(FLOOD_CONNECTIONS).await?;
    let flood = drive(flood, Arrivals::PerSecond(FLOOD), BUILDS_UP + LEG);
    let polite = async {
        sleep(BUILDS_UP).await;
        leg(polite).await
    };
    let (flood, polite) = tokio::join!(flood, polite);
    flood?;
    polite
}
