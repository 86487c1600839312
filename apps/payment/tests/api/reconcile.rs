//! Our books held against the provider's: what is planted is found with its remedy, and nothing else is.

mod differences;
mod operators;
mod runs;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use payment::reconcile::run;
use serde_json::{Value, json};

use crate::world::{Answer, World, morning, request};

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    let request = request(Method::POST, path, &world.operator())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    world.send(request.expect("a request")).await
}

/// Lets an hour pass, and wants what happened since the beginning compared.
async fn want(world: &World) -> String {
    world.app.clock.advance(TimeDelta::hours(1));
    let body = json!({"from": instant(morning() - TimeDelta::hours(1))});
    let wanted = post(world, "/v1/reconciliations", &body).await;
    assert_eq!(wanted.status, StatusCode::ACCEPTED, "{}", wanted.body);
    assert_eq!(wanted.body["state"], "waiting");
    let id = wanted.body["reconciliation_id"].as_str().expect("an id");
    assert_eq!(
        wanted.headers[header::LOCATION],
        format!("/v1/reconciliations/{id}")
    );
    id.to_owned()
}

async fn look(world: &World, id: &str) -> Value {
    let path = format!("/v1/reconciliations/{id}");
    world.get(&world.operator(), &path).await.body
}

/// One that was made.
pub async fn reconciled(world: &World) -> Value {
    let id = want(world).await;
    assert!(run::pass(&world.app).await.expect("a pass"));
    let made = look(world, &id).await;
    assert_eq!(made["state"], "finished");
    made
}

async fn divergences(world: &World, query: &str) -> Vec<Value> {
    let path = format!("/v1/divergences?limit=100{query}");
    let page = world.get(&world.operator(), &path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.body["items"].as_array().expect("a list").clone()
}

async fn open(world: &World) -> Vec<Value> {
    divergences(world, "").await
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}
