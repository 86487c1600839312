//! BFF: the one door between browsers and the platform.
//!
//! **Owns** browser sessions (in the state store, where they may vanish), baskets and favourites (in the durable one, where
//! they may not), the public listener and the web client's files.
//! **Promises** `/api/*` to our own client, identity's endpoints and pages under the issuer's address, the client's pages,
//! a way in for the payment provider's webhooks, and the document of all that (`/v1/openapi.json`), which it holds
//! requests against before it asks a service.
//! **Calls** identity, catalog, order, inventory and payment by service invocation, in the person's name by token exchange,
//! for menus and what is sold out in its own.
//! **Publishes** nothing. **Listens to** `order-events`, to show orders as they change, to `inventory-events`, to show what
//! is sold out, to `catalog-events`, to show menus as they are, and to `identity-events`, to end what came from a sign-in
//! that ended and to forget what is kept of an account that was removed.
//!
//! Invariants: no token is in any byte that a browser sees; no page of another site can read or change anything here; what
//! a person may do is decided by the service that is asked, never here.

pub mod catalogue;
pub mod config;
pub mod contract;
pub mod cookies;
pub mod error;
pub mod inbound;
pub mod limits;
pub mod live;
pub mod ops;
pub mod pages;
pub mod passed;
pub mod perimeter;
pub mod public;
pub mod return_url;
pub mod routes;
pub mod seal;
pub mod session;
pub mod shelf;
pub mod sign_in;
pub mod state;
pub mod tls;
pub mod upstreams;
