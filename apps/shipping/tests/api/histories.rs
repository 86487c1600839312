//! Random histories: events in any order and often, a carrier in any mood. However it goes, once everything is heard and the
//! carrier is well, nobody drives for an order that is not wanted, and somebody for one that is.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::carrier::Mood;
use crate::world::{SEARCH, World};

#[derive(Clone, Copy, Debug)]
enum Happening {
    Hear(&'static str, i64),
    Drive,
    Read,
    Mood(&'static str, Mood),
    Tell(&'static str),
    SearchEnds,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{Drive, Hear, Mood as Moody, Read, SearchEnds, Tell};
    prop_oneof![
        3 => Just(Hear("order.confirmed.v1", 2)),
        2 => Just(Hear("ready", 4)),
        1 => Just(Hear("order.recalled.v1", 5)),
        1 => Just(Hear("order.cancelled.v1", 6)),
        6 => Just(Drive),
        2 => Just(Read),
        1 => proptest::sample::select(vec!["collected", "on_the_way", "delivered", "failed"]).prop_map(Tell),
        2 => (
            proptest::sample::select(vec!["book", "call_in", "call_off"]),
            proptest::sample::select(vec![Mood::Garbled, Mood::Babble]),
        )
            .prop_map(|(call, mood)| Moody(call, mood)),
        1 => Just(Moody("book", Mood::Refuses("no_courier"))),
        1 => Just(SearchEnds),
    ]
}

async fn lives(history: &[Happening]) {
    let world = World::new().await;
    let order = world.announced().await;
    let (mut confirmed, mut withdrawn) = (false, false);
    for happening in history {
        match happening {
            Happening::Hear(kind, sequence) => {
                confirmed |= *kind == "order.confirmed.v1";
                withdrawn |= *sequence > 4;
                world.hear(kind, order, *sequence).await;
            }
            Happening::Drive => world.drive().await,
            Happening::Read => world.read_feed().await,
            Happening::Mood(call, mood) => world.carrier.will(call, &[*mood]),
            // Nobody fetches what he was not called in for.
            Happening::Tell(state) => {
                if world.carrier.is_called_in(order) && !world.carrier.is_called_off(order) {
                    world.carrier.tells(&order.to_string(), state);
                }
            }
            Happening::SearchEnds => world.app.clock.advance(SEARCH),
        }
    }
    world.carrier.forget_moods();
    world.read_feed().await;
    for _ in 0..4 {
        world.drive().await;
    }
    let shipment = world.shipment(order).await;
    let told = world.told(order).await;
    let status = shipment.status.name();
    assert_eq!(shipment.task(), None, "{status}: all is done");
    let drives = world.carrier.drives_for(order);
    match status {
        "announced" => assert!(!confirmed && !withdrawn && !drives),
        "booked" | "dispatched" | "delivered" => assert!(confirmed && drives),
        "cancelled" => assert!(withdrawn && !drives),
        // Given up: nobody comes. Undeliverable: somebody came, or said that he would not.
        "failed" => {
            let found = told.contains(&"shipment.created.v1".to_owned());
            assert!(confirmed && (found || !drives));
        }
        other => panic!("it is left {other}"),
    }
    let ends = [
        "shipment.delivered.v1",
        "shipment.failed.v1",
        "shipment.cancelled.v1",
    ];
    let ends = told
        .iter()
        .filter(|kind| ends.contains(&kind.as_str()))
        .count();
    assert!(ends <= 1, "{told:?}");
}

#[test]
fn however_it_goes_nobody_drives_in_vain_and_nothing_is_left_undone() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    };
    let histories = proptest::collection::vec(happening(), 1..24);
    TestRunner::new(config)
        .run(&histories, |history| {
            runtime.block_on(lives(&history));
            Ok(())
        })
        .expect("a true story");
}
