//! A secret that one app shows and another checks: client secrets, and the key of the provider's webhooks.
//!
//! Invariant: the new value is first kept where it will be shown, then known to who checks it, then shown, and only then is
//! the old one forgotten. An `up` meanwhile lets the new one be forgotten again, and the next step makes it known anew.

use std::time::Duration;

use super::{RotateError, Standing, Step};
use crate::{kv, random, secrets::digest_of, vault::Vault};

/// Where such a secret is.
pub struct Shared {
    /// Who shows it.
    holder: &'static str,
    key: &'static str,
    next: &'static str,
    /// Who checks it.
    checker: &'static str,
    current: &'static str,
    previous: &'static str,
    /// What the checker has of it.
    known_as: fn(&str) -> String,
}

/// By which services prove to identity who they are.
pub static CLIENTS: [Shared; 2] = [
    Shared {
        holder: "bff/client",
        key: "client_secret",
        next: "next_client_secret",
        checker: "identity/clients",
        current: "bff",
        previous: "bff.previous",
        known_as: digest_of,
    },
    Shared {
        holder: "order/client",
        key: "client_secret",
        next: "next_client_secret",
        checker: "identity/clients",
        current: "order",
        previous: "order.previous",
        known_as: digest_of,
    },
];

/// By which the card provider signs.
pub static WEBHOOK: Shared = Shared {
    holder: "acquirer/merchant",
    key: "webhook_secret",
    next: "next_webhook_secret",
    checker: "payment/webhook",
    current: "current",
    previous: "previous",
    known_as: str::to_owned,
};

impl Shared {
    /// The paths that it is at.
    pub fn paths(&self) -> [&'static str; 2] {
        [self.holder, self.checker]
    }

    pub(super) async fn standing(&self, keeper: &Vault) -> Result<Standing, RotateError> {
        let holder = kv::read(keeper, self.holder).await?;
        let checker = kv::read(keeper, self.checker).await?;
        Ok(if holder.version == 0 || checker.version == 0 {
            Standing::Absent
        } else if holder.values.contains_key(self.next)
            || checker.values.contains_key(self.previous)
        {
            Standing::UnderWay
        } else {
            Standing::Settled(holder.age())
        })
    }

    pub(super) async fn begin(&self, keeper: &Vault) -> Result<Step, RotateError> {
        let mut holder = kv::read(keeper, self.holder).await?;
        if !holder.values.contains_key(self.next) {
            holder.values.insert(self.next.to_owned(), random::token()?);
            kv::write_unless_overtaken(keeper, self.holder, &holder).await?;
        }
        Ok(Step::Taken)
    }

    pub(super) async fn step(&self, keeper: &Vault, settle: Duration) -> Result<Step, RotateError> {
        let mut holder = kv::read(keeper, self.holder).await?;
        if holder.version == 0 {
            return Ok(Step::Done);
        }
        let shown = holder.values.get(self.key).ok_or(RotateError::NotReady)?;
        let shown = (self.known_as)(shown);
        let mut checker = kv::read(keeper, self.checker).await?;
        let known = |field: &str| checker.values.get(field).map(String::as_str);
        let accepted = (known(self.current), known(self.previous));

        if let Some(next) = holder.values.remove(self.next) {
            let coming = (self.known_as)(&next);
            if accepted != (Some(coming.as_str()), Some(shown.as_str())) {
                checker.values.insert(self.current.to_owned(), coming);
                checker.values.insert(self.previous.to_owned(), shown);
                return self.write_checker(keeper, &checker).await;
            }
            let left = settle.saturating_sub(checker.age());
            if !left.is_zero() {
                return Ok(Step::Wait(left));
            }
            holder.values.insert(self.key.to_owned(), next);
            kv::write_unless_overtaken(keeper, self.holder, &holder).await?;
            return Ok(Step::Taken);
        }
        if accepted.1.is_none() {
            return Ok(Step::Done);
        }
        // Whatever else was written meanwhile: what is shown is known.
        if accepted.0 != Some(shown.as_str()) {
            checker.values.insert(self.current.to_owned(), shown);
            return self.write_checker(keeper, &checker).await;
        }
        let left = settle.saturating_sub(holder.age());
        if !left.is_zero() {
            return Ok(Step::Wait(left));
        }
        checker.values.remove(self.previous);
        self.write_checker(keeper, &checker).await
    }

    async fn write_checker(
        &self,
        keeper: &Vault,
        checker: &kv::Secret,
    ) -> Result<Step, RotateError> {
        kv::write_unless_overtaken(keeper, self.checker, checker).await?;
        Ok(Step::Taken)
    }
}
