//! Orders by gRPC: `crema.order.v1.Orders`, as proto/ has it.
//!
//! Invariant: each method calls the function that its row of HTTP calls, and its answer is what that says in JSON; nothing is
//! decided here.

mod messages;

use axum::extract::State;
use service::auth::Principal;
use service::grpc::{ById, Items, Message, PageRequest, Reply};
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::ops;
use crate::order::{OrderId, StoreId};
use crate::state::App;
use messages::{ListTicketsRequest, Order, Transition};

/// `GetOrder`: OK, or `NOT_FOUND` `order-not-found`.
pub async fn get_order(
    State(app): State<App>,
    principal: Principal,
    Message(request): Message<ById>,
) -> Result<Reply<Order>, Problem> {
    let order = ops::get::get(&app, &principal, order_id(&request.id)?).await?;
    Reply::of(&order)
}

/// `ListOrders`: one page.
pub async fn list_orders(
    State(app): State<App>,
    principal: Principal,
    Message(request): Message<PageRequest>,
) -> Result<Reply<Items<Order>>, Problem> {
    Reply::of(&ops::list::page(&app, &principal, &request.into()).await?)
}

/// `GetHistory`: all of it, or `NOT_FOUND` `order-not-found`.
pub async fn get_history(
    State(app): State<App>,
    principal: Principal,
    Message(request): Message<ById>,
) -> Result<Reply<Items<Transition>>, Problem> {
    let history = ops::history::history(&app, &principal, order_id(&request.id)?).await?;
    Reply::of(&Page::whole(history))
}

/// `ListTickets`: one page, or `NOT_FOUND` `store-not-found`.
pub async fn list_tickets(
    State(app): State<App>,
    principal: Principal,
    Message(request): Message<ListTicketsRequest>,
) -> Result<Reply<Items<Order>>, Problem> {
    let store = Uuid::try_parse(&request.store).map_err(|_| Error::StoreNotFound)?;
    let query = PageQuery {
        limit: request.limit,
        cursor: request.cursor,
    };
    Reply::of(&ops::tickets::page(&app, &principal, StoreId(store), &query).await?)
}

/// What has not the form of an id names nothing.
fn order_id(text: &str) -> Result<OrderId, Error> {
    Uuid::try_parse(text)
        .map(OrderId)
        .map_err(|_| Error::OrderNotFound)
}
