//! Placing orders as the page does, beside a bare way over the same hops, pgbench with the same SQL, and the limit that
//! both together set.
//!
//! Invariant: an order counts when it is accepted; its processor time includes the publication of its events.

use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Result;
use e2e::Target;
use http::Method;

use super::{LATENCY_LEG, cpu, half_of, latency_row, rate};
use crate::contest::{Contestant, Way, capacity, latency};
use crate::controls::Controls;
use crate::customer::Customer;
use crate::http_call::Call;
use crate::pgbench::{Pgbench, Programs};
use crate::report::{Goal, Report, Row};
use crate::stack::{self, KINDS, Root};

/// Clients of each contestant.
const CLIENTS: usize = 16;
const LEG: Duration = Duration::from_secs(5);
/// Calls from sidecar to sidecar for an order: BFF to order, order to catalog. Tokens are cached on both ways.
const HOPS: u32 = 2;

/// Measures it; `hop` is what one hop to a bare handler takes of the processors, in microseconds.
pub async fn measure(
    target: &Target,
    controls: &Controls,
    customer: &Customer,
    programs: &Programs,
    hop: f64,
    report: &mut Report,
) -> Result<()> {
    let roots = stack::whole(target)?;
    let database: Vec<Root> = roots
        .iter()
        .filter(|root| root.kind == KINDS[2])
        .cloned()
        .collect();
    let ours = Contestant {
        name: "orders",
        way: Way::Orders(customer.clone(), programs.clone()),
        roots,
    };
    let order = customer.order().await?;
    let relay = Call::new(
        Method::POST,
        &controls.front.join("relay")?,
        order.to_string().into(),
    )?;
    let bare = Contestant {
        name: "bare, the same hops",
        way: Way::Http(relay.tls(target)?),
        roots: controls.way_roots.clone(),
    };
    let sql = Contestant {
        name: "pgbench, the same SQL",
        way: Way::Sql(Pgbench::like(programs.clone(), &order)),
        roots: database,
    };
    let outcome = capacity("orders", &[&ours, &bare, &sql], CLIENTS, LEG).await?;
    let [us, way, statements] = [0, 1, 2].map(|nth| outcome.standings[nth].per_second);
    let processors = available_parallelism()?.get();
    let statement = outcome.standings[2].all_micros();
    let each = f64::from(HOPS) * hop + statement;
    let limit = f64::from(u32::try_from(processors)?) * 1e6 / each;
    report.rows([
        Row::ratio(
            "orders accepted / limit of hops and SQL",
            [rate(us), rate(limit)],
            us / limit,
            Goal::AtLeast(0.7),
        ),
        Row::ratio(
            "… / bare handlers behind the same hops",
            [rate(us), rate(way)],
            outcome.ratios[0],
            Goal::None,
        ),
        Row::ratio(
            "… / pgbench, the same SQL",
            [rate(us), rate(statements)],
            outcome.ratios[1],
            Goal::None,
        ),
    ]);
    let ours_each = &outcome.standings[0];
    let all = ours_each.all_micros();
    report.rows([Row::beside(
        "processor time per order, events included",
        [cpu(all), cpu(each)],
    )]);
    report.rows(
        ours_each
            .micros
            .iter()
            .map(|(kind, micros)| Row::beside(&format!("… {kind}"), [cpu(*micros), String::new()])),
    );
    let at = half_of(us);
    let latencies = latency("orders", [&ours, &bare], CLIENTS, at, LATENCY_LEG).await?;
    report.rows([latency_row("orders beside bare handlers", at, &latencies)]);
    let (kept, made) = outcome.rounds;
    report.remark(format!(
        "Orders: three lines each, {CLIENTS} clients, fsync on; {kept} of {made} rounds counted. \
         Limit = {processors} processors ÷ ({HOPS} hops × {} + {} of SQL in pgbench). pgbench keeps its outbox rows; \
         ours also publishes and deletes them, which the limit leaves out, as it leaves out the driver.",
        cpu(hop),
        cpu(statement),
    ));
    Ok(())
}
