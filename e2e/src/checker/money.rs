//! I2, I4 and I5: the provider's books against ours, the ledger against itself, and what orders came to cost.
//!
//! Invariant: all sums are integers of minor units, and none mixes two currencies.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::evidence::{Booked, Checkout, Evidence, Operation, Payment};
use super::{Invariant, Verdict};

/// What the provider calls what we ask of it, and how it says that it did it.
const KINDS: [(&str, &str, &str); 4] = [
    ("authorise", "authorisation", "authorised"),
    ("capture", "capture", "captured"),
    ("void", "void", "voided"),
    ("refund", "refund", "refunded"),
];

/// I2: at most one hold and one capture per order, and both sides tell of the same operations; but for what payment has
/// found out by itself, and a person has dealt with.
pub(super) fn books_are_equal(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I2);
    let dealt_with: HashSet<&str> = evidence
        .dealt_with
        .iter()
        .map(|row| row.reference.as_str())
        .collect();
    let done = |line: &&Booked| {
        KINDS
            .iter()
            .any(|(_, kind, status)| (line.kind.as_str(), line.status.as_str()) == (*kind, *status))
    };
    let theirs: BTreeMap<&str, &Booked> = evidence
        .provider
        .iter()
        .filter(done)
        .map(|line| (line.id.as_str(), line))
        .collect();
    let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in theirs.values() {
        *times.entry((&line.reference, &line.kind)).or_default() += 1;
    }
    for ((order, kind), count) in times {
        let is_one = ["authorisation", "capture"].contains(&kind);
        if count > 1 && is_one && !dealt_with.contains(order) {
            verdict.violated(order, format!("the provider has {count} of kind {kind}"));
        }
    }
    let at_provider = |operation: &&Operation| operation.provider_key.is_some();
    let ours: Vec<_> = evidence.operations.iter().filter(at_provider).collect();
    let known: HashMap<&str, &Operation> = ours
        .iter()
        .filter(|operation| operation.state == "succeeded")
        .filter_map(|operation| Some((operation.provider_id.as_deref()?, *operation)))
        .collect();
    for line in theirs.values() {
        let same = known.get(line.id.as_str()).is_some_and(|operation| {
            let kind = KINDS.iter().any(|(ours, theirs, _)| {
                (operation.kind.as_str(), line.kind.as_str()) == (*ours, *theirs)
            });
            // A void has no amount of its own.
            let amount = operation.amount == line.amount || line.kind == "void";
            kind && amount && operation.order_id == line.reference
        });
        if !same && !dealt_with.contains(line.reference.as_str()) {
            let Booked {
                id,
                kind,
                amount,
                reference,
                ..
            } = line;
            verdict.violated(
                reference,
                format!("the provider has {kind} {id} of {amount}, payment has not"),
            );
        }
    }
    for operation in ours {
        let Operation {
            kind,
            amount,
            order_id,
            state,
            ..
        } = operation;
        match (state.as_str(), operation.provider_id.as_deref()) {
            ("open", _) => {
                verdict.violated(
                    order_id,
                    format!("the outcome of its {kind} of {amount} is not known"),
                );
            }
            ("succeeded", Some(id)) if theirs.contains_key(id) => {}
            ("succeeded", _) if dealt_with.contains(order_id.as_str()) => {}
            ("succeeded", id) => verdict.violated(
                order_id,
                format!("payment has {kind} {id:?} of {amount}, the provider has not"),
            ),
            _ => {}
        }
    }
    verdict.saw(evidence.provider.len(), "lines of the provider");
    verdict.saw(evidence.operations.len(), "operations");
    verdict
}

/// I4: every transaction sums to zero per currency, and each stands for the operation that moved that much.
pub(super) fn ledger_balances(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I4);
    let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    // By what each transaction brought in: on the provider's account, or in cash.
    let mut brought: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in &evidence.ledger {
        *sums
            .entry((&entry.transaction_id, &entry.currency))
            .or_default() += entry.amount;
        let brought = brought.entry(&entry.transaction_id).or_default();
        if entry.account != "sales" {
            *brought += entry.amount;
        }
    }
    for ((transaction, currency), sum) in sums {
        if sum != 0 {
            verdict.violated(transaction, format!("it sums to {sum} {currency}"));
        }
    }
    for operation in &evidence.operations {
        let moved = match (operation.kind.as_str(), operation.state.as_str()) {
            ("capture", "succeeded") => operation.amount,
            ("refund", "succeeded") => -operation.amount,
            _ => 0,
        };
        let booked = [&operation.id, &operation.payment_id].map(String::as_str);
        let own = brought.remove(booked[0]);
        // What is paid over the counter is booked under the payment.
        let counter = || (operation.provider_key.is_none()).then(|| brought.remove(booked[1]))?;
        let booked = own.or_else(counter).unwrap_or_default();
        if booked != moved {
            let (order, kind) = (&operation.order_id, &operation.kind);
            verdict.violated(
                order,
                format!("its {kind} moved {moved}, the ledger says {booked}"),
            );
        }
    }
    for payment in evidence
        .payments
        .iter()
        .filter(|payment| payment.method == "counter")
    {
        if let Some(booked) = brought.remove(payment.id.as_str())
            && booked != payment.captured
        {
            let captured = payment.captured;
            verdict.violated(
                &payment.order_id,
                format!("{captured} was paid, the ledger says {booked}"),
            );
        }
    }
    for (transaction, amount) in brought {
        verdict.violated(
            transaction,
            format!("the ledger moves {amount} for no operation"),
        );
    }
    verdict.saw(evidence.ledger.len(), "ledger entries");
    verdict
}

/// I5: a completed order has been paid exactly, and of a cancelled one nothing is kept.
pub(super) fn ends_are_paid(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I5);
    let payments: HashMap<&str, &Payment> = evidence
        .payments
        .iter()
        .map(|payment| (payment.order_id.as_str(), payment))
        .collect();
    let mut by_staff: HashMap<&str, i64> = HashMap::new();
    let given_back = |operation: &&Operation| {
        operation.by_staff && operation.kind == "refund" && operation.state == "succeeded"
    };
    for refund in evidence.operations.iter().filter(given_back) {
        *by_staff.entry(&refund.order_id).or_default() += refund.amount;
    }
    let by_hand = |saga: &&Checkout| saga.by_hand;
    let by_hand: Vec<_> = evidence.checkouts.iter().filter(by_hand).collect();
    let mut ends = 0;
    for order in &evidence.orders {
        let id = order.id.as_str();
        let payment = payments.get(id);
        let captured = payment.map_or(0, |payment| payment.captured);
        let refunded = payment.map_or(0, |payment| payment.refunded);
        // What staff gave back was theirs to give; the order was paid before.
        let net = captured - refunded + by_staff.get(id).copied().unwrap_or_default();
        let due = match (order.checkout.as_str(), order.payment_method.as_str()) {
            ("completed", _) | ("confirmed", "card") => order.total,
            ("cancelled" | "confirmed", _) => 0,
            _ => continue,
        };
        ends += 1;
        let settled_by_hand = by_hand.iter().any(|saga| saga.order_id == id);
        if order.checkout == "cancelled" && settled_by_hand {
            continue;
        }
        let kept = if order.checkout == "cancelled" {
            captured - refunded
        } else {
            net
        };
        if kept != due {
            let (checkout, method) = (&order.checkout, &order.payment_method);
            verdict.violated(
                id,
                format!("it is {checkout}, paid by {method}: {kept} is kept rather than {due}"),
            );
        }
    }
    let cancelled: HashSet<&str> = evidence
        .orders
        .iter()
        .filter(|order| order.checkout == "cancelled")
        .map(|order| order.id.as_str())
        .collect();
    for reservation in &evidence.reservations {
        let status = reservation.status.as_str();
        let kept = ["held", "committed"].contains(&status);
        if kept && cancelled.contains(reservation.order_id.as_str()) {
            verdict.violated(
                &reservation.order_id,
                format!("it is cancelled, and its stock is {status}"),
            );
        }
    }
    verdict.saw(ends, "orders at an end");
    verdict
}
