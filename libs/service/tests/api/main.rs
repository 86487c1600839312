//! What every service's listener does alike, tried on a table of three routes.

mod database;
mod deadline;
mod guard;
mod keys;
mod revoked;
mod stand_in;
mod token;
