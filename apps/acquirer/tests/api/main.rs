//! The provider's interface at a real listener, over a real ledger file; the merchant's side is played by the tests.

mod access;
mod idempotency;
mod kill;
mod merchant;
mod operations;
mod replay;
mod sidecar;
mod tokens;
mod transactions;
mod webhooks;
mod world;
