//! Identity through its HTTP surface, on a real PostgreSQL: a file per operation.
//!
//! Invariant: a test sees what a browser or a client sees; it looks behind only to prepare people.

mod audit;
mod authorize;
mod client_credentials;
mod discovery;
mod events;
mod exchange;
mod introspect;
mod keys;
mod logout;
mod redeem_code;
mod refresh;
mod register;
mod revoke;
mod seed;
mod sign_in;
mod sign_out;
mod standards;
mod sweep;
mod throttle;
mod userinfo;
mod users;
mod world;
