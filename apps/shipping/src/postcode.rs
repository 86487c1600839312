//! Postcodes, as each country writes them: one table.
//!
//! Invariant: a postcode that was read is written as its country writes it, and what it is compared by has no separators.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A country and the shapes of its postcodes: `9` stands for a digit, `A` for a letter, the rest for itself.
const TABLE: &[(&str, &[&str])] = &[
    ("AT", &["9999"]),
    ("BE", &["9999"]),
    ("CH", &["9999"]),
    ("CZ", &["999 99"]),
    ("DE", &["99999"]),
    ("DK", &["9999"]),
    ("ES", &["99999"]),
    ("FR", &["99999"]),
    (
        "GB",
        &[
            "A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA",
        ],
    ),
    ("IT", &["99999"]),
    ("LU", &["9999"]),
    ("NL", &["9999 AA"]),
    ("PL", &["99-999"]),
    ("PT", &["9999-999"]),
    ("SE", &["999 99"]),
];

/// A country whose postcodes are known, by its ISO 3166 alpha-2 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[A-Z]{2}$"))]
pub struct Country(&'static str);

/// Not a country of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no country whose postcodes are known here")]
pub struct UnknownCountry;

impl std::str::FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(code: &str) -> Result<Self, UnknownCountry> {
        let row = TABLE.iter().find(|(known, _)| *known == code);
        row.map(|(code, _)| Self(code)).ok_or(UnknownCountry)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.parse().map_err(D::Error::custom)
    }
}

impl Country {
    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0
    }

    /// The postcode as this country writes it, if it is one of its own. Blanks, hyphens and small letters are forgiven.
    #[must_use]
    pub fn postcode(self, written: &str) -> Option<String> {
        let compact = compact(written);
        let (_, shapes) = TABLE.iter().find(|(code, _)| *code == self.0)?;
        shapes.iter().find_map(|shape| fill(shape, &compact))
    }
}

/// Without separators and in capitals.
#[must_use]
pub fn compact(written: &str) -> String {
    written
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

fn fill(shape: &str, compact: &str) -> Option<String> {
    let mut letters = compact.chars();
    let mut filled = String::with_capacity(shape.len());
    for place in shape.chars() {
        let letter = match place {
            '9' => letters.next().filter(char::is_ascii_digit)?,
            'A' => letters.next().filter(char::is_ascii_uppercase)?,
            separator => separator,
        };
        filled.push(letter);
    }
    letters.next().is_none().then_some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn postcodes_are_written_as_their_country_writes_them() {
        for (country, written, expected) in [
            ("DE", "04109", Some("04109")),
            ("DE", " 04 109", Some("04109")),
            ("DE", "4109", None),
            ("DE", "041099", None),
            ("DE", "o4109", None),
            ("PL", "31002", Some("31-002")),
            ("PL", "31-002", Some("31-002")),
            ("NL", "1012ab", Some("1012 AB")),
            ("NL", "1012", None),
            ("GB", "sw1a1aa", Some("SW1A 1AA")),
            ("GB", "M1 1AE", Some("M1 1AE")),
            ("GB", "11 1AE", None),
            ("PT", "1000 205", Some("1000-205")),
            ("SE", "11455", Some("114 55")),
            ("AT", "1010", Some("1010")),
            ("CH", "٨٠٠١", None),
            ("FR", "", None),
        ] {
            let country: Country = country.parse().expect("a country");
            assert_eq!(country.postcode(written).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn a_country_is_one_of_the_table() {
        for code in ["", "D", "de", "XX", "DEU"] {
            assert_eq!(code.parse::<Country>(), Err(UnknownCountry), "{code}");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_again_as_itself(row in 0..TABLE.len(), written in "[ -]?[0-9A-Za-z -]{0,10}") {
            let country = Country(TABLE[row].0);
            if let Some(postcode) = country.postcode(&written) {
                prop_assert_eq!(country.postcode(&postcode), Some(postcode.clone()));
                prop_assert_eq!(compact(&postcode), compact(&written));
            }
        }

        #[test]
        fn no_text_makes_it_panic(row in 0..TABLE.len(), written: String) {
            let _ = Country(TABLE[row].0).postcode(&written);
        }
    }
}
