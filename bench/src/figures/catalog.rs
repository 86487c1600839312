//! The catalog's menu behind two sidecars, beside bare handlers behind two sidecars.
//!
//! Invariant: the caller's sidecar is the same one for all; the catalog verifies a token for each request, the bare
//! handlers don't.

use std::time::Duration;

use anyhow::{Context as _, Result};
use dapr_kit::{Secrets, Tokens};
use e2e::{Part, Target};
use http::Method;

use super::{LATENCY_LEG, cpu_row, half_of, latency_row, rate};
use crate::bare::dapr;
use crate::contest::{Contestant, Way, capacity, latency};
use crate::controls::{BARE, Controls};
use crate::http_call::Call;
use crate::report::{Goal, Report, Row};
use crate::stack::Root;

const CONNECTIONS: usize = 32;
const LEG: Duration = Duration::from_secs(3);

/// Measures it, and says what one hop to a bare handler takes of the processors, in microseconds.
pub async fn measure(
    target: &Target,
    controls: &Controls,
    path: &str,
    report: &mut Report,
) -> Result<f64> {
    let caller = target.sidecar("bff")?;
    let store = path.strip_prefix("/api").context("no path of the menu")?;
    let invoke = |app: &str, method: &str| {
        let url = caller
            .url
            .join(&format!("/v1.0/invoke/{app}/method{method}"))?;
        Call::new(Method::GET, &url, "".into())?.header("dapr-api-token", &caller.token)
    };
    let dapr = dapr(&caller)?;
    let client = Secrets::watch(dapr.clone(), "secretstore", "client").await?;
    let token = Tokens::new(dapr, "identity", client)
        .for_self("catalog")
        .await?;
    let bearer = format!("Bearer {}", token.expose());
    let menu = invoke("catalog", &format!("/v1{store}"))?.header("authorization", &bearer)?;
    let ours = Contestant {
        name: "the catalog's menu",
        way: Way::Http(menu),
        roots: vec![
            Root::of(target, "sidecars", &Part::Sidecar("bff".into()))?,
            Root::of(target, "sidecars", &Part::Sidecar("catalog".into()))?,
            Root::of(target, "catalog", &Part::App("catalog".into()))?,
        ],
    };
    let bare = |name, method| {
        anyhow::Ok(Contestant {
            name,
            way: Way::Http(invoke(BARE, method)?),
            roots: controls.hop_roots.clone(),
        })
    };
    let hello = bare("bare, hello", "/hello")?;
    let bytes = bare("bare, the same bytes", "/menu")?;
    let outcome = capacity("catalog", &[&ours, &hello, &bytes], CONNECTIONS, LEG).await?;
    let [us, least, same] = [0, 1, 2].map(|nth| rate(outcome.standings[nth].per_second));
    report.rows([
        Row::ratio(
            "catalog's menu / bare hello, both behind two sidecars",
            [us.clone(), least],
            outcome.ratios[0],
            Goal::AtLeast(0.8),
        ),
        cpu_row(
            "… processor time of sidecars and handler per request",
            &outcome,
            1,
        ),
        Row::ratio(
            "… / bare handler of the same bytes",
            [us, same],
            outcome.ratios[1],
            Goal::None,
        ),
    ]);
    let at = half_of(outcome.standings[0].per_second);
    let latencies = latency("catalog", [&ours, &hello], CONNECTIONS, at, LATENCY_LEG).await?;
    report.rows([latency_row("… beside hello", at, &latencies)]);
    let (kept, made) = outcome.rounds;
    report.remark(format!(
        "Catalog: {CONNECTIONS} connections to the BFF's sidecar; {kept} of {made} rounds counted."
    ));
    Ok(outcome.standings[1].all_micros())
}
