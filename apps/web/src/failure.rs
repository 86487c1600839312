//! Why a call to `/api` gave nothing to show, in the terms the screens react to.

use bff_api::Problem;

use crate::json;

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which reaction it needs.
    pub kind: Kind,
    /// The problem's own words, for the customer.
    pub message: Option<String>,
    /// The problem's slug.
    pub slug: Option<String>,
    /// What was said of single lines of the order, by their number.
    pub lines: Vec<(usize, String)>,
    /// What to tell support.
    pub trace_id: String,
}

/// What a screen can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing came back: no network, or the server is away.
    Unreachable,
    /// Nobody is signed in, or the session has ended.
    SignedOut,
    /// Signed in, but not allowed.
    Forbidden,
    /// There is no such thing, or not for this person.
    NotFound,
    /// Somebody else changed it in the meantime.
    Changed,
    /// The server understood and refused; repeating it as it is won't help.
    Refused,
    /// The server failed, or answered with what can't be read; repeating may help.
    Broken,
}

impl Failure {
    /// No answer at all.
    #[must_use]
    pub fn unreachable(trace_id: &str) -> Failure {
        Failure::bare(Kind::Unreachable, trace_id)
    }

    /// An answer that is not of the promised form.
    #[must_use]
    pub fn unreadable(trace_id: &str) -> Failure {
        Failure::bare(Kind::Broken, trace_id)
    }

    /// An answer that is not a success. The problem's trace id wins over the one sent.
    #[must_use]
    pub fn answered(status: u16, body: &str, trace_id: &str) -> Failure {
        let problem = json::read::<Problem>(body).ok();
        let kind = match status {
            401 => Kind::SignedOut,
            403 => Kind::Forbidden,
            404 => Kind::NotFound,
            409 | 412 => Kind::Changed,
            400..=499 if status != 408 && status != 429 => Kind::Refused,
            _ => Kind::Broken,
        };
        let slug = problem
            .as_ref()
            .and_then(Problem::slug)
            .map(ToOwned::to_owned);
        Failure {
            kind,
            slug,
            lines: problem.as_ref().map(of_lines).unwrap_or_default(),
            message: problem
                .as_ref()
                .map(|problem| problem.detail.clone().unwrap_or(problem.title.clone())),
            trace_id: problem
                .and_then(|problem| problem.trace_id)
                .unwrap_or_else(|| trace_id.to_owned()),
        }
    }

    /// Whether the command may have been carried out all the same, so that it must be repeated and not renewed.
    #[must_use]
    pub fn leaves_doubt(&self) -> bool {
        matches!(self.kind, Kind::Unreachable | Kind::Broken)
            || self.slug.as_deref() == Some("idempotency-key-in-flight")
    }

    fn bare(kind: Kind, trace_id: &str) -> Failure {
        Failure {
            kind,
            message: None,
            slug: None,
            lines: Vec::new(),
            trace_id: trace_id.to_owned(),
        }
    }
}

/// The first word on each line: a pointer such as `/lines/0/quantity` is about line 0.
fn of_lines(problem: &Problem) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for error in &problem.errors {
        let mut parts = error.pointer.split('/').skip(1);
        if let (Some("lines"), Some(Ok(line))) = (parts.next(), parts.next().map(str::parse))
            && !lines.iter().any(|(known, _)| *known == line)
        {
            lines.push((line, error.detail.clone()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Failure, Kind};

    #[test]
    fn a_problem_gives_its_words_slug_and_trace() {
        let body = r#"{"type":"urn:problem-type:crema:option-not-allowed","title":"Option not allowed","status":422,
            "detail":"Oat is not sold with tea","trace_id":"server"}"#;
        let failure = Failure::answered(422, body, "sent");
        assert_eq!(failure.kind, Kind::Refused);
        assert_eq!(failure.slug.as_deref(), Some("option-not-allowed"));
        assert_eq!(failure.message.as_deref(), Some("Oat is not sold with tea"));
        assert_eq!(failure.trace_id, "server");
        assert!(!failure.leaves_doubt());
    }

    #[test]
    fn what_is_wrong_with_a_line_is_found_by_its_pointer() {
        let body = r#"{"type":"urn:problem-type:crema:sold-out","title":"Sold out","status":409,"errors":[
            {"pointer":"/lines/2","detail":"Only 1 is left"},
            {"pointer":"/lines/0/quantity","detail":"1 to 99"},
            {"pointer":"/lines/0/option_ids/1","detail":"not sold with it"},
            {"pointer":"/lines/x","detail":"nobody's"},
            {"pointer":"/lines","detail":"nobody's"},
            {"pointer":"/payment/token","detail":"nobody's"}]}"#;
        let failure = Failure::answered(409, body, "sent");
        assert_eq!(
            failure.lines,
            [(2, "Only 1 is left".to_owned()), (0, "1 to 99".to_owned())]
        );
        assert!(Failure::answered(409, "{}", "sent").lines.is_empty());
    }

    #[test]
    fn statuses_without_a_problem_are_understood_too() {
        let kind = |status| Failure::answered(status, "<html>", "sent").kind;
        assert_eq!(kind(401), Kind::SignedOut);
        assert_eq!(kind(403), Kind::Forbidden);
        assert_eq!(kind(404), Kind::NotFound);
        assert_eq!(kind(412), Kind::Changed);
        assert_eq!(kind(429), Kind::Broken);
        assert_eq!(kind(502), Kind::Broken);
        assert_eq!(Failure::answered(500, "", "sent").trace_id, "sent");
    }

    #[test]
    fn only_lost_and_unfinished_answers_leave_doubt() {
        assert!(Failure::unreachable("t").leaves_doubt());
        assert!(Failure::answered(503, "", "t").leaves_doubt());
        let in_flight = r#"{"type":"urn:problem-type:crema:idempotency-key-in-flight","title":"In flight","status":409}"#;
        assert!(Failure::answered(409, in_flight, "t").leaves_doubt());
        assert!(!Failure::answered(401, "", "t").leaves_doubt());
    }
}
