//! Announcing a shipment to shipping: our own view of `PUT /v1/shipments/{order}`.
//!
//! Invariant: the fee is the one that was shown, or nothing is ordered. An announcement binds nobody: shipping forgets
//! what no order confirms, so whatever goes wrong after it needs no undoing.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use dapr_kit::{Dapr, InvokeError, TokenError, Tokens};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::Money;
use service::problem::Problem;
use uuid::Uuid;

use crate::delivery::{Courier, Delivery};
use crate::order::{CustomerId, OrderId, StoreId};
use crate::refusal::Refusal;

/// Shipping's app id, which is its audience too.
const SHIPPING: &str = "shipping";
/// How long we wait for it.
const DEADLINE: Duration = Duration::from_secs(3);
/// How many seconds a client should wait before ordering again while nothing can be brought.
const RETRY_AFTER: u64 = 2;
/// Where in an order's body stands what a shipment's is made of.
const PLACE: &str = "/delivery";
/// What says that the fee has changed since it was shown.
const FEE_CHANGED: &str = "delivery-fee-changed";
/// The highest rate of a tax.
const MOST_RATE: i32 = 10_000;

/// Where an order is brought. It is shipping that judges it, and keeps it; here it is passed on. `Debug` hides it.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Whose door it is.
    name: String,
    /// The street and the number.
    street: String,
    /// What else helps to find it, such as a floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra: Option<String>,
    /// The postcode, as its country writes it.
    postcode: String,
    /// The town.
    city: String,
    /// The country: two capital letters (ISO 3166-1).
    country: String,
    /// Where the courier may ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// What the courier should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address")
    }
}

/// What is announced.
#[derive(Debug)]
pub struct Announcement<'a> {
    /// Of which order, which is not placed yet.
    pub order: OrderId,
    /// From where.
    pub store: StoreId,
    /// Whose.
    pub customer: CustomerId,
    /// Where to.
    pub address: &'a Address,
    /// For what, as it was shown.
    pub fee: Money,
}

#[derive(Serialize)]
struct Request<'a> {
    store_id: StoreId,
    customer_id: Uuid,
    address: &'a Address,
    fee: Money,
}

#[derive(Deserialize)]
struct Reply {
    order_id: OrderId,
    fee: Money,
    tax_rate_bp: i32,
    minutes: i32,
}

/// Why it is not announced.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// Shipping does not bring it there.
    #[error("shipping refuses: {}", .0.kind)]
    Refused(Refusal),
    /// It is brought, but not for the fee that was shown.
    #[error("the fee is another one by now")]
    FeeChanged(Refusal),
    /// Shipping can't be asked now.
    #[error("shipping can't be asked")]
    Unreachable(#[from] InvokeError),
    /// Shipping answered that it can't serve now.
    #[error("shipping answered {0}")]
    Unavailable(StatusCode),
    /// No token for shipping.
    #[error("no token for shipping")]
    Token(#[from] TokenError),
    /// Shipping's answer breaks the agreement.
    #[error("shipping's answer is unusable: {0}")]
    Broken(String),
}

/// Announces a shipment; says how it is brought.
pub async fn announce(
    dapr: &Dapr,
    tokens: &Tokens,
    it: &Announcement<'_>,
) -> Result<Delivery, AnnounceError> {
    let token = tokens.for_self(SHIPPING).await?;
    let reply = dapr
        .invoke(
            SHIPPING,
            Method::PUT,
            &format!("/v1/shipments/{}", it.order.0),
        )
        .bearer(&token)
        .deadline(DEADLINE)
        .json(&Request {
            store_id: it.store,
            customer_id: it.customer.0,
            address: it.address,
            fee: it.fee,
        })
        .send()
        .await?;
    match reply.status {
        StatusCode::OK | StatusCode::CREATED => read(it, &reply.json()?),
        StatusCode::UNPROCESSABLE_ENTITY => Err(AnnounceError::Refused(reply.json()?)),
        StatusCode::CONFLICT => {
            let refusal: Refusal = reply.json()?;
            // The order's id is new, so nothing else was ever announced under it.
            if refusal.slug() == Some(FEE_CHANGED) {
                Err(AnnounceError::FeeChanged(refusal))
            } else {
                Err(AnnounceError::Broken(refusal.kind))
            }
        }
        // Its failure is not the customer's mistake, and a later try may well succeed.
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(AnnounceError::Unavailable(status))
        }
        status => Err(AnnounceError::Broken(format!("status {status}"))),
    }
}

fn read(it: &Announcement<'_>, reply: &Reply) -> Result<Delivery, AnnounceError> {
    let is_right = reply.order_id == it.order
        && reply.fee == it.fee
        && reply.fee.amount >= 0
        && (0..=MOST_RATE).contains(&reply.tax_rate_bp)
        && reply.minutes >= 0;
    if !is_right {
        return Err(AnnounceError::Broken("another shipment".to_owned()));
    }
    Ok(Delivery {
        fee: reply.fee,
        tax_rate_bp: reply.tax_rate_bp,
        minutes: reply.minutes,
        courier: Courier::Awaited,
    })
}

impl From<AnnounceError> for Problem {
    fn from(error: AnnounceError) -> Self {
        match error {
            AnnounceError::Refused(refusal) => {
                refusal.told(PLACE, StatusCode::UNPROCESSABLE_ENTITY)
            }
            AnnounceError::FeeChanged(refusal) => refusal.told(PLACE, StatusCode::CONFLICT),
            // Not an outage: the two services don't agree, and trying again won't help.
            AnnounceError::Broken(_)
            | AnnounceError::Unreachable(InvokeError::Malformed { .. })
            | AnnounceError::Token(TokenError::Refused(_) | TokenError::Credentials(_)) => {
                Self::internal(&error)
            }
            AnnounceError::Unreachable(_)
            | AnnounceError::Unavailable(_)
            | AnnounceError::Token(_) => Self::unavailable(&error, RETRY_AFTER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_never_printed() {
        let address: Address = serde_json::from_value(serde_json::json!({
            "name": "canary", "street": "canary", "postcode": "canary", "city": "canary", "country": "canary",
        }))
        .expect("an address");
        assert_eq!(format!("{address:?}"), "Address");
    }
}
