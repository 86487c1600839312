//! Canaries: secrets that somebody types or is given, told apart from all others, and looked for wherever the system
//! writes something down.
//!
//! Invariant: each canary is used once, in the regular way, so that whatever keeps it has kept a real one; where one may
//! be found, the table says why, and it is found there, so that the search is known to see.

mod plant;
mod traces;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use e2e::patience::insist;
use e2e::target::Record;
use e2e::{Target, checker};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::delivery;
use crate::shop::Desk;
use crate::stack::{self, GENEROUS, newcomer};
use crate::undoing::{deliver, signed};
use plant::{ADDRESS, NAME, Planted};

/// What may be where: the canary, how the place begins, and why.
const ALLOWED: [(&str, &str, &str); 5] = [
    (ADDRESS, "identity people.email", "how she signs in"),
    (NAME, "identity people.name", "what she is called"),
    (
        ADDRESS,
        "identity mails.address",
        "until the mail is sent, or given up",
    ),
    (
        "code_challenge",
        "identity codes.challenge",
        "the hash of what the client keeps",
    ),
    (
        "nonce",
        "identity grants.nonce",
        "it goes into the ID token, for the client to compare",
    ),
];
/// Where the address and the name are for certain.
const CERTAIN: [&str; 2] = ["identity people.email", "identity people.name"];

#[tokio::test]
async fn what_people_type_and_are_given_is_found_nowhere_else() -> Result<()> {
    let stack = stack::shared().await?;
    let planted = Planted::by_a_newcomer(&stack).await?;
    // Mail is sent, cards are decided: what waits for that is gone then.
    insist("only what stays", GENEROUS, || async {
        let found = found(&checker::texts(&stack).await?, &planted.canaries);
        let allowed = |(canary, place): &&(String, String)| {
            let mut rows = ALLOWED.iter();
            rows.any(|(name, at, _)| name == canary && place.starts_with(at))
        };
        let leaks: Vec<_> = found.iter().filter(|leak| !allowed(leak)).collect();
        ensure!(leaks.is_empty(), "{leaks:?}");
        let seen: BTreeSet<_> = found.iter().map(|(_, place)| place.as_str()).collect();
        for place in CERTAIN {
            ensure!(seen.contains(place), "the search does not see {place}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn where_something_is_brought_is_written_down_at_shipping_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let street = e2e::client::fresh();
    delivery::ordered_to(&newcomer(&stack).await?, &street).await?;
    let canary = [plant::record("a street", &street)];
    insist("shipping's own row", GENEROUS, || async {
        let found = found(&checker::texts(&stack).await?, &canary);
        let places: Vec<_> = found.iter().map(|(_, place)| place.as_str()).collect();
        ensure!(places == ["shipping shipments.address"], "{places:?}");
        Ok(())
    })
    .await
}

/// Which canary is where.
fn found(texts: &[Record], canaries: &[Record]) -> BTreeSet<(String, String)> {
    let leaks = checker::search(texts, canaries).into_iter();
    let leaks = leaks.filter(|leak| canaries.iter().any(|canary| canary.name == leak.secret));
    leaks.map(|leak| (leak.secret, leak.place)).collect()
}

/// Breaks the line, moves up and clears it, and goes on as another line.
const FORGED: &str =
    "\r\n\u{1b}[1A\u{1b}[2K{\"severity\":\"ERROR\",\"message\":\"forged\"}\u{1b}[31m";

#[tokio::test]
async fn what_breaks_lines_becomes_one_line_of_json() -> Result<()> {
    let stack = stack::shared().await?;
    // What the provider signs is written to the log as it came.
    let id = format!("ev_{}{FORGED}", e2e::client::fresh());
    let reference = uuid::Uuid::nil();
    let message = json!({ "id": id, "type": "capture.succeeded", "created": 0, "data": { "reference": reference } });
    let (body, secret) = (message.to_string(), Desk::of(&stack).await?.webhook_secret);
    let taken = deliver(&stack, &body, &signed(&secret, &body, 0)?).await?;
    ensure!(taken == StatusCode::OK, "{taken}");
    // A name that does is refused.
    let refused = plant::registered_as(&stack, &format!("Eve{FORGED}")).await?;
    ensure!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );

    let ours = stack.apps().into_iter().map(|app| format!("{app}.log"));
    let ours: BTreeSet<_> = ours.collect();
    let telling = insist("the line of the message", GENEROUS, || async {
        let logs = stack.all_logs()?;
        let logs = logs.iter().filter(|log| ours.contains(&log.name));
        let mut telling = 0;
        for log in logs {
            telling += lines_about(log, &id)?;
        }
        ensure!(telling > 0, "no line tells of {id:?}");
        Ok(telling)
    })
    .await?;
    ensure!(telling == 1, "{telling} lines tell of one message");
    Ok(())
}

/// How many lines of a log say this; each line has to be one object, with nothing in it that a terminal obeys.
fn lines_about(log: &Record, text: &str) -> Result<usize> {
    let mut telling = 0;
    for line in log.text.split_terminator('\n') {
        let about = || format!("{}: {line:?}", log.name);
        let read: serde_json::Map<String, Value> =
            serde_json::from_str(line).with_context(about)?;
        ensure!(!line.contains(char::is_control), "{}", about());
        ensure!(read["message"] != "forged", "{}", about());
        telling += usize::from(read.values().any(|value| value == text));
    }
    Ok(telling)
}

/// Waits until all of these are in what `read` gives.
async fn contains(what: &str, words: &[&str], read: impl Fn() -> String) -> Result<()> {
    insist(what, GENEROUS, || async {
        let text = read();
        let missing: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
        ensure!(missing.is_empty(), "{missing:?}");
        Ok(())
    })
    .await
}

/// The secrets that the system was given, and the canaries.
async fn all_secrets(target: &Target, planted: &Planted) -> Result<Vec<Record>> {
    let known = checker::known_secrets(target).await?;
    Ok(known
        .into_iter()
        .chain(planted.canaries.iter().cloned())
        .collect())
}
