//! The catalog by gRPC: `crema.catalog.v1.Catalog`, as proto/ has it.
//!
//! Invariant: each method calls the function that its row of HTTP calls, and its answer is what that says in JSON; nothing is
//! decided here.

mod messages;

use axum::extract::State;
use service::grpc::{ById, Items, Message, PageRequest, Reply};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::{EditError, Error, Thing};
use crate::menu::{ProductId, StoreId};
use crate::menus::MenuBody;
use crate::ops::{products, stores};
use crate::state::App;
use messages::{GetMenuRequest, ListStoresRequest, ManagedProduct, Menu, Store};

/// `ListStores`: all of them.
pub async fn list_stores(
    State(app): State<App>,
    Message(ListStoresRequest {}): Message<ListStoresRequest>,
) -> Result<Reply<Items<Store>>, Problem> {
    Reply::of(&stores::Body::of(&stores::all(&app.db).await?))
}

/// `GetMenu`: OK, or `NOT_FOUND` `store-not-found`.
pub async fn get_menu(
    State(app): State<App>,
    Message(request): Message<GetMenuRequest>,
) -> Result<Reply<Menu>, Problem> {
    let store = Uuid::try_parse(&request.store).map_err(|_| Error::UnknownStore)?;
    let snapshot = app.menus.recent(StoreId(store)).await?;
    Reply::of(&MenuBody::from(&snapshot.menu))
}

/// `GetProduct`: OK, or `NOT_FOUND` `product-not-found`.
pub async fn get_product(
    State(app): State<App>,
    Message(request): Message<ById>,
) -> Result<Reply<ManagedProduct>, Problem> {
    let id = Uuid::try_parse(&request.id).map_err(|_| EditError::NotFound(Thing::Product))?;
    Reply::of(&products::read::product(&app, ProductId(id)).await?)
}

/// `ListProducts`: one page.
pub async fn list_products(
    State(app): State<App>,
    Message(request): Message<PageRequest>,
) -> Result<Reply<Items<ManagedProduct>>, Problem> {
    Reply::of(&products::list::page(&app, &request.into()).await?)
}
