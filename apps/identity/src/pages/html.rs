//! Text made safe for HTML.
//!
//! Invariant: the result can stand between tags and in a quoted attribute, whatever went in.

/// Escapes text for element content and for attribute values in double quotes.
pub fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_special_is_left() {
        assert_eq!(
            text(r#"a<b>"c"&'d'"#),
            "a&lt;b&gt;&quot;c&quot;&amp;&#39;d&#39;"
        );
        assert_eq!(text("żółw ☕"), "żółw ☕");
    }
}
