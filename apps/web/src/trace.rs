//! The W3C trace context a request starts with, so that one trace runs from the browser to the last consumer.

use uuid::Uuid;

/// A trace begun in this browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    id: String,
    span: String,
}

impl Trace {
    /// Made of two random ids. Their version bits cost a little randomness and keep both halves from being all zero.
    #[must_use]
    pub fn from_random(trace: Uuid, span: Uuid) -> Trace {
        let span = span.simple().to_string();
        Trace {
            id: trace.simple().to_string(),
            span: span[..16].to_owned(),
        }
    }

    /// 32 hex digits: what a customer reads out to support.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Value of the `traceparent` header; always sampled.
    #[must_use]
    pub fn header(&self) -> String {
        format!("00-{}-{}-01", self.id, self.span)
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;
    use uuid::Uuid;

    #[test]
    fn has_the_w3c_form() {
        let trace = Trace::from_random(
            Uuid::from_u128(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
            Uuid::from_u128(0x00f0_67aa_0ba9_42b7_8888_8888_8888_8888),
        );
        assert_eq!(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(
            trace.header(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba942b7-01"
        );
    }
}
