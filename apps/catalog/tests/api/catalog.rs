//! The service under test and what a caller sees of it.
//!
//! Invariant: the clock stands still until a test moves it.

use ::catalog::signer::Signer;
use ::catalog::state::App;
use ::catalog::{MIGRATOR, routes, seed};
use axum::Router;
use axum::body::{Body, to_bytes};
use chrono::{DateTime, TimeDelta, Utc};
use dapr_kit::{Secret, Secrets};
use http::{HeaderMap, Method, Request, StatusCode};
use outbox::Waker;
use serde_json::{Value, json};
use service::clock::Clock;
use sqlx::{AssertSqlSafe, PgPool};
use testkit::{APP_TOKEN, Issuer};
use tower::ServiceExt;

/// The first store of the demonstration.
pub const RYNEK: &str = "0190a000-0000-7000-8000-000000000001";
/// The second one.
pub const STATION: &str = "0190a000-0000-7000-8000-000000000002";

/// A catalog with the demonstration's menu.
pub struct Catalog {
    pub db: PgPool,
    pub issuer: Issuer,
    pub app: App,
    pub clock: Clock,
    pub router: Router,
}

/// Signs quotes with 32 zero bytes.
pub fn signer() -> Signer {
    let key = format!("{}=", "A".repeat(43));
    let secret = Secret::new("quotes", [("current".to_owned(), key)].into());
    Signer::new(Secrets::fixed(secret))
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Catalog {
    pub async fn start() -> Self {
        Self::at(Clock::system().now()).await
    }

    /// One that starts at an instant.
    pub async fn at(start: DateTime<Utc>) -> Self {
        let db = testkit::database(&[&MIGRATOR, &outbox::MIGRATOR]).await;
        seed::demo(&db).await.expect("the seed");
        let clock = Clock::manual(start);
        let issuer = Issuer::with_clock(clock.clone());
        let app = App::new(db.clone(), clock.clone(), Waker::default(), signer());
        let router = routes::table().into_router(app.clone(), issuer.guard("catalog"));
        Self {
            db,
            issuer,
            app,
            clock,
            router,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await;
        let (parts, body) = answer.expect("a router never fails").into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX)
                .await
                .expect("a whole body")
                .into(),
        }
    }

    /// Reads as the BFF does, with a known tag if there is one.
    pub async fn get(&self, path: &str, known: Option<&str>) -> Answer {
        let known = known.map(|tag| ("if-none-match", tag.to_owned()));
        self.get_with(path, known.as_slice()).await
    }

    /// Reads as the BFF does, with these headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, String)]) -> Answer {
        let token = self.issuer.token("catalog", |claims| {
            claims.scope = "catalog:read".into();
        });
        let request = Request::get(path)
            .header("dapr-api-token", APP_TOKEN)
            .header("authorization", format!("Bearer {token}"));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        self.send(request.body(Body::empty()).expect("a request"))
            .await
    }

    /// Asks for a price as the order service does, with any bytes.
    pub async fn quote_bytes(&self, body: impl Into<Body>) -> Answer {
        let token = self.issuer.token("catalog", |claims| {
            claims.sub = "order".into();
            claims.client_id = "order".into();
            claims.scope = "catalog:quote".into();
        });
        let request = Request::post("/v1/quotes")
            .header("dapr-api-token", APP_TOKEN)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.into())
            .expect("a request");
        self.send(request).await
    }

    pub async fn quote(&self, store: &str, lines: Value) -> Answer {
        let body = json!({"store_id": store, "lines": lines});
        self.quote_bytes(body.to_string()).await
    }

    /// Asks for the price of before.
    pub async fn quote_again(&self, store: &str, lines: &Value, quote: &Value) -> Answer {
        let body = json!({"store_id": store, "lines": lines, "quote": quote});
        self.quote_bytes(body.to_string()).await
    }

    /// Asks as a manager of these stores, naming a version if there is one.
    pub async fn manage(
        &self,
        stores: &[&str],
        (method, path): (Method, &str),
        version: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let token = self.issuer.token("catalog", |claims| {
            claims.scope = "catalog:manage catalog:read".into();
            claims.roles = vec!["manager".into()];
            let stores = stores.iter().map(|id| id.parse().expect("an id"));
            claims.stores = stores.collect();
        });
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("dapr-api-token", APP_TOKEN)
            .header("authorization", format!("Bearer {token}"));
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(request.body(Body::from(body)).expect("a request"))
            .await
    }

    /// A manager of the first store reads.
    pub async fn read(&self, path: &str) -> Answer {
        self.manage(&[RYNEK], (Method::GET, path), None, None).await
    }

    /// A manager of the first store adds something.
    pub async fn add(&self, path: &str, body: Value) -> Answer {
        let call = (Method::POST, path);
        self.manage(&[RYNEK], call, None, Some(body)).await
    }

    /// A manager of the first store writes over what she has just read.
    pub async fn edit(&self, path: &str, body: Value) -> Answer {
        let tag = self.read(path).await.tag();
        let call = (Method::PUT, path);
        self.manage(&[RYNEK], call, Some(&tag), Some(body)).await
    }

    /// A manager of the first store takes away what she has just read.
    pub async fn remove(&self, path: &str) -> Answer {
        let tag = self.read(path).await.tag();
        let call = (Method::DELETE, path);
        self.manage(&[RYNEK], call, Some(&tag), None).await
    }

    /// Every event that waits to be published, in order, as it will be.
    pub async fn told(&self) -> Vec<Value> {
        testkit::events::published(&self.db).await
    }

    pub async fn menu(&self, store: &str) -> Menu {
        Menu(
            self.get(&format!("/v1/stores/{store}/menu"), None)
                .await
                .json(),
        )
    }

    pub fn wait(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// Changes the catalogue behind the service's back.
    pub async fn change(&self, sql: &str) {
        assert!(self.run(sql).await > 0, "{sql} changed nothing");
    }

    /// Does something behind the service's back; says to how many rows.
    pub async fn run(&self, sql: &str) -> u64 {
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&self.db).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"))
            .rows_affected()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn tag(&self) -> String {
        let tag = self.headers["etag"].to_str().expect("text").to_owned();
        assert!(tag.starts_with('"'), "{tag} is not strong");
        tag
    }

    /// Status and type of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        let kind = self.json()["type"].as_str().expect("a type").to_owned();
        let slug = kind
            .strip_prefix("urn:problem-type:crema:")
            .expect("our prefix");
        (self.status.as_u16(), slug.to_owned())
    }

    /// The fields that a problem names.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].clone();
        let errors = errors.as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|it| {
                assert!(it["detail"].as_str().is_some_and(|text| !text.is_empty()));
                it["pointer"].as_str().expect("a pointer").to_owned()
            })
            .collect()
    }
}

/// A menu as the service answered it, searched by names.
pub struct Menu(pub Value);

impl Menu {
    pub fn products(&self) -> impl Iterator<Item = &Value> {
        list(&self.0["categories"])
            .iter()
            .flat_map(|category| list(&category["products"]))
    }

    pub fn product(&self, name: &str) -> Option<&Value> {
        self.products().find(|product| product["name"] == name)
    }

    pub fn variation(&self, product: &str, name: &str) -> &Value {
        let product = self.product(product).expect("a product");
        by_name(&product["variations"], name)
    }

    pub fn option(&self, product: &str, group: &str, name: &str) -> Value {
        let product = self.product(product).expect("a product");
        by_name(&by_name(&product["option_groups"], group)["options"], name)["id"].clone()
    }
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn by_name<'a>(values: &'a Value, name: &str) -> &'a Value {
    list(values)
        .iter()
        .find(|it| it["name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}
