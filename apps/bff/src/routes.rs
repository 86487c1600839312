//! The tables of what is served: to browsers at the public listener, to our sidecar at the other.
//!
//! Invariant: whatever is not in a table is 404, and nothing here decides whether a person may do something: services do.

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use service::problem::Problem;
use service::routes::{Access, Route, Routes};
use service::server::observe_request;

use crate::contract::Contract;
use crate::error::Error;
use crate::inbound;
use crate::ops::pass;
use crate::ops::{
    api_document, basket_read, basket_remove, basket_write, favourites_read, favourites_write,
    images, live_order, live_tickets, menu, pass_bearer, preflight, search, session_end,
    session_read, sign_in_finish, sign_in_start, slots, to_identity, webhook,
};
use crate::pages::{self, Web};
use crate::passed::PASSED;
use crate::perimeter::brake::brake;
use crate::perimeter::entrance::Entrance;
use crate::perimeter::{leftover, shield};
use crate::sign_in::CALLBACK;
use crate::state::App;

/// What our sidecar may call.
#[must_use]
pub fn table() -> Routes<App> {
    Routes::new()
        .route(
            Method::POST,
            "/events/order",
            Access::Sidecar,
            inbound::order,
        )
        .route(
            Method::POST,
            "/events/inventory",
            Access::Sidecar,
            inbound::inventory,
        )
        .route(
            Method::POST,
            "/events/catalog",
            Access::Sidecar,
            inbound::catalog,
        )
        .route(
            Method::POST,
            "/events/identity",
            Access::Sidecar,
            inbound::identity,
        )
        .route(
            Method::POST,
            "/events/account",
            Access::Sidecar,
            inbound::account,
        )
        .route(
            Method::GET,
            "/dapr/subscribe",
            Access::Sidecar,
            inbound::sidecar_started,
        )
}

/// The public listener's rows, being written: whatever is served has one.
#[derive(Default)]
struct Rows {
    router: Router<App>,
    table: Vec<Route>,
}

impl Rows {
    fn row<H, T>(self, method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let answer = only(&method, handler);
        self.answered(method, path, access, answer)
    }

    fn answered(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        answer: MethodRouter<App>,
    ) -> Self {
        self.router = self.router.route(path, answer);
        self.table.push(Route::public(method, path, access));
        self
    }
}

/// What our client calls; all of it from our own pages alone.
fn api() -> Rows {
    const GET: Method = Method::GET;
    let mut api = Rows::default()
        .row(GET, "/api/session", Access::Public, session_read::handle)
        .row(
            Method::DELETE,
            "/api/session",
            Access::Public,
            session_end::handle,
        )
        .row(
            GET,
            "/api/session/start",
            Access::Public,
            sign_in_start::handle,
        )
        .row(GET, "/api/basket", Access::Public, basket_read::handle)
        .row(
            Method::PUT,
            "/api/basket",
            Access::Public,
            basket_write::handle,
        )
        .row(
            Method::DELETE,
            "/api/basket",
            Access::Public,
            basket_remove::handle,
        )
        .row(
            GET,
            "/api/favourites",
            Access::Session,
            favourites_read::handle,
        )
        .row(
            Method::PUT,
            "/api/favourites",
            Access::Session,
            favourites_write::handle,
        )
        .row(GET, "/api/stores", Access::Public, menu::stores)
        .row(GET, "/api/stores/{id}/menu", Access::Public, menu::menu)
        .row(GET, search::PATH, Access::Public, search::handle)
        .row(GET, "/api/stores/{id}/slots", Access::Public, slots::slots)
        .row(
            GET,
            "/api/stores/{id}/tickets/events",
            Access::Session,
            live_tickets::handle,
        )
        .row(
            GET,
            "/api/orders/{id}/events",
            Access::Session,
            live_order::handle,
        );
    for row in &PASSED {
        let contract = Contract::of(&row.method, row.path);
        let handler = move |State(app): State<App>, params: RawPathParams, request: Request| async move {
            pass::run(app, row, &contract, &params, request).await
        };
        api = api.row(row.method.clone(), row.path, Access::Session, handler);
    }
    api
}

/// What registered clients call: the same rows again, and the catalog's own.
fn v1() -> Rows {
    let mut v1 = Rows::default();
    for (path, row) in pass_bearer::TABLE.iter() {
        let contract = Contract::of(&row.method, path);
        let handler = move |State(app): State<App>, params: RawPathParams, request: Request| async move {
            pass_bearer::run(app, row, &contract, &params, request).await
        };
        v1 = v1.row(row.method.clone(), path, Access::Bearer, handler);
    }
    v1
}

/// What is called from elsewhere too: pages, identity's endpoints, and what proves by itself where it comes from.
fn open(web: &Web) -> Rows {
    let mut open = Rows::default()
        // Protected by its state and the cookie that only our own start can set: the way here may lead over other sites.
        .row(
            Method::GET,
            CALLBACK,
            Access::Public,
            sign_in_finish::handle,
        )
        .row(
            Method::GET,
            api_document::PATH,
            Access::Public,
            api_document::handle,
        )
        // For pages and registered clients alike: the same bytes for everybody.
        .row(Method::GET, images::PATH, Access::Public, images::handle)
        // Protected by its signature.
        .row(Method::POST, webhook::PATH, Access::Public, webhook::handle);
    for (method, path) in to_identity::TABLE {
        let named = method.clone();
        let handler = move |State(app): State<App>, request: Request| {
            to_identity::run(app, method.clone(), path, request)
        };
        open = open.row(named, path, Access::Public, handler);
    }
    for path in preflight::PATHS {
        open = open.row(Method::OPTIONS, path, Access::Public, preflight::handle);
    }
    for path in pages::PATHS {
        open = open.answered(Method::GET, path, Access::Public, web.page());
    }
    open.answered(Method::GET, pages::FILES, Access::Public, web.assets())
}

/// What browsers may call, and the table that says so.
#[must_use]
pub fn public(app: &App, web: &Web) -> (Entrance, Vec<Route>) {
    let (api, v1, open) = (api(), v1(), open(web));
    let own_pages_only = from_fn_with_state(app.clone(), shield::own_pages_only);
    let routes = Router::new()
        .merge(api.router.route_layer(own_pages_only))
        .merge(v1.router)
        .merge(open.router)
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This can't be done here",
            )
        })
        .layer(from_fn_with_state(app.clone(), brake))
        .layer(map_response_with_state(app.clone(), protect))
        .layer(from_fn(observe_request))
        .layer(from_fn(leftover::take))
        .with_state(app.clone());
    let table = [api.table, v1.table, open.table].concat();
    (Entrance::to(routes, app), table)
}

fn only<H, T>(method: &Method, handler: H) -> MethodRouter<App>
where
    H: Handler<T, App>,
    T: 'static,
{
    #[expect(
        clippy::expect_used,
        reason = "the tables are constants: a wrong row must stop the start"
    )]
    let filter = MethodFilter::try_from(method.clone()).expect("a standard method");
    on(filter, handler)
}

async fn protect(State(app): State<App>, mut response: Response) -> Response {
    app.protective.apply(response.headers_mut());
    response
}
