//! A list in which a row that stays the same is not drawn anew. One kind of row for every list: each kind that the
//! framework is told of is another five thousand bytes of it.

use leptos::prelude::*;

/// A row: what it is known by from one drawing to the next, and how it is drawn.
pub struct Row {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Row {
    /// A row with a key that no other of its list has.
    pub fn new(key: String, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        let draw = Box::new(draw);
        Row { key, draw }
    }
}

/// The rows, as often as what they are made of changes.
pub fn rows(each: impl Fn() -> Vec<Row> + Send + 'static) -> AnyView {
    let each: Box<dyn Fn() -> Vec<Row> + Send> = Box::new(each);
    view! { <For each key=|row: &Row| row.key.clone() children=|row: Row| (row.draw)()/> }
        .into_any()
}
