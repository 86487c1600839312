//! Identity through its HTTP surface, on a real PostgreSQL: a file per operation.
//!
//! Invariant: a test sees what a browser or a client sees; it looks behind only to prepare people.

mod account;
mod ada;
mod admission;
mod applications;
mod audit;
mod authorize;
mod change_password;
mod client_credentials;
mod clients;
mod consent;
mod discovery;
mod events;
mod exchange;
mod foreign;
mod foreign_clients;
mod forms;
mod hints;
mod introspect;
mod keys;
mod linked_accounts;
mod logout;
mod mail;
mod provider;
mod public_clients;
mod record;
mod redeem_code;
mod refresh;
mod register;
mod reset_password;
mod revoke;
mod second_factor;
mod seed;
mod sign_in;
mod sign_in_with;
mod sign_in_with_refused;
mod sign_out;
mod standards;
mod sweep;
mod throttle;
mod traveller;
mod userinfo;
mod users;
mod verify_email;
mod world;
