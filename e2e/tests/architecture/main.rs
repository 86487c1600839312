//! What `docs/architecture.md` promises about the repository, checked on the repository itself. Needs no running system.
//!
//! Invariant: the checks read what is there (manifests, YAML, sources, the README); a new part is covered without being
//! named here.

mod dapr;
mod documents;
mod events;
mod licences;
mod pins;
mod problems;
mod promises;
mod readme;
mod repository;
mod workspace;
