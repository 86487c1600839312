//! One file per operation: its handler, its core and its refusals.
//!
//! Invariant: an answer that carries a code, a token or a person's data is never stored on its way.

pub mod account;
pub mod ask_for_mail;
pub mod audit;
pub mod authorize;
pub mod change_password;
pub mod client;
pub mod client_credentials;
pub mod client_secret;
pub mod clients;
pub mod consent;
pub mod delete_account;
pub mod discovery;
pub mod edit_client;
pub mod end_sessions;
pub mod exchange;
pub mod export_data;
pub mod introspect;
pub mod jwks;
pub mod linked_accounts;
pub mod logout;
pub mod redeem_code;
pub mod refresh;
pub mod register;
pub mod register_client;
pub mod remove_second_factor;
pub mod renew_recovery_codes;
pub mod reset_password;
pub mod revoke;
pub mod security;
pub mod set_up_second_factor;
pub mod sign_in;
pub mod sign_in_code;
pub mod sign_in_with;
pub mod sign_in_with_callback;
pub mod sign_out;
pub mod stylesheet;
pub mod token;
pub mod user;
pub mod user_activation;
pub mod user_roles;
pub mod userinfo;
pub mod users;
pub mod verify_email;
pub mod withdraw_consent;
