//! One way to spoil the sample for each thing that is decided.
//!
//! Invariant: every row of [`SPOILED`] breaks exactly the invariant that it names.

use super::super::Invariant;
use super::super::evidence::{Admission, Event, Evidence, Leak, Return, Shipment};
use super::{
    BACK, CONFIRMED, FEE, MADE, PRICE, Step, TIP, booked, entries, movement, operation, seal,
    transition,
};

/// Makes the history of an order anew, with a sound chain; what it says is the test's business.
fn retell(evidence: &mut Evidence, id: &str, steps: &[Step]) {
    evidence.history.retain(|row| row.order_id != id);
    for (version, step) in (1..).zip(steps) {
        transition(evidence, id, version, *step);
    }
    let last = evidence.history.last_mut().expect("some");
    last.written_by = format!("last of {id}");
    seal(evidence);
}

/// What is wrong, which invariant that breaks, and how it is done.
type Spoiled = (&'static str, Invariant, fn(&mut Evidence));

pub(in crate::checker) const SPOILED: &[Spoiled] = &[
    ("an acknowledged order is gone", Invariant::I1, |it| {
        it.asked[0].order = Some("nowhere".into());
    }),
    ("a saga never ends", Invariant::I1, |it| {
        it.checkouts[0].state = "running".into();
    }),
    ("a saga and its order disagree", Invariant::I1, |it| {
        it.checkouts[0].direction = "back".into();
    }),
    ("an order has no saga", Invariant::I1, |it| {
        drop(it.checkouts.remove(0));
    }),
    (
        "an acknowledged cancellation came to nothing",
        Invariant::I1,
        |it| {
            let cancelled = it.asked.last_mut().expect("the cancellation");
            cancelled.order = Some("card".into());
        },
    ),
    ("the provider captured twice", Invariant::I2, |it| {
        it.provider
            .push(booked("card", "capture", "another", "captured"));
    }),
    (
        "the provider holds what we know nothing of",
        Invariant::I2,
        |it| {
            it.provider.push(booked(
                "elsewhere",
                "authorisation",
                "another",
                "authorised",
            ));
        },
    ),
    (
        "we believe in what the provider never did",
        Invariant::I2,
        |it| {
            let mut refund = operation("card", "void", Some("nothing"));
            refund.id = "another".into();
            it.operations.push(refund);
        },
    ),
    ("both tell different amounts", Invariant::I2, |it| {
        it.provider[1].amount = PRICE + 1;
    }),
    ("an outcome stays unknown", Invariant::I2, |it| {
        let mut operation = operation("card", "void", Some("void"));
        operation.state = "open".into();
        it.operations.push(operation);
    }),
    ("stock below zero", Invariant::I3, |it| {
        it.levels[0].available -= 9;
        it.movements.push(movement(None, "adjustment", -9));
        it.levels[0].adjusted -= 9;
    }),
    ("stock out of nowhere", Invariant::I3, |it| {
        it.levels[0].available += 1;
    }),
    ("stock made up without a movement", Invariant::I3, |it| {
        it.levels[0].available += 1;
        it.levels[0].adjusted += 1;
    }),
    ("stock reserved for nobody", Invariant::I3, |it| {
        it.levels[0].available -= 1;
        it.levels[0].reserved += 1;
        it.movements.push(movement(None, "reservation", 1));
    }),
    ("an unbalanced transaction", Invariant::I4, |it| {
        it.ledger[1].amount += 1;
    }),
    ("an unbooked capture", Invariant::I4, |it| {
        drop(it.ledger.drain(..2));
    }),
    ("money that moved for nothing", Invariant::I4, |it| {
        it.ledger.extend(entries("card", "nothing", "cash", 5));
    }),
    ("a completed order that was not paid", Invariant::I5, |it| {
        it.payments[2].captured = 0;
    }),
    ("a cancelled order that was", Invariant::I5, |it| {
        let payment = &mut it.payments[1];
        payment.refunded = 0;
    }),
    ("an event that waits for ever", Invariant::I6, |it| {
        it.outboxes[0].events = 1;
    }),
    ("an event that was never published", Invariant::I6, |it| {
        it.events.retain(|event| event.id != "event 1 of card");
    }),
    ("a transition that was told twice", Invariant::I6, |it| {
        let mut again = it.events[0].clone();
        again.id = "another".into();
        again.subject = "elsewhere".into();
        again.kind = "order.confirmed.v1".into();
        it.events.push(again);
    }),
    ("an effect without its admission", Invariant::I6, |it| {
        it.admissions.retain(|row| row.id != "event 6 of counter");
    }),
    ("a sale that is booked twice", Invariant::I6, |it| {
        it.movements.push(movement(Some("card"), "restock", -1));
        it.levels[0].available -= 1;
        it.levels[0].restocked -= 1;
    }),
    ("a confirmed order that sold nothing", Invariant::I6, |it| {
        it.reservations[0].status = "expired".into();
    }),
    ("an audit row that was changed", Invariant::I7, |it| {
        it.history[1].actor = "nobody".into();
    }),
    ("an audit row of another transaction", Invariant::I7, |it| {
        it.orders[0].written_by = "another".into();
    }),
    ("a broken seal", Invariant::I7, |it| it.seals[0].at += 1),
    ("an unsealed transition", Invariant::I7, |it| {
        it.unsealed = 1;
    }),
    ("an illegal step", Invariant::I8, |it| {
        let steps = [
            CONFIRMED[0],
            CONFIRMED[1],
            MADE[1],
            MADE[1],
            MADE[2],
            MADE[3],
        ];
        retell(it, "card", &steps);
    }),
    (
        "a status that history does not lead to",
        Invariant::I8,
        |it| {
            it.orders[2].fulfilment = "ready".into();
        },
    ),
    ("events out of order", Invariant::I8, |it| {
        let last = it.events.len() - 1;
        it.events.swap(last, 0);
        it.events.swap(last - 1, 1);
    }),
    ("two orders under one key", Invariant::I9, |it| {
        it.asked[1].key = it.asked[0].key.clone();
    }),
    ("a slot keeps what was cancelled", Invariant::I11, |it| {
        it.slots[0].taken = 3;
    }),
    ("a slot is oversold", Invariant::I11, |it| {
        it.slots[0].capacity = 1;
    }),
    ("a slot was given back twice", Invariant::I11, |it| {
        it.slots[0].taken = 1;
    }),
    (
        "an order holds a slot of another store",
        Invariant::I11,
        |it| {
            it.orders[0].store_id = "store-2".into();
            it.sold[0].store_id = "store-2".into();
        },
    ),
    ("a discount that no line bears", Invariant::I12, |it| {
        it.orders[0].shares = 0;
        it.sold[0].discount = 0;
    }),
    ("a line that nobody pays", Invariant::I12, |it| {
        it.orders[0].lines += 1;
        it.sold[0].gross += 1;
        it.sold[0].lines += 1;
    }),
    ("a fee that nobody was told of", Invariant::I12, |it| {
        it.orders[2].fee += 1;
        it.shipments[1].fee += 1;
        it.sold[2].delivery += 1;
    }),
    ("a tip that is taxed", Invariant::I12, |it| {
        it.orders[0].taxed += TIP;
        it.sold[0].taxed += TIP;
    }),
    ("a return that was never refunded", Invariant::I13, |it| {
        it.return_refunds.clear();
    }),
    ("a return that was refunded twice", Invariant::I13, |it| {
        let again = it.return_refunds[0].clone();
        it.return_refunds.push(again);
    }),
    (
        "a return that was rejected and refunded",
        Invariant::I13,
        |it| {
            it.returns[0].state = "rejected".into();
            it.order_lines.clear();
            it.given_back.clear();
        },
    ),
    ("more came back than was ordered", Invariant::I13, |it| {
        it.order_lines[0].quantity = 0;
    }),
    ("more was given than the line cost", Invariant::I13, |it| {
        it.order_lines[0].cost = BACK - 1;
    }),
    ("a line that miscounts its returns", Invariant::I13, |it| {
        it.order_lines[0].refunded = 0;
    }),
    (
        "a return of other goods than its lines",
        Invariant::I13,
        |it| {
            it.recipes[0].quantity = 2;
        },
    ),
    ("a return that goes on for ever", Invariant::I13, |it| {
        it.returns[0].state = "running".into();
        it.given_back.clear();
    }),
    ("a fee that was given back in part", Invariant::I13, |it| {
        it.returns[0].fee -= 1;
        it.returned_lines[0].amount += 1;
        it.order_lines[0].refunded += 1;
        it.given_back[0].delivery -= 1;
        it.given_back[0].lines += 1;
    }),
    ("a fee that was given back twice", Invariant::I13, |it| {
        let again = Return {
            id: "another".into(),
            state: "manual".into(),
            amount: FEE,
            fee: FEE,
            ..it.returns[0].clone()
        };
        it.returns.push(again);
    }),
    (
        "a refund that its order does not know of",
        Invariant::I13,
        |it| {
            it.refunds.clear();
        },
    ),
    (
        "a refund that its order has otherwise",
        Invariant::I13,
        |it| {
            it.refunds[0].amount += 1;
        },
    ),
    (
        "a return's refund that is told as one by amount",
        Invariant::I13,
        |it| {
            let mut again = it.refunds[0].clone();
            again.id = "refund of card".into();
            it.refunds.push(again);
        },
    ),
    (
        "an order that is not among the sales",
        Invariant::I14,
        |it| {
            drop(it.sold.remove(1));
        },
    ),
    (
        "an order that is sold otherwise than it is",
        Invariant::I14,
        |it| {
            it.sold[0].total += 1;
        },
    ),
    (
        "an order that was cancelled and is sold",
        Invariant::I14,
        |it| {
            it.sold[2].checkout = "confirmed".into();
        },
    ),
    ("a sale of nothing", Invariant::I14, |it| {
        let mut another = it.sold[0].clone();
        another.order_id = "nowhere".into();
        it.sold.push(another);
    }),
    (
        "a return that is not among the sales",
        Invariant::I14,
        |it| {
            it.given_back.clear();
        },
    ),
    (
        "a return that the sales have otherwise",
        Invariant::I14,
        |it| {
            it.given_back[0].lines -= 1;
        },
    ),
    ("an order that nobody brings", Invariant::I15, |it| {
        it.shipments.retain(|shipment| shipment.order_id != "card");
    }),
    ("another fee than the shipment's", Invariant::I15, |it| {
        it.shipments[0].fee += 1;
    }),
    (
        "a completed order that is still on its way",
        Invariant::I15,
        |it| {
            it.shipments[0].status = "dispatched".into();
        },
    ),
    (
        "a cancelled order that a courier is booked for",
        Invariant::I15,
        |it| {
            it.shipments[1].status = "booked".into();
        },
    ),
    ("a cancelled order that was brought", Invariant::I15, |it| {
        it.shipments[1].status = "delivered".into();
    }),
    ("a shipment of no order", Invariant::I15, |it| {
        it.shipments.push(Shipment {
            order_id: "elsewhere".into(),
            ..it.shipments[0].clone()
        });
    }),
    ("an order that was brought twice", Invariant::I15, |it| {
        let told = |event: &&Event| event.kind == "shipment.delivered.v1";
        let mut again = it.events.iter().find(told).expect("it").clone();
        (again.id, again.sequence) = ("another".into(), 3);
        it.admissions.push(Admission {
            app: "order".into(),
            source: again.source.clone(),
            id: again.id.clone(),
        });
        it.events.push(again);
    }),
    ("a secret in a log", Invariant::I10, |it| {
        it.leaks.push(Leak {
            secret: "a password".into(),
            place: "order.log".into(),
        });
    }),
    ("a transaction within another one", Invariant::I16, |it| {
        let line = "WARNING:  there is already a transaction in progress";
        it.database_log.push(line.into());
    }),
    ("a transaction that nobody ends", Invariant::I16, |it| {
        it.left_open.push("db-order".into());
    }),
];
