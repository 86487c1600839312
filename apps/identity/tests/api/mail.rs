//! Sending mail.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use identity::postman::{self, Mailer as _, Smtp};
use serde_json::json;
use testkit::Sidecar;

use crate::ada::{self, ADDRESS, MailServer, mail};
use crate::world::World;

#[tokio::test]
async fn what_is_not_sent_is_tried_again_after_growing_pauses() {
    let world = World::new().await;
    ada::registers(&world).await;
    let server = MailServer::default();
    server.down.store(true, Ordering::SeqCst);
    let try_it = async || postman::send_due(&world.app, &server).await.expect("a try");
    let tries = async || -> i32 {
        let tries = sqlx::query_scalar("select tries from mails");
        tries.fetch_one(&world.app.db).await.expect("a mail")
    };
    for (pause, tried) in [(0, 1), (14, 1), (1, 2), (29, 2), (1, 3), (60, 4)] {
        world.clock.advance(TimeDelta::seconds(pause));
        assert_eq!(try_it().await, 0);
        assert_eq!(tries().await, tried, "{pause} s later");
    }
    server.down.store(false, Ordering::SeqCst);
    assert_eq!(try_it().await, 0, "not before its time");
    world.clock.advance(TimeDelta::minutes(2));
    assert_eq!(try_it().await, 1);
    world.clock.advance(TimeDelta::hours(2));
    assert_eq!(try_it().await, 0, "once");
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_sent() {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    let form = [("email", ADDRESS)];
    world.browser().post("/forgot-password", &form).await;
    world
        .clock
        .advance(TimeDelta::minutes(30) + TimeDelta::seconds(1));
    assert_eq!(mail(&world).await.len(), 0);
    let left: i64 = sqlx::query_scalar("select count(*) from mails")
        .fetch_one(&world.app.db)
        .await
        .expect("a count");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_letter_goes_to_the_binding_with_its_recipient_and_subject() {
    let world = World::new().await;
    ada::registers(&world).await;
    let sent = mail(&world).await.remove(0);
    let sidecar = Sidecar::start().await;
    sidecar.binding("email").respond(204, json!(null)).await;
    let smtp = Smtp(sidecar.dapr());
    smtp.send(&sent.to, &sent.letter).await.expect("sent");
    let handed = sidecar.handed_to("email").await.remove(0).json();
    let expected = json!({
        "operation": "create",
        "metadata": { "emailTo": ADDRESS, "subject": "Confirm your e-mail address" },
        "data": sent.letter.body,
    });
    assert_eq!(handed, expected);
}
