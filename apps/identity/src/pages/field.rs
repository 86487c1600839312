//! One field of a form: its label, its hint and what is wrong with it, tied together for screen readers.
//!
//! Invariant: a password is never sent back.

use super::html::text;

/// What a new password is asked for with.
pub const PASSWORD_HINT: &str = "At least 8 characters. A few words in a row are good.";

/// One field with its label, its hint and what is wrong with it.
pub struct Field<'a> {
    pub id: &'static str,
    pub label: &'static str,
    /// Type, completion and bounds.
    pub attributes: &'static str,
    pub value: &'a str,
    pub hint: Option<&'static str>,
    pub wrong: Option<String>,
}

impl Field<'_> {
    /// Renders it.
    pub fn render(&self) -> String {
        let Self {
            id,
            label,
            attributes,
            ..
        } = self;
        let value = text(self.value);
        let hint = self
            .hint
            .map(|hint| format!(r#"<p id="{id}-hint" class="hint">{hint}</p>"#));
        let wrong = self.wrong.as_deref().map(text);
        let wrong = wrong
            .map(|wrong| format!(r#"<p id="{id}-wrong" class="alert" role="alert">{wrong}</p>"#));
        let described: Vec<String> = [(&wrong, "wrong"), (&hint, "hint")]
            .into_iter()
            .filter(|(part, _)| part.is_some())
            .map(|(_, suffix)| format!("{id}-{suffix}"))
            .collect();
        let described = if described.is_empty() {
            String::new()
        } else {
            format!(r#" aria-describedby="{}""#, described.join(" "))
        };
        let invalid = if wrong.is_some() {
            r#" aria-invalid="true""#
        } else {
            ""
        };
        let (hint, wrong) = (hint.unwrap_or_default(), wrong.unwrap_or_default());
        format!(
            r#"<label for="{id}">{label}</label>
{hint}{wrong}<input id="{id}" name="{id}" {attributes} required value="{value}"{described}{invalid}>
"#
        )
    }
}
