//! The carrier: what is asked of it, and what is understood of the answers. It is asked, not believed: nothing that it
//! would send by itself is listened to.
//!
//! Invariant: only an answer that says so, for the very shipment that was asked for, is a success or a refusal; everything
//! else is unknown, and asked again. What is sent and what is answered is never logged.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use chrono::{DateTime, Utc};
use dapr_kit::{InvokeError, InvokeRequest, Reply};
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::config::CARRIER;
use crate::shipment::{OrderId, Shipment};
use crate::state::App;

/// How long one call may take: a lease is three times as long.
const DEADLINE: Duration = Duration::from_secs(3);
/// Names the booking at the carrier.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest code of a refusal, id of a booking and name of a courier that is kept.
const LONGEST: usize = 64;
/// The longest note that is kept.
const LONGEST_NOTE: usize = 200;

/// What is known after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The carrier has done it.
    Done(T),
    /// It has not, and says why.
    Refused(String),
    /// It may or may not have.
    Unknown,
}

/// A courier was found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Booking {
    /// The carrier's id of it.
    pub id: String,
    /// Our name for it: the order's id.
    reference: String,
    /// Who drives.
    pub courier: String,
}

/// Nobody drives there now: worth another try.
pub const NO_COURIER: &str = "no_courier";
/// It has left the shop.
pub const COLLECTED: &str = "collected";
/// Nobody comes.
const CANCELLED: &str = "cancelled";

/// Something that happened, as the carrier tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Update {
    /// Higher than that of everything told before.
    pub seq: i64,
    /// When it happened, by the carrier's clock.
    pub at: DateTime<Utc>,
    /// Our name for the delivery.
    pub reference: String,
    /// How far it has come, in the carrier's words.
    pub state: String,
    /// The same for people.
    pub note: String,
    /// When it will be at the door.
    pub expected_at: Option<DateTime<Utc>>,
}

/// Updates, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Page {
    /// Oldest first.
    pub updates: Vec<Update>,
    /// What to ask for next.
    pub next: i64,
}

#[derive(Serialize)]
struct Wanted<'a> {
    reference: String,
    collect_at: String,
    recipient: &'a Address,
}

#[derive(Deserialize)]
struct Delivery {
    id: String,
}

#[derive(Deserialize)]
struct Standing {
    state: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Asks for a courier. Asking again is asking for the same one.
pub async fn book(app: &App, shipment: &Shipment) -> Answer<Booking> {
    let Some(address) = &shipment.address else {
        return Answer::Refused("the address is forgotten".to_owned());
    };
    let order = shipment.order_id;
    let wanted = Wanted {
        reference: order.0.to_string(),
        collect_at: shipment.store_id.0.to_string(),
        recipient: address,
    };
    let Ok(key) = HeaderValue::try_from(order.0.to_string()) else {
        return Answer::Unknown;
    };
    let request = call(app, Method::POST, "/v1/deliveries").header(KEY, key);
    let read = |reply: &Reply| {
        let booking: Booking = reply.json().ok()?;
        let is_ours = booking.reference == order.0.to_string() && is_plain(&booking.id);
        let courier = line(&booking.courier, LONGEST);
        is_ours.then_some(Booking { courier, ..booking })
    };
    ask("book", order, request.json(&wanted), read).await
}

/// Says that it can be fetched.
pub async fn call_in(app: &App, order: OrderId, booking: &str) -> Answer<()> {
    let path = format!("/v1/deliveries/{booking}/ready");
    let request = call(app, Method::POST, &path).json(&serde_json::json!({}));
    let read = |reply: &Reply| {
        let delivery: Delivery = reply.json().ok()?;
        (delivery.id == booking).then_some(())
    };
    ask("call_in", order, request, read).await
}

/// Says that nobody is to come, whatever was booked or may still be.
pub async fn call_off(app: &App, order: OrderId) -> Answer<()> {
    let path = format!("/v1/cancellations/{}", order.0);
    let request = call(app, Method::PUT, &path).json(&serde_json::json!({}));
    let read = |reply: &Reply| {
        let standing: Standing = reply.json().ok()?;
        (standing.state == CANCELLED).then_some(())
    };
    ask("call_off", order, request, read).await
}

/// What happened behind `after`; nothing if the carrier does not say.
pub async fn updates(app: &App, after: i64) -> Option<Page> {
    let request = call(app, Method::GET, &format!("/v1/updates?after={after}"));
    let page = match request.send().await {
        Ok(reply) if reply.status == StatusCode::OK => reply.json::<Page>().ok(),
        Ok(reply) => {
            tracing::warn!(
                status = reply.status.as_u16(),
                "the carrier does not say what has happened"
            );
            None
        }
        Err(error) => {
            report("updates", &error);
            None
        }
    };
    let page = page.filter(|page| is_in_order(page, after));
    count("updates", if page.is_some() { "done" } else { "unknown" });
    let mut page = page?;
    for update in &mut page.updates {
        update.note = line(&update.note, LONGEST_NOTE);
    }
    Some(page)
}

/// Whether nothing of it was told before, and it goes on behind the last.
fn is_in_order(page: &Page, after: i64) -> bool {
    let mut newest = after;
    for update in &page.updates {
        if update.seq <= newest {
            return false;
        }
        newest = update.seq;
    }
    page.next == newest
}

fn call(app: &App, method: Method, path: &str) -> InvokeRequest {
    app.dapr.invoke(CARRIER, method, path).deadline(DEADLINE)
}

async fn ask<T>(
    what: &'static str,
    order: OrderId,
    request: InvokeRequest,
    read: impl FnOnce(&Reply) -> Option<T>,
) -> Answer<T> {
    let answer = match request.send().await {
        Ok(reply) => decided(&reply, read),
        Err(error) => {
            report(what, &error);
            Answer::Unknown
        }
    };
    let outcome = match &answer {
        Answer::Done(_) => "done",
        Answer::Refused(_) => "refused",
        Answer::Unknown => "unknown",
    };
    count(what, outcome);
    tracing::info!(order.id = %order.0, call = what, outcome, "the carrier was asked");
    answer
}

fn decided<T>(reply: &Reply, read: impl FnOnce(&Reply) -> Option<T>) -> Answer<T> {
    match reply.status {
        StatusCode::OK | StatusCode::CREATED => read(reply).map_or(Answer::Unknown, Answer::Done),
        StatusCode::BAD_REQUEST
        | StatusCode::NOT_FOUND
        | StatusCode::CONFLICT
        | StatusCode::UNPROCESSABLE_ENTITY => match reply.json::<Refused>() {
            Ok(refused) => Answer::Refused(line(&refused.error, LONGEST)),
            Err(_) => Answer::Unknown,
        },
        _ => Answer::Unknown,
    }
}

/// Whether it can stand in a path.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(plain)
}

/// Somebody else's text, on one line and not too long.
fn line(text: &str, most: usize) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(most)
        .collect()
}

fn report(what: &'static str, error: &InvokeError) {
    tracing::warn!(
        call = what,
        error = error as &dyn std::error::Error,
        "the carrier did not answer"
    );
}

fn count(call: &'static str, outcome: &'static str) {
    metrics::counter!("crema_carrier_calls_total", "call" => call, "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(seqs: &[i64], next: i64) -> Page {
        let update = |seq: &i64| Update {
            seq: *seq,
            at: DateTime::UNIX_EPOCH,
            reference: String::new(),
            state: String::new(),
            note: String::new(),
            expected_at: None,
        };
        Page {
            updates: seqs.iter().map(update).collect(),
            next,
        }
    }

    #[test]
    fn a_page_that_goes_back_or_leaves_a_gap_behind_it_is_none() {
        for (seqs, next, right) in [
            (&[8, 9, 12][..], 12, true),
            (&[], 7, true),
            (&[7, 8], 8, false),
            (&[9, 8], 8, false),
            (&[8, 8], 8, false),
            (&[8, 9], 10, false),
            (&[], 8, false),
            (&[], 0, false),
        ] {
            assert_eq!(is_in_order(&page(seqs, next), 7), right, "{seqs:?} {next}");
        }
    }

    #[test]
    fn what_could_lead_a_path_astray_is_no_id() {
        for (id, plain) in [
            ("dl_1-a", true),
            ("", false),
            ("a/b", false),
            ("..", false),
            ("a?b", false),
        ] {
            assert_eq!(is_plain(id), plain, "{id}");
        }
        assert!(!is_plain(&"a".repeat(65)));
        assert_eq!(line("a\u{7}b\nc", 2), "ab");
    }
}
