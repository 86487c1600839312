//! What becomes of a browser's basket when its person signs in: it is poured into the person's own.
//!
//! Invariant: it is poured once. Writing the one and taking the other away is one transaction, so whoever is interrupted
//! leaves the baskets as they were, and whoever comes second finds nothing to pour.

use bff_api::Basket;
use uuid::Uuid;

use super::{BasketId, Found, Kept, Shelf, ShelfKey};
use crate::error::Error;

/// How often it is tried while somebody else writes to one of the two.
const TRIES: usize = 4;

impl Shelf {
    /// Pours the browser's basket into the person's; says whether nothing of it is left. False: others were faster each
    /// time, and it is there still.
    pub async fn pour(&self, browser: &BasketId, person: Uuid) -> Result<bool, Error> {
        let (from, into) = (browser.key(), ShelfKey::basket_of(person));
        for _ in 0..TRIES {
            let Found {
                value: brought,
                etag: Some(brought_tag),
            } = self.read::<Basket>(&from).await?
            else {
                return Ok(true);
            };
            let own = self.read::<Basket>(&into).await?;
            // The browser's is newer: what it has of another store wins.
            let both = Basket::merged(&Basket::default(), &own.value, &brought);
            let (etag, bytes) = (own.etag.as_deref(), serde_json::to_vec(&both)?);
            let poured = self
                .0
                .pour((&from.0, &brought_tag), (&into.0, bytes), etag, Basket::FOR);
            if poured.await.map_err(Error::Shelf)? {
                tracing::info!(user.id = %person, lines = both.lines.len(), "a basket came along at sign-in");
                return Ok(true);
            }
        }
        tracing::warn!(user.id = %person, "a basket could not be poured: somebody was faster each time");
        Ok(false)
    }
}
