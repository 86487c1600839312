//! I12: what an order costs is what stands on its receipt.
//!
//! Invariant: each sum is of the order's own rows; no price and no fee is known here.

use super::evidence::Evidence;
use super::{Invariant, Verdict};

/// I12: the lines less the discount, the fee and the tip are the total; the shares are the discount; all but the tip is
/// taxed.
pub(super) fn add_up(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I12);
    for order in &evidence.orders {
        for (what, found, wanted) in [
            (
                "is paid",
                order.total,
                order.lines - order.discount + order.fee + order.tip,
            ),
            ("is shared out", order.shares, order.discount),
            (
                "is taxed",
                order.taxed,
                order.lines - order.discount + order.fee,
            ),
        ] {
            if found != wanted {
                verdict.violated(&order.id, format!("{found} {what} rather than {wanted}"));
            }
        }
    }
    verdict.saw(evidence.orders.len(), "orders");
    verdict
}
