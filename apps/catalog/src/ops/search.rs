//! `GET /v1/stores/{store}/search`: what of a store's menu has these words, also those that are not quite right.
//!
//! Invariant: what is found is on the store's menu as it is now, at its prices. Without words it is the menu's products
//! in their order, as far as they pass the filters.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::database;
use service::extract::{Path, Query};
use service::problem::Problem;

use crate::error::Error;
use crate::fields::{Allergen, MOST};
use crate::menu::{Category, CategoryId, Menu, Product, StoreId};
use crate::menus::{ProductBody, Snapshot};
use crate::state::App;
use crate::store::search;

/// The longest text that is looked for.
const LONGEST: usize = 100;
/// Products found, if it is not said how many.
const USUAL: u8 = 20;
/// Products found at most.
const MOST_FOUND: u8 = 50;

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Words of a name, a description, a category or an option: 100 characters at most.
    #[serde(default)]
    q: String,
    /// Only under this heading.
    category: Option<CategoryId>,
    /// Allergens that must not be in it, parted by commas.
    #[serde(default)]
    without: String,
    /// What its cheapest variation may cost, in minor units of the store's currency.
    #[schemars(range(min = 0, max = MOST))]
    max_price: Option<i64>,
    /// How many products, 1 to 50; 20 if unsaid.
    #[schemars(range(min = 1, max = 50))]
    limit: Option<u8>,
}

/// What was found, best first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Found")]
pub struct Body<'a> {
    items: Vec<Hit<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Hit")]
struct Hit<'a> {
    category_id: CategoryId,
    category: &'a str,
    product: ProductBody<'a>,
}

/// A question that was understood.
struct Question {
    words: String,
    category: Option<CategoryId>,
    without: Vec<String>,
    most: i64,
    limit: usize,
}

/// Answers 200, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(store): Path<StoreId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let question = understood(&asked)?;
    let snapshot = app.menus.recent(store).await?;
    let found = search(&app, &snapshot, &question).await?;
    let currency = snapshot.menu.store.currency;
    let items = found.into_iter().map(|(category, product)| Hit {
        category_id: category.id,
        category: &category.name,
        product: ProductBody::new(product, currency),
    });
    let body = Body {
        items: items.collect(),
    };
    Ok(Json(body).into_response())
}

fn understood(asked: &Asked) -> Result<Question, Problem> {
    let words = asked.q.trim();
    if words.chars().count() > LONGEST || words.chars().any(char::is_control) {
        let detail = format!("must be {LONGEST} characters at most, none of them for control");
        return Err(refused("/q", &detail));
    }
    let without: Result<Vec<_>, _> = asked
        .without
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| word.parse::<Allergen>().map(|it| it.as_str().to_owned()))
        .collect();
    let without = without.map_err(|unlisted| refused("/without", &unlisted.to_string()))?;
    let most = asked.max_price.unwrap_or(MOST);
    if !(0..=MOST).contains(&most) {
        return Err(refused("/max_price", &format!("must be 0 to {MOST}")));
    }
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MOST_FOUND).contains(&limit) {
        return Err(refused("/limit", &format!("must be 1 to {MOST_FOUND}")));
    }
    Ok(Question {
        words: words.to_owned(),
        category: asked.category,
        without,
        most,
        limit: usize::from(limit),
    })
}

fn refused(pointer: &str, detail: &str) -> Problem {
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-query",
        "The query can't be used",
    );
    problem.field(pointer, detail)
}

async fn search<'menu>(
    app: &App,
    snapshot: &'menu Snapshot,
    question: &Question,
) -> Result<Vec<(&'menu Category, &'menu Product)>, Error> {
    let mut passing = question.of(&snapshot.menu);
    if question.words.is_empty() {
        passing.truncate(question.limit);
        return Ok(passing);
    }
    let mut transaction = database::begin(&app.db).await?;
    let query = search::Query {
        store: snapshot.menu.store.id,
        words: &question.words,
        category: question.category,
        without: &question.without,
    };
    let ranked = search::ranked(&mut transaction, &query).await?;
    transaction.commit().await?;
    let places = passing.iter().enumerate();
    let places: HashMap<_, _> = places.map(|(place, (_, it))| (it.id, place)).collect();
    let found = ranked
        .iter()
        .filter_map(|id| places.get(id).map(|place| passing[*place]));
    Ok(found.take(question.limit).collect())
}

impl Question {
    /// What of a menu passes the filters, in the menu's order.
    fn of<'menu>(&self, menu: &'menu Menu) -> Vec<(&'menu Category, &'menu Product)> {
        let mut passing = Vec::new();
        for category in &menu.categories {
            let products = category.products.iter();
            let takes = products.filter(|product| self.takes(category, product));
            passing.extend(takes.map(|product| (category, product)));
        }
        passing
    }

    /// Whether a product of the menu passes the filters.
    fn takes(&self, category: &Category, product: &Product) -> bool {
        let cheapest = product.variations.iter().map(|it| it.price).min();
        self.category.is_none_or(|only| only == category.id)
            && !product.allergens.iter().any(|it| self.without.contains(it))
            && cheapest.is_some_and(|price| price <= self.most)
    }
}
