//! What the public entry's perimeter costs each request: the session's look-up, the limits, the checks, the token.
//!
//! Invariant: the service's own work and the hop to it are on all ways alike; one client asks, one request at a time, the
//! ways in turn.

use std::time::Instant;

use anyhow::{Context as _, Result};
use e2e::{SignIn, Target};
use http::Method;

use crate::contest::median;
use crate::http_call::{Call, Connection};
use crate::identity::Identity;
use crate::load::Caller as _;
use crate::lone::Lone;
use crate::report::{Goal, Report, Row, note};
use crate::visitors::page_asks;

/// What is asked: a person's orders.
const HERE: &str = "/api/orders?limit=1";
const THERE: &str = "/v1.0/invoke/order/method/v1/orders?limit=1";
/// Requests of each way before it counts.
const WARM_UP: usize = 50;
/// What the perimeter may cost.
const GOAL: Goal = Goal::AtMost(1.25);

/// Measures it with these sessions of one person, each of which has asked for nothing yet.
pub async fn measure(
    target: &Target,
    identity: &Identity,
    person: &SignIn,
    cookies: &[String],
    port: u16,
    report: &mut Report,
) -> Result<()> {
    note("perimeter: four ways in turn");
    let token = identity.exchanged(person, "order").await?;
    let sidecar = target.sidecar("bff")?;
    let there = sidecar.url.join(THERE)?;
    let mut lone = Lone::before(target, port, &there, sidecar.token.clone(), token.clone()).await?;
    let direct = Call::new(Method::GET, &there, "".into())?
        .header("dapr-api-token", &sidecar.token)?
        .header("authorization", &format!("Bearer {token}"))?;
    let front = Call::new(Method::GET, &lone.relay, "".into())?.tls(target)?;
    let (first, rest) = cookies.split_first().context("there are no sessions")?;
    let ours = page_asks(target, HERE, first)?;
    let mut ways = [one(&direct).await?, one(&front).await?, one(&ours).await?];
    for way in &mut ways {
        for _ in 0..WARM_UP {
            way.call().await?;
        }
    }
    let mut newcomer = one(&ours).await?;
    newcomer.call().await?;
    let mut rounds: Vec<[f64; 4]> = Vec::with_capacity(rest.len());
    for (nth, cookie) in rest.iter().enumerate() {
        newcomer.turn_to(&page_asks(target, HERE, cookie)?);
        let mut round = [0.0; 4];
        // Each way is first, second, third and last as often.
        for turn in 0..4 {
            let way = (nth + turn) % 4;
            round[way] = match ways.get_mut(way) {
                Some(connection) => millis(connection).await?,
                None => millis(&mut newcomer).await?,
            };
        }
        rounds.push(round);
    }
    lone.check()?;
    rows(&rounds, report);
    report.remark(format!(
        "Perimeter: `GET {HERE}` of one person, {} rounds; all four ways go through the BFF's sidecar and order's. The \
         sidecar is asked with a ready token and without TLS; the bare front is the least that can stand at the public \
         address: TLS, one axum handler, the same sidecar, the same ready token. What is left between it and us is the \
         perimeter: the session from Redis through the sidecar, opening it, the limits, the checks, the headers. A token \
         that is not at hand is exchanged at identity, behind two more sidecars, once per session, service and four and a \
         half minutes.",
        rounds.len()
    ));
    Ok(())
}

async fn one(call: &Call) -> Result<Connection> {
    call.callers(1).await?.pop().context("a connection")
}

async fn millis(connection: &mut Connection) -> Result<f64> {
    let begin = Instant::now();
    connection.call().await?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

fn rows(rounds: &[[f64; 4]], report: &mut Report) {
    let [direct, front, ours, fresh] = [0, 1, 2, 3];
    let p50 = |way: usize| {
        let middle = median(rounds.iter().map(|round| round[way]));
        format!("{middle:.2} ms")
    };
    let ratio =
        |one: usize, other: usize| median(rounds.iter().map(|round| round[one] / round[other]));
    for (figure, one, other) in [
        (
            "a request through the perimeter / its sidecar asked directly, p50",
            ours,
            direct,
        ),
        ("… / a bare front before the same sidecar, p50", ours, front),
        (
            "… its token not at hand / its sidecar asked directly, p50",
            fresh,
            direct,
        ),
        ("… its token not at hand / a bare front, p50", fresh, front),
    ] {
        report.rows([Row::ratio(
            figure,
            [p50(one), p50(other)],
            ratio(one, other),
            GOAL,
        )]);
    }
}
