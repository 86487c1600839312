//! The public listener's table, which the ops listener shows: each row is served, and asks for a session where it says so.

use axum::http::{Method, StatusCode};
use service::routes::{Access, Listener};

use crate::stage::Stage;

const ID: &str = "0190a000-0000-7000-8000-0000000000aa";
const HASH: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

#[tokio::test]
async fn each_row_is_served_and_asks_for_a_session_where_it_says_so() {
    let stage = Stage::set().await;
    let headers = [("idempotency-key", "key-1"), ("if-match", "\"1\"")];
    for row in &stage.table {
        let path: Vec<_> = row
            .path
            .split('/')
            .map(|part| match part {
                "{*file}" => "app-0a1b.js",
                "{hash}" => HASH,
                part if part.starts_with('{') => ID,
                part => part,
            })
            .collect();
        let mut visitor = stage.browser();
        let answer = if row.method == Method::GET {
            visitor.get(&path.join("/")).await
        } else {
            let method = row.method.clone();
            visitor.send(method, &path.join("/"), &headers, "{}").await
        };
        assert_eq!(row.listener, Listener::Public, "{}", row.path);
        let asks = answer.status == StatusCode::UNAUTHORIZED && answer.problem() == "not-signed-in";
        assert_eq!(asks, row.access == Access::Session, "{row:?}: {answer:?}");
        let wants_a_token =
            answer.status == StatusCode::UNAUTHORIZED && answer.problem() == "unauthenticated";
        assert_eq!(
            wants_a_token,
            row.access == Access::Bearer,
            "{row:?}: {answer:?}"
        );
        let unknown = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        assert!(!unknown.contains(&answer.status), "{row:?}: {answer:?}");
    }
}

#[tokio::test]
async fn what_has_no_row_is_not_served() {
    let stage = Stage::set().await;
    for path in ["/api", "/api/", "/api/nothing", "/v1/nothing", "/routes"] {
        let answer = stage.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
