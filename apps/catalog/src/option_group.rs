//! An option group as managers edit it: what is chosen, among which options, how many, and which by default.
//!
//! Invariant: an edit that [`Edit::faults`] finds nothing wrong with can be ordered as it stands: its defaults are
//! neither fewer nor more than must be chosen.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::FieldFault;
use crate::fields::Name;
use crate::menu::{GroupId, OptionId};

/// Options of one group at most.
const MOST_OPTIONS: usize = 30;

/// What a group is to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What is chosen, such as "Milk"; once in the catalogue.
    pub name: Name,
    /// At least so many options must be chosen.
    pub min: u8,
    /// At most so many may be.
    pub max: u8,
    /// In the order they are shown.
    pub options: Vec<OptionEdit>,
}

/// What an option is to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionEdit {
    /// Which one; a new one without.
    pub id: Option<OptionId>,
    /// Its name, once in its group.
    pub name: Name,
    /// Chosen until the customer chooses otherwise.
    #[serde(default)]
    pub default: bool,
}

/// A group as it is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ManagedOptionGroup")]
pub struct OptionGroup {
    /// Its id.
    pub id: GroupId,
    /// What is chosen.
    pub name: String,
    /// At least so many options must be chosen.
    pub min: i16,
    /// At most so many may be.
    pub max: i16,
    /// In the order they are shown.
    pub options: Vec<GroupOption>,
    /// Grows with every edit.
    pub version: i64,
}

/// An option as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ManagedOption")]
pub struct GroupOption {
    /// Its id.
    pub id: OptionId,
    /// Its name.
    pub name: String,
    /// Chosen until the customer chooses otherwise.
    pub default: bool,
}

impl Edit {
    /// What is wrong with it for a group that has these options.
    #[must_use]
    pub fn faults(&self, existing: &[OptionId]) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        if !(1..=MOST_OPTIONS).contains(&self.options.len()) {
            let detail = format!("must be 1 to {MOST_OPTIONS}");
            faults.push(FieldFault::at("/options", detail));
        }
        let (min, max) = (usize::from(self.min), usize::from(self.max));
        if max == 0 || max > self.options.len() {
            let detail = "must be 1 to the number of options";
            faults.push(FieldFault::at("/max", detail));
        }
        if min > max {
            faults.push(FieldFault::at("/min", "must not be more than `max`"));
        }
        let defaults = self.options.iter().filter(|it| it.default).count();
        if !(min..=max.max(min)).contains(&defaults) {
            let detail = format!("{defaults} are chosen by default, which nobody could order");
            faults.push(FieldFault::at("/options", detail));
        }
        let (mut ids, mut names) = (HashSet::new(), HashSet::new());
        for (index, option) in self.options.iter().enumerate() {
            let at = |field| format!("/options/{index}/{field}");
            if let Some(id) = option.id
                && !(existing.contains(&id) && ids.insert(id))
            {
                faults.push(FieldFault::at(at("id"), "is no other option of this group"));
            }
            if !names.insert(option.name.as_str().to_lowercase()) {
                faults.push(FieldFault::at(at("name"), "is there twice"));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn what_passes_can_be_ordered_as_it_stands(min in 0_u8..5, max in 0_u8..5, defaults in prop::collection::vec(any::<bool>(), 0..5)) {
            let options: Vec<_> = defaults.iter().enumerate()
                .map(|(index, default)| json!({"name": format!("Option {index}"), "default": default}))
                .collect();
            let edit: Edit = serde_json::from_value(json!({"name": "Milk", "min": min, "max": max, "options": options})).expect("an edit");
            let chosen = defaults.iter().filter(|it| **it).count();
            let good = (1..=defaults.len()).contains(&usize::from(max)) && (min..=max).map(usize::from).any(|it| it == chosen);
            prop_assert_eq!(edit.faults(&[]).is_empty(), good);
        }
    }
}
