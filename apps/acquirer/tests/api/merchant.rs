//! The merchant's end of webhooks: notes each, answers as it is told, and checks signatures by a computation of its own.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use acquirer::operation::Id;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::sync::watch;

use crate::world::soon;

pub const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

/// One webhook as it came.
#[derive(Clone)]
pub struct Post {
    pub signature: String,
    pub body: String,
}

impl Post {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub fn event(&self) -> Id {
        Id(self.json()["id"].as_str().expect("an id").to_owned())
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }

    /// RFC 2104, step by step: not the code that signed.
    pub fn is_signed(&self) -> bool {
        let (time, tag) = self.signature.split_once(",v1=").expect("two parts");
        let time = time.strip_prefix("t=").expect("a time");
        let mut key = [0; 64];
        key[..WEBHOOK_SECRET.len()].copy_from_slice(WEBHOOK_SECRET.as_bytes());
        let mut inner: Vec<u8> = key.iter().map(|byte| byte ^ 0x36).collect();
        inner.extend(format!("{time}.{}", self.body).as_bytes());
        let mut outer: Vec<u8> = key.iter().map(|byte| byte ^ 0x5c).collect();
        outer.extend(digest(&SHA256, &inner).as_ref());
        let mut expected = String::new();
        for byte in digest(&SHA256, &outer).as_ref() {
            write!(expected, "{byte:02x}").expect("text");
        }
        tag == expected
    }
}

#[derive(Default)]
struct Inner {
    posts: Vec<Post>,
    answers: VecDeque<StatusCode>,
    otherwise: StatusCode,
}

/// The merchant's webhook endpoint.
#[derive(Clone, Default)]
pub struct Merchant(Arc<watch::Sender<Inner>>);

impl Merchant {
    pub fn router(&self) -> Router {
        Router::new()
            .route("/webhooks/provider", post(take))
            .with_state(self.clone())
    }

    /// Gives the next webhooks these answers, then all others this one.
    pub fn answer(&self, next: impl IntoIterator<Item = StatusCode>, otherwise: StatusCode) {
        self.0.send_modify(|inner| {
            inner.answers = next.into_iter().collect();
            inner.otherwise = otherwise;
        });
    }

    pub fn posts(&self) -> Vec<Post> {
        self.0.borrow().posts.clone()
    }

    /// All webhooks, once there are this many.
    pub async fn took(&self, count: usize) -> Vec<Post> {
        let mut inner = self.0.subscribe();
        let inner = soon(inner.wait_for(|inner| inner.posts.len() >= count)).await;
        inner.expect("a merchant").posts.clone()
    }
}

async fn take(State(merchant): State<Merchant>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let post = Post {
        signature: headers["acquirer-signature"]
            .to_str()
            .expect("text")
            .to_owned(),
        body: String::from_utf8(body.into()).expect("text"),
    };
    let mut answer = StatusCode::OK;
    merchant.0.send_modify(|inner| {
        inner.posts.push(post);
        answer = inner.answers.pop_front().unwrap_or(inner.otherwise);
    });
    answer
}
