//! Sign-ins beside the hashes that they need, and what identity holds in memory while and after it serves them.
//!
//! Invariant: the hashes have the same parameters, on as many threads as identity hashes with.

use std::time::Duration;

use anyhow::Result;
use e2e::{Part, Target};

use super::identity::roots;
use super::memory::megabytes;
use super::{cpu_row, rate};
use crate::aftermath::Aftermath;
use crate::contest::{Contestant, Way, capacity};
use crate::hashes::{BUFFER, Hashes};
use crate::identity::Guests;
use crate::processes::{peak, resident};
use crate::report::{Goal, Report, Row};
use crate::stack::{Root, pid};

const CLIENTS: usize = 8;
const LEG: Duration = Duration::from_secs(4);
const LOADED: f64 = 25.0;

/// Measures both.
pub async fn measure(
    target: &Target,
    guests: &Guests,
    aftermath: &Aftermath,
    report: &mut Report,
) -> Result<()> {
    // What the registrations left behind is not the sign-ins'.
    aftermath.over().await?;
    let hashes = Hashes::new()?;
    let at_once = hashes.at_once();
    let ours = Contestant {
        name: "sign-ins",
        way: Way::SignIns(guests.clone(), aftermath.clone()),
        roots: roots(target)?,
    };
    let bare = Contestant {
        name: "Argon2id",
        way: Way::Hashes(hashes),
        roots: vec![Root {
            kind: "driver".to_owned(),
            pid: std::process::id(),
        }],
    };
    let outcome = capacity("sign-ins", &[&ours, &bare], CLIENTS, LEG).await?;
    let [us, it] = [0, 1].map(|nth| rate(outcome.standings[nth].per_second));
    report.rows([
        Row::ratio(
            "sign-ins / bare Argon2id, same parameters",
            [us, it],
            outcome.ratios[0],
            Goal::AtLeast(0.8),
        ),
        cpu_row(
            "… processor time of each, PostgreSQL's included",
            &outcome,
            1,
        ),
    ]);
    let (kept, made) = outcome.rounds;
    report.remark(format!(
        "Sign-ins: {CLIENTS} clients at identity's own listener, {} accounts, an origin of its own for each try, fsync \
         on; {kept} of {made} rounds counted. The bare hashes are computed by {at_once} threads of the driver. An event \
         and the session's records are part of a sign-in; publishing the event is not waited for.",
        guests.people().len()
    ));
    memory(target, at_once, report)
}

fn memory(target: &Target, at_once: usize, report: &mut Report) -> Result<()> {
    let identity = pid(target, &Part::App("identity".into()))?;
    let held = megabytes(resident(identity)?)?;
    let buffers = f64::from(u32::try_from(at_once)?) * BUFFER;
    let most = megabytes(peak(identity)?)? - buffers;
    let goal = Goal::AtMost(LOADED);
    report.rows([
        Row::alone("memory of identity, after sign-ins", held, " MB", goal),
        Row::alone("… at its highest, less the hash buffers", most, " MB", goal),
    ]);
    report.remark(format!(
        "Memory: RSS. A hash's buffer goes back to the system with the last hash, so that nothing is taken off what is held \
         after the load; {buffers} MB are taken off the highest, for {at_once} hashes at once."
    ));
    Ok(())
}
