//! What goes wrong, two things at a time.
//!
//! Invariant: both have been healed, and the system is whole, before the next two come.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::patience::until;
use e2e::{Part, Target};
use proptest::sample::subsequence;
use proptest::strategy::Strategy as _;

use super::Chance;
use crate::shop::Desk;
use crate::stack::{GENEROUS, whole};

/// For how long what does not come back by itself stays away, in milliseconds.
const AWAY: std::ops::Range<u64> = 200..2_500;

/// Something that goes wrong.
#[derive(Clone, Debug)]
enum Fault {
    /// It ends as by a crash, and comes back by itself.
    Dies(Part),
    /// It does nothing for a while, and knows nothing of it.
    Freezes(Part),
    /// It ends as by a crash, and comes back when somebody starts it.
    Leaves(Part),
    /// The card provider behaves like this.
    Provider(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dies(part) => write!(f, "{part} dies"),
            Self::Freezes(part) => write!(f, "{part} freezes"),
            Self::Leaves(part) => write!(f, "{part} is away"),
            Self::Provider(how) => write!(f, "the provider is {how}"),
        }
    }
}

/// All that may go wrong. A service freezes once in the list and dies once, as its sidecar does.
fn all(target: &Target) -> Vec<Fault> {
    let mut faults: Vec<_> = ["postgres", "redis", "kafka"]
        .map(|part| Fault::Leaves(Part::Backing(part)))
        .into();
    faults.extend(["down", "slow", "hang"].map(Fault::Provider));
    for app in target.apps() {
        let (service, sidecar) = (Part::App(app.to_owned()), Part::Sidecar(app.to_owned()));
        faults.extend([
            Fault::Dies(service.clone()),
            Fault::Freezes(service),
            Fault::Dies(sidecar),
        ]);
    }
    faults
}

/// Whether two of them can befall the system at once: not one process, which the provider is too.
fn apart(one: &Fault, other: &Fault) -> bool {
    let provider = Part::App("acquirer".to_owned());
    match (one, other) {
        (Fault::Provider(_), Fault::Provider(_)) => false,
        (Fault::Provider(_), Fault::Dies(part) | Fault::Freezes(part))
        | (Fault::Dies(part) | Fault::Freezes(part), Fault::Provider(_)) => *part != provider,
        (Fault::Dies(one) | Fault::Freezes(one), Fault::Dies(other) | Fault::Freezes(other)) => {
            one != other
        }
        _ => true,
    }
}

/// Lets two things go wrong at once, and heals them.
pub async fn pair(target: &Target, desk: &Desk, chance: &mut Chance) -> Result<()> {
    let two = subsequence(all(target), 2).prop_map(|two| (two[0].clone(), two[1].clone()));
    let two = two.prop_filter("of one process", |(one, other)| apart(one, other));
    let ((one, other), away) = chance.draw(&(two, AWAY))?;
    let both = async {
        let begun = tokio::join!(begin(target, desk, &one), begin(target, desk, &other));
        // What is away is away for a while: that is the fault.
        tokio::time::sleep(Duration::from_millis(away)).await;
        let (before, and_before) = begun;
        // Healed whatever came of the other one.
        let ended = tokio::join!(
            heal(target, desk, &one, before.as_ref().ok()),
            heal(target, desk, &other, and_before.as_ref().ok())
        );
        before?;
        and_before?;
        ended.0?;
        ended.1?;
        whole(target).await
    };
    both.await
        .with_context(|| format!("while {one} and {other}, for {away} ms"))
}

/// Gives the instance that it befalls, if it is a process.
async fn begin(target: &Target, desk: &Desk, fault: &Fault) -> Result<Option<String>> {
    match fault {
        Fault::Dies(part) | Fault::Leaves(part) => {
            let before = target.instance(part);
            target.kill(part).await?;
            Ok(before)
        }
        Fault::Freezes(part) => target.pause(part).await.map(|()| None),
        Fault::Provider(how) => desk.outage(how).await.map(|()| None),
    }
}

async fn heal(
    target: &Target,
    desk: &Desk,
    fault: &Fault,
    before: Option<&Option<String>>,
) -> Result<()> {
    match fault {
        Fault::Dies(part) => {
            let Some(before) = before else { return Ok(()) };
            until(&format!("another {part}"), GENEROUS * 2, || async {
                let now = target.instance(part)?;
                (before.as_ref() != Some(&now)).then_some(())
            })
            .await
        }
        Fault::Freezes(part) => target.resume(part).await,
        Fault::Leaves(part) => target.start(part).await,
        Fault::Provider(_) => desk.outage("none").await,
    }
}
