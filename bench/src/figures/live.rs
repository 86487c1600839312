//! What an idle session and an open live view hold of the BFF's memory: ten thousand of them.
//!
//! Invariant: every stream has shown its first event and is open when it is counted; the client is another process.

use anyhow::{Context as _, Result, ensure};
use e2e::{Part, Target};
use http_body_util::BodyExt as _;
use tokio::task::JoinSet;

use crate::http_call::Connection;
use crate::processes::resident;
use crate::report::{Goal, Report, Row, note};
use crate::stack::pid;
use crate::visitors::page_asks;

/// Streams of one session: as many as one may have.
const EACH: usize = 16;
/// Streams that are opened at once.
const AT_ONCE: usize = 32;

/// An open stream.
struct Open {
    _connection: Connection,
    body: hyper::body::Incoming,
}

/// Opens `EACH` streams for each of these sessions, over the orders in turn, and looks at the BFF before and after.
pub async fn measure(
    target: &'static Target,
    cookies: &[String],
    orders: &[String],
    report: &mut Report,
) -> Result<()> {
    let bff = pid(target, &Part::App("bff".into()))?;
    let wanted = cookies.len() * EACH;
    note(&format!("live views: {wanted} at once"));
    let before = resident(bff)?;
    let (mut open, mut next) = (Vec::with_capacity(wanted), 0);
    let mut opening = JoinSet::new();
    while open.len() < wanted {
        while next < wanted && opening.len() < AT_ONCE {
            let order = &orders[next % orders.len()];
            let path = format!("/api/orders/{order}/events");
            let call = page_asks(target, &path, &cookies[next / EACH])?;
            opening.spawn(async move {
                let mut connection = call.callers(1).await?.pop().context("a connection")?;
                let mut body = connection.open().await?.into_body();
                let first = body.frame().await.context("a stream without an event")??;
                ensure!(first.is_data(), "no event");
                anyhow::Ok(Open {
                    _connection: connection,
                    body,
                })
            });
            next += 1;
        }
        open.push(opening.join_next().await.context("a stream")???);
    }
    let after = resident(bff)?;
    for stream in &open {
        ensure!(
            !hyper::body::Body::is_end_stream(&stream.body),
            "a stream ended"
        );
    }
    let each = f64::from(u32::try_from(after.saturating_sub(before))?)
        / f64::from(u32::try_from(open.len())?);
    report.rows([Row::alone(
        &format!("memory of the BFF for each of {wanted} idle live views"),
        each,
        " KiB",
        Goal::AtMost(20.0),
    )]);
    report.remark(format!(
        "Live views: a TLS connection each, {EACH} of a session, {} orders watched; RSS of the BFF {before} KiB before and \
         {after} KiB after, when each had shown its order and heard nothing since.",
        orders.len()
    ));
    Ok(())
}

/// What so many sessions that were idle since their sign-in hold: in the BFF, and in Redis.
pub fn sessions(
    (before, after): ([u64; 2], [u64; 2]),
    count: usize,
    report: &mut Report,
) -> Result<()> {
    for (what, nth) in [("the BFF", 0), ("Redis", 1)] {
        let grown = f64::from(u32::try_from(after[nth].saturating_sub(before[nth]))?);
        let each = grown / f64::from(u32::try_from(count)?);
        report.rows([Row::alone(
            &format!("memory of {what} for each of {count} idle sessions"),
            each,
            " KiB",
            Goal::AtMost(20.0),
        )]);
    }
    Ok(())
}

/// What the BFF and Redis hold now, in KiB.
pub fn held(target: &Target) -> Result<[u64; 2]> {
    Ok([
        resident(pid(target, &Part::App("bff".into()))?)?,
        resident(pid(target, &Part::Backing("redis"))?)?,
    ])
}
