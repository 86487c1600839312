//! When an order is picked up, as it is chosen and as it is shown.
//!
//! Invariant: nothing is promised here that the server has not said; a slot that is gone is refused by it alone.

use bff_api::{Order, PickupKind, Slots};
use chrono::{DateTime, SecondsFormat, Utc};

/// The choice in the checkout form: a slot, or none for as soon as possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picking {
    /// The slot.
    pub slot: Option<DateTime<Utc>>,
}

impl Picking {
    /// Reads the value of the form's field.
    #[must_use]
    pub fn read(value: &str) -> Picking {
        let slot = DateTime::parse_from_rfc3339(value).ok();
        Picking {
            slot: slot.map(|slot| slot.to_utc()),
        }
    }

    /// The value of the form's field.
    #[must_use]
    pub fn value(self) -> String {
        self.slot.map(value_of).unwrap_or_default()
    }

    /// Whether it may be sent: as soon as possible needs an open store. While nothing is known the server decides.
    #[must_use]
    pub fn fits(self, slots: Option<&Slots>) -> bool {
        self.slot.is_some() || slots.is_none_or(|slots| slots.open)
    }
}

/// A slot as the form's field has it.
#[must_use]
pub fn value_of(slot: DateTime<Utc>) -> String {
    slot.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The slots that are to be had.
#[must_use]
pub fn offered(slots: &Slots) -> Vec<DateTime<Utc>> {
    let left = slots.slots.iter().filter(|slot| slot.left > 0);
    left.map(|slot| slot.at).collect()
}

/// The first choice of the list, in words.
#[must_use]
pub fn at_once(slots: Option<&Slots>) -> String {
    match slots {
        None => "As soon as possible".to_owned(),
        Some(slots) if slots.open => {
            format!("As soon as possible (about {} minutes)", slots.wait_minutes)
        }
        Some(_) => "Closed now: choose a time".to_owned(),
    }
}

/// What is said when an order is refused for its time, if it is.
#[must_use]
pub fn refused(slug: Option<&str>) -> Option<&'static str> {
    match slug? {
        "slot-full" => Some("That time was just taken. Please choose another one."),
        "slot-not-offered" => Some("That time can't be had any more. Please choose another one."),
        "store-closed" => Some("The café is closed now. Please choose a time to pick it up."),
        _ => None,
    }
}

/// When an order is due; one of a version before there were slots when it was placed.
#[must_use]
pub fn due(order: &Order) -> DateTime<Utc> {
    order.pickup.map_or(order.placed_at, |pickup| pickup.due_at)
}

/// From when on an order makes somebody wait: who chose a time waits from then on.
#[must_use]
pub fn waits_from(order: &Order) -> DateTime<Utc> {
    slot(order).unwrap_or(order.placed_at)
}

/// The slot of an order that is picked up in one.
#[must_use]
pub fn slot(order: &Order) -> Option<DateTime<Utc>> {
    let pickup = order.pickup?;
    (pickup.kind == PickupKind::Slot).then_some(pickup.due_at)
}

#[cfg(test)]
mod tests {
    use bff_api::{Pickup, Slot};

    use super::*;
    use crate::fixture::order;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn slots(open: bool) -> Slots {
        let slot = |text, left| Slot { at: at(text), left };
        Slots {
            open,
            opens_at: None,
            wait_minutes: 7,
            slot_minutes: 10,
            slots: vec![
                slot("2026-03-02T08:00:00Z", 0),
                slot("2026-03-02T08:10:00Z", 2),
            ],
        }
    }

    #[test]
    fn a_choice_is_a_slot_or_as_soon_as_possible() {
        let chosen = Picking::read("2026-03-02T08:10:00Z");
        assert_eq!(chosen.slot, Some(at("2026-03-02T08:10:00Z")));
        assert_eq!(Picking::read(&chosen.value()), chosen);
        for text in ["", "now", "2026"] {
            assert_eq!(Picking::read(text), Picking::default(), "{text}");
        }
        assert_eq!(Picking::default().value(), "");
    }

    #[test]
    fn a_closed_store_wants_a_time() {
        let (now, later) = (Picking::default(), Picking::read("2026-03-02T08:10:00Z"));
        assert!(now.fits(None) && now.fits(Some(&slots(true))) && later.fits(Some(&slots(false))));
        assert!(!now.fits(Some(&slots(false))));
        assert!(at_once(Some(&slots(true))).contains("7 minutes"));
        assert!(at_once(Some(&slots(false))).contains("Closed"));
    }

    #[test]
    fn what_is_taken_is_not_offered() {
        assert_eq!(offered(&slots(true)), [at("2026-03-02T08:10:00Z")]);
    }

    #[test]
    fn whoever_chose_a_time_waits_from_then_on() {
        let mut ticket = order(1, 2);
        assert_eq!(
            (due(&ticket), waits_from(&ticket)),
            (ticket.placed_at, ticket.placed_at)
        );
        let due_at = at("2026-01-03T08:00:00Z");
        ticket.pickup = Some(Pickup {
            kind: PickupKind::Now,
            due_at,
        });
        assert_eq!(
            (due(&ticket), waits_from(&ticket)),
            (due_at, ticket.placed_at)
        );
        ticket.pickup = Some(Pickup {
            kind: PickupKind::Slot,
            due_at,
        });
        assert_eq!((due(&ticket), waits_from(&ticket)), (due_at, due_at));
    }

    #[test]
    fn only_times_are_spoken_of() {
        for slug in ["slot-full", "slot-not-offered", "store-closed"] {
            assert!(refused(Some(slug)).is_some());
        }
        assert_eq!((refused(Some("sold-out")), refused(None)), (None, None));
    }
}
