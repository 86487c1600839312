//! How an authorisation at Stripe is found again: in the list, in the search, and never by having it twice.

use chrono::TimeDelta;
use payment::payment::Status;
use payment::provider::Provider;

use crate::provider::Mood;
use crate::world::{OfPayment as _, World};

/// Of an order whose authorisation was answered by nobody.
async fn lost(mood: Mood) -> (World, payment::payment::OrderId) {
    let world = World::of(Provider::Stripe).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[mood]);
    world.provider.is_silent(true);
    assert_eq!(world.authorise(order).await.problem().0, 503);
    world.provider.is_silent(false);
    (world, order)
}

#[tokio::test]
async fn it_is_found_between_those_of_others() {
    let (world, order) = lost(Mood::Lost).await;
    world.provider.serve_others(250);
    let before = world.provider.looked_up();
    assert_eq!(world.authorise(order).await.payment().1, "authorised");
    assert_eq!(world.provider.looked_up() - before, 3, "pages");
    assert_eq!(world.provider.keys("authorisation").len(), 1);
}

#[tokio::test]
async fn a_list_that_is_too_long_says_nothing() {
    let (world, order) = lost(Mood::Lost).await;
    world.provider.serve_others(600);
    assert_eq!(
        world.void(order).await.problem(),
        (503, "payment-unknown".into())
    );
    assert!(world.provider.holds(&order.0.to_string()));
    // The search is not as fast, but asks for it by its key.
    world.app.clock.advance(TimeDelta::hours(2));
    assert_eq!(world.void(order).await.payment().1, "voided");
    assert!(!world.provider.holds(&order.0.to_string()));
}

#[tokio::test]
async fn later_it_is_searched_for() {
    let (world, order) = lost(Mood::Lost).await;
    world.provider.serve_others(600);
    world.app.clock.advance(TimeDelta::hours(30));
    world.resolve().await;
    assert_eq!(world.payment(order).await.status(), Status::Authorised);
    assert_eq!(world.provider.keys("authorisation").len(), 1);
}

#[tokio::test]
async fn it_is_asked_for_again_only_while_its_key_is_remembered() {
    for (hours, status, tries) in [(19, Status::Authorised, 2), (21, Status::Initiated, 1)] {
        let (world, order) = lost(Mood::Away).await;
        world.app.clock.advance(TimeDelta::hours(hours));
        world.resolve().await;
        assert_eq!(world.payment(order).await.status(), status);
        assert_eq!(world.provider.keys("authorisation").len(), tries);
        // Whoever undoes it is told that nothing is held.
        assert_eq!(world.void(order).await.payment().1, "voided");
        assert!(!world.provider.holds(&order.0.to_string()));
    }
}
