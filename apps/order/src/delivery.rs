//! Bringing an order to somebody's door: what it costs, where its courier is, and what that means for who makes it. No IO.
//!
//! Invariant: nobody begins to make an order that is brought before somebody is found who brings it, and as long as there
//! is a courier, only the courier hands it over.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::Money;
use service::problem::Problem;

use crate::lifecycle::Step;

/// Where the courier of an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Courier {
    /// Looked for, as soon as the order is confirmed.
    Awaited,
    /// Found; comes for it.
    Booked,
    /// On the way with it.
    Dispatched,
    /// Has handed it over at the door.
    Delivered,
    /// None was found, or it could not be handed over and came back.
    Failed,
}

/// How an order is brought. The address is not here: shipping has it, and nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Delivery {
    /// What it costs, contained in the order's total.
    pub fee: Money,
    /// The tax contained in the fee, in hundredths of a per cent.
    #[serde(skip)]
    pub tax_rate_bp: i32,
    /// How long it takes from the order to the door, as it was said when it was placed.
    pub minutes: i32,
    /// Where its courier is.
    pub courier: Courier,
}

/// Why staff can't take a step of an order that is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeldUp {
    /// Nobody has been found yet who brings it.
    #[error("it has no courier yet")]
    CourierAwaited,
    /// The courier hands it over.
    #[error("its courier hands it over")]
    CourierDelivers,
}

impl Delivery {
    /// What keeps staff from a step that the order's own state allows.
    #[must_use]
    pub fn holds_up(&self, step: Step) -> Option<HeldUp> {
        match (step, self.courier) {
            (Step::Prepare, Courier::Awaited | Courier::Failed) => Some(HeldUp::CourierAwaited),
            // What came back to the shop may be fetched there.
            (Step::HandOver, Courier::Failed) => None,
            (Step::HandOver, _) => Some(HeldUp::CourierDelivers),
            _ => None,
        }
    }
}

impl From<HeldUp> for Problem {
    fn from(why: HeldUp) -> Self {
        let problem = match why {
            HeldUp::CourierAwaited => Self::new(
                StatusCode::CONFLICT,
                "courier-awaited",
                "No courier has been found yet",
            ),
            HeldUp::CourierDelivers => Self::new(
                StatusCode::CONFLICT,
                "courier-delivers",
                "The courier hands this order over",
            ),
        };
        problem.field("/status", why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::STEPS;

    #[test]
    fn staff_waits_for_a_courier_and_leaves_the_handing_over_to_it() {
        use Courier::{Awaited, Booked, Delivered, Dispatched, Failed};
        for courier in [Awaited, Booked, Dispatched, Delivered, Failed] {
            let delivery = Delivery {
                fee: Money::new(250, "EUR".parse().expect("a currency")),
                tax_rate_bp: 800,
                minutes: 20,
                courier,
            };
            for row in STEPS {
                let expected = match (row.step, courier) {
                    (Step::Prepare, Awaited | Failed) => Some(HeldUp::CourierAwaited),
                    (Step::HandOver, Awaited | Booked | Dispatched | Delivered) => {
                        Some(HeldUp::CourierDelivers)
                    }
                    _ => None,
                };
                assert_eq!(delivery.holds_up(row.step), expected, "{row:?} {courier:?}");
            }
        }
    }
}
