//! Noticing that our sidecar was away, and with it the events it would have brought.
//!
//! Invariant: after every absence the open streams look again, until well after its subscription is back.

use std::time::Duration;

use dapr_kit::Dapr;
use tokio::time::sleep;

use super::hub::Hub;

/// How often the sidecar is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long after its return a sidecar's subscription may still be joining: it begins with the newest event then, so
/// what came before is seen only by looking.
const JOINING: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(5),
];

/// Runs for as long as the process.
pub async fn watch_sidecar(dapr: Dapr, hub: Hub) {
    let mut was_ready = true;
    loop {
        let ready = dapr.ready().await;
        if ready && !was_ready {
            tracing::info!("the sidecar is back: open streams look again");
            tokio::spawn(look_again(hub.clone()));
        }
        was_ready = ready;
        sleep(LOOK).await;
    }
}

/// Makes the streams look again, several times over the time that joining may take.
pub async fn look_again(hub: Hub) {
    for pause in JOINING {
        sleep(pause).await;
        hub.look_again();
    }
}
