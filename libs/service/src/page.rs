//! Keyset pages: `?limit=50&cursor=…` in, `{items, next}` out; never an offset.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::problem::Problem;
use http::StatusCode;

/// The most items of one page.
pub const MOST: i64 = 100;

/// What a caller asks for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many items, 1 to 100; 50 if unsaid.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next` of the page before; the first page if unsaid.
    #[schemars(with = "Option<Uuid>")]
    pub cursor: Option<String>,
}

/// A place in a list that is sorted by UUIDv7: the id of the last item seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Uuid);

impl PageQuery {
    /// How many items to read.
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.limit {
            None => Ok(50),
            Some(limit @ 1..=MOST) => Ok(limit),
            Some(_) => Err(invalid("limit", "must be 1 to 100")),
        }
    }

    /// Where to go on.
    pub fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        let parse = |text: &String| {
            Uuid::try_parse(text)
                .map(Cursor)
                .map_err(|_| invalid("cursor", "is none of ours"))
        };
        self.cursor.as_ref().map(parse).transpose()
    }
}

fn invalid(field: &str, detail: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-query",
        "The query can't be used",
    )
    .field(&format!("/{field}"), detail)
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// The cursor of the next page; null at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is always whole.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page out of up to `limit` + 1 items: the one too many only shows that there are more.
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: i64, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| id(last).to_string());
        Self { items, next }
    }
}
