//! The tables of what is served: to browsers at the public listener, to our sidecar at the other.
//!
//! Invariant: whatever is not in a table is 404, and nothing here decides whether a person may do something: services do.

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, delete, get, on};
use service::problem::Problem;
use service::routes::{Access, Routes};
use service::server::observe_request;

use crate::error::Error;
use crate::inbound;
use crate::ops::pass::{self, Passed};
use crate::ops::{
    live_order, live_tickets, menu, session_end, session_read, sign_in_finish, sign_in_start,
    to_identity,
};
use crate::pages::{self, Web};
use crate::perimeter::shield;
use crate::sign_in::CALLBACK;
use crate::state::App;

/// What is passed on to a service in the name of the person who is signed in.
pub static PASSED: [Passed; 6] = [
    Passed {
        method: Method::POST,
        path: "/api/orders",
        app: "order",
        upstream: "/v1/orders",
        needs_key: true,
    },
    Passed {
        method: Method::GET,
        path: "/api/orders",
        app: "order",
        upstream: "/v1/orders",
        needs_key: false,
    },
    Passed {
        method: Method::GET,
        path: "/api/orders/{id}",
        app: "order",
        upstream: "/v1/orders/{id}",
        needs_key: false,
    },
    Passed {
        method: Method::GET,
        path: "/api/orders/{id}/history",
        app: "order",
        upstream: "/v1/orders/{id}/history",
        needs_key: false,
    },
    Passed {
        method: Method::POST,
        path: "/api/orders/{id}/fulfilment",
        app: "order",
        upstream: "/v1/orders/{id}/fulfilment",
        needs_key: false,
    },
    Passed {
        method: Method::GET,
        path: "/api/stores/{id}/tickets",
        app: "order",
        upstream: "/v1/stores/{id}/tickets",
        needs_key: false,
    },
];

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
            Method::GET,
            "/dapr/subscribe",
            Access::Sidecar,
            inbound::sidecar_started,
        )
}

/// What browsers may call.
pub fn public(app: App, web: &Web) -> Router {
    let mut api = Router::new()
        .route(
            "/api/session",
            get(session_read::handle).merge(delete(session_end::handle)),
        )
        .route("/api/session/start", get(sign_in_start::handle))
        .route("/api/stores", get(menu::stores))
        .route("/api/stores/{id}/menu", get(menu::menu))
        .route("/api/stores/{id}/tickets/events", get(live_tickets::handle))
        .route("/api/orders/{id}/events", get(live_order::handle));
    for row in &PASSED {
        api = api.route(row.path, passed(row));
    }
    let api = api.route_layer(from_fn_with_state(app.clone(), shield::own_pages_only));
    let mut router = Router::new()
        .merge(api)
        // Protected by its state and the cookie that only our own start can set: the way here may lead over other sites.
        .route(CALLBACK, get(sign_in_finish::handle));
    for (method, path) in to_identity::TABLE {
        router = router.route(path, published(method, path));
    }
    for path in pages::PATHS {
        router = router.route(path, web.page());
    }
    router
        .route(pages::FILES, web.assets())
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This can't be done here",
            )
        })
        .layer(map_response_with_state(app.clone(), protect))
        .layer(from_fn(observe_request))
        .layer(from_fn_with_state(app.clone(), shield::ready_answers))
        .with_state(app)
}

fn passed(row: &'static Passed) -> MethodRouter<App> {
    let handler = move |State(app): State<App>, params: RawPathParams, request: Request| async move {
        pass::run(app, row, &params, request).await
    };
    only(&row.method, handler)
}

fn published(method: Method, path: &'static str) -> MethodRouter<App> {
    let named = method.clone();
    let handler = move |State(app): State<App>, request: Request| {
        to_identity::run(app, method.clone(), path, request)
    };
    only(&named, handler)
}

fn only<H, T>(method: &Method, handler: H) -> MethodRouter<App>
where
    H: axum::handler::Handler<T, App>,
    T: 'static,
{
    // The tables name GET and POST alone.
    let filter = if *method == Method::GET {
        MethodFilter::GET
    } else {
        MethodFilter::POST
    };
    on(filter, handler)
}

async fn protect(State(app): State<App>, mut response: Response) -> Response {
    app.protective.apply(response.headers_mut());
    response
}
