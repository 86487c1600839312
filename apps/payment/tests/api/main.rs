//! The service's API on a real PostgreSQL, with a provider that declines, hangs, loses answers and repeats itself.

/// What holds whoever the provider is: each of these tests runs once for each.
macro_rules! for_each_provider {
    ($($test:ident),+ $(,)?) => {
        mod acquirer {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(payment::provider::Provider::Acquirer).await;
                }
            )+
        }
        mod stripe {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(payment::provider::Provider::Stripe).await;
                }
            )+
        }
    };
}

mod access;
mod alerts;
mod amounts;
mod authorise;
mod capture;
mod counter;
mod crashes;
mod dead_letters;
mod events;
mod ledger;
mod openapi;
mod provider;
mod read;
mod reconcile;
mod refund;
mod returns;
mod secrecy;
mod sequences;
mod shapes;
mod stripe;
mod undo;
mod unknown;
mod upkeep;
mod webhook;
mod world;
