//! The time zone in which a person reads times. No IO.
//!
//! Invariant: a `Zone` in hand has a name of the form Region/City that is in use today; what was only kept for old
//! programs is not offered.

use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Serialize, Serializer};

use crate::person::Invalid;

/// The regions of the world; what begins otherwise is a country's or a system's own name.
const REGIONS: [&str; 10] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
];
/// Names that a place had before, or that doubled another's (the file `backward` of the IANA time zone database, but for
/// its section of one zone per country).
const FORMER: [&str; 71] = [
    "Africa/Asmera",
    "Africa/Timbuktu",
    "America/Argentina/ComodRivadavia",
    "America/Atka",
    "America/Buenos_Aires",
    "America/Catamarca",
    "America/Coral_Harbour",
    "America/Cordoba",
    "America/Ensenada",
    "America/Fort_Wayne",
    "America/Godthab",
    "America/Indianapolis",
    "America/Jujuy",
    "America/Knox_IN",
    "America/Louisville",
    "America/Mendoza",
    "America/Montreal",
    "America/Nipigon",
    "America/Pangnirtung",
    "America/Porto_Acre",
    "America/Rainy_River",
    "America/Rosario",
    "America/Santa_Isabel",
    "America/Shiprock",
    "America/Thunder_Bay",
    "America/Virgin",
    "America/Yellowknife",
    "Antarctica/South_Pole",
    "Asia/Ashkhabad",
    "Asia/Calcutta",
    "Asia/Choibalsan",
    "Asia/Chongqing",
    "Asia/Chungking",
    "Asia/Dacca",
    "Asia/Harbin",
    "Asia/Istanbul",
    "Asia/Kashgar",
    "Asia/Katmandu",
    "Asia/Macao",
    "Asia/Rangoon",
    "Asia/Saigon",
    "Asia/Tel_Aviv",
    "Asia/Thimbu",
    "Asia/Ujung_Pandang",
    "Asia/Ulan_Bator",
    "Atlantic/Faeroe",
    "Atlantic/Jan_Mayen",
    "Australia/ACT",
    "Australia/Canberra",
    "Australia/Currie",
    "Australia/LHI",
    "Australia/NSW",
    "Australia/North",
    "Australia/Queensland",
    "Australia/South",
    "Australia/Tasmania",
    "Australia/Victoria",
    "Australia/West",
    "Australia/Yancowinna",
    "Europe/Belfast",
    "Europe/Kiev",
    "Europe/Nicosia",
    "Europe/Tiraspol",
    "Europe/Uzhgorod",
    "Europe/Zaporozhye",
    "Pacific/Enderbury",
    "Pacific/Johnston",
    "Pacific/Ponape",
    "Pacific/Samoa",
    "Pacific/Truk",
    "Pacific/Yap",
];

/// A time zone that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// Every zone there is, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        TZ_VARIANTS.iter().copied().filter_map(Self::offered)
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let zone = name.parse::<Tz>().ok().and_then(Self::offered);
        zone.ok_or(Invalid::Zone)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    fn offered(zone: Tz) -> Option<Self> {
        let name = zone.name();
        let (region, _) = name.split_once('/')?;
        (REGIONS.contains(&region) && !FORMER.contains(&name)).then_some(Self(zone))
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A moment for somebody to read, in her zone or, if she has chosen none, in UTC; it says in which.
#[must_use]
pub fn moment(at: DateTime<Utc>, zone: Option<Zone>) -> String {
    let zone = zone.map_or(Tz::UTC, |zone| zone.0);
    let local = at.with_timezone(&zone).format("%-d %B %Y, %H:%M");
    format!("{local} {}", zone.name())
}

/// The day of a moment, likewise.
#[must_use]
pub fn day(at: DateTime<Utc>, zone: Option<Zone>) -> String {
    let zone = zone.map_or(Tz::UTC, |zone| zone.0);
    at.with_timezone(&zone).format("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_offered_by_their_name_of_today() {
        let names: Vec<_> = Zone::all().map(Zone::name).collect();
        assert!(names.is_sorted() && names.len() > 400, "{}", names.len());
        for name in names {
            assert_eq!(Zone::parse(name).map(Zone::name), Ok(name));
        }
        for good in ["Europe/Oslo", "America/Argentina/Buenos_Aires"] {
            assert!(Zone::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "UTC",
            "Etc/GMT+1",
            "Poland",
            "US/Pacific",
            "europe/oslo",
            "Europe/Atlantis",
            "CET",
        ] {
            assert_eq!(Zone::parse(bad), Err(Invalid::Zone), "{bad}");
        }
    }

    #[test]
    fn every_former_name_is_one() {
        for name in FORMER {
            assert!(name.parse::<Tz>().is_ok(), "{name}");
            assert_eq!(Zone::parse(name), Err(Invalid::Zone), "{name}");
        }
    }

    #[test]
    fn a_moment_is_read_in_its_zone_in_summer_and_in_winter() {
        let zone = Zone::parse("Europe/Warsaw").ok();
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a moment");
        for (when, zone, read) in [
            (
                "2026-01-31T23:30:00Z",
                zone,
                "1 February 2026, 00:30 Europe/Warsaw",
            ),
            (
                "2026-07-01T06:30:00Z",
                zone,
                "1 July 2026, 08:30 Europe/Warsaw",
            ),
            ("2026-07-01T06:30:00Z", None, "1 July 2026, 06:30 UTC"),
        ] {
            assert_eq!(moment(at(when), zone), read);
        }
        assert_eq!(day(at("2026-01-31T23:30:00Z"), zone), "1 February 2026");
    }
}
