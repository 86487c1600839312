//! One order on both sides: what differs. No IO.
//!
//! Invariant: what is still under way here is no difference, and of what the provider undid by itself nothing is left to
//! be told; so a difference that a person has mended at the provider is found no more.

mod figures;
mod refunds;

use chrono::{DateTime, Utc};
use service::money::Money;

use self::figures::{booked, figure, of_capture, of_sale};
use super::difference::{Difference, Figure, Found, Stand};
use super::{Capture, Ours, Purchase, Sale, Scope, Sums};
use crate::operation::{Kind, Progress};

/// What a comparison comes to.
#[derive(Debug, Default)]
pub struct Compared {
    /// What differs, of what happened in the period.
    pub found: Vec<Found>,
    /// What we have of the period.
    pub ours: Sums,
    /// What the provider has of it.
    pub theirs: Sums,
}

/// Holds both sides of an order against each other.
#[must_use]
pub fn compare(purchase: &Purchase, scope: &Scope) -> Compared {
    let mut comparison = Comparison {
        purchase,
        scope,
        own: Own::of(&purchase.ours),
        compared: Compared::default(),
    };
    let pair = comparison.pair();
    let comparable = if let Some(sale) = pair {
        comparison.both_have(sale)
    } else {
        comparison.unknown_there();
        true
    };
    comparison.unknown_here(pair);
    if comparable {
        comparison.refunds();
    }
    let mut compared = comparison.compared;
    compared
        .found
        .retain(|found| scope.period.contains(&found.at));
    compared
}

/// Our operations of one payment, by what they are.
struct Own<'p> {
    authorisation: Option<&'p Ours>,
    capture: Option<&'p Ours>,
    void: Option<&'p Ours>,
    refunds: Vec<&'p Ours>,
}

impl<'p> Own<'p> {
    fn of(ours: &'p [Ours]) -> Self {
        let first = |kind| ours.iter().find(move |one| one.kind == kind);
        let voids = ours.iter().filter(|one| one.kind == Kind::Void);
        let refunds = ours.iter().filter(|one| one.kind == Kind::Refund);
        Self {
            authorisation: first(Kind::Authorise),
            capture: first(Kind::Capture),
            // One that was refused may be followed by one that was not.
            void: voids.max_by_key(|one| (one.has_succeeded(), one.started_at)),
            refunds: refunds.collect(),
        }
    }

    /// What was taken, as far as we know.
    fn taken(&self) -> Option<&'p Ours> {
        self.capture.filter(|one| one.has_succeeded())
    }

    fn stand(&self) -> Stand {
        match self.authorisation.map(|one| one.progress) {
            _ if self.taken().is_some() => Stand::Captured,
            _ if self.void.is_some_and(Ours::has_succeeded) => Stand::Voided,
            Some(Progress::Refused) => Stand::Declined,
            Some(Progress::Succeeded) => Stand::Authorised,
            Some(Progress::Open | Progress::Abandoned) | None => Stand::Undecided,
        }
    }

    fn is_moving(&self, scope: &Scope) -> bool {
        let all = [self.authorisation, self.capture, self.void];
        all.into_iter().flatten().any(|one| one.is_moving(scope))
    }
}

struct Comparison<'p> {
    purchase: &'p Purchase,
    scope: &'p Scope,
    own: Own<'p>,
    compared: Compared,
}

impl<'p> Comparison<'p> {
    /// The sale that our authorisation is: the one of its id, or, if it has none, the one of its key.
    fn pair(&self) -> Option<&'p Sale> {
        let authorisation = self.own.authorisation?;
        self.purchase
            .sales
            .iter()
            .find(|sale| match &authorisation.provider_id {
                Some(id) => sale.id == *id,
                None => sale.key.as_deref() == Some(authorisation.key.as_str()),
            })
    }

    /// Compares what both have; says whether its refunds can be compared.
    fn both_have(&mut self, sale: &Sale) -> bool {
        let Some(authorisation) = self.own.authorisation else {
            return false;
        };
        if self.own.is_moving(self.scope) {
            return true;
        }
        let here = self.own.taken().unwrap_or(authorisation);
        let stands = self.own.stand();
        if sale.amount.currency != authorisation.amount.currency {
            let (ours, theirs) = (figure(here, stands), self.stand_there(sale));
            self.find(Difference::CurrencyDiffers, &sale.id, sale, ours, theirs);
            return false;
        }
        if authorisation.has_succeeded() && sale.amount != authorisation.amount {
            let ours = figure(authorisation, Stand::Authorised);
            let theirs = of_sale(sale, Stand::Authorised, sale.amount.amount);
            self.find(Difference::AmountDiffers, &sale.id, sale, ours, theirs);
        }
        self.count(sale);
        let there = self.stand_there(sale);
        match (stands, there.state) {
            (Stand::Captured, Stand::Captured) => self.captures(sale),
            (ours, theirs) if ours == theirs => {}
            // Neither side keeps anything.
            (Stand::Voided | Stand::Declined | Stand::Undecided, _) if self.is_gone(sale) => {}
            _ => self.find(
                Difference::StateDiffers,
                &sale.id,
                sale,
                figure(here, stands),
                there,
            ),
        }
        true
    }

    /// Counts on both sides what was taken of a sale, by when it began at the provider.
    fn count(&mut self, sale: &Sale) {
        if !self.scope.period.contains(&sale.at) {
            return;
        }
        if let Some(taken) = self.own.taken() {
            self.compared.ours.take(booked(taken));
        }
        for capture in &sale.captures {
            let amount = Money::new(capture.amount, sale.amount.currency);
            self.compared.theirs.take(amount);
        }
    }

    /// Compares what was taken on both sides.
    fn captures(&mut self, sale: &Sale) {
        let Some(taken) = self.own.taken() else {
            return;
        };
        let is_own = |capture: &&Capture| Some(&capture.id) == taken.provider_id.as_ref();
        let ours = figure(taken, Stand::Captured);
        let known = sale.captures.iter().find(is_own);
        match known {
            Some(own) if own.amount != taken.amount.amount => {
                let theirs = of_capture(own, sale);
                self.find(Difference::AmountDiffers, &own.id, sale, ours, theirs);
            }
            Some(own) if taken.booked != Some(taken.amount.amount) => {
                let theirs = of_capture(own, sale);
                let ours = Figure {
                    state: Stand::Booked,
                    amount: booked(taken),
                    ..ours
                };
                self.find(Difference::LedgerDiffers, &own.id, sale, ours, theirs);
            }
            Some(_) => {}
            None => {
                let theirs = sale.captures.first().map(|other| of_capture(other, sale));
                let subject = taken.id.0.to_string();
                let ours = Some(ours);
                self.tell(Difference::UnknownThere, &subject, sale.at, ours, theirs);
            }
        }
        // Whatever it is called, one of them is the one that we know.
        let known = known.or(sale.captures.first()).map(|own| own.id.clone());
        for more in sale
            .captures
            .iter()
            .filter(|more| Some(&more.id) != known.as_ref())
        {
            let left = self.left(more);
            if left > 0 {
                let theirs = Figure {
                    id: more.id.clone(),
                    state: Stand::Captured,
                    amount: Money::new(left, sale.amount.currency),
                };
                let ours = figure(taken, Stand::Captured);
                self.find(Difference::CapturedTwice, &more.id, sale, ours, theirs);
            }
        }
    }

    /// What we have and the provider does not list.
    fn unknown_there(&mut self) {
        let Some(authorisation) = self.own.authorisation.filter(|one| one.has_succeeded()) else {
            return;
        };
        let stands = self.own.stand();
        if self.own.is_moving(self.scope) || stands == Stand::Voided {
            return;
        }
        let latest = self.own.taken().unwrap_or(authorisation);
        let at = latest.settled_at.unwrap_or(latest.started_at);
        if let Some(taken) = self.own.taken()
            && self.scope.period.contains(&at)
        {
            self.compared.ours.take(booked(taken));
        }
        let subject = authorisation.id.0.to_string();
        let ours = Some(figure(latest, stands));
        let found = self.tell(Difference::UnknownThere, &subject, at, ours, None);
        found.unlisted = Some(latest.id);
    }

    /// The sales that are none of ours.
    fn unknown_here(&mut self, pair: Option<&Sale>) {
        let undecided = self
            .own
            .authorisation
            .is_some_and(|one| !one.has_succeeded() && one.is_moving(self.scope));
        if undecided {
            return;
        }
        let mut was_paid =
            pair.is_some_and(|sale| !self.is_gone(sale) && !sale.captures.is_empty());
        let purchase = self.purchase;
        for sale in &purchase.sales {
            if pair.is_some_and(|pair| pair.id == sale.id) {
                continue;
            }
            if self.scope.period.contains(&sale.at) {
                for capture in &sale.captures {
                    let amount = Money::new(capture.amount, sale.amount.currency);
                    self.compared.theirs.take(amount);
                }
            }
            if self.is_gone(sale) {
                continue;
            }
            let theirs = Some(self.stand_there(sale));
            let is_taken = !sale.captures.is_empty();
            let difference = if is_taken && was_paid {
                Difference::CapturedTwice
            } else {
                Difference::UnknownHere
            };
            was_paid |= is_taken;
            let taken = self
                .own
                .taken()
                .filter(|_| difference == Difference::CapturedTwice);
            let ours = taken.map(|taken| figure(taken, Stand::Captured));
            self.tell(difference, &sale.id, sale.at, ours, theirs);
        }
    }

    /// What is left of a capture after what the provider gave back of it.
    fn left(&self, capture: &Capture) -> i64 {
        let refunds = self.purchase.refunds.iter();
        let back: i64 = refunds
            .filter(|refund| refund.capture == capture.id)
            .map(|refund| refund.amount.amount)
            .sum();
        capture.amount - back
    }

    /// Whether the provider keeps nothing of it.
    fn is_gone(&self, sale: &Sale) -> bool {
        let left: i64 = sale.captures.iter().map(|one| self.left(one)).sum();
        sale.voided || !sale.captures.is_empty() && left <= 0
    }

    fn stand_there(&self, sale: &Sale) -> Figure {
        if sale.voided {
            return of_sale(sale, Stand::Voided, sale.amount.amount);
        }
        if sale.captures.is_empty() {
            return of_sale(sale, Stand::Authorised, sale.amount.amount);
        }
        let left = sale.captures.iter().map(|one| self.left(one)).sum();
        of_sale(sale, Stand::Captured, left)
    }

    fn find(
        &mut self,
        difference: Difference,
        subject: &str,
        sale: &Sale,
        ours: Figure,
        theirs: Figure,
    ) {
        self.tell(difference, subject, sale.at, Some(ours), Some(theirs));
    }

    fn tell(
        &mut self,
        difference: Difference,
        subject: &str,
        at: DateTime<Utc>,
        ours: Option<Figure>,
        theirs: Option<Figure>,
    ) -> &mut Found {
        self.compared.found.push_mut(Found {
            difference,
            subject: subject.to_owned(),
            reference: self.purchase.reference.clone(),
            at,
            ours,
            theirs,
            unlisted: None,
        })
    }
}

#[cfg(test)]
mod tests;
