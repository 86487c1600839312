//! What the public entry's perimeter costs each request: the session's look-up, the limits, the checks, the token.
//!
//! Invariant: the service's own work and the hop to it are on all ways alike; one client asks, one request at a time, the
//! ways in turn.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::{SignIn, Target};
use http::Method;
use tokio::time::sleep;

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
/// The ways, in the order of a round's figures: a session at hand, one that comes back, and one that never asked before.
const DIRECT: usize = 0;
const FRONT: usize = 1;
const AT_HAND: usize = 2;
const BACK: usize = 3;
const NEW: usize = 4;
/// Rounds for which a session is away before it comes back.
const PAUSED: usize = 100;
/// How long the BFF keeps a session at hand that it found.
const MOMENT: Duration = Duration::from_secs(1);
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
    note("perimeter: five ways in turn");
    let token = identity.exchanged(person, "order").await?;
    let sidecar = target.sidecar("bff")?;
    let there = sidecar.url.join(THERE)?;
    let mut lone = Lone::before(target, port, &there, sidecar.token.clone(), token.clone()).await?;
    let direct = Call::new(Method::GET, &there, "".into())?
        .header("dapr-api-token", &sidecar.token)?
        .header("authorization", &format!("Bearer {token}"))?;
    let front = Call::new(Method::GET, &lone.relay, "".into())?.tls(target)?;
    let (first, rest) = cookies.split_first().context("there are no sessions")?;
    ensure!(rest.len() > PAUSED, "there are not enough sessions");
    let ours = page_asks(target, HERE, first)?;
    let mut ways = [
        one(&direct).await?,
        one(&front).await?,
        one(&ours).await?,
        one(&ours).await?,
        one(&ours).await?,
    ];
    for way in &mut ways {
        for _ in 0..WARM_UP {
            way.call().await?;
        }
    }
    let asks: Vec<_> = rest
        .iter()
        .map(|cookie| page_asks(target, HERE, cookie))
        .collect::<Result<_>>()?;
    let mut asked = Vec::with_capacity(rest.len());
    for ask in &asks[..PAUSED] {
        ways[NEW].turn_to(ask);
        ways[NEW].call().await?;
        asked.push(Instant::now());
    }
    sleep(MOMENT).await;
    let mut rounds: Vec<[f64; 5]> = Vec::with_capacity(rest.len());
    for (nth, ask) in asks.iter().enumerate().skip(PAUSED) {
        let back = nth - PAUSED;
        ensure!(
            asked[back].elapsed() > MOMENT,
            "a session that comes back was not away for long enough"
        );
        ways[NEW].turn_to(ask);
        ways[BACK].turn_to(&asks[back]);
        let mut round = [0.0; 5];
        // Each way is first, second and so on as often.
        for turn in 0..ways.len() {
            let way = (nth + turn) % ways.len();
            round[way] = millis(&mut ways[way]).await?;
        }
        asked.push(Instant::now());
        rounds.push(round);
    }
    lone.check()?;
    rows(&rounds, report);
    report.remark(format!(
        "Perimeter: `GET {HERE}` of one person, {} rounds; all five ways go through the BFF's sidecar and order's. The \
         sidecar is asked with a ready token and without TLS; the bare front is the least that can stand at the public \
         address: TLS, one axum handler, the same sidecar, the same ready token. What is left between it and us is the \
         perimeter: the session, the limits, the checks, the headers. A session that asked within the last second is at \
         hand; one that comes back later is read from Redis through the sidecar. A token that is not at hand is exchanged \
         at identity, behind two more sidecars, once per session, service and four and a half minutes.",
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

fn rows(rounds: &[[f64; 5]], report: &mut Report) {
    let p50 = |way: usize| {
        let middle = median(rounds.iter().map(|round| round[way]));
        format!("{middle:.2} ms")
    };
    let ratio =
        |one: usize, other: usize| median(rounds.iter().map(|round| round[one] / round[other]));
    for (figure, way) in [
        ("a request through the perimeter", AT_HAND),
        ("… of a session that was away for more than a second", BACK),
        ("… its token not at hand", NEW),
    ] {
        for (control, other) in [
            ("its sidecar asked directly", DIRECT),
            ("a bare front before the same sidecar", FRONT),
        ] {
            report.rows([Row::ratio(
                &format!("{figure} / {control}, p50"),
                [p50(way), p50(other)],
                ratio(way, other),
                GOAL,
            )]);
        }
    }
}
