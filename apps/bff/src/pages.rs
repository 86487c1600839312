//! The web client: its one page and its hashed files.
//!
//! Invariant: a file's name changes with its content, so it is kept for ever; the page that names the files is asked for
//! each time.

use std::path::Path;

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get_service};
use service::etag;
use tower_http::services::{ServeDir, ServeFile};

use crate::error::Error;

/// The client's files below the folder, and their path here.
pub const FILES: &str = "/assets/{*file}";
/// Where the client's own router takes over.
pub const PATHS: [&str; 6] = [
    "/",
    "/stores/{id}",
    "/orders",
    "/orders/{id}",
    "/board",
    "/board/{store}",
];

/// The built client.
#[derive(Clone, Debug)]
pub struct Web {
    index: ServeFile,
    assets: ServeDir,
}

/// There is no client in the folder.
#[derive(Debug, thiserror::Error)]
#[error("{0} holds no built web client: there is no index.html")]
pub struct NotBuilt(String);

impl Web {
    /// The client in this folder.
    pub fn open(root: &Path) -> Result<Self, NotBuilt> {
        let index = root.join("index.html");
        if !index.is_file() {
            return Err(NotBuilt(root.display().to_string()));
        }
        Ok(Self {
            index: ServeFile::new(index).precompressed_br(),
            assets: ServeDir::new(root)
                .append_index_html_on_directories(false)
                .precompressed_br(),
        })
    }

    /// The page.
    pub fn page<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        get_service(self.index.clone()).layer(map_response(always_asked_for))
    }

    /// The files.
    pub fn assets<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        get_service(self.assets.clone()).layer(map_response(kept_for_ever))
    }
}

async fn always_asked_for(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn kept_for_ever(mut response: Response) -> Response {
    let status = response.status();
    if status == StatusCode::NOT_FOUND {
        return Error::NotFound.into_response();
    }
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(CACHE_CONTROL, etag::FOR_EVER);
    }
    response
}
