//! Runners that freeze, end or share: only the newest hold on a saga writes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request as Call, State};
use dapr_kit::{Dapr, DaprConfig};
use order::state::App;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::world::{World, by_card, one_flat_white, place};

/// A sidecar in front of the test's own that holds every capture back until it is let go.
struct Gate {
    app: App,
    arrived: mpsc::Receiver<()>,
    go: mpsc::Sender<()>,
}

/// What the gate works with.
#[derive(Clone)]
struct Held {
    tell: mpsc::Sender<()>,
    let_go: Arc<Mutex<mpsc::Receiver<()>>>,
    behind: Dapr,
}

impl Gate {
    async fn before(world: &World) -> Self {
        let (tell, arrived) = mpsc::channel(1);
        let (go, let_go) = mpsc::channel::<()>(1);
        let behind = world.sidecar.dapr();
        let state = Held {
            tell,
            let_go: Arc::new(Mutex::new(let_go)),
            behind,
        };
        let router = Router::new()
            .fallback(
                async |State(Held {
                           tell,
                           let_go,
                           behind,
                       }): State<Held>,
                       call: Call| {
                    let path = call.uri().path().to_owned();
                    let (app, path) = path
                        .trim_start_matches("/v1.0/invoke/")
                        .split_once("/method")
                        .expect("an invocation");
                    let (app, path) = (app.to_owned(), path.to_owned());
                    let (parts, body) = call.into_parts();
                    let body = axum::body::to_bytes(body, usize::MAX)
                        .await
                        .expect("a body");
                    let reply = behind
                        .invoke(&app, parts.method, &path)
                        .body(body)
                        .send()
                        .await
                        .expect("an answer");
                    if path.ends_with("/capture") {
                        // It is done; only its answer is held back.
                        tell.send(()).await.expect("a listener");
                        let_go.lock().await.recv().await;
                    }
                    (reply.status, reply.body)
                },
            )
            .with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let base = format!("http://{address}");
        let config = DaprConfig {
            http: base.parse().expect("an address"),
            grpc: base.parse().expect("an address"),
            api_token: None,
        };
        let app = App {
            dapr: Dapr::connect(&config).expect("a sidecar"),
            ..world.app.clone()
        };
        Self { app, arrived, go }
    }
}

#[tokio::test]
async fn a_runner_frozen_past_its_lease_is_fenced() {
    let world = World::without_runner().await;
    world.catalog_sells("Europe/Warsaw", Duration::ZERO).await;
    let mut gate = Gate::before(&world).await;
    let (end, ended) = oneshot::channel::<()>();
    let first = world.runner(&gate.app).run(async {
        let _ = ended.await;
    });
    let first = tokio::spawn(first);
    let answer = world
        .send(place(&world.customer(), "k1", &by_card("tok_visa")))
        .await;
    let id = answer.id();
    gate.arrived.recv().await.expect("the first capture");
    // The first runner stands still, its lease runs out, and another takes over and ends the checkout.
    world.end_lease(id).await;
    let _other = world.sibling();
    world
        .until(id, |order| order["checkout"] == "confirmed")
        .await;
    let before = world.told(id).await;
    let (version, fence) = world.versions(id).await;
    // The first one goes on with what it believes to hold.
    gate.go.send(()).await.expect("a runner that waits");
    drop(end);
    first.await.expect("it ends by itself");
    assert_eq!(world.versions(id).await, (version, fence));
    assert_eq!((version, fence), (2, 2));
    assert_eq!(world.told(id).await, before);
    assert_eq!(world.steps(id).await, ["pending", "confirmed"]);
    // The same capture twice, under one id: payment takes the money once.
    assert_eq!(
        world.shop.called(),
        ["reserve", "authorise", "capture", "capture"]
    );
}

#[tokio::test]
async fn a_wish_during_the_capture_is_not_outrun_by_confirming() {
    let world = World::without_runner().await;
    world.catalog_sells("Europe/Warsaw", Duration::ZERO).await;
    let mut gate = Gate::before(&world).await;
    world.start_runner(&gate.app);
    let answer = world
        .send(place(&world.customer(), "k1", &by_card("tok_visa")))
        .await;
    let id = answer.id();
    gate.arrived.recv().await.expect("the capture");
    world.recall(id).await;
    gate.go.send(()).await.expect("a runner that waits");
    let order = world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(order["payment"]["status"], "refunded");
    assert_eq!(world.steps(id).await, ["pending", "cancelled"]);
    assert_eq!(
        world.shop.called(),
        ["reserve", "authorise", "capture", "refund", "release"]
    );
}

#[tokio::test]
async fn a_runner_that_ends_gives_its_checkouts_up_at_once() {
    let world = World::without_runner().await;
    world.catalog_sells("Europe/Warsaw", Duration::ZERO).await;
    let answer = world
        .send(place(&world.customer(), "k1", &one_flat_white()))
        .await;
    let id = answer.id();
    assert!(world.saga(id).await.4, "held from the start");
    world.runner(&world.app).run(std::future::ready(())).await;
    let (state, _, step, _, held) = world.saga(id).await;
    assert_eq!(
        (state.as_str(), step.as_str(), held),
        ("running", "reserve", false)
    );
    let _other = world.sibling();
    world
        .until(id, |order| order["checkout"] == "confirmed")
        .await;
    assert_eq!(world.told(id).await, ["reserve done", "confirm done"]);
}
