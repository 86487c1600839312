//! Slots, whatever the hours and whatever is asked for.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn opening(from: &str, until: &str) -> Opening {
    Opening {
        from: at(from),
        until: at(until),
    }
}

const WAIT: TimeDelta = TimeDelta::minutes(7);

#[test]
fn now_means_an_open_store() {
    let day = [
        opening("2026-03-02T07:00:00Z", "2026-03-02T11:00:00Z"),
        opening("2026-03-02T12:00:00Z", "2026-03-02T17:00:00Z"),
    ];
    let now = |text| choose(Wanted::Now, &day, at(text), WAIT);
    let due = |text| {
        Ok(Pickup {
            kind: Kind::Now,
            due_at: at(text),
        })
    };
    let closed = |opens: Option<&str>| {
        Err(NotThen::Closed {
            opens: opens.map(at),
        })
    };
    assert_eq!(
        now("2026-03-02T06:59:59Z"),
        closed(Some("2026-03-02T07:00:00Z"))
    );
    assert_eq!(now("2026-03-02T07:00:00Z"), due("2026-03-02T07:07:00Z"));
    assert_eq!(now("2026-03-02T10:59:59Z"), due("2026-03-02T11:06:59Z"));
    assert_eq!(
        now("2026-03-02T11:00:00Z"),
        closed(Some("2026-03-02T12:00:00Z"))
    );
    assert_eq!(now("2026-03-02T17:00:00Z"), closed(None));
}

#[test]
fn a_slot_is_whole_in_an_opening_and_neither_too_soon_nor_too_far() {
    let week = [
        opening("2026-03-02T07:05:00Z", "2026-03-02T11:05:00Z"),
        opening("2026-03-09T00:00:00Z", "2026-03-09T20:00:00Z"),
    ];
    let now = at("2026-03-02T07:30:00Z");
    let slot = |text| choose(Wanted::At(at(text)), &week, now, WAIT).map(|pickup| pickup.slot());
    assert_eq!(
        slot("2026-03-02T07:40:00Z"),
        Ok(Some(at("2026-03-02T07:40:00Z")))
    );
    assert_eq!(
        slot("2026-03-02T09:40:00+02:00"),
        Ok(Some(at("2026-03-02T07:40:00Z")))
    );
    assert_eq!(slot("2026-03-02T07:30:00Z"), Err(NotThen::TooSoon));
    assert_eq!(slot("2026-03-01T07:30:00Z"), Err(NotThen::TooSoon));
    assert_eq!(slot("2026-03-02T07:41:00Z"), Err(NotThen::NoSlot));
    assert_eq!(slot("2026-03-02T07:40:00.000000001Z"), Err(NotThen::NoSlot));
    assert_eq!(
        slot("2026-03-02T10:50:00Z"),
        Ok(Some(at("2026-03-02T10:50:00Z")))
    );
    assert_eq!(slot("2026-03-02T11:00:00Z"), Err(NotThen::ClosedThen));
    assert_eq!(
        slot("2026-03-09T07:30:00Z"),
        Ok(Some(at("2026-03-09T07:30:00Z")))
    );
    assert_eq!(slot("2026-03-09T07:40:00Z"), Err(NotThen::TooFar));
    let late = choose(Wanted::At(DateTime::<Utc>::MAX_UTC), &week, now, WAIT);
    assert_eq!(late, Err(NotThen::TooFar));
}

#[test]
fn what_is_asked_for_reads_back() {
    for (text, wanted) in [
        ("now", Some(Wanted::Now)),
        (
            "2026-03-02T07:40:00Z",
            Some(Wanted::At(at("2026-03-02T07:40:00Z"))),
        ),
        (
            "2026-03-02T08:40:00+01:00",
            Some(Wanted::At(at("2026-03-02T07:40:00Z"))),
        ),
        ("Now", None),
        ("", None),
        ("2026-03-02", None),
        ("2026-03-02T07:40:00", None),
    ] {
        let read = Wanted::try_from(text.to_owned()).ok();
        assert_eq!(read, wanted, "{text}");
        if let Some(wanted) = wanted {
            assert_eq!(Wanted::try_from(String::from(wanted)), Ok(wanted));
        }
    }
}

proptest! {
    #[test]
    fn slots_lie_in_openings_never_overlap_and_are_exactly_what_is_accepted(
        lengths in prop::collection::vec((1_i64..3000, 1_i64..3000), 0..8),
        begin in 1_770_000_000_i64..1_780_000_000,
        early in 0_i64..400_000,
        wait in 0_i64..60,
    ) {
        let mut edge = DateTime::from_timestamp(begin, 0).expect("an instant");
        let mut openings = Vec::new();
        for (closed, open) in lengths {
            let from = edge + TimeDelta::seconds(closed * 60 + closed % 60);
            edge = from + TimeDelta::seconds(open * 60 + open % 60);
            openings.push(Opening { from, until: edge });
        }
        let (now, wait) = (DateTime::from_timestamp(begin + early, 0).expect("an instant"), TimeDelta::minutes(wait));
        let offered: Vec<_> = slots(&openings, now + wait, now + AHEAD).collect();
        prop_assert!(offered.windows(2).all(|pair| pair[0] + SLOT <= pair[1]), "they overlap or are out of order");
        for slot in &offered {
            prop_assert!(openings.iter().any(|it| it.from <= *slot && *slot + SLOT <= it.until), "{} is outside", slot);
            prop_assert!(*slot >= now + wait && *slot <= now + AHEAD);
        }
        // Every instant at which a slot may begin is offered or refused, and every other one is refused.
        let first = aligned(now - SLOT * 3).expect("an instant");
        let steps = (0..1020).map(|step| first + SLOT * step);
        for step in steps {
            let chosen = choose(Wanted::At(step), &openings, now, wait);
            prop_assert_eq!(chosen.is_ok(), offered.contains(&step), "{}", step);
            let beside = choose(Wanted::At(step + TimeDelta::seconds(1)), &openings, now, wait);
            prop_assert!(beside.is_err());
        }
    }
}
