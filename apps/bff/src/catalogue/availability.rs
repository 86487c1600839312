//! What a store has run out of, as the inventory says it, and how a menu shows it.
//!
//! Invariant: a menu is never held back for it: a store of which nothing is known has run out of nothing.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use bff_api::Menu;
use dapr_kit::{Dapr, Tokens};
use serde::Deserialize;
use uuid::Uuid;

const INVENTORY: &str = "inventory";
/// An inventory that takes longer counts as away.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one store has run out of, at one moment. The inventory answers it and publishes each change of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Availability {
    /// Grows with every change.
    pub version: i64,
    /// What is not to be had.
    pub sold_out: SoldOut,
}

/// Ids of the menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SoldOut {
    /// Of variations.
    pub variations: HashSet<Uuid>,
    /// Of options.
    pub options: HashSet<Uuid>,
}

/// Asks the inventory; `None` when it is away.
pub(super) async fn ask(dapr: &Dapr, tokens: &Tokens, store: Uuid) -> Option<Availability> {
    let asked = tokio::time::timeout(PATIENCE, async {
        let token = tokens
            .for_self(INVENTORY)
            .await
            .map_err(|error| error.to_string())?;
        let path = format!("/v1/stores/{store}/availability");
        let call = dapr.invoke(INVENTORY, Method::GET, &path).bearer(&token);
        let reply = call.send().await.map_err(|error| error.to_string())?;
        match reply.status {
            StatusCode::OK => reply.json().map_err(|error| error.to_string()),
            status => Err(status.to_string()),
        }
    });
    match asked.await {
        Ok(Ok(available)) => Some(available),
        Ok(Err(error)) => {
            tracing::warn!(error, "what is sold out is not known: nothing is shown so");
            None
        }
        Err(_) => {
            tracing::warn!("the inventory does not answer in time: nothing is shown as sold out");
            None
        }
    }
}

/// The menu with what is sold out marked.
pub(super) fn mark(menu: &Menu, available: Option<&Availability>) -> Menu {
    let mut menu = menu.clone();
    let Some(Availability { sold_out, .. }) = available else {
        return menu;
    };
    let products = menu
        .categories
        .iter_mut()
        .flat_map(|category| &mut category.products);
    for product in products {
        for variation in &mut product.variations {
            variation.sold_out = sold_out.variations.contains(&variation.id);
        }
        for group in &mut product.option_groups {
            for option in &mut group.options {
                option.sold_out = sold_out.options.contains(&option.id);
            }
        }
    }
    menu
}
