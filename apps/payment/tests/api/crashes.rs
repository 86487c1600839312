//! A process that ends between intent and outcome: the next one settles what it left, once.

use payment::operation::Progress;
use payment::ops;
use payment::payment::{OrderId, Status};
use payment::provider::Provider;
use service::auth::Principal;
use service::idempotency::Key;

use crate::provider::Mood;
use crate::world::{AMOUNT, OfPayment as _, STORE, World, authorisation, refund};

for_each_provider![
    after_the_provider_has_done_it,
    before_the_provider_has_done_it,
    in_the_middle_of_a_void,
    a_caller_that_hangs_up_does_not_stop_the_call,
    a_process_that_outlived_its_lease_records_nothing_twice,
];

/// Runs `command` until the provider has been called, and then not any further, as a crash would have it.
async fn crash<T: std::fmt::Debug>(world: &World, command: impl Future<Output = T>) {
    tokio::select! {
        done = command => panic!("it has ended: {done:?}"),
        () = world.provider.executed() => {}
    }
}

async fn forget_earlier(world: &World) {
    // A call that was answered has left its notification.
    tokio::select! {
        biased;
        () = world.provider.executed() => {}
        () = std::future::ready(()) => {}
    }
}

/// Makes the lease of the dead process last as long as the test likes; says whether there is one.
async fn hold_lease(world: &World, order: OrderId) -> bool {
    let held = sqlx::query(
        "UPDATE operations SET leased_until = 'infinity' FROM payments
         WHERE payments.id = payment_id AND order_id = $1 AND state = 'open' AND leased_until > due_at + interval '4 s'",
    );
    let held = held.bind(order.0).execute(world.db()).await;
    held.expect("a change").rows_affected() == 1
}

async fn after_the_provider_has_done_it(provider: Provider) {
    after(provider, Mood::HangAfter).await;
}

async fn before_the_provider_has_done_it(provider: Provider) {
    after(provider, Mood::Hang).await;
}

async fn after(provider: Provider, mood: Mood) {
    let world = World::of(provider).await;
    let order = world.new_order();
    let command = serde_json::from_value(authorisation(AMOUNT)).expect("a command");
    world.provider.will("authorisation", &[mood]);
    crash(
        &world,
        ops::authorise::authorise(&world.app, order, &command, "order"),
    )
    .await;
    assert_eq!(world.payment(order).await.status(), Status::Initiated);
    assert!(hold_lease(&world, order).await);
    // The next process finds the lease of the dead one, and waits until it has run out.
    assert_eq!(
        world.authorise(order).await.problem(),
        (503, "payment-unknown".into())
    );
    assert_eq!(
        payment::resolver::pass(&world.app).await.expect("a pass"),
        0
    );
    world.resolve().await;
    assert_eq!(
        world.authorise(order).await.payment(),
        (200, "authorised", 0, 0)
    );

    world.provider.will("capture", &[mood]);
    forget_earlier(&world).await;
    crash(&world, ops::capture::capture(&world.app, order, "order")).await;
    assert_eq!(world.payment(order).await.status(), Status::Authorised);
    world.resolve().await;
    assert_eq!(
        world.capture(order).await.payment(),
        (200, "captured", AMOUNT, 0)
    );

    let manager = Principal {
        subject: "a manager".into(),
        client_id: "bff".into(),
        actor: None,
        scopes: Vec::new(),
        roles: Vec::new(),
        stores: vec![STORE],
        session: None,
    };
    let headers = [(
        "idempotency-key".parse().expect("a name"),
        "k".parse().expect("a value"),
    )];
    let key = Key::of(&axum::http::HeaderMap::from_iter(headers)).expect("a key");
    let command = serde_json::from_value(refund(90)).expect("a command");
    world.provider.will("refund", &[mood]);
    forget_earlier(&world).await;
    crash(
        &world,
        ops::refund::refund(&world.app, &manager, order, key, &command),
    )
    .await;
    world.resolve().await;
    assert_eq!(world.payment(order).await.refunded().amount, 90);

    world.provider.will("refund", &[mood]);
    forget_earlier(&world).await;
    crash(
        &world,
        ops::undo_capture::undo_capture(&world.app, order, "order"),
    )
    .await;
    world.resolve().await;
    assert_eq!(
        world.undo(order).await.payment(),
        (200, "captured", AMOUNT, AMOUNT)
    );

    for (kind, times) in [("authorisation", 1), ("capture", 1), ("refund", 2)] {
        assert_eq!(world.provider.count(kind), times, "{kind}");
    }
    for (_, progress) in world.operations(order).await {
        assert_eq!(progress, Progress::Succeeded);
    }
    world.check_money(order).await;
}

async fn in_the_middle_of_a_void(provider: Provider) {
    for mood in [Mood::HangAfter, Mood::Hang] {
        let world = World::of(provider).await;
        let order = world.new_order();
        world.authorise(order).await;
        world.provider.will("void", &[mood]);
        forget_earlier(&world).await;
        crash(&world, ops::void::void(&world.app, order, "order")).await;
        // Whoever would capture now would be refused for good.
        assert_eq!(
            world.capture(order).await.problem(),
            (409, "payment-over".into())
        );
        world.resolve().await;
        assert_eq!(world.void(order).await.payment(), (200, "voided", 0, 0));
        assert_eq!(world.provider.count("void"), 1);
    }
}

async fn a_caller_that_hangs_up_does_not_stop_the_call(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Lost]);
    // Through the whole service: what is dropped here is the request.
    crash(&world, async { world.authorise(order).await.status }).await;
    let settled = async {
        while world.payment(order).await.status() == Status::Initiated {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, settled)
        .await
        .expect("settled without a caller");
    assert_eq!(world.provider.count("authorisation"), 1);
}

async fn a_process_that_outlived_its_lease_records_nothing_twice(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    world.provider.will("refund", &[Mood::HangAfter]);
    forget_earlier(&world).await;
    let meanwhile = async {
        world.provider.executed().await;
        // Another process believes the first one dead, and settles what it began.
        world.resolve().await;
        assert_eq!(world.payment(order).await.refunded().amount, 90);
    };
    let (answer, ()) = tokio::join!(world.refund(order, "k", 90), meanwhile);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(world.payment(order).await.refunded().amount, 90);
    assert_eq!(world.provider.count("refund"), 1);
    world.check_money(order).await;
}
