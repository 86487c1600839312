//! What managers write, field by field: each type is parsed once and then right.
//!
//! Invariant: no value of these types breaks a constraint of the database.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::openapi::NOT_BLANK;

/// The longest name.
const LONGEST_NAME: usize = 80;
/// The longest description.
const LONGEST_DESCRIPTION: usize = 300;
/// The longest slug of a picture.
const LONGEST_IMAGE: usize = 60;
/// The last position.
const LAST_POSITION: i32 = 9_999;
/// The highest price, in minor units: what the database takes.
pub const MOST: i64 = 100_000_000;
/// The highest rate, in basis points: all of it.
const HIGHEST_RATE: i32 = 10_000;

/// A name on the menu: 1 to 80 characters, none of them for control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = NOT_BLANK))]
pub struct Name(String);

/// A sentence about a product: at most 300 characters, none of them for control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Description(String);

/// The slug of the picture that a client draws: small letters and digits, parted by single dashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength" = LONGEST_IMAGE))]
pub struct Image(String);

/// A place in a list: the lowest is shown first, equal ones by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i32")]
#[schemars(extend("minimum" = 0, "maximum" = LAST_POSITION))]
pub struct Position(i32);

/// A tax rate in basis points: 800 is 8 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i32")]
#[schemars(extend("minimum" = 0, "maximum" = HIGHEST_RATE))]
pub struct Rate(i32);

fn line(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<String, String> {
    let text = text.trim();
    if lengths.contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        let (least, most) = (lengths.start(), lengths.end());
        Err(format!(
            "must be {least} to {most} characters, none of them for control"
        ))
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        line(&text, 1..=LONGEST_NAME).map(Self)
    }
}

impl TryFrom<String> for Description {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        line(&text, 0..=LONGEST_DESCRIPTION).map(Self)
    }
}

impl TryFrom<String> for Image {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        };
        if text.len() <= LONGEST_IMAGE && text.split('-').all(is_part) {
            Ok(Self(text))
        } else {
            Err("must be small letters and digits, parted by single dashes".to_owned())
        }
    }
}

impl TryFrom<i32> for Position {
    type Error = String;

    fn try_from(position: i32) -> Result<Self, String> {
        if (0..=LAST_POSITION).contains(&position) {
            Ok(Self(position))
        } else {
            Err(format!("must be 0 to {LAST_POSITION}"))
        }
    }
}

impl TryFrom<i32> for Rate {
    type Error = String;

    fn try_from(rate: i32) -> Result<Self, String> {
        if (0..=HIGHEST_RATE).contains(&rate) {
            Ok(Self(rate))
        } else {
            Err(format!("must be 0 to {HIGHEST_RATE} basis points"))
        }
    }
}

impl Name {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Description {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Image {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Position {
    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Rate {
    /// In basis points.
    #[must_use]
    pub fn basis_points(self) -> i32 {
        self.0
    }
}

/// A text that names none of a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is none of the list")]
pub struct Unlisted;

macro_rules! closed_list {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$of])* #[serde(rename = $text)] $variant),*
        }

        impl $name {
            /// All of the list.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for it, here and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),*
                }
            }
        }

        impl FromStr for $name {
            type Err = Unlisted;

            fn from_str(text: &str) -> Result<Self, Unlisted> {
                Self::ALL.iter().copied().find(|it| it.as_str() == text).ok_or(Unlisted)
            }
        }
    };
}

closed_list! {
    /// What must be declared: Regulation (EU) No 1169/2011, Annex II.
    Allergen {
        /// Cereals containing gluten.
        Gluten = "gluten",
        /// Crustaceans.
        Crustaceans = "crustaceans",
        /// Eggs.
        Eggs = "eggs",
        /// Fish.
        Fish = "fish",
        /// Peanuts.
        Peanuts = "peanuts",
        /// Soybeans.
        Soya = "soya",
        /// Milk, lactose included.
        Milk = "milk",
        /// Nuts that grow on trees.
        Nuts = "nuts",
        /// Celery.
        Celery = "celery",
        /// Mustard.
        Mustard = "mustard",
        /// Sesame seeds.
        Sesame = "sesame",
        /// Sulphur dioxide and sulphites.
        Sulphites = "sulphites",
        /// Lupin.
        Lupin = "lupin",
        /// Molluscs.
        Molluscs = "molluscs",
    }
}

closed_list! {
    /// By what a store taxes a product.
    TaxClass {
        /// Drinks made here.
        Drink = "drink",
        /// Food.
        Food = "food",
        /// Beans and what else is taken home.
        Goods = "goods",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_makes_a_name_that_the_database_refuses(text in "\\PC{0,100}|.{0,90}") {
            if let Ok(name) = Name::try_from(text) {
                prop_assert!(!name.as_str().is_empty() && !name.as_str().contains('\0'));
                prop_assert_eq!(name.as_str().trim(), name.as_str());
            }
        }
    }

    #[test]
    fn a_picture_is_named_by_a_slug() {
        for (text, good) in [
            ("flat-white", true),
            ("v60", true),
            ("", false),
            ("Flat", false),
            ("a--b", false),
            ("-a", false),
            ("../etc", false),
        ] {
            assert_eq!(Image::try_from(text.to_owned()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn the_list_of_allergens_is_the_regulations() {
        assert_eq!(Allergen::ALL.len(), 14);
        for one in Allergen::ALL {
            assert_eq!(one.as_str().parse(), Ok(*one));
        }
        assert_eq!("lactose".parse::<Allergen>(), Err(Unlisted));
    }
}
