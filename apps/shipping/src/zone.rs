//! Where a store delivers, and for what. No IO.
//!
//! Invariant: a set of zones has no prefix twice, so of the prefixes that fit a postcode one is the longest and its zone is
//! the only answer.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::{Currency, Money};
use uuid::Uuid;

use crate::address::Address;
use crate::postcode::{Country, compact};

/// The most zones of a store.
const MOST_ZONES: usize = 50;
/// The most prefixes of a zone.
const MOST_PREFIXES: usize = 200;
/// The longest prefix: no postcode is longer.
const LONGEST_PREFIX: usize = 8;
/// The longest name.
const LONGEST_NAME: usize = 60;
/// The most that driving can cost, in minor units.
const MOST_FEE: i64 = 100_000;
/// The longest that it may take.
const MOST_MINUTES: i32 = 480;

/// Identifies a store of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct StoreId(pub Uuid);

/// One zone of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// What it is called; each zone otherwise.
    #[schemars(length(min = 1, max = 60))]
    pub name: String,
    /// What its postcodes begin with.
    #[schemars(length(min = 1, max = 200))]
    pub prefixes: Vec<String>,
    /// What it costs, tax included, in the store's currency.
    pub fee: Money,
    /// The tax in it, in hundredths of a per cent.
    #[schemars(range(min = 0, max = 9999))]
    pub tax_rate_bp: i32,
    /// How long it takes from the order to the door.
    #[schemars(range(min = 1, max = 480))]
    pub minutes: i32,
}

/// What is wrong with a set of zones: pointers into it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<(String, String)>);

/// A store with its zones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "StoreZones")]
pub struct Zones {
    /// Whose.
    pub store_id: StoreId,
    /// Where it stands, and therefore delivers.
    pub country: Country,
    /// What it takes.
    pub currency: Currency,
    /// Rises with every change.
    pub version: i64,
    /// As its managers ordered them.
    pub zones: Vec<Zone>,
}

impl Zones {
    /// The zone of an address, if it is reached.
    #[must_use]
    pub fn of(&self, address: &Address) -> Option<&Zone> {
        let postcode = address.compact_postcode();
        let fitting = self.zones.iter().flat_map(|zone| {
            let longest = zone.prefixes.iter();
            let fitting = longest.filter(|prefix| postcode.starts_with(prefix.as_str()));
            fitting.map(move |prefix| (prefix.len(), zone))
        });
        fitting
            .max_by_key(|(length, _)| *length)
            .map(|(_, zone)| zone)
    }
}

/// Checks zones that a manager wrote, for a store of this currency; their prefixes become compact.
pub fn check(mut zones: Vec<Zone>, currency: Currency) -> Result<Vec<Zone>, Faults> {
    let mut faults = Vec::new();
    if zones.len() > MOST_ZONES {
        let fault = format!("are at most {MOST_ZONES}");
        return Err(Faults(vec![("/zones".to_owned(), fault)]));
    }
    let mut names = BTreeSet::new();
    let mut prefixes = BTreeSet::new();
    for (number, zone) in zones.iter_mut().enumerate() {
        let mut fault = |field: &str, what: &str| {
            faults.push((format!("/zones/{number}{field}"), what.to_owned()));
        };
        zone.name = zone.name.trim().to_owned();
        let length = zone.name.chars().count();
        if !(1..=LONGEST_NAME).contains(&length) || zone.name.chars().any(char::is_control) {
            fault("/name", "is 1 to 60 characters on one line");
        } else if !names.insert(zone.name.clone()) {
            fault("/name", "is the name of another zone");
        }
        if !(1..=MOST_PREFIXES).contains(&zone.prefixes.len()) {
            fault("/prefixes", "are 1 to 200");
            continue;
        }
        for (place, prefix) in zone.prefixes.iter_mut().enumerate() {
            *prefix = compact(prefix);
            let fits = (1..=LONGEST_PREFIX).contains(&prefix.len())
                && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !fits {
                fault(
                    &format!("/prefixes/{place}"),
                    "is how a postcode begins: 1 to 8 digits and letters",
                );
            } else if !prefixes.insert(prefix.clone()) {
                fault(&format!("/prefixes/{place}"), "is there twice");
            }
        }
        if !(0..=MOST_FEE).contains(&zone.fee.amount) {
            fault("/fee/amount", "is from 0 to 100000");
        }
        if zone.fee.currency != currency {
            fault("/fee/currency", "is not the store's");
        }
        if !(0..10_000).contains(&zone.tax_rate_bp) {
            fault("/tax_rate_bp", "is from 0 to 9999");
        }
        if !(1..=MOST_MINUTES).contains(&zone.minutes) {
            fault("/minutes", "is from 1 to 480");
        }
    }
    if faults.is_empty() {
        Ok(zones)
    } else {
        Err(Faults(faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::address::Written;

    fn euro() -> Currency {
        "EUR".parse().expect("a currency")
    }

    fn zone(name: &str, prefixes: &[&str]) -> Zone {
        Zone {
            name: name.to_owned(),
            prefixes: prefixes.iter().map(|&prefix| prefix.to_owned()).collect(),
            fee: Money::new(250, euro()),
            tax_rate_bp: 1900,
            minutes: 30,
        }
    }

    fn address(postcode: &str) -> Address {
        let written = json!({"name": "A", "street": "B 1", "postcode": postcode, "city": "C", "country": "DE"});
        let written: Written = serde_json::from_value(written).expect("an address");
        written
            .read("DE".parse().expect("a country"))
            .expect("an address")
    }

    fn store(zones: Vec<Zone>) -> Zones {
        Zones {
            store_id: StoreId(Uuid::from_u128(1)),
            country: "DE".parse().expect("a country"),
            currency: euro(),
            version: 1,
            zones: check(zones, euro()).expect("zones"),
        }
    }

    fn faults(zones: Vec<Zone>) -> Vec<String> {
        let Faults(faults) = check(zones, euro()).expect_err("faults");
        faults.into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn the_longest_prefix_wins_in_whatever_order_zones_stand() {
        let (near, far) = (zone("near", &["041", "04229"]), zone("far", &["04"]));
        for zones in [vec![near.clone(), far.clone()], vec![far, near]] {
            let store = store(zones);
            let name = |postcode| store.of(&address(postcode)).map(|zone| zone.name.as_str());
            assert_eq!(name("04109"), Some("near"));
            assert_eq!(name("04229"), Some("near"));
            assert_eq!(name("04277"), Some("far"));
            assert_eq!(name("10115"), None);
        }
    }

    #[test]
    fn zones_that_contradict_each_other_or_the_store_are_refused() {
        assert_eq!(
            faults(vec![zone("a", &["04"]), zone("b", &["05", "0 4"])]),
            ["/zones/1/prefixes/1"]
        );
        assert_eq!(
            faults(vec![zone("a", &["04"]), zone(" a ", &["05"])]),
            ["/zones/1/name"]
        );
        assert_eq!(
            faults(vec![zone("", &["ä"])]),
            ["/zones/0/name", "/zones/0/prefixes/0"]
        );
        assert_eq!(faults(vec![zone("a", &[])]), ["/zones/0/prefixes"]);
        let odd = Zone {
            fee: Money::new(-1, "USD".parse().expect("a currency")),
            tax_rate_bp: 10_000,
            minutes: 0,
            ..zone("a", &["04"])
        };
        let all = ["/fee/amount", "/fee/currency", "/tax_rate_bp", "/minutes"];
        assert_eq!(
            faults(vec![odd]),
            all.map(|field| format!("/zones/0{field}"))
        );
        assert_eq!(faults(vec![zone("a", &["1"]); 51]), ["/zones"]);
    }

    proptest! {
        #[test]
        fn an_address_is_in_the_zone_whose_prefix_fits_best(
            prefixes in proptest::collection::btree_set("[0-9]{1,5}", 1..20), postcode in "[0-9]{5}",
        ) {
            let zones = prefixes.iter().map(|prefix| zone(prefix, &[prefix])).collect();
            let found = store(zones).of(&address(&postcode)).map(|zone| zone.name.clone());
            let fitting = prefixes.iter().filter(|prefix| postcode.starts_with(prefix.as_str()));
            prop_assert_eq!(found.as_ref(), fitting.max_by_key(|prefix| prefix.len()));
        }
    }
}
