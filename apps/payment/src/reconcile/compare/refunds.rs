//! What was given back, on both sides. No IO.
//!
//! Invariant: a refund of a capture that is none of ours is looked at with that capture, and never by itself.

use service::money::Money;

use super::Comparison;
use super::figures::{booked, figure, of_refund};
use crate::reconcile::{Difference, Figure, Ours, Refund, Stand};

impl Comparison<'_> {
    /// Compares what was given back of what we know to be taken. What was given back of something else was looked at
    /// with that.
    pub(super) fn refunds(&mut self) {
        let (purchase, scope) = (self.purchase, self.scope);
        let is_moving = self.own.refunds.iter().any(|one| one.is_moving(scope));
        let taken = self.own.taken().and_then(|one| one.provider_id.as_deref());
        for refund in &purchase.refunds {
            let known = self.own.refunds.iter().find(|one| {
                one.has_succeeded() && one.provider_id.as_deref() == Some(refund.id.as_str())
            });
            let theirs = of_refund(refund);
            match known.copied() {
                Some(known) if known.is_moving(scope) => {}
                Some(known) => {
                    self.count_refunds(Some(known), Some(refund));
                    self.same_refund(known, refund);
                }
                None if is_moving => {}
                None if Some(refund.capture.as_str()) != taken => {
                    self.count_refunds(None, Some(refund));
                }
                None => {
                    self.count_refunds(None, Some(refund));
                    let theirs = Some(theirs);
                    self.tell(
                        Difference::RefundedThere,
                        &refund.id,
                        refund.at,
                        None,
                        theirs,
                    );
                }
            }
        }
        for known in self.own.refunds.clone() {
            let listed = purchase
                .refunds
                .iter()
                .any(|refund| Some(&refund.id) == known.provider_id.as_ref());
            if listed || !known.has_succeeded() || known.is_moving(scope) {
                continue;
            }
            self.count_refunds(Some(known), None);
            let at = known.settled_at.unwrap_or(known.started_at);
            let (subject, ours) = (known.id.0.to_string(), figure(known, Stand::Refunded));
            let found = self.tell(Difference::RefundedHere, &subject, at, Some(ours), None);
            found.unlisted = Some(known.id);
        }
    }

    fn same_refund(&mut self, known: &Ours, refund: &Refund) {
        let ours = figure(known, Stand::Refunded);
        let difference = if refund.amount.currency != known.amount.currency {
            Difference::CurrencyDiffers
        } else if refund.amount != known.amount {
            Difference::AmountDiffers
        } else if known.booked != Some(-known.amount.amount) {
            Difference::LedgerDiffers
        } else {
            return;
        };
        let ours = match difference {
            Difference::LedgerDiffers => Figure {
                state: Stand::Booked,
                amount: booked(known),
                ..ours
            },
            _ => ours,
        };
        let theirs = Some(of_refund(refund));
        self.tell(difference, &refund.id, refund.at, Some(ours), theirs);
    }

    /// Counts a refund on the sides that have it, by when it was at the provider, if it has it.
    fn count_refunds(&mut self, ours: Option<&Ours>, theirs: Option<&Refund>) {
        let here = ours.map(|one| one.settled_at.unwrap_or(one.started_at));
        let at = theirs.map(|one| one.at).or(here);
        if !at.is_some_and(|at| self.scope.period.contains(&at)) {
            return;
        }
        if let Some(ours) = ours {
            let Money { amount, currency } = booked(ours);
            self.compared.ours.give_back(Money::new(-amount, currency));
        }
        if let Some(theirs) = theirs {
            self.compared.theirs.give_back(theirs.amount);
        }
    }
}
