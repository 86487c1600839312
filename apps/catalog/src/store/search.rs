//! Finding products by their words, written right or nearly so.
//!
//! Invariant: every word that is looked for is looked up in an index of trigrams; what a store sells is judged by the
//! caller, who has its menu.

use sqlx::PgConnection;

use crate::menu::{CategoryId, ProductId, StoreId};

/// A text and the words looked for share at least this part of the words' trigrams: what "latte" and "late" do, and
/// "latte" and "lemon" do not.
const NEAR: &str = "0.34";
/// Products ranked at most.
const MOST: i64 = 500;

/// What is looked for.
pub struct Query<'a> {
    /// In which store's list.
    pub store: StoreId,
    /// The words.
    pub words: &'a str,
    /// Under which heading, if not all.
    pub category: Option<CategoryId>,
    /// What must not be in it.
    pub without: &'a [String],
}

/// The products with these words in their names, their category's, their description or their options', best first.
/// Each has a row in the store's price list; whether it has a price now is not looked at.
pub async fn ranked(db: &mut PgConnection, query: &Query<'_>) -> sqlx::Result<Vec<ProductId>> {
    // The planner takes comparing trigrams for as cheap as comparing numbers: knowing the words, and so that they will be in
    // many rows, it compares with every row of the table. Not knowing them it goes by the index.
    sqlx::query!(
        r#"SELECT set_config('pg_trgm.word_similarity_threshold', $1, true) AS "near",
                  set_config('plan_cache_mode', 'force_generic_plan', true) AS "plan""#,
        NEAR
    )
    .fetch_one(&mut *db)
    .await?;
    // A name counts most, and more the less else it says; each other place can only add to it.
    sqlx::query_scalar!(
        r#"WITH found AS (
               SELECT id AS product_id, 0.7 * word_similarity($1, name) + 0.5 * similarity($1, name) AS score
               FROM products WHERE $1 <% name
               UNION ALL
               SELECT id, 0.3 * word_similarity($1, description) FROM products WHERE $1 <% description
               UNION ALL
               SELECT p.id, 0.3 * word_similarity($1, c.name)
               FROM categories c JOIN products p ON p.category_id = c.id WHERE $1 <% c.name
               UNION ALL
               SELECT pg.product_id, 0.2 * max(word_similarity($1, o.name))
               FROM options o JOIN product_option_groups pg ON pg.group_id = o.group_id WHERE $1 <% o.name
               GROUP BY pg.product_id
           )
           SELECT p.id AS "id: ProductId"
           FROM found JOIN products p ON p.id = found.product_id JOIN categories c ON c.id = p.category_id
           WHERE ($2::uuid IS NULL OR p.category_id = $2) AND NOT p.allergens && $3
             AND EXISTS (SELECT FROM variations v JOIN variation_prices vp ON vp.variation_id = v.id
                         WHERE v.product_id = p.id AND vp.store_id = $4)
           GROUP BY p.id, c.id
           ORDER BY sum(found.score) DESC, c.position, c.name, p.position, p.name
           LIMIT $5"#,
        query.words,
        query.category.map(|it| it.0),
        query.without,
        query.store.0,
        MOST
    )
    .fetch_all(db)
    .await
}
