//! In what the books can differ, and what a person does about it.
//!
//! Invariant: a remedy is one sentence that names what it is about by the ids of the side where it is to be done.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::Money;

use crate::operation::OperationId;

/// In what they differ.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    sqlx::Type,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "DivergenceKind")]
pub enum Difference {
    /// The provider holds or took money that we know nothing of.
    UnknownHere,
    /// We have money put aside or taken of which the provider knows nothing.
    UnknownThere,
    /// Both have it, of other amounts.
    AmountDiffers,
    /// Both have it, in other currencies.
    CurrencyDiffers,
    /// Both have it, and it stands differently: taken on one side, given up on the other.
    StateDiffers,
    /// The provider took the money of one order more than once.
    CapturedTwice,
    /// The provider gave money back that we still count as ours.
    RefundedThere,
    /// We count money as given back that the provider has not given back.
    RefundedHere,
    /// Both have it, and our own ledger says something else.
    LedgerDiffers,
}

impl Difference {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::UnknownHere,
        Self::UnknownThere,
        Self::AmountDiffers,
        Self::CurrencyDiffers,
        Self::StateDiffers,
        Self::CapturedTwice,
        Self::RefundedThere,
        Self::RefundedHere,
        Self::LedgerDiffers,
    ];

    /// The word in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownHere => "unknown_here",
            Self::UnknownThere => "unknown_there",
            Self::AmountDiffers => "amount_differs",
            Self::CurrencyDiffers => "currency_differs",
            Self::StateDiffers => "state_differs",
            Self::CapturedTwice => "captured_twice",
            Self::RefundedThere => "refunded_there",
            Self::RefundedHere => "refunded_here",
            Self::LedgerDiffers => "ledger_differs",
        }
    }
}

/// How something stands on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// The money is put aside.
    Authorised,
    /// The money was taken.
    Captured,
    /// What was put aside was set free.
    Voided,
    /// The provider declined, we say.
    Declined,
    /// We never heard what became of it.
    Undecided,
    /// The money was given back.
    Refunded,
    /// So much is in the ledger.
    Booked,
}

impl Stand {
    const fn word(self) -> &'static str {
        match self {
            Self::Authorised => "put aside",
            Self::Captured => "taken",
            Self::Voided => "set free",
            Self::Declined => "declined",
            Self::Undecided => "undecided",
            Self::Refunded => "given back",
            Self::Booked => "booked",
        }
    }
}

/// What one side has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// The provider's id of it; of ours, if we have none, the operation's.
    pub id: String,
    /// How it stands.
    pub state: Stand,
    /// How much.
    pub amount: Money,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In what.
    pub difference: Difference,
    /// What differs: an id of the provider's, or of an operation of ours.
    pub subject: String,
    /// The order, as the provider was told.
    pub reference: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What we have.
    pub ours: Option<Figure>,
    /// What the provider has.
    pub theirs: Option<Figure>,
    /// An operation that the provider did not list, and is to be asked for by itself.
    pub unlisted: Option<OperationId>,
}

impl Found {
    /// What a person does about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        let order = &self.reference;
        let (ours, theirs) = (told(self.ours.as_ref()), told(self.theirs.as_ref()));
        match (self.difference, self.theirs.as_ref().map(|one| one.state)) {
            (Difference::UnknownHere, Some(Stand::Authorised)) => {
                format!(
                    "Void {theirs} at the provider: it is held for {order}, which was never paid here."
                )
            }
            (Difference::UnknownHere, _) => {
                format!(
                    "Refund {theirs} at the provider: it was taken for {order}, and nothing was sold for it here."
                )
            }
            (Difference::UnknownThere, _) => format!(
                "Ask the provider's support for {ours}, which it does not list: if it never had it, cancel the order \
                 {order} or have it paid again, and settle this with a note."
            ),
            (Difference::AmountDiffers, _) => format!(
                "Correct the smaller side for the order {order}: here {ours}, at the provider {theirs}; refund what it \
                 has too much there, or claim from its support what it has too little, and settle this with a note."
            ),
            (Difference::CurrencyDiffers, _) => format!(
                "Refund {theirs} of the order {order} at the provider, which is {ours} here, have it paid again in the \
                 currency of its store, and settle this with a note."
            ),
            (Difference::StateDiffers, Some(Stand::Captured)) => format!(
                "Refund {theirs} at the provider, unless the order {order} was handed over: here it is {ours}."
            ),
            (Difference::StateDiffers, Some(Stand::Authorised)) => format!(
                "Finish {theirs} of the order {order} at the provider as it is finished here, {ours}: capture it there \
                 if it was taken here, void it if it was not."
            ),
            (Difference::StateDiffers, _) => format!(
                "Have the order {order} paid again or cancel it, and settle this with a note: here {ours}, at the \
                 provider {theirs}."
            ),
            (Difference::CapturedTwice, _) => {
                format!("Refund {theirs} at the provider: the order {order} was paid already.")
            }
            (Difference::RefundedThere, _) => format!(
                "Find out who gave back {theirs} of the order {order} at the provider, do not give it back here, and \
                 settle this with a note."
            ),
            (Difference::RefundedHere, _) => {
                format!(
                    "Refund {ours} of the order {order} at the provider, which has not, and settle this with a note."
                )
            }
            (Difference::LedgerDiffers, _) => format!(
                "Have a developer correct the ledger by a transaction of its own, since {ours} does not agree with \
                 {theirs} of the order {order}, and settle this with a note."
            ),
        }
    }
}

fn told(figure: Option<&Figure>) -> String {
    match figure {
        Some(Figure { id, state, amount }) => {
            let Money { amount, currency } = amount;
            format!(
                "{id} ({amount} {currency} in minor units, {})",
                state.word()
            )
        }
        None => "nothing".to_owned(),
    }
}
