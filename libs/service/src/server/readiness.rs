//! Whether a service takes requests now.
//!
//! Invariant: it is ready when every check holds and nobody has asked it to end; what is noted decides nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use http::StatusCode;
use serde_json::{Map, Value, json};
use sqlx::PgPool;

use crate::database;
use crate::server::Shutdown;

type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

type Note = Arc<dyn Fn() -> Value + Send + Sync>;

/// What must be true before the service takes requests, by name, and what else whoever asks is told.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
    notes: Vec<(&'static str, Note)>,
}

impl Readiness {
    /// Adds a check.
    #[must_use]
    pub fn with<F, Fut>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.checks.push((name, check));
        self
    }

    /// Adds that the database answers.
    #[must_use]
    pub fn database(self, pool: &PgPool) -> Self {
        let pool = pool.clone();
        self.with("database", move || {
            let pool = pool.clone();
            async move { database::ready(&pool).await }
        })
    }

    /// Adds something that is told and decides nothing.
    #[must_use]
    pub fn noting(
        mut self,
        name: &'static str,
        note: impl Fn() -> Value + Send + Sync + 'static,
    ) -> Self {
        self.notes.push((name, Arc::new(note)));
        self
    }
}

/// What whoever asks is told.
pub(super) async fn ready(readiness: Readiness, shutdown: Shutdown) -> (StatusCode, Json<Value>) {
    let mut checks = Map::new();
    for (name, check) in &readiness.checks {
        checks.insert((*name).to_owned(), check().await.into());
    }
    let draining = shutdown.is_requested();
    let ready = !draining && checks.values().all(|ok| *ok == true);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut answer = json!({ "ready": ready, "draining": draining, "checks": checks });
    for (name, note) in &readiness.notes {
        answer[*name] = note();
    }
    (status, Json(answer))
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    #[tokio::test]
    async fn a_check_decides_whether_it_is_ready_and_a_note_does_not() {
        let (_trigger, ended) = watch::channel(false);
        for good in [true, false] {
            let readiness = Readiness::default()
                .with("database", move || async move { good })
                .noting("upstreams", || json!({ "order": false }));
            let (status, Json(answer)) = ready(readiness, Shutdown::on(ended.clone())).await;
            assert_eq!(status.is_success(), good);
            let expected = json!({
                "ready": good, "draining": false, "checks": { "database": good }, "upstreams": { "order": false },
            });
            assert_eq!(answer, expected);
        }
    }
}
