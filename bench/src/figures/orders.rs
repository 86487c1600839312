//! Orders placed as the page does, accepted and confirmed, each beside the limit that its hops and its SQL set.
//!
//! Invariant: no order counts that was undone; processor time includes all that follows from an order, its events and
//! their consumers too, and the limit does not.

use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Part, Target};
use http::Method;

use super::{LATENCY_LEG, cpu, half_of, latency_row, rate};
use crate::aftermath::Aftermath;
use crate::contest::{Contestant, Way, capacity, latency};
use crate::controls::Controls;
use crate::customer::{Customer, Until};
use crate::http_call::Call;
use crate::pgbench::{Pgbench, Programs};
use crate::report::{Goal, Report, Row, note};
use crate::stack::{POSTGRES, Root};

const LEG: Duration = Duration::from_secs(5);

/// One way that orders are placed in.
struct Journey {
    name: &'static str,
    until: Until,
    /// Clients of each contestant.
    clients: usize,
    /// Calls from sidecar to sidecar. Tokens are cached on all ways.
    hops: u32,
    /// Calls of the payment provider through payment's sidecar.
    provider: u32,
    /// The part of the limit that should be reached.
    goal: Goal,
    /// Completed orders that are stored before.
    stored: u32,
}

/// So many completed orders are stored in one transaction.
const BATCH: u32 = 50_000;
const HISTORY: &str = include_str!("../../sql/history.sql");

const JOURNEYS: [Journey; 3] = [
    // BFF to order, order to catalog.
    Journey {
        name: "orders accepted",
        until: Until::Accepted,
        clients: 16,
        hops: 2,
        provider: 0,
        goal: Goal::AtLeast(0.7),
        stored: 0,
    },
    // The same, and order to inventory once, to payment twice, which asks the provider each time.
    Journey {
        name: "orders by card, placed → confirmed",
        until: Until::Confirmed,
        clients: 32,
        hops: 5,
        provider: 2,
        goal: Goal::AtLeast(0.6),
        stored: 0,
    },
    Journey {
        name: "orders accepted, a million stored",
        until: Until::Accepted,
        clients: 16,
        hops: 2,
        provider: 0,
        goal: Goal::None,
        stored: 1_000_000,
    },
];

/// Measures both; `hop` is what one hop to a bare handler takes of the processors, in microseconds.
pub async fn measure(
    target: &Target,
    controls: &Controls,
    customer: &Customer,
    aftermath: &Aftermath,
    hop: f64,
    report: &mut Report,
) -> Result<()> {
    let relay = Call::new(
        Method::POST,
        &controls.front.join("relay")?,
        customer.order().await?.to_string().into(),
    )?;
    let way = Contestant {
        name: "bare handlers behind two hops",
        way: Way::Http(relay.tls(target)?),
        roots: controls.way_roots.clone(),
    };
    let provider = provider(target)?;
    for journey in &JOURNEYS {
        store(&aftermath.programs, journey.stored).await?;
        let bare = match journey.until {
            Until::Accepted => &way,
            Until::Confirmed => &provider,
        };
        let customer = customer.waiting(journey.until);
        one(journey, &customer, bare, aftermath, hop, report).await?;
    }
    Ok(())
}

/// Stores completed orders; a database that has kept them for years has been vacuumed, too.
async fn store(programs: &Programs, count: u32) -> Result<()> {
    for first in (1..=count).step_by(BATCH as usize) {
        let last = count.min(first + BATCH - 1);
        note(&format!("orders {first} to {last} are stored"));
        let (first, last) = (first.to_string(), last.to_string());
        let variables = [("first", first.as_str()), ("last", last.as_str())];
        programs.query("db-order", &variables, HISTORY).await?;
    }
    if count > 0 {
        programs.query("db-order", &[], "VACUUM ANALYZE").await?;
        programs.query("db-order", &[], "CHECKPOINT").await?;
    }
    Ok(())
}

/// The least that can be asked of the provider through payment's sidecar: a question that it has no answer to.
fn provider(target: &Target) -> Result<Contestant> {
    let sidecar = target.sidecar("payment")?;
    let path = "/v1.0/invoke/provider/method/v1/operations?reference=nobody";
    let ask = Call::new(Method::GET, &sidecar.url.join(path)?, "".into())?;
    Ok(Contestant {
        name: "bare questions to the provider",
        way: Way::Http(ask.header("dapr-api-token", &sidecar.token)?),
        roots: vec![
            Root::of(target, "sidecars", &Part::Sidecar("payment".into()))?,
            Root::of(target, "acquirer", &Part::App("acquirer".into()))?,
        ],
    })
}

async fn one(
    journey: &Journey,
    customer: &Customer,
    bare: &Contestant,
    aftermath: &Aftermath,
    hop: f64,
    report: &mut Report,
) -> Result<()> {
    let Journey { name, clients, .. } = *journey;
    let (roots, programs) = (&aftermath.roots, &aftermath.programs);
    let order = customer.order().await?;
    let ours = Contestant {
        name,
        way: Way::Orders(customer.clone(), aftermath.clone()),
        roots: roots.clone(),
    };
    let database = roots.iter().filter(|root| root.kind == POSTGRES);
    let sql = Contestant {
        name: "pgbench, the same SQL",
        way: Way::Sql(Pgbench::like(programs.clone(), journey.until, &order).await?),
        roots: database.cloned().collect(),
    };
    let outcome = capacity(name, &[&ours, bare, &sql], clients, LEG).await?;
    let undone = "SELECT count(*) FROM checkouts WHERE direction = 'back'";
    let undone = programs.number("db-order", undone).await?;
    ensure!(undone == 0, "{name}: {undone} orders were undone");

    let [us, beside, statements] = [0, 1, 2].map(|nth| outcome.standings[nth].per_second);
    let [all, call, statement] = [0, 1, 2].map(|nth| outcome.standings[nth].all_micros());
    let calls = f64::from(journey.provider) * call;
    let each = f64::from(journey.hops) * hop + calls + statement;
    let processors = available_parallelism()?.get();
    let limit = f64::from(u32::try_from(processors)?) * 1e6 / each;
    report.rows([
        Row::ratio(
            &format!("{name} / limit of hops and SQL"),
            [rate(us), rate(limit)],
            us / limit,
            journey.goal,
        ),
        Row::ratio(
            &format!("… / {}", bare.name),
            [rate(us), rate(beside)],
            outcome.ratios[0],
            Goal::None,
        ),
        Row::ratio(
            "… / pgbench, the same SQL",
            [rate(us), rate(statements)],
            outcome.ratios[1],
            Goal::None,
        ),
        Row::beside(
            "… CPU-seconds per 1,000 orders, all that follows included",
            [per_thousand(all), per_thousand(each)],
        ),
    ]);
    let kinds = outcome.standings[0].micros.iter();
    report.rows(kinds.map(|(kind, micros)| {
        Row::beside(
            &format!("… … {kind}"),
            [per_thousand(*micros), String::new()],
        )
    }));
    let at = half_of(us);
    let latencies = latency(name, [&ours, bare], clients, at, LATENCY_LEG).await?;
    report.rows([latency_row(
        &format!("… beside {}", bare.name),
        at,
        &latencies,
    )]);
    let (kept, made) = outcome.rounds;
    report.remark(format!(
        "{name}: three lines each, {clients} clients, fsync on; {kept} of {made} rounds counted. Limit = {processors} \
         processors ÷ ({} hops × {} + {} calls of the provider × {} + {} of SQL in pgbench). Publishing, consuming, the \
         provider's messages and the driver share the processors, and the limit leaves them out{}.",
        journey.hops,
        cpu(hop),
        journey.provider,
        cpu(call),
        cpu(statement),
        match journey.until {
            Until::Accepted => ", as it does the sagas that run meanwhile",
            Until::Confirmed => "",
        },
    ));
    Ok(())
}

/// Microseconds for one are milliseconds for a thousand.
fn per_thousand(micros: f64) -> String {
    format!("{:.3} s", micros / 1e3)
}
