//! A product as managers edit it: with its variations, and which option groups it has.
//!
//! Invariant: an edit that [`Edit::faults`] finds nothing wrong with keeps the ids of the variations that it names.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::FieldFault;
use crate::fields::{Allergen, Description, Image, Name, Position, TaxClass};
use crate::menu::{CategoryId, GroupId, ProductId, VariationId};
use crate::photo::Photo;

/// Variations of one product at most.
const MOST_VARIATIONS: usize = 20;
/// Option groups of one product at most.
const MOST_GROUPS: usize = 20;

/// What a product is to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Under which heading.
    pub category_id: CategoryId,
    /// Its name, once in its category.
    pub name: Name,
    /// A sentence about it.
    pub description: Description,
    /// Slug of the picture.
    pub image: Image,
    /// What it contains of what must be declared.
    pub allergens: Vec<Allergen>,
    /// By what stores tax it.
    pub tax_class: TaxClass,
    /// Its place in its category.
    pub position: Position,
    /// Groups that apply to it, in the order they are shown.
    pub option_group_ids: Vec<GroupId>,
    /// In the order they are shown.
    pub variations: Vec<VariationEdit>,
}

/// What a variation is to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariationEdit {
    /// Which one; a new one without.
    pub id: Option<VariationId>,
    /// Its name, once in its product.
    pub name: Name,
}

/// A product as it is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ManagedProduct")]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Under which heading.
    pub category_id: CategoryId,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Slug of the picture that a client draws where there is no photograph.
    pub image: String,
    /// Its photograph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// What it contains of what must be declared.
    pub allergens: Vec<String>,
    /// By what stores tax it.
    pub tax_class: String,
    /// Its place in its category.
    pub position: i32,
    /// Groups that apply to it, in the order they are shown.
    pub option_group_ids: Vec<GroupId>,
    /// In the order they are shown.
    pub variations: Vec<Variation>,
    /// Grows with every edit.
    pub version: i64,
}

/// A variation as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ManagedVariation")]
pub struct Variation {
    /// Its id.
    pub id: VariationId,
    /// Its name.
    pub name: String,
}

impl Edit {
    /// What is wrong with it for a product that has these variations; what exists elsewhere is not looked at.
    #[must_use]
    pub fn faults(&self, existing: &[VariationId]) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        if !(1..=MOST_VARIATIONS).contains(&self.variations.len()) {
            let detail = format!("must be 1 to {MOST_VARIATIONS}");
            faults.push(FieldFault::at("/variations", detail));
        }
        if self.option_group_ids.len() > MOST_GROUPS {
            let detail = format!("must be {MOST_GROUPS} at most");
            faults.push(FieldFault::at("/option_group_ids", detail));
        }
        let mut groups = HashSet::new();
        for (index, group) in self.option_group_ids.iter().enumerate() {
            if !groups.insert(group) {
                let pointer = format!("/option_group_ids/{index}");
                faults.push(FieldFault::at(pointer, "is there twice"));
            }
        }
        let (mut ids, mut names) = (HashSet::new(), HashSet::new());
        for (index, variation) in self.variations.iter().enumerate() {
            let at = |field| format!("/variations/{index}/{field}");
            if let Some(id) = variation.id
                && !(existing.contains(&id) && ids.insert(id))
            {
                let detail = "is no other variation of this product";
                faults.push(FieldFault::at(at("id"), detail));
            }
            if !names.insert(variation.name.as_str().to_lowercase()) {
                faults.push(FieldFault::at(at("name"), "is there twice"));
            }
        }
        faults
    }

    /// The allergens, each once.
    #[must_use]
    pub fn allergens(&self) -> Vec<String> {
        let mut allergens = self.allergens.clone();
        allergens.sort_unstable();
        allergens.dedup();
        let words = allergens.into_iter().map(Allergen::as_str);
        words.map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn every_fault_is_named_by_its_pointer() {
        let (kept, foreign) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let group = Uuid::from_u128(3);
        let edit: Edit = serde_json::from_value(json!({
            "category_id": kept, "name": "Flat white", "description": "", "image": "flat-white",
            "allergens": ["milk", "gluten", "milk"], "tax_class": "drink", "position": 1,
            "option_group_ids": [group, group],
            "variations": [
                {"id": kept, "name": "Small"}, {"name": "small"}, {"id": foreign, "name": "Large"}, {"id": kept, "name": "Huge"},
            ],
        }))
        .expect("an edit");
        let faults = edit.faults(&[VariationId(kept)]);
        let pointers: Vec<_> = faults.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/option_group_ids/1",
                "/variations/1/name",
                "/variations/2/id",
                "/variations/3/id"
            ]
        );
        assert_eq!(edit.allergens(), ["gluten", "milk"]);
    }
}
