//! The service under test and what a caller sees of it.
//!
//! Invariant: the clock stands still until a test moves it.

use ::catalog::state::App;
use ::catalog::{MIGRATOR, routes, seed};
use axum::Router;
use axum::body::{Body, to_bytes};
use chrono::TimeDelta;
use http::{HeaderMap, Request, StatusCode};
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
    clock: Clock,
    router: Router,
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
        let db = testkit::database(&[&MIGRATOR]).await;
        seed::demo(&db).await.expect("the seed");
        let clock = Clock::manual(Clock::system().now());
        let issuer = Issuer::with_clock(clock.clone());
        let app = App::new(db.clone(), clock.clone());
        let router = routes::table().into_router(app, issuer.guard("catalog"));
        Self {
            db,
            issuer,
            clock,
            router,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router never fails");
        let (parts, body) = response.into_parts();
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
        let token = self.issuer.token("catalog", |claims| {
            claims.scope = "catalog:read".into();
        });
        let mut request = Request::get(path)
            .header("dapr-api-token", APP_TOKEN)
            .header("authorization", format!("Bearer {token}"));
        if let Some(tag) = known {
            request = request.header("if-none-match", tag);
        }
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
        let done = sqlx::query(AssertSqlSafe(sql))
            .execute(&self.db)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(done.rows_affected() > 0, "{sql} changed nothing");
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
