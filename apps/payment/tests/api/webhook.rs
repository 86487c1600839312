//! The provider's messages: signed, of now, once; and hints rather than facts.

use axum::http::StatusCode;
use chrono::TimeDelta;
use payment::operation::Progress;
use payment::payment::Status;
use serde_json::json;

use crate::provider::Mood;
use crate::world::{AMOUNT, World, message, sign};

/// Lets the resolver work as far as it would by itself, without letting time pass.
async fn resolver_runs(world: &World) {
    while payment::resolver::pass(&world.app).await.expect("a pass") > 0 {}
}

#[tokio::test]
async fn only_what_is_signed_lately_by_the_provider_is_taken() {
    let world = World::new().await;
    let order = world.new_order();
    let body = message("ev_1", "authorisation.succeeded", order).to_string();
    let now = world.app.clock.now().timestamp();
    let swapped = message("ev_2", "authorisation.succeeded", order).to_string();
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
        let body = message(id, "authorisation.succeeded", order);
        assert_eq!(world.webhook(secret, &body).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_was_signed_once_can_not_be_sent_again_later() {
    let world = World::new().await;
    let body = message("ev_1", "capture.succeeded", world.new_order()).to_string();
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

#[tokio::test]
async fn a_message_that_is_signed_but_makes_no_sense_is_refused_or_changes_nothing() {
    let world = World::new().await;
    for (body, status) in [
        (json!({"id": "ev_1"}), 422),
        (json!([]), 422),
        (
            json!({"id": "ev_2", "type": "capture.succeeded", "data": {"reference": "no id"}}),
            200,
        ),
        (
            json!({"id": "ev_3", "type": "card.expired", "data": {"reference": world.new_order().0}}),
            200,
        ),
        (
            json!({"id": "ev_4", "type": "", "data": {"reference": ""}}),
            200,
        ),
        (message("ev_5", "capture.succeeded", world.new_order()), 200),
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

#[tokio::test]
async fn a_late_success_after_the_void_is_voided() {
    let world = World::new().await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Late]);
    world.authorise(order).await;
    assert_eq!(world.void(order).await.payment().1, "voided");
    world.provider.catch_up();
    let told = message("ev_1", "authorisation.succeeded", order);
    for _ in 0..5 {
        assert_eq!(world.webhook("newest", &told).await.status, StatusCode::OK);
    }
    resolver_runs(&world).await;
    assert!(!world.provider.holds(&order.0.to_string()));
    assert_eq!(world.provider.count("void"), 1);
    assert_eq!(world.payment(order).await.status(), Status::Voided);
}

#[tokio::test]
async fn a_late_capture_after_the_undoing_is_refunded() {
    let world = World::new().await;
    let order = world.new_order();
    world.authorise(order).await;
    world.provider.will("capture", &[Mood::Late]);
    world.capture(order).await;
    assert_eq!(world.undo(order).await.status, StatusCode::OK);
    world.provider.catch_up();
    world
        .webhook("newest", &message("ev_1", "capture.succeeded", order))
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

#[tokio::test]
async fn messages_in_the_wrong_order_and_again_change_nothing() {
    let world = World::new().await;
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
                .webhook("newest", &message(id, kind, order))
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

#[tokio::test]
async fn a_message_settles_what_is_unknown_at_once() {
    let world = World::new().await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Lost]);
    world.provider.is_silent(true);
    assert_eq!(world.authorise(order).await.problem().0, 503);
    world.provider.is_silent(false);
    // A lie, signed: the provider is asked all the same, and its answer counts.
    world
        .webhook("newest", &message("ev_1", "authorisation.declined", order))
        .await;
    resolver_runs(&world).await;
    assert_eq!(world.payment(order).await.status(), Status::Authorised);
    assert_eq!(world.provider.count("authorisation"), 1);
    assert_eq!(
        world.capture(order).await.payment(),
        (200, "captured", AMOUNT, 0)
    );
}
