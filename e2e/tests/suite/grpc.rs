//! Reading by gRPC, through the caller's sidecar and the service's: what is read, and who is refused by whom.
//!
//! Invariant: the messages here have only the fields that are looked at; that each says what HTTP says is the services' own
//! tests' to show.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::order::list;
use e2e::{Role, Target};
use http::uri::PathAndQuery;
use reqwest::StatusCode;
use tonic::metadata::MetadataValue;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use crate::stack::{self, browser, newcomer, order_one, word};
use crate::tokens::Person;

const GET_ORDER: &str = "/crema.order.v1.Orders/GetOrder";
const LIST_TICKETS: &str = "/crema.order.v1.Orders/ListTickets";
const GET_MENU: &str = "/crema.catalog.v1.Catalog/GetMenu";
const LIST_PRODUCTS: &str = "/crema.catalog.v1.Catalog/ListProducts";

/// `GetOrderRequest`, `GetMenuRequest`, `ListTicketsRequest`: of what.
#[derive(Clone, PartialEq, prost::Message)]
struct Of {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    number: String,
    #[prost(string, tag = "7")]
    checkout: String,
    #[prost(message, optional, tag = "14")]
    total: Option<Money>,
    #[prost(int64, tag = "16")]
    version: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Money {
    #[prost(int64, tag = "1")]
    amount: i64,
    #[prost(string, tag = "2")]
    currency: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Menu {
    #[prost(string, tag = "1")]
    store_id: String,
    #[prost(message, repeated, tag = "3")]
    categories: Vec<Category>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Category {
    #[prost(string, tag = "2")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Nothing {}

/// Who calls whom: the caller's sidecar, and the app that it is to reach.
#[derive(Clone, Copy)]
struct Way<'w> {
    from: &'w str,
    to: &'w str,
}

const BFF_TO_ORDER: Way<'static> = Way {
    from: "bff",
    to: "order",
};
const BFF_TO_CATALOG: Way<'static> = Way {
    from: "bff",
    to: "catalog",
};

/// Calls a method the way that a service would, through its own sidecar.
async fn call<A: prost::Message + Default + 'static>(
    target: &Target,
    way: Way<'_>,
    path: &'static str,
    token: Option<&str>,
    request: Of,
) -> Result<Result<A, Status>> {
    let sidecar = target.sidecar(way.from)?;
    let endpoint = Endpoint::from_shared(sidecar.grpc.to_string())?;
    let mut caller = tonic::client::Grpc::new(endpoint.connect().await?);
    caller.ready().await?;
    let mut request = Request::new(request);
    request.set_timeout(Duration::from_secs(10));
    let metadata = request.metadata_mut();
    metadata.insert("dapr-app-id", way.to.parse()?);
    metadata.insert("dapr-api-token", sidecar.token.parse()?);
    if let Some(token) = token {
        let bearer: MetadataValue<_> = format!("Bearer {token}").parse()?;
        metadata.insert("authorization", bearer);
    }
    let path = PathAndQuery::from_static(path);
    let answer = caller.unary(request, path, ProstCodec::<Of, A>::default());
    Ok(answer.await.map(Response::into_inner))
}

/// That a call was refused, by this code and, if the service itself refused it, for this problem.
fn refused<A>(answer: Result<A, Status>, code: Code, problem: Option<&str>) -> Result<()> {
    let status = answer.err().context("it was answered")?;
    let told = status.metadata().get("crema-problem");
    let told = told.and_then(|slug| slug.to_str().ok());
    ensure!(
        (status.code(), told) == (code, problem),
        "{status:?} rather than {code:?} for {problem:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_order_is_read_by_those_whose_it_is() -> Result<()> {
    let stack = stack::shared().await?;
    let (owner, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let order = order_one(&owner).await?;
    let of = Of {
        id: order.id.clone(),
    };
    let mine = Person::of(&stack, &owner).await?.at("order").await?;
    let read: Order = call(&stack, BFF_TO_ORDER, GET_ORDER, Some(&mine), of.clone()).await??;
    let path = format!("/api/orders/{}", order.id);
    let shown = owner.get(&path).await?.expect(StatusCode::OK)?.json()?;
    let total = read.total.as_ref().context("a total")?;
    ensure!(
        (&*read.id, &*read.number) == (word(&shown, "id"), word(&shown, "number"))
            && Some(total.amount) == shown["total"]["amount"].as_i64()
            && total.currency == word(&shown["total"], "currency"),
        "{read:?} rather than {shown}"
    );

    let stranger = Person::of(&stack, &stranger).await?;
    let theirs = stranger.at("order").await?;
    let answer: Result<Order, _> =
        call(&stack, BFF_TO_ORDER, GET_ORDER, Some(&theirs), of.clone()).await?;
    refused(answer, Code::NotFound, Some("order-not-found"))?;
    let missing = Of {
        id: Uuid::nil().to_string(),
    };
    let answer: Result<Order, _> =
        call(&stack, BFF_TO_ORDER, GET_ORDER, Some(&mine), missing).await?;
    refused(answer, Code::NotFound, Some("order-not-found"))?;
    // A token for another service, and none.
    let elsewhere = Person::demo(&stack, Role::Manager).await?;
    let elsewhere = elsewhere.at("catalog").await?;
    for (token, problem) in [
        (Some(elsewhere.as_str()), "invalid-token"),
        (None, "unauthenticated"),
    ] {
        let answer: Result<Order, _> =
            call(&stack, BFF_TO_ORDER, GET_ORDER, token, of.clone()).await?;
        refused(answer, Code::Unauthenticated, Some(problem))?;
    }
    // Whoever works elsewhere, or nowhere, has no tickets to see.
    let admin = Person::demo(&stack, Role::Admin).await?.at("order").await?;
    let of = Of {
        id: order.store_id.clone(),
    };
    let answer: Result<Nothing, _> =
        call(&stack, BFF_TO_ORDER, LIST_TICKETS, Some(&admin), of.clone()).await?;
    refused(answer, Code::NotFound, Some("store-not-found"))?;
    let answer: Result<Nothing, _> =
        call(&stack, BFF_TO_ORDER, LIST_TICKETS, Some(&mine), of).await?;
    refused(answer, Code::PermissionDenied, Some("forbidden"))
}

#[tokio::test]
async fn a_menu_is_read_by_everybody_and_the_products_by_managers() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let stores = customer.get("/api/stores").await?.json()?;
    let store = word(&list(&stores["items"])[0], "id").to_owned();
    let path = format!("/api/stores/{store}/menu");
    let shown = customer.get(&path).await?.expect(StatusCode::OK)?.json()?;
    let token = Person::of(&stack, &customer).await?.at("catalog").await?;
    let of = Of { id: store.clone() };
    let menu: Menu = call(&stack, BFF_TO_CATALOG, GET_MENU, Some(&token), of).await??;
    let names = menu.categories.iter().map(|one| one.name.as_str());
    let shown = list(&shown["categories"]).iter();
    ensure!(
        menu.store_id == store && names.eq(shown.map(|one| word(one, "name"))),
        "{menu:?}"
    );
    // It takes no id: what is sent is its limit, which this is none of.
    let all = Of::default();
    let answer: Result<Nothing, _> = call(
        &stack,
        BFF_TO_CATALOG,
        LIST_PRODUCTS,
        Some(&token),
        all.clone(),
    )
    .await?;
    refused(answer, Code::PermissionDenied, Some("forbidden"))?;
    let manager = Person::demo(&stack, Role::Manager).await?;
    let manager = manager.at("catalog").await?;
    let _: Nothing = call(&stack, BFF_TO_CATALOG, LIST_PRODUCTS, Some(&manager), all).await??;
    Ok(())
}

/// The sidecars' own lists of callers hold for gRPC as well, and nothing but its methods is reached by it.
#[tokio::test]
async fn only_listed_callers_reach_the_methods_and_nothing_else() -> Result<()> {
    let stack = stack::shared().await?;
    let barista = browser(&stack, Role::Barista).await?;
    let token = Person::of(&stack, &barista).await?.at("order").await?;
    let of = Of::default();
    for from in ["payment", "inventory", "catalog", "identity"] {
        let way = Way { from, to: "order" };
        let answer: Result<Nothing, _> =
            call(&stack, way, GET_ORDER, Some(&token), of.clone()).await?;
        refused(answer, Code::PermissionDenied, None)?;
    }
    let (unknown, denied) = (Code::Unimplemented, Code::PermissionDenied);
    for (path, code, problem) in [
        (
            "/crema.order.v1.Orders/DeleteOrder",
            unknown,
            Some("not-found"),
        ),
        // The bff may call it, but not so.
        ("/v1/orders", unknown, None),
        ("/events/order", denied, None),
        ("/crema.catalog.v1.Catalog/GetMenu", denied, None),
    ] {
        let answer: Result<Nothing, _> =
            call(&stack, BFF_TO_ORDER, path, Some(&token), of.clone()).await?;
        refused(answer, code, problem).with_context(|| path)?;
    }
    Ok(())
}
