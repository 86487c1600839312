//! A Dapr sidecar's gRPC API as far as bulk publishing goes, which fails on demand and notes what arrived.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use dapr::dapr::proto::runtime::v1::{
    BulkPublishRequest, BulkPublishResponse, BulkPublishResponseFailedEntry,
};
use dapr_kit::{Dapr, DaprConfig};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// How one publish goes wrong.
pub enum Failure {
    /// Nothing arrives.
    Refuse,
    /// The first half arrives, then the call fails.
    DeliverHalf,
    /// The second half arrives, then the call fails: as when the broker comes back meanwhile.
    DeliverLaterHalf,
    /// Everything arrives, and one entry is reported as failed.
    DenyAfterDelivery,
}

/// One event as it arrived.
#[derive(Clone)]
pub struct Entry {
    pub target: (String, String),
    pub key: String,
    pub content_type: String,
    pub event: Value,
}

struct State {
    failures: Mutex<VecDeque<Failure>>,
    delivered: Mutex<Vec<Entry>>,
    now: AtomicUsize,
    most: AtomicUsize,
    refused: AtomicUsize,
    gate: Arc<Semaphore>,
}

/// One sidecar, here or away.
pub struct Sidecar {
    address: SocketAddr,
    state: Arc<State>,
    absence: Mutex<Option<JoinHandle<()>>>,
}

impl Sidecar {
    pub async fn start() -> Self {
        let sidecar = Self::away().await;
        sidecar.come().await;
        sidecar
    }

    /// An address where every connection is closed at once.
    pub async fn away() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let state = State {
            failures: Mutex::default(),
            delivered: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            gate: Arc::new(Semaphore::new(16)),
            refused: AtomicUsize::new(0),
        };
        let (address, state) = (listener.local_addr().expect("an address"), Arc::new(state));
        let counting = Arc::clone(&state);
        let absence = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                drop(connection);
                counting.refused.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            address,
            state,
            absence: Mutex::new(Some(absence)),
        }
    }

    /// How many connections were closed while it was away.
    pub fn refused(&self) -> usize {
        self.state.refused.load(Ordering::SeqCst)
    }

    pub async fn come(&self) {
        let absence = self.absence.lock().expect("a lock").take();
        let absence = absence.expect("it was away");
        absence.abort();
        // The port is free once the task is gone.
        assert!(absence.await.is_err_and(|end| end.is_cancelled()));
        let listener = TcpListener::bind(self.address).await.expect("the port");
        let server = Server::builder().add_service(Fake(Arc::clone(&self.state)));
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    }

    pub fn dapr(&self) -> Dapr {
        let url: url::Url = format!("http://{}", self.address).parse().expect("a URL");
        Dapr::connect(&DaprConfig {
            http: url.clone(),
            grpc: url,
            api_token: None,
        })
        .expect("a usable configuration")
    }

    pub fn fail_next(&self, failures: impl IntoIterator<Item = Failure>) {
        self.state.failures.lock().expect("a lock").extend(failures);
    }

    /// No publish ends until the returned permits are dropped.
    pub fn hold(&self) -> OwnedSemaphorePermit {
        let all = 16;
        Arc::clone(&self.state.gate)
            .try_acquire_many_owned(all)
            .expect("nobody publishes yet")
    }

    pub fn delivered(&self) -> Vec<Entry> {
        self.state.delivered.lock().expect("a lock").clone()
    }

    /// How many publishes were under way at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl State {
    async fn publish(&self, request: BulkPublishRequest) -> Result<BulkPublishResponse, Status> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let permit = self.gate.acquire().await.expect("a gate");
        let outcome = self.deliver(request);
        drop(permit);
        self.now.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    fn deliver(&self, request: BulkPublishRequest) -> Result<BulkPublishResponse, Status> {
        let failure = self.failures.lock().expect("a lock").pop_front();
        let count = match failure {
            Some(Failure::Refuse) => 0,
            Some(Failure::DeliverHalf | Failure::DeliverLaterHalf) => request.entries.len() / 2,
            Some(Failure::DenyAfterDelivery) | None => request.entries.len(),
        };
        let skipped = match failure {
            Some(Failure::DeliverLaterHalf) => request.entries.len() - count,
            _ => 0,
        };
        let arrived = request
            .entries
            .into_iter()
            .skip(skipped)
            .take(count)
            .map(|entry| Entry {
                target: (request.pubsub_name.clone(), request.topic.clone()),
                key: entry.metadata["partitionKey"].clone(),
                content_type: entry.content_type,
                event: serde_json::from_slice(&entry.event).expect("a JSON event"),
            });
        self.delivered.lock().expect("a lock").extend(arrived);
        match failure {
            None => Ok(BulkPublishResponse::default()),
            Some(Failure::DenyAfterDelivery) => Ok(BulkPublishResponse {
                failed_entries: vec![BulkPublishResponseFailedEntry {
                    entry_id: "one of them".into(),
                    error: "the broker did not answer".into(),
                }],
            }),
            Some(_) => Err(Status::internal("the broker is away")),
        }
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The service as tonic's server wants it, without the eighty methods that are not under test.
#[derive(Clone)]
struct Fake(Arc<State>);

impl NamedService for Fake {
    const NAME: &'static str = "dapr.proto.runtime.v1.Dapr";
}

impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Boxed<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let publish = Publish(Arc::clone(&self.0));
        Box::pin(async move {
            assert!(request.uri().path().contains("BulkPublish"));
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(grpc.unary(publish, request).await)
        })
    }
}

struct Publish(Arc<State>);

impl UnaryService<BulkPublishRequest> for Publish {
    type Response = BulkPublishResponse;
    type Future = Boxed<Result<Response<BulkPublishResponse>, Status>>;

    fn call(&mut self, request: Request<BulkPublishRequest>) -> Self::Future {
        let state = Arc::clone(&self.0);
        Box::pin(async move { state.publish(request.into_inner()).await.map(Response::new) })
    }
}
