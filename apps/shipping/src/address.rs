//! Where somebody lives: read strictly, shown to nobody by accident.
//!
//! Invariant: an [`Address`] has been checked and trimmed; neither it nor what it was read from shows anything by `Debug`,
//! and no fault names what was written.

use std::fmt;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::postcode::{Country, compact};

/// An address as somebody wrote it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WrittenAddress")]
struct Fields {
    /// Who opens.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Street and number.
    #[schemars(length(min = 1, max = 120))]
    street: String,
    /// Floor, company, back yard.
    #[serde(default)]
    #[schemars(length(max = 120))]
    extra: Option<String>,
    /// As the country writes it; blanks and hyphens are forgiven.
    #[schemars(length(min = 1, max = 12))]
    postcode: String,
    #[schemars(length(min = 1, max = 80))]
    city: String,
    /// ISO 3166 alpha-2: the store's.
    #[schemars(length(min = 2, max = 2))]
    country: String,
    /// For the courier: digits, and what people put between them.
    #[serde(default)]
    #[schemars(length(max = 30))]
    phone: Option<String>,
    /// For the courier.
    #[serde(default)]
    #[schemars(length(max = 200))]
    note: Option<String>,
}

/// What is to be read as an address.
#[derive(Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Written(Fields);

impl<'de> Deserialize<'de> for Written {
    /// A failure names no value: serde's own words would quote it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let fields = Fields::deserialize(value);
        fields
            .map(Self)
            .map_err(|_| D::Error::custom("is not an address"))
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written(…)")
    }
}

/// An address that can be driven to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// Who opens.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Floor, company, back yard.
    #[serde(default)]
    pub extra: Option<String>,
    /// As the country writes it.
    pub postcode: String,
    /// The city.
    pub city: String,
    /// The country.
    pub country: Country,
    /// For the courier.
    #[serde(default)]
    pub phone: Option<String>,
    /// For the courier.
    #[serde(default)]
    pub note: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What is wrong with an address: fields of it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<(&'static str, String)>);

impl Written {
    /// Checks it, for a store of this country.
    pub fn read(&self, country: Country) -> Result<Address, Faults> {
        let written = &self.0;
        let mut faults = Vec::new();
        let mut must = |field, text: &str, most| match line(text, most) {
            Ok(text) if text.is_empty() => {
                faults.push((field, "must not be empty".to_owned()));
                String::new()
            }
            Ok(text) => text,
            Err(fault) => {
                faults.push((field, fault));
                String::new()
            }
        };
        let name = must("name", &written.name, 100);
        let street = must("street", &written.street, 120);
        let city = must("city", &written.city, 80);
        let mut may = |field, text: &Option<String>, most| {
            let text = line(text.as_deref().unwrap_or_default(), most);
            let text = text.unwrap_or_else(|fault| {
                faults.push((field, fault));
                String::new()
            });
            (!text.is_empty()).then_some(text)
        };
        let extra = may("extra", &written.extra, 120);
        let phone = may("phone", &written.phone, 30);
        let note = may("note", &written.note, 200);
        if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            let fault = "is 5 to 15 digits, with blanks and +()/-. between them";
            faults.push(("phone", fault.to_owned()));
        }
        if written.country.trim() != country.code() {
            let fault = format!("the store delivers in {} only", country.code());
            faults.push(("country", fault));
        }
        let postcode = country.postcode(&written.postcode);
        if postcode.is_none() {
            let fault = format!("is no postcode of {}", country.code());
            faults.push(("postcode", fault));
        }
        match postcode {
            Some(postcode) if faults.is_empty() => Ok(Address {
                name,
                street,
                extra,
                postcode,
                city,
                country,
                phone,
                note,
            }),
            _ => Err(Faults(faults)),
        }
    }
}

impl Address {
    /// What zones are looked up by.
    #[must_use]
    pub fn compact_postcode(&self) -> String {
        compact(&self.postcode)
    }
}

/// One line of text, trimmed, with at most so many characters.
fn line(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    if text.chars().count() > most {
        Err(format!("must have at most {most} characters"))
    } else if text.chars().any(char::is_control) {
        Err("must have no control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let known = |letter: char| letter.is_ascii_digit() || " +()/-.".contains(letter);
    (5..=15).contains(&digits) && text.chars().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn germany() -> Country {
        "DE".parse().expect("a country")
    }

    fn written(changes: &[(&str, Value)]) -> Written {
        let mut address = json!({
            "name": " Ada Canary ", "street": "Canary Row 7", "postcode": "04 109", "city": "Leipzig",
            "country": "DE", "phone": "+49 (341) 123-45", "note": "  ",
        });
        for (field, value) in changes {
            address[*field] = value.clone();
        }
        serde_json::from_value(address).expect("an address")
    }

    #[test]
    fn what_is_read_is_trimmed_and_what_is_blank_is_nothing() {
        let address = written(&[]).read(germany()).expect("an address");
        assert_eq!(address.name, "Ada Canary");
        assert_eq!(address.postcode, "04109");
        assert_eq!((address.extra, address.note), (None, None));
    }

    #[test]
    fn every_fault_is_named_by_its_field() {
        for (field, value) in [
            ("name", json!(" \t")),
            ("name", json!("x".repeat(101))),
            ("street", json!("Row\u{7} 7")),
            ("extra", json!("two\nlines")),
            ("postcode", json!("4109")),
            ("city", json!("")),
            ("country", json!("AT")),
            ("phone", json!("call me")),
            ("phone", json!("12")),
            ("note", json!("x".repeat(201))),
        ] {
            let faults = written(&[(field, value.clone())]).read(germany());
            let Faults(faults) = faults.expect_err("a fault");
            let fields: Vec<_> = faults.iter().map(|(field, _)| *field).collect();
            assert_eq!(fields, [field], "{value}");
        }
        let all = Written::default().read(germany()).expect_err("faults");
        assert_eq!(all.0.len(), 5);
    }

    #[test]
    fn nothing_that_shows_it_shows_it() {
        let one = written(&[]);
        let address = one.read(germany()).expect("an address");
        for shown in [format!("{one:?}"), format!("{address:?}")] {
            assert!(
                !shown.contains("Canary") && !shown.contains("04109"),
                "{shown}"
            );
        }
        for odd in [
            json!("Canary Row 7"),
            json!({"name": ["Canary"]}),
            json!({"name": "Ada Canary", "shoe": "Canary"}),
        ] {
            let error = serde_json::from_value::<Written>(odd).expect_err("no address");
            assert_eq!(error.to_string(), "is not an address");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_again_as_itself(name in "\\PC{0,110}", street: String, phone in "[0-9 +()x]{0,20}") {
            let one = written(&[("name", json!(name)), ("street", json!(street)), ("phone", json!(phone))]);
            if let Ok(address) = one.read(germany()) {
                let again = serde_json::to_value(&address).expect("JSON");
                let again: Written = serde_json::from_value(again).expect("an address");
                prop_assert_eq!(again.read(germany()), Ok(address));
            }
        }
    }
}
