//! What identity answers other services: tokens, introspection and userinfo, beside a bare handler.
//!
//! Invariant: both are asked at their own listeners, with no sidecar on the way, over as many connections.

use std::time::Duration;

use anyhow::Result;
use e2e::{Part, Target};
use http::Method;

use super::{cpu_row, rate};
use crate::contest::{Contestant, Way, capacity};
use crate::http_call::Call;
use crate::identity::{Guests, Identity};
use crate::lone::Lone;
use crate::report::{Goal, Report, Row};
use crate::stack::{POSTGRES, Root};

const CONNECTIONS: usize = 16;
const LEG: Duration = Duration::from_secs(3);

/// Measures all three. Each token is asked for anew, so that none expires meanwhile.
pub async fn measure(
    target: &Target,
    identity: &Identity,
    guests: &Guests,
    lone: &Lone,
    report: &mut Report,
) -> Result<()> {
    let form = [
        ("grant_type", "client_credentials"),
        ("audience", "catalog"),
    ];
    let tokens = identity.call_of_bff("/oauth2/token", &form)?;
    beside_bare(target, "tokens for services", tokens, lone, report).await?;

    let token = identity.token_of(&guests.people()[0]).await?;
    let introspect = identity.call_of_bff("/oauth2/introspect", &[("token", &token)])?;
    beside_bare(target, "introspections", introspect, lone, report).await?;

    let token = identity.token_of(&guests.people()[0]).await?;
    let userinfo = identity.call_with("/oauth2/userinfo", &token)?;
    beside_bare(target, "userinfo", userinfo, lone, report).await
}

async fn beside_bare(
    target: &Target,
    name: &'static str,
    call: Call,
    lone: &Lone,
    report: &mut Report,
) -> Result<()> {
    let ours = Contestant {
        name,
        way: Way::Http(call),
        roots: roots(target)?,
    };
    let bare = Contestant {
        name: "bare, hello",
        way: Way::Http(Call::new(Method::POST, &lone.hello, "hello".into())?),
        roots: vec![lone.root.clone()],
    };
    let outcome = capacity(name, &[&ours, &bare], CONNECTIONS, LEG).await?;
    let [us, it] = [0, 1].map(|nth| rate(outcome.standings[nth].per_second));
    report.rows([
        Row::ratio(
            &format!("{name} / bare handler, no sidecar"),
            [us, it],
            outcome.ratios[0],
            Goal::None,
        ),
        cpu_row(
            "… processor time per answer, PostgreSQL's included",
            &outcome,
            1,
        ),
    ]);
    let (kept, made) = outcome.rounds;
    report.remark(format!(
        "{name}: {CONNECTIONS} connections; {kept} of {made} rounds counted."
    ));
    Ok(())
}

/// Whose time counts for what identity answers.
pub(super) fn roots(target: &Target) -> Result<Vec<Root>> {
    Ok(vec![
        Root::of(target, "identity", &Part::App("identity".into()))?,
        Root::of(target, POSTGRES, &Part::Backing("postgres"))?,
    ])
}
