//! The open-loop driver: requests arrive when the schedule says so, however long earlier ones take.
//!
//! Invariant: latency counts from the moment that a request was due, so a stall is felt by every request that it held up
//! (no coordinated omission).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// One of many callers that share the arrivals.
pub trait Caller: Send + 'static {
    /// Makes one call; an answer that is not the wanted one is an error.
    fn call(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// When requests arrive.
#[derive(Clone, Copy, Debug)]
pub enum Arrivals {
    /// Always more than can be served: what gets done is the capacity.
    Flood,
    /// At a fixed rate.
    PerSecond(u32),
}

/// What came of a drive.
#[derive(Debug)]
pub struct Drive {
    /// Calls that ended well.
    pub done: u64,
    /// From the first arrival to the last answer.
    pub took: Duration,
    /// In microseconds, from the moment that each call was due.
    pub latency: Histogram<u64>,
    /// Why the other calls did not.
    failures: Vec<anyhow::Error>,
}

impl Drive {
    /// This drive, if hardly a call failed: otherwise something else was measured.
    pub fn sound(mut self) -> Result<Self> {
        let failed = u64::try_from(self.failures.len())?;
        if failed * ONE_FAILURE_IN > self.done {
            let first = self.failures.swap_remove(0);
            return Err(first.context(format!("{failed} calls failed, {} did not", self.done)));
        }
        ensure!(self.done > 0, "not one call was made");
        Ok(self)
    }
}

/// How often the schedule is looked at. A call may be that late, which counts as its latency.
const LOOK: Duration = Duration::from_micros(100);
/// What a drive may take beyond its length.
const GRACE: Duration = Duration::from_secs(30);
/// The longest latency that is told from longer ones.
const LONGEST_MICROS: u64 = 60_000_000;
/// One call in so many may fail; more, and nothing was measured.
const ONE_FAILURE_IN: u64 = 1000;

struct Schedule {
    arrivals: Arrivals,
    start: Instant,
    end: Instant,
    next: AtomicU64,
    due: Semaphore,
}

/// Lets `callers` share the arrivals for `length`, and hands them back.
pub async fn drive<C: Caller>(
    callers: Vec<C>,
    arrivals: Arrivals,
    length: Duration,
) -> Result<(Vec<C>, Drive)> {
    let start = Instant::now();
    let schedule = Arc::new(Schedule {
        arrivals,
        start,
        end: start + length,
        next: AtomicU64::new(0),
        due: Semaphore::new(0),
    });
    let mut working = JoinSet::new();
    for caller in callers {
        working.spawn(work(caller, Arc::clone(&schedule)));
    }
    if let Arrivals::PerSecond(rate) = arrivals {
        let schedule = Arc::clone(&schedule);
        // A thread of its own: the runtime's timer counts in milliseconds.
        tokio::task::spawn_blocking(move || keep_time(&schedule, rate));
    }
    let all = tokio::time::timeout(length + GRACE, working.join_all()).await;
    let all = all.context("the callers did not come to an end")?;
    let mut drive = Drive {
        done: 0,
        took: start.elapsed(),
        latency: histogram()?,
        failures: Vec::new(),
    };
    let mut callers = Vec::new();
    for worker in all {
        let worker = worker?;
        drive.done += worker.latency.len();
        drive.latency.add(&worker.latency)?;
        drive.failures.extend(worker.failures);
        callers.push(worker.caller);
    }
    Ok((callers, drive))
}

struct Worker<C> {
    caller: C,
    latency: Histogram<u64>,
    failures: Vec<anyhow::Error>,
}

async fn work<C: Caller>(mut caller: C, schedule: Arc<Schedule>) -> Result<Worker<C>> {
    let mut latency = histogram()?;
    let mut failures = Vec::new();
    while let Some(due) = schedule.take().await {
        match caller.call().await {
            Ok(()) => {
                let micros = u64::try_from(due.elapsed().as_micros())?;
                latency.saturating_record(micros.max(1));
            }
            Err(error) => failures.push(error),
        }
    }
    Ok(Worker {
        caller,
        latency,
        failures,
    })
}

impl Schedule {
    /// Waits for the next arrival and says when it was due; nothing when there are no more.
    async fn take(&self) -> Option<Instant> {
        let Arrivals::PerSecond(rate) = self.arrivals else {
            let now = Instant::now();
            return (now < self.end).then_some(now);
        };
        let due = self.start + offset(self.next.fetch_add(1, Ordering::Relaxed), rate);
        if due >= self.end {
            return None;
        }
        // Never closed, so this can't fail; and it never is more permits than arrivals.
        self.due.acquire().await.ok()?.forget();
        Some(due)
    }
}

/// Lets one call go for each arrival that has become due.
fn keep_time(schedule: &Schedule, rate: u32) {
    let mut gone = 0;
    while schedule.start + offset(gone, rate) < schedule.end {
        let now = Instant::now();
        let mut fresh = 0;
        while schedule.start + offset(gone, rate) <= now
            && schedule.start + offset(gone, rate) < schedule.end
        {
            gone += 1;
            fresh += 1;
        }
        schedule.due.add_permits(fresh);
        std::thread::sleep(LOOK);
    }
}

fn offset(index: u64, rate: u32) -> Duration {
    Duration::from_nanos(index.saturating_mul(1_000_000_000) / u64::from(rate.max(1)))
}

/// For microseconds, of which the longest that count are [`LONGEST_MICROS`].
pub fn histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LONGEST_MICROS, 3).map_err(|error| anyhow!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(u64);

    impl Caller for Count {
        async fn call(&mut self) -> Result<()> {
            self.0 += 1;
            Ok(())
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_arrival_is_served_once() {
        let callers = vec![Count(0), Count(0), Count(0)];
        let arrivals = Arrivals::PerSecond(1000);
        let (callers, drive) = drive(callers, arrivals, Duration::from_millis(100))
            .await
            .expect("nothing fails");
        let calls: u64 = callers.iter().map(|caller| caller.0).sum();
        assert_eq!((calls, drive.done, drive.latency.len()), (100, 100, 100));
    }

    #[tokio::test]
    async fn a_call_that_is_taken_late_was_due_by_the_schedule() {
        let start = Instant::now();
        let schedule = Schedule {
            arrivals: Arrivals::PerSecond(100),
            start,
            end: start + Duration::from_millis(20),
            next: AtomicU64::new(0),
            due: Semaphore::new(2),
        };
        assert_eq!(schedule.take().await, Some(start));
        let second = start + Duration::from_millis(10);
        assert_eq!(schedule.take().await, Some(second));
        assert_eq!(schedule.take().await, None);
    }

    struct Broken;

    impl Caller for Broken {
        async fn call(&mut self) -> Result<()> {
            Err(anyhow!("no"))
        }
    }

    #[tokio::test]
    async fn failures_are_no_measurement() {
        let arrivals = Arrivals::PerSecond(100);
        let outcome = drive(vec![Broken], arrivals, Duration::from_millis(50)).await;
        let (_, drive) = outcome.expect("the callers come back");
        let outcome = drive.sound();
        assert!(outcome.is_err_and(|error| error.to_string().starts_with("5 calls failed")));
    }
}
