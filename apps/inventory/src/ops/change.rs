//! What receipts, waste and adjustments have in common: staff changes one level, for a reason, once per key.
//!
//! Invariant: the key, the movement, the level and the answer are one transaction.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::auth::Principal;
use service::database;
use service::idempotency::{Fingerprint, Key, KeyError, Scope, horizon};
use service::openapi::NOT_BLANK;
use service::problem::Problem;

use crate::access::staff_of;
use crate::error::Error;
use crate::state::App;
use crate::stock::{ItemId, Kind, Movement, Posting, StoreId};
use crate::store::levels::{Guard, Posted};
use crate::store::{levels, replays};

/// The most that one command moves, in the item's unit.
pub const MOST: i64 = 1_000_000_000;
/// The longest reason.
const LONGEST_REASON: usize = 200;

/// Why somebody changes a level: 1 to 200 characters, none of them for control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = NOT_BLANK))]
pub struct Reason(String);

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let reason = text.trim();
        if (1..=LONGEST_REASON).contains(&reason.chars().count())
            && !reason.chars().any(char::is_control)
        {
            Ok(Self(reason.to_owned()))
        } else {
            Err(format!("must be 1 to {LONGEST_REASON} characters"))
        }
    }
}

/// How much comes or goes: 1 to a thousand million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 1, "maximum" = MOST))]
pub struct Amount(i64);

impl TryFrom<i64> for Amount {
    type Error = String;

    fn try_from(amount: i64) -> Result<Self, String> {
        if (1..=MOST).contains(&amount) {
            Ok(Self(amount))
        } else {
            Err(format!("must be 1 to {MOST}"))
        }
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// The body of a command that moves `quantity`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeBy{Q}")]
pub struct Change<Q> {
    /// Of what.
    pub item_id: ItemId,
    /// How much.
    pub quantity: Q,
    /// Why.
    pub reason: Reason,
}

/// Why the level stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It would fall below zero.
    #[error("only {0} are available")]
    NotEnough(i64),
    /// The idempotency key can't be used for this command.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No such store or item, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<serde_json::Error> for ChangeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotEnough(_) => Self::new(
                StatusCode::CONFLICT,
                "not-enough-stock",
                "There is not so much of it",
            )
            .detail(error.to_string())
            .field("/quantity", "is more than is available"),
            ChangeError::Key(error) => error.into(),
            ChangeError::Any(error) => error.into(),
        }
    }
}

/// One command: what it does, where, and under which key.
pub struct Command<'a> {
    /// Its method and path, by which keys are scoped.
    pub route: &'static str,
    /// Where.
    pub store: StoreId,
    /// Why, in our words.
    pub kind: Kind,
    /// The caller's key.
    pub key: Key,
    /// Who.
    pub principal: &'a Principal,
}

impl Command<'_> {
    /// Makes one movement, once per key; says the level after it, as it was answered the first time.
    pub async fn carry_out<Q>(self, app: &App, change: Change<Q>) -> Result<Value, ChangeError>
    where
        Q: Into<i64> + Serialize,
    {
        staff_of(self.principal, self.store)?;
        let fingerprint = Fingerprint::of(&(self.store, &change))?;
        let scope = Scope {
            subject: self.principal.subject.clone(),
            route: self.route,
            key: self.key,
        };
        let now = app.clock.now();
        let posting = Posting {
            store_id: self.store,
            order_id: None,
            return_id: None,
            actor: self.principal.subject.clone(),
            at: now,
            movements: vec![Movement {
                id: app.ids.next(),
                item_id: change.item_id,
                kind: self.kind,
                quantity: change.quantity.into(),
                reason: Some(change.reason.0),
            }],
        };
        let mut transaction = database::begin(&app.db).await?;
        if !replays::claim(&mut transaction, &scope, &fingerprint, now, horizon(now)).await? {
            let answer = replays::find(&mut transaction, &scope, &fingerprint).await?;
            return answer.ok_or(KeyError::Reused.into());
        }
        if let Posted::Nothing(available) =
            levels::post(&mut transaction, &posting, Guard::On).await?
        {
            return Err(match available.get(&change.item_id) {
                Some(available) => ChangeError::NotEnough(*available),
                None => Error::ItemNotFound.into(),
            });
        }
        let level = levels::find(&mut transaction, self.store, change.item_id).await?;
        let answer = serde_json::to_value(level.ok_or(Error::ItemNotFound)?)?;
        replays::answer(&mut transaction, &scope, &answer).await?;
        transaction.commit().await?;
        tracing::info!(store.id = %self.store.0, item.id = %change.item_id.0, kind = ?self.kind, "stock was changed");
        Ok(answer)
    }
}
