//! What a store asks for its goods: its price list, one row for each variation and each option.
//!
//! Invariant: its own managers read and change it; a price that was planned and is due counts as written.

pub mod list;
pub mod read;
pub mod remove;
pub mod set;

use service::auth::Principal;
use service::database;
use service::money::Money;
use uuid::Uuid;

use crate::access::currency_at;
use crate::error::{EditError, FieldFault, Thing};
use crate::events;
use crate::menu::StoreId;
use crate::price::{Price, amount_in};
use crate::settling;
use crate::state::App;
use crate::store::{self, prices};

/// Writes what `store` asks for an item from now on, if it is at this version.
async fn write(
    app: &App,
    principal: &Principal,
    (store, item): (StoreId, Uuid),
    version: i64,
    price: Option<Money>,
) -> Result<Price, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let currency = currency_at(&mut transaction, principal, store).await?;
    let amount = price.map(|price| amount_in(currency, price)).transpose();
    let amount = amount.map_err(|fault: FieldFault| EditError::Invalid(vec![fault]))?;
    let now = app.clock.now();
    // What is due came before this, so it must not come into effect after it.
    settling::settle_due(app, &mut transaction, now).await?;
    let found = prices::find(&mut transaction, store, currency, item, now).await?;
    let mut found = found.ok_or(EditError::NotFound(Thing::Item))?;
    if found.version != version {
        return Err(EditError::Stale);
    }
    found.version = prices::write(&mut transaction, store, item, found.item, amount).await?;
    found.price = price;
    let news = events::price_changed(store, &found, &app.ids, now)?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(found)
}
