//! Reading `Prefer: wait=N` (RFC 7240, section 4.3).
//!
//! Invariant: a preference that can't be read is ignored, as the RFC demands; it never fails a request.

use axum::http::{HeaderMap, HeaderName};

/// The request header.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The response header that names the preferences that were honoured.
pub const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The seconds that the client is willing to wait. Of several the first counts.
#[must_use]
pub fn wait(headers: &HeaderMap) -> Option<u32> {
    headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(preferences)
        .find(|(name, _)| name.eq_ignore_ascii_case("wait"))
        .and_then(|(_, value)| {
            // `parse` alone would take a sign.
            value
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then_some(value)
        })
        .and_then(|value| value.parse().ok())
}

/// The name and value of each preference, without its parameters. Commas and semicolons within quotes do not separate.
fn preferences(header: &str) -> Vec<(&str, &str)> {
    split(header, ',')
        .into_iter()
        .filter_map(|preference| split(preference, ';').first().copied())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.trim(), value.trim().trim_matches('"'))
        })
        .collect()
}

fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (index, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if char == separator && !quoted => {
                parts.push(&text[start..index]);
                start = index + separator.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn of(values: &[&str]) -> Option<u32> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                PREFER,
                HeaderValue::from_str(value).expect("a header value"),
            );
        }
        wait(&headers)
    }

    #[test]
    fn finds_wait_among_other_preferences() {
        assert_eq!(of(&["wait=10"]), Some(10));
        assert_eq!(of(&["respond-async, WAIT = 10"]), Some(10));
        assert_eq!(of(&["respond-async", "wait=\"7\""]), Some(7));
        assert_eq!(of(&["wait=1; foo=\"a,b;wait=9\", wait=2"]), Some(1));
        assert_eq!(of(&["x=\"a, wait=3\""]), None);
    }

    #[test]
    fn ignores_what_it_cannot_read() {
        for bad in [
            "",
            "wait",
            "wait=",
            "wait=-1",
            "wait=+1",
            "wait=1.5",
            "wait=99999999999",
            "waiting=1",
        ] {
            assert_eq!(of(&[bad]), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = preferences(&text);
        }

        #[test]
        fn reads_back_any_number_of_seconds(seconds: u32, before in "[a-z]{1,8}(=[a-z]{0,3})?") {
            prop_assume!(!before.eq_ignore_ascii_case("wait") && !before.starts_with("wait="));
            prop_assert_eq!(of(&[&format!("{before}, wait={seconds}")]), Some(seconds));
        }
    }
}
