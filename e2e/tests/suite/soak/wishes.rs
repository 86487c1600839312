//! What customers wish: some of it in turn, so that no day passes without it, and the rest as chance has it.
//!
//! Invariant: what is brought is paid by card and in no slot, as the café asks of everybody.

use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::sample::Index;
use proptest::strategy::Strategy;

use crate::delivery::{CLOSED_DOOR, GOOD, LOST_ANSWER, NOBODY, STUTTER};

/// A courier is found at the third time of asking.
const FOUND_LATE: &str = "04996";
/// The carrier fails twice before it lets itself be called off.
const KEPT: &str = "04997";

/// How an order is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priced {
    /// At what it costs when it arrives.
    AtTheMoment,
    /// At what was shown before.
    AsShown,
    /// At what was shown before, with something off.
    WithCode,
}

/// How it gets to its customer.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// It is fetched as soon as possible.
    Fetched,
    /// It is fetched in a slot: so many before the last one that has a place left.
    InSlot(usize),
    /// It is brought to a door with this postcode.
    Brought(&'static str),
}

/// An order that somebody wishes.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How many coffees.
    pub quantity: u8,
    /// By which card it is paid; at the counter without.
    pub card: Option<&'static str>,
    /// What is given on top, in minor units.
    pub tip: i64,
    /// How it is priced.
    pub priced: Priced,
    /// How it gets to whoever wishes it.
    pub way: Way,
}

/// What a customer does next.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Orders.
    Order(Wanted),
    /// Calls one of the orders off.
    Cancel(Index),
    /// Puts so many coffees into the basket.
    Fill(u8),
}

/// What everybody orders before anything is left to chance, each beginning with another one.
pub const IN_TURN: [Wanted; 4] = [
    Wanted {
        quantity: 2,
        card: Some("tok_visa"),
        tip: 120,
        priced: Priced::WithCode,
        way: Way::Brought(GOOD),
    },
    Wanted {
        quantity: 1,
        card: None,
        tip: 0,
        priced: Priced::WithCode,
        way: Way::InSlot(0),
    },
    Wanted {
        quantity: 1,
        card: Some("tok_visa"),
        tip: 0,
        priced: Priced::AsShown,
        way: Way::Brought(NOBODY),
    },
    Wanted {
        quantity: 3,
        card: Some("tok_lost_capture"),
        tip: 75,
        priced: Priced::AtTheMoment,
        way: Way::Fetched,
    },
];

fn ways() -> impl Strategy<Value = Way> {
    let doors = prop_oneof![
        4 => Just(GOOD),
        1 => Just(NOBODY),
        1 => Just(CLOSED_DOOR),
        1 => Just(STUTTER),
        1 => Just(LOST_ANSWER),
        1 => Just(FOUND_LATE),
        1 => Just(KEPT),
    ];
    prop_oneof![
        5 => Just(Way::Fetched),
        2 => (0..2_usize).prop_map(Way::InSlot),
        2 => doors.prop_map(Way::Brought),
    ]
}

fn orders() -> impl Strategy<Value = Wanted> {
    let cards = prop_oneof![
        6 => Just(Some("tok_visa")),
        3 => Just(None),
        1 => Just(Some("tok_declined")),
        1 => Just(Some("tok_capture_declined")),
        1 => Just(Some("tok_slow")),
        1 => Just(Some("tok_hang_authorise")),
        1 => Just(Some("tok_lost_authorise")),
        1 => Just(Some("tok_lost_capture")),
        1 => Just(Some("tok_lost_refund")),
        1 => Just(Some("tok_late_authorise")),
    ];
    let tips = prop_oneof![2 => Just(0_i64), 1 => 1..300_i64];
    let priced = prop_oneof![
        2 => Just(Priced::AtTheMoment),
        1 => Just(Priced::AsShown),
        1 => Just(Priced::WithCode),
    ];
    let wanted = (1..4_u8, cards, tips, priced, ways());
    wanted.prop_map(|(quantity, card, tip, priced, way)| Wanted {
        quantity,
        card: match way {
            Way::Brought(_) => card.or(Some("tok_visa")),
            Way::Fetched | Way::InSlot(_) => card,
        },
        tip,
        priced,
        way,
    })
}

/// What chance has people wish.
pub fn wishes() -> impl Strategy<Value = Wish> {
    prop_oneof![
        6 => orders().prop_map(Wish::Order),
        2 => any::<Index>().prop_map(Wish::Cancel),
        1 => (1..4_u8).prop_map(Wish::Fill),
    ]
}
