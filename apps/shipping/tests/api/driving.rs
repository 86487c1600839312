//! The carrier is brought to do what is wanted, whatever it answers.

use chrono::TimeDelta;
use shipping::driver;

use crate::carrier::Mood;
use crate::world::{SEARCH, STORE, World, address};

#[tokio::test]
async fn a_confirmed_order_gets_a_courier_who_comes_when_it_is_ready() {
    let world = World::new().await;
    let order = world.searching().await;
    assert_eq!(world.status(order).await, "searching");
    world.drive().await;
    let shipment = world.shipment(order).await;
    assert_eq!(shipment.status.name(), "booked");
    assert_eq!(shipment.courier.as_deref(), Some("Bruno"));
    let expected = world.app.clock.now() + TimeDelta::minutes(25);
    assert_eq!(shipment.expected_at, Some(expected));
    assert_eq!(world.told(order).await, ["shipment.created.v1"]);
    let asked = world.carrier.asked();
    assert_eq!(asked[0]["recipient"], address());
    assert_eq!(asked[0]["collect_at"], STORE.to_string());

    world.drive().await;
    assert!(!world.carrier.is_called_in(order), "it is not ready");
    world.hear("ready", order, 4).await;
    world.drive().await;
    assert!(world.carrier.is_called_in(order));
    world.drive().await;
    assert_eq!(
        (world.carrier.calls("book"), world.carrier.calls("call_in")),
        (1, 1)
    );
}

#[tokio::test]
async fn an_outcome_that_is_not_known_is_asked_for_again_under_the_same_name() {
    let world = World::new().await;
    let moods = [Mood::Away, Mood::Lost, Mood::Garbled, Mood::Babble];
    for mood in moods {
        world.carrier.will("book", &[mood]);
        let order = world.searching().await;
        world.drive().await;
        assert_eq!(world.status(order).await, "searching", "{mood:?}");
        assert!(world.told(order).await.is_empty(), "{mood:?}");
        world.drive().await;
        assert_eq!(world.status(order).await, "booked", "{mood:?}");
        assert_eq!(world.told(order).await, ["shipment.created.v1"]);
        assert!(world.carrier.drives_for(order));
    }
    for mood in moods {
        let order = world.booked().await;
        world.carrier.will("call_in", &[mood]);
        world.carrier.will("call_off", &[mood]);
        world.hear("ready", order, 4).await;
        world.drive().await;
        assert!(!world.shipment(order).await.told_ready, "{mood:?}");
        world.drive().await;
        assert!(world.shipment(order).await.told_ready, "{mood:?}");
        world.hear("order.cancelled.v1", order, 5).await;
        world.drive().await;
        assert!(world.shipment(order).await.to_call_off, "{mood:?}");
        world.drive().await;
        assert!(!world.shipment(order).await.to_call_off, "{mood:?}");
    }
}

#[tokio::test]
async fn who_is_not_found_in_time_is_looked_for_no_longer_and_called_off_all_the_same() {
    let world = World::new().await;
    world
        .carrier
        .will("book", &[Mood::Refuses("no_courier"); 2]);
    let order = world.searching().await;
    world.drive().await;
    world.drive().await;
    assert_eq!(world.status(order).await, "searching");
    world.app.clock.advance(SEARCH);
    world.drive().await;
    assert_eq!(world.carrier.calls("book"), 2, "the time was up");
    assert_eq!(world.status(order).await, "failed");
    assert_eq!(world.told(order).await, ["shipment.failed.v1"]);
    let told = world.published().await;
    assert_eq!(told[0]["data"]["reason"], "no_courier");
    // One of the tries might have been heard.
    world.drive().await;
    assert!(world.carrier.is_called_off(order));
    world.drive().await;
    assert_eq!(world.carrier.calls("call_off"), 1);
}

#[tokio::test]
async fn a_courier_found_at_the_third_time_of_asking_is_one() {
    let world = World::new().await;
    world
        .carrier
        .will("book", &[Mood::Refuses("no_courier"); 2]);
    let order = world.searching().await;
    for _ in 0..3 {
        world.drive().await;
    }
    assert_eq!(world.status(order).await, "booked");
}

#[tokio::test]
async fn a_booking_that_was_made_before_an_outage_is_called_off_when_the_search_has_ended() {
    let world = World::new().await;
    world.carrier.will("book", &[Mood::Lost]);
    let order = world.searching().await;
    world.drive().await;
    assert!(world.carrier.drives_for(order), "nobody knows");
    world.app.clock.advance(SEARCH);
    world.drive().await;
    assert_eq!(world.status(order).await, "failed");
    world.drive().await;
    assert!(!world.carrier.drives_for(order));
}

#[tokio::test]
async fn what_the_carrier_refuses_for_good_fails_at_once() {
    let world = World::new().await;
    world.carrier.will("book", &[Mood::Refuses("invalid")]);
    let order = world.searching().await;
    world.drive().await;
    assert_eq!(world.status(order).await, "failed");

    let order = world.booked().await;
    world
        .carrier
        .will("call_in", &[Mood::Refuses("called_off")]);
    world.hear("ready", order, 4).await;
    world.drive().await;
    assert_eq!(
        world.told(order).await,
        ["shipment.created.v1", "shipment.failed.v1"]
    );
}

#[tokio::test]
async fn calling_off_is_repeated_until_it_is_done_and_given_up_when_the_goods_have_left() {
    let world = World::new().await;
    let order = world.booked().await;
    world.carrier.will("call_off", &[Mood::Away]);
    world.hear("order.cancelled.v1", order, 3).await;
    world.drive().await;
    assert!(world.carrier.drives_for(order));
    world.drive().await;
    assert!(!world.carrier.drives_for(order));
    assert!(!world.shipment(order).await.to_call_off);

    let order = world.booked().await;
    world
        .carrier
        .will("call_off", &[Mood::Refuses("collected")]);
    world.hear("order.cancelled.v1", order, 3).await;
    world.drive().await;
    assert!(!world.shipment(order).await.to_call_off);
    assert_eq!(world.status(order).await, "cancelled");
}

#[tokio::test]
async fn two_processes_share_the_work_and_what_waits_is_not_asked_for_all_the_time() {
    let world = World::new().await;
    for _ in 0..6 {
        world.searching().await;
    }
    world
        .carrier
        .will("book", &[Mood::Refuses("no_courier"); 6]);
    let (one, other) = tokio::join!(driver::pass(&world.app), driver::pass(&world.app));
    assert_eq!(one.expect("a pass") + other.expect("a pass"), 6);
    assert_eq!(world.carrier.calls("book"), 6);
    assert_eq!(
        driver::pass(&world.app).await.expect("a pass"),
        0,
        "they pause"
    );
}
