//! The figures, one file for each, and how they are written.
//!
//! Invariant: a figure that can't be had is an error; none is ever filled in.

pub mod catalog;
pub mod chain;
pub mod flood;
pub mod identity;
pub mod live;
pub mod memory;
pub mod menu;
pub mod orders;
pub mod perimeter;
pub mod relay;
pub mod sign_in;
pub mod start;
pub mod timing;
pub mod verification;

use std::time::Duration;

use crate::contest::{Latency, Outcome};
use crate::report::Row;

/// How long each leg of a latency contest takes.
const LATENCY_LEG: Duration = Duration::from_secs(4);

/// A rate as it is written.
fn rate(per_second: f64) -> String {
    format!("{per_second:.0}/s")
}

/// Processor time of a call as it is written.
fn cpu(micros: f64) -> String {
    if micros < 1000.0 {
        format!("{micros:.0} µs")
    } else {
        format!("{:.2} ms", micros / 1000.0)
    }
}

/// The rows of processor time: ours beside the `nth` control.
fn cpu_row(figure: &str, outcome: &Outcome, nth: usize) -> Row {
    let (ours, control) = (
        outcome.standings[0].all_micros(),
        outcome.standings[nth].all_micros(),
    );
    let ratio = control / ours;
    Row::ratio(
        figure,
        [cpu(ours), cpu(control)],
        ratio,
        crate::report::Goal::None,
    )
}

/// The row of latencies at a fixed rate.
fn latency_row(figure: &str, per_second: u32, latencies: &[Latency; 2]) -> Row {
    let words = |latency: &Latency| {
        let at = |quantile| {
            Duration::from_micros(latency.value_at_quantile(quantile)).as_secs_f64() * 1e3
        };
        format!("{:.1} / {:.1} ms", at(0.5), at(0.99))
    };
    let figure = format!("{figure}: p50 / p99 at {per_second}/s");
    Row::beside(&figure, [words(&latencies[0]), words(&latencies[1])])
}

/// Half of what the slower of two can do, rounded down to something that can be said: a rate that both can hold.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive, and far below 2^32"
)]
fn half_of(slower: f64) -> u32 {
    let half = (slower / 2.0).floor() as u32;
    let step = if half >= 2000 { 500 } else { 10 };
    (half / step * step).max(10)
}

#[cfg(test)]
mod tests {
    use super::half_of;

    #[test]
    fn rates_are_round() {
        assert_eq!(half_of(25_499.0), 12_500);
        assert_eq!(half_of(899.0), 440);
        assert_eq!(half_of(3.0), 10);
    }
}
