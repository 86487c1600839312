//! This service's document: of each route what its handler's arguments don't say.
//!
//! Invariant: a row of the table that is missing here makes no document, nor does one that is served no more.

use axum::http::Method;
use schemars::JsonSchema;
use service::openapi::{Document, Mismatch};
use service::page::Page;

use crate::discount::Discount;
use crate::menus::MenuBody;
use crate::ops::categories::Category;
use crate::ops::tax_rates::TaxRates;
use crate::ops::{hours, openings, quote, search, stores};
use crate::option_group::OptionGroup;
use crate::photo;
use crate::price::{Price, PriceChange};
use crate::product::Product;
use crate::routes;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// The document, as `openapi.json` keeps it.
pub fn document() -> Result<serde_json::Value, Mismatch> {
    let mut it = Document::of(
        "catalog",
        "Stores, their menus, what an order costs, and how managers change all that.",
        routes::table().table(),
    );
    reads(&mut it);
    called(&mut it);
    company(&mut it);
    images(&mut it);
    prices(&mut it);
    price_changes(&mut it);
    opening_hours(&mut it);
    it.ended_sessions();
    it.finish()
}

fn reads(it: &mut Document) {
    it.row(GET, "/v1/stores", "listStores", "All stores.")
        .json::<stores::Body<'static>>(200, "The stores.")
        .cached();
    it.row(
        GET,
        "/v1/stores/{store}/menu",
        "getMenu",
        "What a store sells.",
    )
    .json::<MenuBody<'static>>(200, "The menu.")
    .cached()
    .refuses(404, "store-not-found");
    it.row(
        GET,
        "/v1/stores/{store}/search",
        "search",
        "What of a store's menu has these words, or nearly these.",
    )
    .json::<search::Body<'static>>(200, "What was found, best first.")
    .refuses(404, "store-not-found");
    it.row(
        POST,
        "/v1/quotes",
        "quote",
        "What an order costs, line by line, and a token to place it at that price for ten minutes.",
    )
    .json::<quote::Reply>(200, "The priced order.")
    .refuses(409, "quote-expired")
    .refuses(422, "discount-not-given")
    .refuses(422, "inconsistent-fields")
    .refuses(422, "quote-invalid")
    .refuses(422, "unknown-store")
    .refuses(422, "empty-order")
    .refuses(422, "too-many-lines")
    .refuses(422, "unknown-product")
    .refuses(422, "quantity-out-of-range")
    .refuses(422, "option-not-allowed");
}

fn called(it: &mut Document) {
    it.row(
        POST,
        "/crema.catalog.v1.Catalog/ListStores",
        "callListStores",
        "All stores, by gRPC.",
    )
    .called();
    it.row(
        POST,
        "/crema.catalog.v1.Catalog/GetMenu",
        "callGetMenu",
        "What a store sells, by gRPC.",
    )
    .called()
    .refuses(404, "store-not-found");
    it.row(
        POST,
        "/crema.catalog.v1.Catalog/GetProduct",
        "callGetProduct",
        "One product, by gRPC.",
    )
    .called()
    .refuses(404, "product-not-found");
    it.row(
        POST,
        "/crema.catalog.v1.Catalog/ListProducts",
        "callListProducts",
        "All products, by id, by gRPC.",
    )
    .called()
    .refuses(422, "invalid-query");
}

/// A resource of the company's: its paths, its ids' stem, what it is called, and its problems.
struct Resource {
    all: &'static str,
    one: &'static str,
    id: &'static str,
    ids: &'static str,
    missing: &'static str,
    /// Another has its natural key.
    taken: &'static str,
    /// Why one stays as it is, and why one stays at all.
    kept: (&'static [&'static str], &'static [&'static str]),
    /// Whether its fields can contradict each other.
    judged: bool,
}

fn company(it: &mut Document) {
    let category = Resource {
        all: "/v1/categories",
        one: "/v1/categories/{category}",
        id: "Category",
        ids: "Categories",
        missing: "category-not-found",
        taken: "name-taken",
        kept: (&[], &["category-in-use"]),
        judged: false,
    };
    managed::<Category>(it, &category);
    let product = Resource {
        all: "/v1/products",
        one: "/v1/products/{product}",
        id: "Product",
        ids: "Products",
        missing: "product-not-found",
        taken: "name-taken",
        kept: (&["still-sold"], &["still-sold"]),
        judged: true,
    };
    managed::<Product>(it, &product);
    let group = Resource {
        all: "/v1/option-groups",
        one: "/v1/option-groups/{group}",
        id: "OptionGroup",
        ids: "OptionGroups",
        missing: "option-group-not-found",
        taken: "name-taken",
        kept: (&["still-sold"], &["option-group-in-use", "still-sold"]),
        judged: true,
    };
    managed::<OptionGroup>(it, &group);
    let discount = Resource {
        all: "/v1/discounts",
        one: "/v1/discounts/{discount}",
        id: "Discount",
        ids: "Discounts",
        missing: "discount-not-found",
        taken: "code-taken",
        kept: (&[], &[]),
        judged: true,
    };
    managed::<Discount>(it, &discount);
}

fn managed<T: JsonSchema>(it: &mut Document, of: &Resource) {
    let name = |verb: &str| format!("{verb}{}", of.id);
    let list = format!("list{}", of.ids);
    it.row(GET, of.all, &list, "All of them, by id.")
        .json::<Page<T>>(200, "A page.");
    let mut row = it
        .row(POST, of.all, &name("create"), "Adds one.")
        .json::<T>(201, "The new one.")
        .versioned()
        .with("Location", "Where it is.")
        .refuses(409, of.taken);
    if of.judged {
        row = row.refuses(422, "inconsistent-fields");
    }
    drop(row);
    it.row(GET, of.one, &name("get"), "One of them.")
        .json::<T>(200, "It.")
        .versioned()
        .refuses(404, of.missing);
    let mut row = it
        .row(PUT, of.one, &name("replace"), "Writes one anew.")
        .json::<T>(200, "It, as it is now.")
        .versioned()
        .conditional()
        .refuses(404, of.missing)
        .refuses(409, of.taken);
    for problem in of.kept.0 {
        row = row.refuses(409, problem);
    }
    if of.judged {
        row = row.refuses(422, "inconsistent-fields");
    }
    drop(row);
    let mut row = it
        .row(DELETE, of.one, &name("delete"), "Takes one away.")
        .bare(204, "It is gone.")
        .conditional()
        .refuses(404, of.missing);
    for problem in of.kept.1 {
        row = row.refuses(409, problem);
    }
    drop(row);
}

fn images(it: &mut Document) {
    let path = "/v1/products/{product}/image";
    it.row(
        PUT,
        path,
        "replaceImage",
        "Gives a product another photograph, or its first one.",
    )
    .json::<Product>(200, "The product, as it is now.")
    .versioned()
    .conditional()
    .refuses(404, "product-not-found")
    .refuses(422, "image-invalid")
    .refuses(422, "image-too-large")
    .refuses(429, "images-busy");
    it.row(
        DELETE,
        path,
        "deleteImage",
        "Takes a product's photograph away.",
    )
    .bare(204, "It has none.")
    .conditional()
    .refuses(404, "product-not-found");
    it.row(
        GET,
        "/v1/images/{hash}",
        "getImage",
        "One width of a photograph, by the hash of its bytes.",
    )
    .bytes(200, "The picture.", photo::KIND)
    .cached();
}

fn prices(it: &mut Document) {
    let path = "/v1/stores/{store}/tax-rates";
    it.row(GET, path, "getTaxRates", "A store's tax rates.")
        .json::<TaxRates>(200, "The rates.")
        .versioned()
        .refuses(404, "store-not-found");
    it.row(
        PUT,
        path,
        "replaceTaxRates",
        "Writes a store's tax rates anew.",
    )
    .json::<TaxRates>(200, "The rates, as they are now.")
    .versioned()
    .conditional()
    .refuses(404, "store-not-found");
    it.row(
        GET,
        "/v1/stores/{store}/prices",
        "listPrices",
        "A store's price list, by the items' ids; what is not sold there is in it too.",
    )
    .json::<Page<Price>>(200, "A page.")
    .refuses(404, "store-not-found");
    let path = "/v1/stores/{store}/prices/{item}";
    it.row(GET, path, "getPrice", "What a store asks for an item.")
        .json::<Price>(200, "The row.")
        .versioned()
        .refuses(404, "store-not-found")
        .refuses(404, "item-not-found");
    it.row(
        PUT,
        path,
        "setPrice",
        "Says what a store asks for an item from now on.",
    )
    .json::<Price>(200, "The row, as it is now.")
    .versioned()
    .conditional()
    .refuses(404, "store-not-found")
    .refuses(404, "item-not-found")
    .refuses(422, "inconsistent-fields");
    it.row(
        DELETE,
        path,
        "removePrice",
        "Ends the sale of an item in a store.",
    )
    .bare(204, "It is not sold there any more.")
    .conditional()
    .refuses(404, "store-not-found")
    .refuses(404, "item-not-found");
}

fn price_changes(it: &mut Document) {
    let path = "/v1/stores/{store}/price-changes";
    it.row(GET, path, "listPriceChanges", "A store's prices to come.")
        .json::<Page<PriceChange>>(200, "A page, in the order they were planned.")
        .refuses(404, "store-not-found");
    it.row(POST, path, "planPrice", "Plans a price.")
        .json::<PriceChange>(201, "The plan.")
        .with("Location", "Where it is.")
        .refuses(404, "store-not-found")
        .refuses(409, "already-planned")
        .refuses(422, "inconsistent-fields");
    let path = "/v1/stores/{store}/price-changes/{change}";
    it.row(GET, path, "getPriceChange", "One price to come.")
        .json::<PriceChange>(200, "The plan.")
        .refuses(404, "store-not-found")
        .refuses(404, "price-change-not-found");
    it.row(DELETE, path, "cancelPriceChange", "Takes a plan back.")
        .bare(204, "It is not to come any more.")
        .refuses(404, "store-not-found")
        .refuses(404, "price-change-not-found");
}

fn opening_hours(it: &mut Document) {
    it.row(
        GET,
        "/v1/stores/{store}/openings",
        "getOpenings",
        "When a store is open in the coming days.",
    )
    .json::<openings::Body>(200, "The openings.")
    .refuses(404, "store-not-found");
    it.row(
        GET,
        "/v1/stores/{store}/hours",
        "getHours",
        "When a store is open, by weekday.",
    )
    .json::<hours::Body>(200, "The hours.")
    .versioned()
    .refuses(404, "store-not-found");
    it.row(
        PUT,
        "/v1/stores/{store}/hours",
        "setHours",
        "Says when a store is open.",
    )
    .conditional()
    .json::<hours::Body>(200, "The hours after it.")
    .versioned()
    .refuses(404, "store-not-found");
}
