//! The provider's messages: signed, of now, once; and hints rather than facts.

use axum::http::StatusCode;
use chrono::TimeDelta;
use payment::operation::Progress;
use payment::payment::Status;
use payment::provider::Provider;
use serde_json::json;

use crate::provider::Mood;
use crate::world::{AMOUNT, OfPayment as _, World, sign};

for_each_provider![
    only_what_is_signed_lately_by_the_provider_is_taken,
    what_was_signed_once_can_not_be_sent_again_later,
    a_message_that_is_signed_but_makes_no_sense_is_refused_or_changes_nothing,
    a_late_success_after_the_void_is_voided,
    a_late_capture_after_the_undoing_is_refunded,
    messages_in_the_wrong_order_and_again_change_nothing,
    a_message_settles_what_is_unknown_at_once,
];

/// Lets the resolver work as far as it would by itself, without letting time pass.
async fn resolver_runs(world: &World) {
    while payment::resolver::pass(&world.app).await.expect("a pass") > 0 {}
}

async fn only_what_is_signed_lately_by_the_provider_is_taken(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    let body = world
        .message("ev_1", "authorisation.succeeded", order)
        .to_string();
    let now = world.app.clock.now().timestamp();
    let swapped = world
        .message("ev_2", "authorisation.succeeded", order)
        .to_string();
    for signature in [
        None,
        Some(String::new()),
        Some(sign("wrong", now, &body)),
        Some(sign("newest", now, &swapped)),
        Some(sign("newest", now - 301, &body)),
        Some(sign("newest", now + 301, &body)),
        Some("t=now,v1=00".to_owned()),
    ] {
        let answer = world.post_webhook(signature.as_deref(), body.clone()).await;
        assert_eq!(
            answer.problem(),
            (401, "webhook-signature".into()),
            "{signature:?}"
        );
    }
    let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM webhook_events")
        .fetch_one(world.db())
        .await
        .expect("a count");
    assert_eq!(taken, 0);
    for (id, secret) in [("ev_3", "newest"), ("ev_4", "older")] {
        let body = world.message(id, "authorisation.succeeded", order);
        assert_eq!(world.webhook(secret, &body).await.status, StatusCode::OK);
    }
}

async fn what_was_signed_once_can_not_be_sent_again_later(provider: Provider) {
    let world = World::of(provider).await;
    let body = world
        .message("ev_1", "capture.succeeded", world.new_order())
        .to_string();
    let signature = sign("newest", world.app.clock.now().timestamp(), &body);
    assert_eq!(
        world
            .post_webhook(Some(&signature), body.clone())
            .await
            .status,
        StatusCode::OK
    );
    world.app.clock.advance(TimeDelta::seconds(301));
    let answer = world.post_webhook(Some(&signature), body).await;
    assert_eq!(answer.problem(), (401, "webhook-signature".into()));
}

async fn a_message_that_is_signed_but_makes_no_sense_is_refused_or_changes_nothing(
    provider: Provider,
) {
    let world = World::of(provider).await;
    for (body, status) in [
        (json!({"id": "ev_1"}), 422),
        (json!([]), 422),
        (world.message_of("ev_2", "capture.succeeded", "no id"), 200),
        (
            world.message("ev_3", "card.expired", world.new_order()),
            200,
        ),
        (world.message_of("ev_4", "", ""), 200),
        (
            world.message("ev_5", "capture.succeeded", world.new_order()),
            200,
        ),
    ] {
        assert_eq!(
            world.webhook("newest", &body).await.status.as_u16(),
            status,
            "{body}"
        );
    }
    let body = "{".to_owned();
    let signature = sign("newest", world.app.clock.now().timestamp(), &body);
    assert_eq!(
        world.post_webhook(Some(&signature), body).await.problem().0,
        400
    );
}

async fn a_late_success_after_the_void_is_voided(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Late]);
    world.authorise(order).await;
    assert_eq!(world.void(order).await.payment().1, "voided");
    world.provider.catch_up();
    let told = world.message("ev_1", "authorisation.succeeded", order);
    for _ in 0..5 {
        assert_eq!(world.webhook("newest", &told).await.status, StatusCode::OK);
    }
    resolver_runs(&world).await;
    assert!(!world.provider.holds(&order.0.to_string()));
    assert_eq!(world.provider.count("void"), 1);
    assert_eq!(world.payment(order).await.status(), Status::Voided);
}

async fn a_late_capture_after_the_undoing_is_refunded(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    world.provider.will("capture", &[Mood::Late]);
    world.capture(order).await;
    assert_eq!(world.undo(order).await.status, StatusCode::OK);
    world.provider.catch_up();
    world
        .webhook("newest", &world.message("ev_1", "capture.succeeded", order))
        .await;
    resolver_runs(&world).await;
    assert_eq!(world.payment(order).await.net(), 0);
    assert_eq!(world.provider.net(&order.0.to_string()), 0);
    assert_eq!(
        world.operations(order).await,
        [
            ("authorise", Progress::Succeeded),
            ("capture", Progress::Succeeded),
            ("refund", Progress::Succeeded)
        ]
    );
    assert_eq!(
        world.events().await[2..],
        ["payment.processed.v1", "payment.refund_processed.v1"]
    );
    world.check_money(order).await;
}

async fn messages_in_the_wrong_order_and_again_change_nothing(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    world.refund(order, "k", 90).await;
    let before = (
        world.payment(order).await,
        world.operations(order).await,
        world.events().await,
    );
    for (id, kind) in [
        ("ev_4", "refund.succeeded"),
        ("ev_3", "void.succeeded"),
        ("ev_2", "capture.succeeded"),
        ("ev_1", "authorisation.declined"),
        ("ev_2", "capture.succeeded"),
    ] {
        assert_eq!(
            world
                .webhook("newest", &world.message(id, kind, order))
                .await
                .status,
            StatusCode::OK
        );
        resolver_runs(&world).await;
    }
    let after = (
        world.payment(order).await,
        world.operations(order).await,
        world.events().await,
    );
    assert_eq!(before, after);
    world.check_money(order).await;
}

async fn a_message_settles_what_is_unknown_at_once(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Lost]);
    world.provider.is_silent(true);
    assert_eq!(world.authorise(order).await.problem().0, 503);
    world.provider.is_silent(false);
    // A lie, signed: the provider is asked all the same, and its answer counts.
    world
        .webhook(
            "newest",
            &world.message("ev_1", "authorisation.declined", order),
        )
        .await;
    resolver_runs(&world).await;
    assert_eq!(world.payment(order).await.status(), Status::Authorised);
    assert_eq!(world.provider.count("authorisation"), 1);
    assert_eq!(
        world.capture(order).await.payment(),
        (200, "captured", AMOUNT, 0)
    );
}
