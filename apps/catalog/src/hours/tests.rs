//! Openings as instants, above all on the days on which the clocks change.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn hours(zone: Tz, weekly: Value, closed: &[&str]) -> Hours {
    let closures = closed
        .iter()
        .map(|day| json!({"day": day, "reason": "Stocktaking"}));
    Hours {
        version: 1,
        zone,
        weekly: serde_json::from_value(weekly).expect("hours"),
        closures: serde_json::from_value(closures.collect()).expect("closures"),
    }
}

/// The openings of the day of `now` alone, with nothing open on any other weekday.
fn day(zone: Tz, weekday: i16, periods: &[(&str, &str)], now: &str) -> Vec<(String, String)> {
    let weekly = periods
        .iter()
        .map(|(opens, closes)| json!({"weekday": weekday, "opens": opens, "closes": closes}));
    let openings = hours(zone, weekly.collect(), &[]).openings(at(now));
    let short = |at: DateTime<Utc>| at.format("%dT%H:%MZ").to_string();
    let openings = openings
        .into_iter()
        .take_while(|it| it.from < at(now) + TimeDelta::days(2));
    openings
        .map(|it| (short(it.from), short(it.until)))
        .collect()
}

fn expect(found: &[(String, String)], expected: &[(&str, &str)]) {
    let found: Vec<_> = found
        .iter()
        .map(|(from, until)| (from.as_str(), until.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_day_of_two_periods_is_two_openings() {
    let found = day(
        Tz::Europe__Berlin,
        1,
        &[("12:00", "18:30"), ("07:00", "11:00")],
        "2026-03-02T05:00:00Z",
    );
    expect(
        &found,
        &[("02T06:00Z", "02T10:00Z"), ("02T11:00Z", "02T17:30Z")],
    );
    let found = day(
        Tz::Europe__Berlin,
        1,
        &[("07:00", "11:00"), ("11:00", "18:00")],
        "2026-03-02T05:00:00Z",
    );
    expect(&found, &[("02T06:00Z", "02T17:00Z")]);
}

#[test]
fn midnight_is_no_end_and_a_closed_day_is() {
    let round: Vec<_> = (1..=7)
        .map(|day| json!({"weekday": day, "opens": "00:00", "closes": "24:00"}))
        .collect();
    let now = at("2026-03-02T07:30:00Z");
    let open = hours(Tz::Europe__Warsaw, round.clone().into(), &[]);
    let week = Opening {
        from: at("2026-03-01T23:00:00Z"),
        until: at("2026-03-09T23:00:00Z"),
    };
    assert_eq!(open.openings(now), [week]);
    let closed = hours(Tz::Europe__Warsaw, round.into(), &["2026-03-04"]);
    assert_eq!(
        closed.openings(now),
        [
            Opening {
                from: week.from,
                until: at("2026-03-03T23:00:00Z")
            },
            Opening {
                from: at("2026-03-04T23:00:00Z"),
                until: week.until
            },
        ]
    );
    assert_eq!(hours(Tz::UTC, json!([]), &[]).openings(now), []);
}

/// On 29 March 2026 clocks in Berlin go from 2:00 to 3:00, which is 1:00 UTC.
#[test]
fn a_time_that_is_skipped_is_the_instant_of_the_change() {
    let found = |periods: &[_]| day(Tz::Europe__Berlin, 7, periods, "2026-03-29T00:00:00Z");
    expect(&found(&[("01:30", "02:30")]), &[("29T00:30Z", "29T01:00Z")]);
    expect(&found(&[("02:30", "04:00")]), &[("29T01:00Z", "29T02:00Z")]);
    expect(&found(&[("02:15", "02:45")]), &[]);
    expect(&found(&[("02:00", "03:00")]), &[]);
    expect(&found(&[("00:00", "24:00")]), &[("28T23:00Z", "29T22:00Z")]);
}

/// On 25 October 2026 clocks in Berlin go from 3:00 to 2:00, which is 1:00 UTC.
#[test]
fn an_opening_goes_on_through_an_hour_that_comes_twice() {
    let found = |periods: &[_]| day(Tz::Europe__Berlin, 7, periods, "2026-10-25T00:00:00Z");
    expect(&found(&[("02:30", "03:30")]), &[("25T00:30Z", "25T02:30Z")]);
    expect(&found(&[("01:00", "02:30")]), &[("24T23:00Z", "25T01:30Z")]);
    expect(&found(&[("02:15", "02:45")]), &[("25T00:15Z", "25T01:45Z")]);
    expect(
        &found(&[("01:00", "02:30"), ("02:30", "04:00")]),
        &[("24T23:00Z", "25T03:00Z")],
    );
    expect(&found(&[("00:00", "24:00")]), &[("24T22:00Z", "25T23:00Z")]);
}

/// On 6 September 2026 Santiago has no midnight: after 23:59 comes 1:00, which is 4:00 UTC.
#[test]
fn a_day_may_begin_later_than_at_midnight() {
    let found = |weekday, periods: &[_], now| day(Tz::America__Santiago, weekday, periods, now);
    expect(
        &found(7, &[("00:00", "06:00")], "2026-09-06T05:00:00Z"),
        &[("06T04:00Z", "06T09:00Z")],
    );
    expect(
        &found(6, &[("20:00", "24:00")], "2026-09-05T12:00:00Z"),
        &[("06T00:00Z", "06T04:00Z")],
    );
}

/// On 1 November 2026 Havana has midnight twice: after 0:59 comes 0:00 again, which is 5:00 UTC.
#[test]
fn a_day_ends_where_the_next_one_begins_for_the_first_time() {
    let found = |weekday, periods: &[_], now| day(Tz::America__Havana, weekday, periods, now);
    expect(
        &found(6, &[("20:00", "24:00")], "2026-10-31T12:00:00Z"),
        &[("01T00:00Z", "01T04:00Z")],
    );
    expect(
        &found(7, &[("00:00", "02:00")], "2026-11-01T04:30:00Z"),
        &[("01T04:00Z", "01T07:00Z")],
    );
}

/// On 5 April 2026 Lord Howe puts its clocks back by half an hour, from 2:00 to 1:30, which is 15:00 UTC of the 4th.
#[test]
fn a_change_need_not_be_an_hour() {
    let found = day(
        Tz::Australia__Lord_Howe,
        7,
        &[("01:00", "01:45")],
        "2026-04-04T14:00:00Z",
    );
    expect(&found, &[("04T14:00Z", "04T15:15Z")]);
}

#[test]
fn hours_that_make_no_sense_are_refused() {
    let period = |weekday: i64, opens: &str, closes: &str| json!({"weekday": weekday, "opens": opens, "closes": closes});
    for (what, weekly) in [
        ("nothing between", json!([period(1, "08:00", "08:00")])),
        ("backwards", json!([period(1, "18:00", "02:00")])),
        (
            "overlap",
            json!([period(1, "12:00", "18:00"), period(1, "08:00", "12:01")]),
        ),
        (
            "twice the same",
            json!([period(1, "08:00", "12:00"), period(1, "08:00", "12:00")]),
        ),
        ("no day", json!([period(0, "08:00", "12:00")])),
        ("an eighth day", json!([period(8, "08:00", "12:00")])),
        ("an hour too many", json!([period(1, "08:00", "24:01")])),
        ("a minute too many", json!([period(1, "08:60", "12:00")])),
        ("a digit too few", json!([period(1, "8:00", "12:00")])),
        ("a sign", json!([period(1, "+8:00", "12:00")])),
        (
            "too many",
            Value::Array(vec![period(1, "08:00", "12:00"); 71]),
        ),
    ] {
        assert!(serde_json::from_value::<Weekly>(weekly).is_err(), "{what}");
    }
    for (what, closures) in [
        (
            "twice",
            json!([{"day": "2026-12-25", "reason": "a"}, {"day": "2026-12-25", "reason": "b"}]),
        ),
        ("no reason", json!([{"day": "2026-12-25", "reason": " "}])),
        ("no day", json!([{"day": "2026-02-30", "reason": "a"}])),
        (
            "before all calendars",
            json!([{"day": "-4999-01-01", "reason": "a"}]),
        ),
    ] {
        assert!(
            serde_json::from_value::<Closures>(closures).is_err(),
            "{what}"
        );
    }
}

proptest! {
    /// Whatever the hours, the zone and the day: where the store's clock shows a time once, the store is open then
    /// exactly if its hours say so.
    #[test]
    fn openings_are_what_the_clock_on_the_wall_says(
        zone in prop::sample::select(vec![Tz::Europe__Berlin, Tz::America__Santiago, Tz::Australia__Lord_Howe, Tz::UTC]),
        now in 1_750_000_000_i64..1_850_000_000,
        periods in prop::collection::vec((1_i16..=7, 0_i16..1440, 1_i16..=1440), 0..12),
        closed in prop::collection::vec(0_u64..8, 0..3),
        probes in prop::collection::vec(0_i64..7 * 24 * 60, 40),
    ) {
        let now = DateTime::from_timestamp(now, 0).expect("an instant");
        let today = now.with_timezone(&zone).date_naive();
        let mut weekly: Vec<Period> = Vec::new();
        for (weekday, opens, length) in periods {
            let closes = TimeOfDay((opens + length).min(1440));
            let period = Period { weekday: Weekday(weekday), opens: TimeOfDay(opens), closes };
            let apart = |it: &Period| it.weekday != period.weekday || it.closes <= period.opens || period.closes <= it.opens;
            if weekly.iter().all(apart) {
                weekly.push(period);
            }
        }
        let mut closures: Vec<_> = closed.into_iter().map(|ahead| today + Days::new(ahead)).collect();
        closures.sort_unstable();
        closures.dedup();
        let reason = || Reason("Stocktaking".to_owned());
        let hours = Hours {
            version: 1,
            zone,
            weekly: weekly.clone().try_into().expect("apart"),
            closures: Closures(closures.iter().map(|day| Closure { day: *day, reason: reason() }).collect()),
        };
        let openings = hours.openings(now);
        prop_assert!(openings.iter().all(|it| it.from < it.until));
        prop_assert!(openings.windows(2).all(|pair| pair[0].until < pair[1].from));
        for probe in probes {
            let instant = now + TimeDelta::minutes(probe);
            let wall = instant.with_timezone(&zone).naive_local();
            if zone.from_local_datetime(&wall).single().is_none() {
                continue;
            }
            let minute = i16::try_from((wall - wall.date().and_hms_opt(0, 0, 0).expect("midnight")).num_minutes()).expect("of a day");
            let number = i16::try_from(wall.date().weekday().number_from_monday()).expect("of a week");
            let says = !closures.contains(&wall.date())
                && weekly.iter().any(|it| it.weekday.0 == number && it.opens.0 <= minute && minute < it.closes.0);
            let open = openings.iter().any(|it| it.from <= instant && instant < it.until);
            prop_assert_eq!(open, says, "{} {}", instant, wall);
        }
    }
}
