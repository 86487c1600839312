//! `GET /v1/clients`: the registered clients and what each may do, those of other companies first and the newest of them
//! before the others, then the platform's own.
//!
//! Invariant: no secret, and no hash of one, is in the answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::extract::Query;
use service::page::{Page, PageQuery};
use uuid::Uuid;

use crate::client::{Client, OwnClient};
use crate::error::no_store;
use crate::operator::{Operator, OperatorError};
use crate::ops::client::Shown;
use crate::state::App;
use crate::store;

/// Answers 200 with one page.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
    Query(page): Query<PageQuery>,
) -> Result<Response, OperatorError> {
    let (limit, before) = (page.limit()?, page.cursor()?.map(|cursor| cursor.0));
    let mut db = app.db.acquire().await?;
    Operator::of(&app, &mut db, &principal).await?;
    let foreign = store::clients::page(&mut db, before, limit + 1).await?;
    let foreign = foreign
        .into_iter()
        .map(|client| (client.id, Client::Foreign(Arc::new(client))));
    let own = OwnClient::all()
        .iter()
        .enumerate()
        .map(|(index, client)| (place(index), Client::Own(client)))
        .filter(|(place, _)| before.is_none_or(|before| *place < before));
    let most = usize::try_from(limit + 1).unwrap_or_default();
    let page = Page::cut(foreign.chain(own).take(most).collect(), limit, |(id, _)| {
        *id
    });
    Ok(no_store(Json(Page {
        items: page
            .items
            .iter()
            .map(|(_, client)| Shown::of(client, app.issuer()))
            .collect(),
        next: page.next,
    })))
}

/// The place in the list of one of our own, which has no UUID: behind all that have one, in the order of their table.
fn place(index: usize) -> Uuid {
    let index = u128::try_from(index).unwrap_or_default();
    Uuid::from_u128(u128::from(u16::MAX).saturating_sub(index))
}
