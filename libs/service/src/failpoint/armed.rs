//! What is armed and switched on in this process, and the ops routes that change it.
//!
//! Invariant: an armed name fires once, by the end of the process; until then each hit is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::routing::{get, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// All that a test has asked for, and the hits so far of every name that was ever reached.
#[derive(Debug, Serialize)]
struct Wishes {
    /// By name, how many more hits are let pass.
    armed: BTreeMap<String, u64>,
    reached: BTreeMap<String, u64>,
    mutations: BTreeSet<String>,
}

static WISHES: Mutex<Wishes> = Mutex::new(Wishes {
    armed: BTreeMap::new(),
    reached: BTreeMap::new(),
    mutations: BTreeSet::new(),
});

fn wishes() -> MutexGuard<'static, Wishes> {
    WISHES.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn reach(name: &str) {
    let mut wishes = wishes();
    *wishes.reached.entry(name.to_owned()).or_default() += 1;
    match wishes.armed.get_mut(name) {
        None => {}
        Some(0) => {
            tracing::warn!(failpoint = name, "the process ends here, as a test asked");
            std::process::abort();
        }
        Some(skip) => *skip -= 1,
    }
}

pub(super) fn mutated(name: &str) -> bool {
    wishes().mutations.contains(name)
}

/// The router of the ops listener with these routes.
pub(crate) fn add_routes(router: Router) -> Router {
    router
        .route("/failpoints", get(show).post(arm).delete(disarm))
        .route("/mutations", put(mutate))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    name: String,
    /// Hits that are let pass before the one that kills.
    #[serde(default)]
    skip: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutations {
    on: BTreeSet<String>,
}

async fn show() -> Json<serde_json::Value> {
    Json(serde_json::json!(&*wishes()))
}

async fn arm(Json(Arm { name, skip }): Json<Arm>) -> StatusCode {
    wishes().armed.insert(name, skip);
    StatusCode::NO_CONTENT
}

async fn disarm() -> StatusCode {
    wishes().armed.clear();
    StatusCode::NO_CONTENT
}

async fn mutate(Json(Mutations { on }): Json<Mutations>) -> StatusCode {
    wishes().mutations = on;
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    use axum::body::{Body, to_bytes};
    use http::Request;
    use http::header::CONTENT_TYPE;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    use super::*;
    use crate::failpoint;

    async fn ask(method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .expect("a request");
        let router = add_routes(Router::new());
        let response = router.oneshot(request).await.expect("an answer");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("a body");
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    /// One test for all that is asked of the process as a whole: the tests of a binary share it.
    #[tokio::test]
    async fn what_is_asked_for_is_shown_and_taken_back() {
        let point = json!({ "name": "service.test.shown", "skip": 2 });
        assert_eq!(
            ask("POST", "/failpoints", point).await.0,
            StatusCode::NO_CONTENT
        );
        failpoint::reach("service.test.shown");
        failpoint::reach("service.test.other");
        let (_, shown) = ask("GET", "/failpoints", Value::Null).await;
        assert_eq!(shown["armed"]["service.test.shown"], 1);
        assert_eq!(shown["reached"]["service.test.shown"], 1);
        assert_eq!(shown["reached"]["service.test.other"], 1);
        assert_eq!(
            ask("DELETE", "/failpoints", Value::Null).await.0,
            StatusCode::NO_CONTENT
        );
        for _ in 0..4 {
            failpoint::reach("service.test.shown");
        }

        assert!(!failpoint::mutated("one"));
        for (on, one, two) in [
            (json!(["one"]), true, false),
            (json!(["two"]), false, true),
            (json!([]), false, false),
        ] {
            let (status, _) = ask("PUT", "/mutations", json!({ "on": on })).await;
            assert_eq!(status, StatusCode::NO_CONTENT);
            let both = (failpoint::mutated("one"), failpoint::mutated("two"));
            assert_eq!(both, (one, two), "{on}");
        }
    }

    #[tokio::test]
    async fn a_wish_of_another_shape_is_refused() {
        for (method, path, body) in [
            ("POST", "/failpoints", json!({ "nmae": "a" })),
            ("POST", "/failpoints", json!({ "name": "a", "skip": -1 })),
            ("PUT", "/mutations", json!({ "on": "inbox" })),
        ] {
            let (status, _) = ask(method, path, body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        }
    }

    const CHILD: &str = "FAILPOINT_TEST_CHILD";
    const THIS: &str =
        "failpoint::armed::tests::an_armed_point_kills_at_the_hit_that_was_asked_for";

    /// The test starts itself as another process, and that one dies.
    #[tokio::test]
    async fn an_armed_point_kills_at_the_hit_that_was_asked_for() {
        #[expect(clippy::disallowed_methods, reason = "tells parent and child apart")]
        if std::env::var(CHILD).is_ok() {
            let point = json!({ "name": "service.test.killed", "skip": 2 });
            ask("POST", "/failpoints", point).await;
            for hit in 1..=4 {
                println!("hit {hit}");
                failpoint::reach("service.test.another");
                failpoint::reach("service.test.killed");
            }
            return;
        }
        let this = std::env::current_exe().expect("this program");
        let child = Command::new(this)
            .args([THIS, "--exact", "--nocapture"])
            .env(CHILD, "yes")
            .output()
            .expect("a child");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(said.contains("hit 3") && !said.contains("hit 4"), "{said}");
        assert_eq!(child.status.signal(), Some(6), "SIGABRT: {said}");
    }
}
