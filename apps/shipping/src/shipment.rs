//! A shipment, and what may become of it: one table. No IO.
//!
//! Invariant: `delivered`, `failed` and `cancelled` are final. What may be said of a shipment is judged by its status
//! alone, so events may be repeated and come in any order.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::money::Money;
use uuid::Uuid;

use crate::address::Address;
use crate::zone::StoreId;

/// Identifies an order of the order service, and its shipment.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, sqlx::Type, JsonSchema,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct OrderId(pub Uuid);

/// Identifies a person of the identity service.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, sqlx::Type, JsonSchema,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct CustomerId(pub Uuid);

/// What has become of a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "ShipmentStatus")]
pub enum Status {
    /// An order is being placed that will want it.
    Announced,
    /// A courier is looked for.
    Searching,
    /// One has been found.
    Booked,
    /// It is on its way.
    Dispatched,
    /// It was handed over at the door.
    Delivered,
    /// It will not be delivered.
    Failed,
    /// The order wants it no more.
    Cancelled,
}

/// Why a shipment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "ShipmentFailure")]
pub enum Reason {
    /// Nobody was found to drive.
    NoCourier,
    /// Nobody opened: the goods come back.
    Undeliverable,
}

/// What happens to a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Its order was confirmed.
    Confirm,
    /// The carrier has found a courier.
    Book,
    /// No courier was found in time.
    GiveUp,
    /// The courier has fetched it.
    Dispatch,
    /// There is news of the way.
    Track,
    /// It was handed over.
    Deliver,
    /// It could not be.
    Fail,
    /// Its order was cancelled or called back.
    Withdraw,
}

/// The table: what a step leads to from where, and the event that tells of it. What is not in it does not happen.
const TABLE: [(Step, Status, Status, Option<&str>); 12] = {
    use Status::{Announced, Booked, Cancelled, Delivered, Dispatched, Failed, Searching};
    use Step::{Book, Confirm, Deliver, Dispatch, Fail, GiveUp, Track, Withdraw};
    const FAILED: Option<&str> = Some("shipment.failed.v1");
    [
        (Confirm, Announced, Searching, None),
        (Book, Searching, Booked, Some("shipment.created.v1")),
        // Its address is gone: nobody can be sent there.
        (GiveUp, Announced, Failed, FAILED),
        (GiveUp, Searching, Failed, FAILED),
        (Dispatch, Booked, Dispatched, Some("shipment.dispatched.v1")),
        (Track, Dispatched, Dispatched, Some("tracking.updated.v1")),
        (
            Deliver,
            Dispatched,
            Delivered,
            Some("shipment.delivered.v1"),
        ),
        // The courier never came, or came back.
        (Fail, Booked, Failed, FAILED),
        (Fail, Dispatched, Failed, FAILED),
        (Withdraw, Announced, Cancelled, None),
        (Withdraw, Searching, Cancelled, None),
        (Withdraw, Booked, Cancelled, Some("shipment.cancelled.v1")),
    ]
};

/// What a step leads to from `status`, and the event that tells of it; nothing if it does not happen there.
#[must_use]
pub fn next(status: Status, step: Step) -> Option<(Status, Option<&'static str>)> {
    let mut rows = TABLE.iter();
    let row = rows.find(|(of, from, _, _)| *of == step && *from == status)?;
    Some((row.2, row.3))
}

impl Status {
    /// Whether nothing follows any more.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Cancelled)
    }

    /// Its name in the API, in events and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Searching => "searching",
            Self::Booked => "booked",
            Self::Dispatched => "dispatched",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What was agreed on when it was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The zone's name.
    pub zone: String,
    /// What it costs.
    pub fee: Money,
    /// The tax in that.
    pub tax_rate_bp: i32,
    /// How long it takes from the order to the door.
    pub minutes: i32,
}

/// The shipment of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is wanted and what was told are independent of the status and of each other"
)]
pub struct Shipment {
    /// Whose.
    pub order_id: OrderId,
    /// From where.
    pub store_id: StoreId,
    /// To whom.
    pub customer_id: CustomerId,
    /// What has become of it.
    pub status: Status,
    /// Rises with every step; the sequence of the event that tells of it.
    pub version: i64,
    /// What was agreed on.
    pub terms: Terms,
    /// Where to; nothing once it is forgotten.
    pub address: Option<Address>,
    /// Until when a courier is looked for; nothing before the order's confirmation.
    pub search_until: Option<DateTime<Utc>>,
    /// Whether the order can be fetched.
    pub ready: bool,
    /// Whether the carrier knows that.
    pub told_ready: bool,
    /// Whether the carrier has to be told that it is not wanted any more.
    pub to_call_off: bool,
    /// The carrier's id of it.
    pub booking: Option<String>,
    /// Who drives.
    pub courier: Option<String>,
    /// When it should be at the door.
    pub expected_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// When it came to where it is.
    pub updated_at: DateTime<Utc>,
    /// Whether the address goes as soon as nobody drives there any more.
    pub forget: bool,
}

/// What the carrier has to be brought to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// To find a courier.
    Book,
    /// To send the courier.
    CallIn,
    /// To send nobody.
    CallOff,
}

impl Shipment {
    /// A new one.
    #[must_use]
    pub fn announce(
        order_id: OrderId,
        store_id: StoreId,
        customer_id: CustomerId,
        terms: Terms,
        address: Address,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            order_id,
            store_id,
            customer_id,
            status: Status::Announced,
            version: 1,
            terms,
            address: Some(address),
            search_until: None,
            ready: false,
            told_ready: false,
            to_call_off: false,
            booking: None,
            courier: None,
            expected_at: None,
            reason: None,
            updated_at: now,
            forget: false,
        }
    }

    /// The same one after a step, and the event that tells of it; nothing if the step does not happen here.
    #[must_use]
    pub fn take(&self, step: Step, now: DateTime<Utc>) -> Option<(Self, Option<&'static str>)> {
        let (status, event) = next(self.status, step)?;
        let mut after = self.clone();
        after.status = status;
        after.version += 1;
        after.updated_at = now;
        // The carrier may have been asked for a courier, whether or not we know of an answer.
        let asked = matches!(self.status, Status::Searching | Status::Booked);
        match step {
            Step::Book => {
                let minutes = TimeDelta::minutes(self.terms.minutes.into());
                after.expected_at = Some(now + minutes);
            }
            Step::GiveUp => {
                after.reason = Some(Reason::NoCourier);
                after.to_call_off = asked;
            }
            Step::Fail => after.reason = Some(Reason::Undeliverable),
            Step::Withdraw => after.to_call_off = asked,
            Step::Confirm | Step::Dispatch | Step::Track | Step::Deliver => {}
        }
        if status.is_end() {
            after.expected_at = None;
            if after.forget {
                after.address = None;
                after.courier = None;
            }
        }
        Some((after, event))
    }

    /// What the carrier has to be brought to do now.
    #[must_use]
    pub fn task(&self) -> Option<Task> {
        match self.status {
            _ if self.to_call_off => Some(Task::CallOff),
            Status::Searching => Some(Task::Book),
            Status::Booked if self.ready && !self.told_ready => Some(Task::CallIn),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::address::Written;

    const STATUSES: [Status; 7] = [
        Status::Announced,
        Status::Searching,
        Status::Booked,
        Status::Dispatched,
        Status::Delivered,
        Status::Failed,
        Status::Cancelled,
    ];
    const STEPS: [Step; 8] = [
        Step::Confirm,
        Step::Book,
        Step::GiveUp,
        Step::Dispatch,
        Step::Track,
        Step::Deliver,
        Step::Fail,
        Step::Withdraw,
    ];

    fn announced() -> Shipment {
        let id = Uuid::from_u128(1);
        let written = json!({"name": "A", "street": "B 1", "postcode": "04109", "city": "C", "country": "DE"});
        let written: Written = serde_json::from_value(written).expect("an address");
        let terms = Terms {
            zone: "near".to_owned(),
            fee: Money::new(250, "EUR".parse().expect("a currency")),
            tax_rate_bp: 1900,
            minutes: 30,
        };
        let country = "DE".parse().expect("a country");
        Shipment::announce(
            OrderId(id),
            StoreId(id),
            CustomerId(id),
            terms,
            written.read(country).expect("an address"),
            DateTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn a_step_leads_from_a_status_to_one_other() {
        for (at, (step, from, to, event)) in TABLE.iter().enumerate() {
            assert_eq!(next(*from, *step), Some((*to, *event)), "row {at}");
        }
    }

    #[test]
    fn nothing_leads_out_of_an_end() {
        for status in STATUSES.into_iter().filter(|status| status.is_end()) {
            for step in STEPS {
                assert_eq!(next(status, step), None, "{status:?} {step:?}");
            }
        }
    }

    #[test]
    fn every_status_has_its_name_in_the_api() {
        for status in STATUSES {
            assert_eq!(json!(status), status.name());
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_in_whatever_order_the_story_stays_true(
            steps in proptest::collection::vec(proptest::sample::select(STEPS.to_vec()), 0..24),
        ) {
            let mut shipment = announced();
            let mut told = Vec::new();
            for step in steps {
                let Some((after, event)) = shipment.take(step, DateTime::UNIX_EPOCH) else {
                    continue;
                };
                prop_assert_eq!(after.version, shipment.version + 1);
                told.extend(event);
                shipment = after;
            }
            let count = |kind: &str| told.iter().filter(|event| event.starts_with(kind)).count();
            // Each is told at most once, and of two ends one.
            prop_assert!(count("shipment.created") <= 1 && count("shipment.dispatched") <= 1);
            let ends = count("shipment.delivered") + count("shipment.failed") + count("shipment.cancelled");
            prop_assert!(ends <= 1);
            prop_assert!(count("shipment.dispatched") <= count("shipment.created"));
            prop_assert!(count("shipment.delivered") <= count("shipment.dispatched"));
            // An end that the world was told of before, or never had a reason to hear of.
            if shipment.status.is_end() && ends == 0 {
                prop_assert_eq!((shipment.status, count("shipment")), (Status::Cancelled, 0));
            }
            prop_assert_eq!(shipment.status == Status::Failed, shipment.reason.is_some());
            // Whoever may have been asked to come is called off, unless he has fetched it.
            if shipment.status == Status::Cancelled && count("shipment.created") == 1 {
                prop_assert_eq!(shipment.task(), Some(Task::CallOff));
            }
            if matches!(shipment.status, Status::Dispatched | Status::Delivered) {
                prop_assert_eq!(shipment.task(), None);
            }
        }
    }
}
