//! A process that ends between asking the carrier and its commit: the next one settles what it left, once.

use shipping::{driver, feed};
use uuid::Uuid;

use crate::carrier::Mood;
use crate::world::World;

/// Runs the driver until the carrier has been called, and then not any further, as a crash would have it.
async fn crash(world: &World) {
    world.let_time_pass().await;
    // A call that was answered has left its notification.
    tokio::select! {
        biased;
        () = world.carrier.executed() => {}
        () = std::future::ready(()) => {}
    }
    tokio::select! {
        done = driver::pass(&world.app) => panic!("it has ended: {done:?}"),
        () = world.carrier.executed() => {}
    }
}

/// Whether nobody takes the shipment up before the dead process's lease is over.
async fn is_leased(world: &World, order: Uuid) -> bool {
    let held = sqlx::query(
        "UPDATE shipments SET due_at = '-infinity', leased_until = 'infinity'
         WHERE order_id = $1 AND leased_until > clock_timestamp()",
    );
    let held = held
        .bind(order)
        .execute(world.db())
        .await
        .expect("a change");
    held.rows_affected() == 1 && driver::pass(&world.app).await.expect("a pass") == 0
}

#[tokio::test]
async fn a_booking_cut_off_before_or_after_it_was_made_is_made_once() {
    for mood in [Mood::Hang, Mood::HangAfter] {
        let world = World::new().await;
        let order = world.searching().await;
        world.carrier.will("book", &[mood]);
        crash(&world).await;
        assert_eq!(world.status(order).await, "searching");
        assert!(is_leased(&world, order).await, "{mood:?}");
        world.drive().await;
        assert_eq!(world.status(order).await, "booked");
        assert_eq!(world.told(order).await, ["shipment.created.v1"]);
        let asked = world.carrier.asked();
        assert!(asked.iter().all(|one| *one == asked[0]), "{asked:?}");
        assert_eq!(world.carrier.bookings(), 1);
    }
}

#[tokio::test]
async fn what_was_withdrawn_while_the_booking_was_cut_off_is_called_off() {
    for mood in [Mood::Hang, Mood::HangAfter] {
        let world = World::new().await;
        let order = world.searching().await;
        world.carrier.will("book", &[mood]);
        crash(&world).await;
        world.hear("order.cancelled.v1", order, 3).await;
        world.carrier.will("call_off", &[mood]);
        crash(&world).await;
        world.drive().await;
        assert!(world.carrier.is_called_off(order), "{mood:?}");
        assert!(!world.shipment(order).await.to_call_off);
        assert!(world.told(order).await.is_empty());
    }
}

#[tokio::test]
async fn a_courier_who_was_called_in_before_the_crash_is_called_in_again_and_comes_once() {
    let world = World::new().await;
    let order = world.booked().await;
    world.hear("ready", order, 4).await;
    world.carrier.will("call_in", &[Mood::HangAfter]);
    crash(&world).await;
    assert!(!world.shipment(order).await.told_ready);
    world.drive().await;
    assert!(world.shipment(order).await.told_ready);
    world.drive().await;
    assert_eq!(world.carrier.calls("call_in"), 2);
}

#[tokio::test]
async fn a_process_that_outlived_its_lease_records_nothing_twice() {
    let world = World::new().await;
    let order = world.searching().await;
    world.carrier.will("book", &[Mood::Waits]);
    let meanwhile = async {
        world.carrier.executed().await;
        // Another process believes the first one dead, and does what it began.
        world.drive().await;
        assert_eq!(world.status(order).await, "booked");
        world.carrier.answer();
    };
    tokio::join!(world.drive(), meanwhile);
    assert_eq!(world.told(order).await, ["shipment.created.v1"]);
    assert_eq!(world.shipment(order).await.version, 3);
    assert!(world.carrier.drives_for(order));
}

#[tokio::test]
async fn a_reader_that_outlived_its_lease_applies_nothing_twice() {
    let world = World::new().await;
    let order = world.booked().await;
    world.carrier.tells(&order.to_string(), "collected");
    world.carrier.tells(&order.to_string(), "on_the_way");
    world.carrier.will("updates", &[Mood::Waits]);
    let meanwhile = async {
        while world.carrier.calls("updates") == 0 {
            tokio::task::yield_now().await;
        }
        world.read_feed().await;
        world.carrier.answer();
    };
    let (late, ()) = tokio::join!(feed::pass(&world.app), meanwhile);
    assert_eq!(late.expect("a pass"), 0);
    let kinds = [
        "shipment.created.v1",
        "shipment.dispatched.v1",
        "tracking.updated.v1",
    ];
    assert_eq!(world.told(order).await, kinds);
}
