//! Ours and its controls, taking turns: A-B-B-A, round after round, and the medians of what came of it.
//!
//! Invariant: a ratio is taken within one round; a round in which a control was more than 15 % faster one time than
//! the other does not count, for the machine was busy with something else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;

use crate::aftermath::Aftermath;
use crate::customer::Customer;
use crate::hashes::Hashes;
use crate::http_call::Call;
use crate::identity::Guests;
use crate::load::{Arrivals, Caller, Drive, drive};
use crate::pgbench::Pgbench;
use crate::processes::Processes;
use crate::report::note;
use crate::stack::Root;

/// Rounds that must count.
const ROUNDS: usize = 3;
/// Rounds that are tried at most.
const MOST_ROUNDS: usize = 6;
/// How far a control's two times may be apart, as a part of their mean.
const DRIFT: f64 = 0.15;
/// What warms up connections, caches and branch predictors before each leg.
const WARM_UP: Duration = Duration::from_millis(500);

/// How load is made.
pub enum Way {
    /// One request again and again.
    Http(Call),
    /// Orders, each leg including all that follows from them.
    Orders(Customer, Aftermath),
    /// Sign-ins, each leg including what follows from them.
    SignIns(Guests, Aftermath),
    /// The hashes of sign-ins alone.
    Hashes(Hashes),
    /// The same statements alone.
    Sql(Pgbench),
}

/// One that takes part.
pub struct Contestant {
    /// What it is called while it runs.
    pub name: &'static str,
    /// Its load.
    pub way: Way,
    /// Whose processor time it is accountable for.
    pub roots: Vec<Root>,
}

/// How one stood, by the median of its rounds.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Calls a second when there is always one more.
    pub per_second: f64,
    /// Processor time of each kind of process, in microseconds per call.
    pub micros: Vec<(String, f64)>,
}

impl Standing {
    /// Processor time per call, in microseconds.
    #[must_use]
    pub fn all_micros(&self) -> f64 {
        self.micros.iter().map(|(_, micros)| micros).sum()
    }
}

/// What came of a contest.
pub struct Outcome {
    /// Of each contestant.
    pub standings: Vec<Standing>,
    /// Ours to each control, capacity.
    pub ratios: Vec<f64>,
    /// Rounds that counted, and rounds that were made.
    pub rounds: (usize, usize),
}

/// Latencies of a leg at a fixed rate.
pub type Latency = Histogram<u64>;

/// Compares the capacity of the first contestant, ours, with that of the others, over `connections` each.
pub async fn capacity(
    what: &str,
    contestants: &[&Contestant],
    connections: usize,
    length: Duration,
) -> Result<Outcome> {
    let (mut kept, mut made) = (Vec::new(), 0);
    while kept.len() < ROUNDS && made < MOST_ROUNDS {
        made += 1;
        note(&format!("{what}: round {made}"));
        let round = round(contestants, connections, length).await?;
        if round[1..].iter().all(Pair::is_calm) {
            kept.push(round);
        } else {
            note(&format!(
                "{what}: a control drifted, round {made} does not count"
            ));
        }
    }
    ensure!(
        !kept.is_empty(),
        "{what}: the machine was too busy, no round of {made} counts"
    );
    let ratio = |nth: usize| {
        kept.iter()
            .map(move |round| round[0].rate() / round[nth].rate())
    };
    Ok(Outcome {
        standings: (0..contestants.len())
            .map(|nth| standing(&kept, nth))
            .collect(),
        ratios: (1..contestants.len())
            .map(|nth| median(ratio(nth)))
            .collect(),
        rounds: (kept.len(), made),
    })
}

/// Latencies of ours and of a control, taking turns at the same rate.
pub async fn latency(
    what: &str,
    [ours, control]: [&Contestant; 2],
    connections: usize,
    rate: u32,
    length: Duration,
) -> Result<[Latency; 2]> {
    note(&format!("{what}: latency at {rate}/s"));
    let arrivals = Arrivals::PerSecond(rate);
    let (first, _) = leg(ours, connections, arrivals, length).await?;
    let mut ours_at_rate = first.latency;
    let (second, _) = leg(control, connections, arrivals, length).await?;
    let mut control_at_rate = second.latency;
    let (third, _) = leg(control, connections, arrivals, length).await?;
    control_at_rate.add(third.latency)?;
    let (fourth, _) = leg(ours, connections, arrivals, length).await?;
    ours_at_rate.add(fourth.latency)?;
    Ok([ours_at_rate, control_at_rate])
}

/// One contestant's two legs of a round.
struct Pair([Leg; 2]);

#[derive(Clone)]
struct Leg {
    per_second: f64,
    micros: Vec<(String, f64)>,
}

impl Pair {
    fn rate(&self) -> f64 {
        f64::midpoint(self.0[0].per_second, self.0[1].per_second)
    }

    fn is_calm(&self) -> bool {
        (self.0[0].per_second - self.0[1].per_second).abs() <= DRIFT * self.rate()
    }
}

/// There and back: ours, the controls, the controls the other way round, ours.
async fn round(
    contestants: &[&Contestant],
    connections: usize,
    length: Duration,
) -> Result<Vec<Pair>> {
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for contestant in contestants {
        there.push(flood(contestant, connections, length).await?);
    }
    for contestant in contestants.iter().rev() {
        back.push(flood(contestant, connections, length).await?);
    }
    let pairs = there.into_iter().zip(back.into_iter().rev());
    Ok(pairs.map(|(first, second)| Pair([first, second])).collect())
}

async fn flood(contestant: &Contestant, connections: usize, length: Duration) -> Result<Leg> {
    if let Way::Sql(pgbench) = &contestant.way {
        let before = Processes::now()?;
        let ran = pgbench.run(connections, length).await?;
        let micros = micros(&contestant.roots, &before, &Processes::now()?, ran.done);
        return Ok(Leg {
            per_second: ran.per_second,
            micros,
        });
    }
    let (drive, micros) = leg(contestant, connections, Arrivals::Flood, length).await?;
    note(&format!(
        "  {}: {:.0}/s",
        contestant.name,
        per_second(&drive)
    ));
    Ok(Leg {
        per_second: per_second(&drive),
        micros,
    })
}

async fn leg(
    contestant: &Contestant,
    connections: usize,
    arrivals: Arrivals,
    length: Duration,
) -> Result<(Drive, Vec<(String, f64)>)> {
    match &contestant.way {
        Way::Http(call) => {
            let callers = call.callers(connections).await?;
            measured(contestant, callers, arrivals, length, None).await
        }
        Way::Orders(customer, aftermath) => {
            let callers = customer.callers(connections);
            measured(contestant, callers, arrivals, length, Some(aftermath)).await
        }
        Way::SignIns(guests, aftermath) => {
            let callers = guests.callers(connections);
            measured(contestant, callers, arrivals, length, Some(aftermath)).await
        }
        Way::Hashes(hashes) => measured(contestant, hashes.callers(), arrivals, length, None).await,
        Way::Sql(_) => anyhow::bail!("{}: pgbench has no latency of ours", contestant.name),
    }
}

async fn measured<C: Caller>(
    contestant: &Contestant,
    callers: Vec<C>,
    arrivals: Arrivals,
    length: Duration,
    aftermath: Option<&Aftermath>,
) -> Result<(Drive, Vec<(String, f64)>)> {
    // Whatever fails here is not part of the measurement.
    let (callers, _) = drive(callers, arrivals, WARM_UP).await?;
    settle(aftermath).await?;
    let before = Processes::now()?;
    let (_, drive) = drive(callers, arrivals, length).await?;
    let drive = drive.sound().context(contestant.name)?;
    settle(aftermath).await?;
    let micros = micros(&contestant.roots, &before, &Processes::now()?, drive.done);
    Ok((drive, micros))
}

/// Waits until all that follows is done, so that its cost is counted, and with those who caused it.
async fn settle(aftermath: Option<&Aftermath>) -> Result<()> {
    match aftermath {
        Some(aftermath) => aftermath.over().await,
        None => Ok(()),
    }
}

fn micros(roots: &[Root], before: &Processes, after: &Processes, calls: u64) -> Vec<(String, f64)> {
    let mut kinds: Vec<(String, f64)> = Vec::new();
    for root in roots {
        let took = after.time(root.pid).saturating_sub(before.time(root.pid));
        let each = took.as_secs_f64() * 1e6 / count(calls);
        match kinds.iter_mut().find(|(kind, _)| *kind == root.kind) {
            Some((_, sum)) => *sum += each,
            None => kinds.push((root.kind.clone(), each)),
        }
    }
    kinds
}

fn standing(rounds: &[Vec<Pair>], nth: usize) -> Standing {
    let legs = || rounds.iter().flat_map(move |round| &round[nth].0);
    let kinds = rounds[0][nth].0[0].micros.iter().enumerate();
    Standing {
        per_second: median(rounds.iter().map(|round| round[nth].rate())),
        micros: kinds
            .map(|(at, (kind, _))| (kind.clone(), median(legs().map(|leg| leg.micros[at].1))))
            .collect(),
    }
}

fn per_second(drive: &Drive) -> f64 {
    count(drive.done) / drive.took.as_secs_f64()
}

/// As a number to divide by; exact, because no count here comes near 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

/// The middle one; of an even number, the lower middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(first: f64, second: f64) -> Pair {
        let leg = |per_second| Leg {
            per_second,
            micros: vec![("services".to_owned(), 1e6 / per_second)],
        };
        Pair([leg(first), leg(second)])
    }

    #[test]
    fn a_drift_above_fifteen_percent_is_not_calm() {
        assert!(pair(100.0, 114.0).is_calm());
        assert!(!pair(100.0, 117.0).is_calm());
        assert!(!pair(117.0, 100.0).is_calm());
    }

    #[test]
    fn standings_are_medians_of_the_rounds() {
        let rounds = [
            vec![pair(1.0, 3.0)],
            vec![pair(4.0, 6.0)],
            vec![pair(90.0, 90.0)],
        ];
        let standing = standing(&rounds, 0);
        assert!((standing.per_second - 5.0).abs() < f64::EPSILON);
        assert_eq!(standing.micros[0].0, "services");
        assert!(median([].into_iter()).is_nan());
    }
}
