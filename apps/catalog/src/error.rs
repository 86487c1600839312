//! Failures that any operation can meet, and the problem a caller sees of each.
//!
//! Invariant: a cause inside this service is logged and never shown.

use axum::http::StatusCode;
use service::database;
use service::etag;
use service::problem::Problem;

use crate::photo::{MOST_PIXELS, NARROWEST, Refused, WIDEST};

/// A failure outside an operation's own rules.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No store has this id, as far as the caller is concerned.
    #[error("there is no such store")]
    UnknownStore,
    /// The database refused or was away.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// An answer or an event could not be written as JSON.
    #[error("JSON could not be written")]
    Render(#[from] serde_json::Error),
}

/// Why an edit was not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Nothing has this id.
    #[error("there is no such thing")]
    NotFound(Thing),
    /// It has changed since the caller read it.
    #[error("the version is not the current one")]
    Stale,
    /// Another one has the name already.
    #[error("the name is taken")]
    NameTaken,
    /// Another discount has the code already.
    #[error("the code is taken")]
    CodeTaken,
    /// One is planned for that item and instant already.
    #[error("a price is planned for that instant")]
    AlreadyPlanned,
    /// Something refers to it.
    #[error("it is in use")]
    InUse(Thing),
    /// The picture is not taken.
    #[error(transparent)]
    Picture(#[from] Refused),
    /// The fields are fine each by itself and not together, or name what does not exist.
    #[error("{} fields are at fault", .0.len())]
    Invalid(Vec<FieldFault>),
    /// Something that is nobody's edit's fault.
    #[error(transparent)]
    Other(#[from] Error),
}

/// What can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A heading of the menu.
    Category,
    /// A product, or one of its variations.
    Product,
    /// An option group, or one of its options.
    OptionGroup,
    /// Something with a price.
    Item,
    /// A planned price.
    PriceChange,
    /// A discount.
    Discount,
}

/// A field at fault: its JSON Pointer, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Where.
    pub pointer: String,
    /// What.
    pub detail: String,
}

impl FieldFault {
    /// A fault of the field at `pointer`.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

impl From<sqlx::Error> for EditError {
    fn from(error: sqlx::Error) -> Self {
        // The only unique indices on names: a constraint becomes a client's error here and nowhere else.
        let names = ["categories_name", "products_name", "option_groups_name"];
        let broken = error.as_database_error().and_then(|it| it.constraint());
        if broken == Some("discounts_code") {
            return Self::CodeTaken;
        }
        if broken.is_some_and(|broken| names.contains(&broken)) {
            return Self::NameTaken;
        }
        Self::Other(error.into())
    }
}

impl From<serde_json::Error> for EditError {
    fn from(error: serde_json::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::UnknownStore => Problem::new(
                StatusCode::NOT_FOUND,
                "store-not-found",
                "There is no such store",
            ),
            Error::Database(cause) if database::is_away(cause) => Problem::unavailable(&error, 1),
            Error::Database(_) | Error::Render(_) => Problem::internal(&error),
        }
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::NotFound(thing) => not_found(thing),
            EditError::Stale => etag::stale(),
            EditError::NameTaken => Problem::new(
                StatusCode::CONFLICT,
                "name-taken",
                "Another one has this name",
            )
            .field("/name", "is taken"),
            EditError::CodeTaken => Problem::new(
                StatusCode::CONFLICT,
                "code-taken",
                "Another discount has this code",
            )
            .field("/code", "is taken"),
            EditError::AlreadyPlanned => Problem::new(
                StatusCode::CONFLICT,
                "already-planned",
                "A price is planned for that instant",
            )
            .field("/takes_effect_at", "has a price for this item already"),
            EditError::InUse(thing) => in_use(thing),
            EditError::Picture(refused) => picture(&refused),
            EditError::Invalid(faults) => {
                let problem = Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "inconsistent-fields",
                    "These fields can't be so together",
                );
                faults.iter().fold(problem, |problem, fault| {
                    problem.field(&fault.pointer, fault.detail.as_str())
                })
            }
            EditError::Other(error) => error.into(),
        }
    }
}

fn picture(refused: &Refused) -> Problem {
    match refused {
        Refused::Unreadable(_) | Refused::Mislabelled { .. } | Refused::Shape => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "image-invalid",
            "This can't be shown as a picture",
        )
        .detail(match refused {
            Refused::Shape => format!(
                "Its shorter side must be {NARROWEST} pixels at least, and its longer one no more than four times that."
            ),
            other => format!("{other}."),
        }),
        Refused::TooLarge => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "image-too-large",
            "The picture has too many pixels",
        )
        .detail(format!(
            "It may have {MOST_PIXELS} pixels, {WIDEST} on a side."
        )),
        // No 5xx, which sidecars would repeat with all its bytes and the BFF's breaker count.
        Refused::Busy => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "images-busy",
            "Other pictures are being taken in",
        )
        .retry_after(3),
    }
}

fn not_found(thing: Thing) -> Problem {
    match thing {
        Thing::Category => Problem::new(
            StatusCode::NOT_FOUND,
            "category-not-found",
            "There is no such category",
        ),
        Thing::Product => Problem::new(
            StatusCode::NOT_FOUND,
            "product-not-found",
            "There is no such product",
        ),
        Thing::OptionGroup => Problem::new(
            StatusCode::NOT_FOUND,
            "option-group-not-found",
            "There is no such option group",
        ),
        Thing::Item => Problem::new(
            StatusCode::NOT_FOUND,
            "item-not-found",
            "The store has no such item",
        ),
        Thing::PriceChange => Problem::new(
            StatusCode::NOT_FOUND,
            "price-change-not-found",
            "No such price is planned",
        ),
        Thing::Discount => Problem::new(
            StatusCode::NOT_FOUND,
            "discount-not-found",
            "There is no such discount",
        ),
    }
}

fn in_use(thing: Thing) -> Problem {
    match thing {
        Thing::Category => Problem::new(
            StatusCode::CONFLICT,
            "category-in-use",
            "The category has products",
        ),
        Thing::OptionGroup => Problem::new(
            StatusCode::CONFLICT,
            "option-group-in-use",
            "Products have this option group",
        ),
        Thing::Product | Thing::Item | Thing::PriceChange | Thing::Discount => {
            Problem::new(StatusCode::CONFLICT, "still-sold", "A store still sells it").detail(
                "Its stores' managers take the prices away first, those that are planned too.",
            )
        }
    }
}
