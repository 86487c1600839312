//! Whether a stranger can tell by the time of the answer that an address has an account.
//!
//! Invariant: tries of all kinds take turns, each from an address of its own; what they differ by is judged by what two
//! groups of one kind differ by in the same minutes, never by a time that somebody thought of.

use std::time::Instant;

use anyhow::{Result, ensure};
use e2e::client::fresh;

use crate::contest::median;
use crate::identity::{Guests, Identity, Outcome};
use crate::report::{Goal, Report, Row, note};

/// Tries of each kind, and accounts that they need.
pub const TRIES: usize = 200;
/// Ways to part the tries of one kind into two groups.
const SPLITS: usize = 1000;
/// One split in so many is further apart than the noise.
const ONE_IN: usize = 20;
/// What nobody's password is: they are generated.
const WRONG: &str = "not the password of anybody";

/// Milliseconds of each try.
#[derive(Default)]
struct Tries {
    unknown: Vec<f64>,
    wrong: Vec<f64>,
    wrong_too: Vec<f64>,
}

/// Measures it.
pub async fn measure(identity: &Identity, guests: &Guests, report: &mut Report) -> Result<()> {
    let people = guests.people();
    ensure!(people.len() >= TRIES, "there are too few accounts");
    note("sign-in: unknown accounts and wrong passwords in turn");
    let mut tries = Tries::default();
    for nth in 0..TRIES {
        // No account is tried more than twice: the third kind has its accounts in another order.
        let (one, other) = (&people[nth], &people[(nth + TRIES / 2) % TRIES]);
        let stranger = format!("{}@crema.example", fresh());
        // Each kind comes first, second and last as often.
        for turn in 0..3 {
            match (nth + turn) % 3 {
                0 => tries.unknown.push(millis(identity, &stranger).await?),
                1 => tries.wrong.push(millis(identity, &one.email).await?),
                _ => tries.wrong_too.push(millis(identity, &other.email).await?),
            }
        }
    }
    tries.report(report);
    Ok(())
}

/// How long the refusal of one try takes.
async fn millis(identity: &Identity, email: &str) -> Result<f64> {
    let begin = Instant::now();
    let outcome = identity.sign_in(email, WRONG).await?;
    let took = begin.elapsed();
    ensure!(outcome == Outcome::Refused, "a wrong password was taken");
    Ok(took.as_secs_f64() * 1e3)
}

impl Tries {
    fn report(&self, report: &mut Report) {
        let difference = apart(&self.unknown, &self.wrong);
        let control = apart(&self.wrong, &self.wrong_too);
        let all: Vec<_> = [&self.wrong[..], &self.wrong_too].concat();
        let noise = noise(&all);
        let ms = |millis: f64| format!("{millis:.2} ms");
        let [unknown, wrong] = [&self.unknown, &self.wrong].map(|kind| ms(middle(kind)));
        report.rows([
            Row::beside(
                "sign-in refused: unknown account / wrong password, median",
                [unknown, wrong],
            ),
            Row::ratio(
                "… medians apart / noise of two groups of wrong passwords",
                [ms(difference), ms(noise)],
                difference / noise,
                Goal::AtMost(1.0),
            ),
            Row::beside("… beside the control pair", [ms(difference), ms(control)]),
        ]);
        report.remark(format!(
            "Sign-in refused: {TRIES} tries of each kind in turn, each from an address of its own. The noise is what the \
             medians of two groups of {TRIES} wrong passwords are apart by chance: all but one in {ONE_IN} of {SPLITS} splits \
             are nearer. The control pair is the split by turns."
        ));
    }
}

fn middle(values: &[f64]) -> f64 {
    median(values.iter().copied())
}

fn apart(one: &[f64], other: &[f64]) -> f64 {
    (middle(one) - middle(other)).abs()
}

/// How far apart the medians of two halves come by chance alone.
fn noise(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut differences: Vec<_> = (0..SPLITS)
        .map(|_| {
            for end in (1..values.len()).rev() {
                values.swap(end, chance.below(end + 1));
            }
            let (one, other) = values.split_at(values.len() / 2);
            apart(one, other)
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    let beyond = differences.len() / ONE_IN;
    let mut farthest_first = differences.into_iter().rev();
    farthest_first.nth(beyond).unwrap_or(f64::NAN)
}

/// Splits that are the same in every run (xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0 % end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(middle: f64) -> Vec<f64> {
        (0..TRIES)
            .map(|nth| middle + f64::from(u32::try_from(nth % 20).expect("small")) / 10.0)
            .collect()
    }

    fn report(unknown: f64) -> String {
        let tries = Tries {
            unknown: around(unknown),
            wrong: around(30.0),
            wrong_too: around(30.0),
        };
        let mut report = Report::default();
        tries.report(&mut report);
        report.markdown("Timing")
    }

    #[test]
    fn a_difference_is_judged_by_what_chance_makes() {
        let alike = report(30.0);
        assert!(
            alike.contains("met") && !alike.contains("MISSED"),
            "{alike}"
        );
        // Half a spread later: nobody would see it in one try.
        let told_apart = report(31.0);
        assert!(told_apart.contains("MISSED"), "{told_apart}");
    }

    #[test]
    fn noise_grows_with_the_spread_and_is_none_without_one() {
        let narrow = around(30.0);
        let wide: Vec<_> = narrow.iter().map(|millis| millis * 10.0).collect();
        assert!(noise(&[30.0; 40]) < f64::EPSILON);
        assert!(noise(&narrow) > 0.0);
        assert!((noise(&wide) / noise(&narrow) - 10.0).abs() < 1e-6);
    }
}
