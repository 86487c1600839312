//! Roles, and the only place where a role becomes scopes.
//!
//! Invariant: a scope `<app>:<verb>` is given only for its own audience `<app>`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scope::Scopes;

/// What a person is to the café.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Orders for herself.
    Customer,
    /// Makes the orders of a store.
    Barista,
    /// Runs a store.
    Manager,
    /// Runs the platform.
    Admin,
}

/// A text that names no role.
#[derive(Debug, thiserror::Error)]
#[error("no such role")]
pub struct UnknownRole;

/// Each row's own scopes; a role has those of every row up to its own.
const GIVEN: [(Role, &[&str]); 4] = [
    (
        Role::Customer,
        &[
            "catalog:read",
            "catalog:quote",
            "order:slots",
            "order:place",
            "order:read",
            "order:cancel",
            "shipping:quote",
            "shipping:read",
        ],
    ),
    (
        Role::Barista,
        &["order:fulfil", "inventory:read", "shipping:dispatch"],
    ),
    (
        Role::Manager,
        &[
            "catalog:manage",
            "order:manage",
            "inventory:manage",
            "payment:read",
            "payment:refund",
            "shipping:manage",
        ],
    ),
    (
        Role::Admin,
        &[
            "order:operate",
            "inventory:operate",
            "payment:operate",
            "shipping:operate",
            "identity:operate",
        ],
    ),
];

impl Role {
    /// Every role, for tables that must name all.
    pub const ALL: [Self; 4] = [Self::Customer, Self::Barista, Self::Manager, Self::Admin];

    /// The role's name in claims and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Barista => "barista",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// Whether whoever has it works here.
    #[must_use]
    pub fn is_staff(self) -> bool {
        self > Self::Customer
    }

    fn scopes(self) -> impl Iterator<Item = &'static str> {
        GIVEN
            .iter()
            .filter(move |(role, _)| *role <= self)
            .flat_map(|(_, scopes)| scopes.iter().copied())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(UnknownRole)
    }
}

/// The scopes that these roles give towards one audience.
#[must_use]
pub fn scopes_for(roles: &[Role], audience: &str) -> Scopes {
    let given: Scopes = roles.iter().flat_map(|role| role.scopes()).collect();
    given.towards(audience)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope;

    #[test]
    fn a_customer_cannot_fulfil_and_staff_can() {
        assert_eq!(
            scopes_for(&[Role::Customer], "order").to_string(),
            "order:cancel order:place order:read order:slots"
        );
        for role in [Role::Barista, Role::Manager, Role::Admin] {
            assert!(scopes_for(&[role], "order").contains("order:fulfil"));
        }
    }

    #[test]
    fn the_menu_is_changed_by_who_answers_for_a_store() {
        for (role, scopes) in [
            (Role::Customer, "catalog:quote catalog:read"),
            (Role::Barista, "catalog:quote catalog:read"),
            (Role::Manager, "catalog:manage catalog:quote catalog:read"),
            (Role::Admin, "catalog:manage catalog:quote catalog:read"),
        ] {
            assert_eq!(scopes_for(&[role], "catalog").to_string(), scopes);
        }
    }

    #[test]
    fn stock_and_money_are_for_those_who_answer_for_them() {
        for (role, stock, money) in [
            (Role::Customer, "", ""),
            (Role::Barista, "inventory:read", ""),
            (
                Role::Manager,
                "inventory:manage inventory:read",
                "payment:read payment:refund",
            ),
            (
                Role::Admin,
                "inventory:manage inventory:operate inventory:read",
                "payment:operate payment:read payment:refund",
            ),
        ] {
            assert_eq!(scopes_for(&[role], "inventory").to_string(), stock);
            assert_eq!(scopes_for(&[role], "payment").to_string(), money);
        }
    }

    #[test]
    fn everybody_sees_her_own_shipment_and_who_answers_for_a_store_says_where_it_delivers() {
        for (role, scopes) in [
            (Role::Customer, "shipping:quote shipping:read"),
            (
                Role::Barista,
                "shipping:dispatch shipping:quote shipping:read",
            ),
            (
                Role::Manager,
                "shipping:dispatch shipping:manage shipping:quote shipping:read",
            ),
            (
                Role::Admin,
                "shipping:dispatch shipping:manage shipping:operate shipping:quote shipping:read",
            ),
        ] {
            assert_eq!(scopes_for(&[role], "shipping").to_string(), scopes);
        }
    }

    #[test]
    fn scopes_stay_with_their_audience() {
        assert_eq!(
            scopes_for(&Role::ALL, "catalog").to_string(),
            "catalog:manage catalog:quote catalog:read"
        );
        assert!(scopes_for(&Role::ALL, "cat").is_empty());
        assert!(scopes_for(&[], "order").is_empty());
    }

    #[test]
    fn clients_of_other_companies_do_what_customers_may() {
        let customers: Scopes = Role::Customer.scopes().collect();
        assert!(customers.covers(&scope::ACTING.into_iter().collect()));
        let acting: Scopes = scope::ACTING.into_iter().collect();
        assert!(acting.covers(&scope::ALONE.into_iter().collect()));
    }

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().ok(), Some(role));
        }
        assert!("root".parse::<Role>().is_err());
    }
}
