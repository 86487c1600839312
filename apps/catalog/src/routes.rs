//! Every route of this service, with the scope that it needs.
//!
//! Invariant: none is public; whose store it is, is decided in the operation.

use axum::http::Method;
use service::revoked;
use service::routes::{Access, Routes, Upload};

use crate::grpc;
use crate::ops::{
    categories, discounts, hours, images, menu, openings, option_groups, price_changes, prices,
    products, quote, search, stores, tax_rates,
};
use crate::state::App;

const READ: Access = Access::Scope("catalog:read");
const QUOTE: Access = Access::Scope("catalog:quote");
const MANAGE: Access = Access::Scope("catalog:manage");

/// A picture. Five MiB are what phones make of a photograph; `maxBodySize` in `dapr/dapr.yaml` lets them through.
pub const PICTURE: Upload = Upload {
    kinds: &["image/jpeg", "image/png", "image/webp"],
    most: 5 * 1024 * 1024,
};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// The table.
#[must_use]
pub fn table() -> Routes<App> {
    let routes = Routes::new()
        .route(GET, "/v1/stores", READ, stores::handler)
        .route(GET, "/v1/stores/{store}/menu", READ, menu::handler)
        .route(GET, "/v1/stores/{store}/search", READ, search::handler)
        .route(GET, "/v1/images/{hash}", READ, images::read::handler)
        .route(GET, "/v1/stores/{store}/openings", QUOTE, openings::handler)
        .route(POST, "/v1/quotes", QUOTE, quote::handler)
        .route(POST, "/events/identity", Access::Sidecar, revoked::hear);
    called(of_a_store(of_the_company(routes)))
}

/// What is read by gRPC as well.
fn called(routes: Routes<App>) -> Routes<App> {
    let stores = "/crema.catalog.v1.Catalog/ListStores";
    let menu = "/crema.catalog.v1.Catalog/GetMenu";
    let product = "/crema.catalog.v1.Catalog/GetProduct";
    let products = "/crema.catalog.v1.Catalog/ListProducts";
    routes
        .route(POST, stores, READ, grpc::list_stores)
        .route(POST, menu, READ, grpc::get_menu)
        .route(POST, product, MANAGE, grpc::get_product)
        .route(POST, products, MANAGE, grpc::list_products)
}

/// What the company sells.
fn of_the_company(routes: Routes<App>) -> Routes<App> {
    let all = "/v1/categories";
    let one = "/v1/categories/{category}";
    let routes = routes
        .route(GET, all, MANAGE, categories::list::handler)
        .route(POST, all, MANAGE, categories::create::handler)
        .route(GET, one, MANAGE, categories::read::handler)
        .route(PUT, one, MANAGE, categories::replace::handler)
        .route(DELETE, one, MANAGE, categories::delete::handler);
    let all = "/v1/products";
    let one = "/v1/products/{product}";
    let routes = routes
        .route(GET, all, MANAGE, products::list::handler)
        .route(POST, all, MANAGE, products::create::handler)
        .route(GET, one, MANAGE, products::read::handler)
        .route(PUT, one, MANAGE, products::replace::handler)
        .route(DELETE, one, MANAGE, products::delete::handler);
    let image = "/v1/products/{product}/image";
    let routes = routes
        .upload(PUT, image, MANAGE, PICTURE, images::replace::handler)
        .route(DELETE, image, MANAGE, images::remove::handler);
    let all = "/v1/discounts";
    let one = "/v1/discounts/{discount}";
    let routes = routes
        .route(GET, all, MANAGE, discounts::list::handler)
        .route(POST, all, MANAGE, discounts::create::handler)
        .route(GET, one, MANAGE, discounts::read::handler)
        .route(PUT, one, MANAGE, discounts::replace::handler)
        .route(DELETE, one, MANAGE, discounts::delete::handler);
    let all = "/v1/option-groups";
    let one = "/v1/option-groups/{group}";
    routes
        .route(GET, all, MANAGE, option_groups::list::handler)
        .route(POST, all, MANAGE, option_groups::create::handler)
        .route(GET, one, MANAGE, option_groups::read::handler)
        .route(PUT, one, MANAGE, option_groups::replace::handler)
        .route(DELETE, one, MANAGE, option_groups::delete::handler)
}

/// What a store asks for it.
fn of_a_store(routes: Routes<App>) -> Routes<App> {
    let hours = "/v1/stores/{store}/hours";
    let rates = "/v1/stores/{store}/tax-rates";
    let prices = "/v1/stores/{store}/prices";
    let price = "/v1/stores/{store}/prices/{item}";
    let changes = "/v1/stores/{store}/price-changes";
    let change = "/v1/stores/{store}/price-changes/{change}";
    routes
        .route(GET, hours, MANAGE, hours::read::handler)
        .route(PUT, hours, MANAGE, hours::replace::handler)
        .route(GET, rates, MANAGE, tax_rates::read::handler)
        .route(PUT, rates, MANAGE, tax_rates::replace::handler)
        .route(GET, prices, MANAGE, prices::list::handler)
        .route(GET, price, MANAGE, prices::read::handler)
        .route(PUT, price, MANAGE, prices::set::handler)
        .route(DELETE, price, MANAGE, prices::remove::handler)
        .route(GET, changes, MANAGE, price_changes::list::handler)
        .route(POST, changes, MANAGE, price_changes::plan::handler)
        .route(GET, change, MANAGE, price_changes::read::handler)
        .route(DELETE, change, MANAGE, price_changes::cancel::handler)
}
