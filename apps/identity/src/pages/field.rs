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

/// A list to choose one of, or none.
pub struct Choice<'a> {
    pub id: &'static str,
    pub label: &'static str,
    /// What choosing none is called.
    pub none: &'static str,
    pub of: &'a [&'static str],
    pub value: &'a str,
    pub hint: Option<&'static str>,
    pub wrong: Option<String>,
}

impl Field<'_> {
    /// Renders it.
    pub fn render(&self) -> String {
        let Self { id, attributes, .. } = self;
        let value = text(self.value);
        labelled(id, self.label, self.hint, self.wrong.as_deref(), |ties| {
            format!(r#"<input id="{id}" name="{id}" {attributes} required value="{value}"{ties}>"#)
        })
    }
}

impl Choice<'_> {
    /// Renders it.
    pub fn render(&self) -> String {
        let Self { id, none, .. } = self;
        let options: String = self.of.iter().map(|name| self.option(name)).collect();
        labelled(id, self.label, self.hint, self.wrong.as_deref(), |ties| {
            format!(
                r#"<select id="{id}" name="{id}"{ties}>
<option value="">{none}</option>
{options}</select>"#
            )
        })
    }

    fn option(&self, name: &str) -> String {
        let selected = if name == self.value { " selected" } else { "" };
        let name = text(name);
        format!("<option{selected}>{name}</option>\n")
    }
}

/// Puts a control under its label, with what ties it to its hint and to what is wrong with it.
fn labelled(
    id: &str,
    label: &str,
    hint: Option<&str>,
    wrong: Option<&str>,
    control: impl FnOnce(&str) -> String,
) -> String {
    let hint = hint.map(|hint| format!(r#"<p id="{id}-hint" class="hint">{hint}</p>"#));
    let wrong = wrong
        .map(text)
        .map(|wrong| format!(r#"<p id="{id}-wrong" class="alert" role="alert">{wrong}</p>"#));
    let described: Vec<String> = [(&wrong, "wrong"), (&hint, "hint")]
        .into_iter()
        .filter(|(part, _)| part.is_some())
        .map(|(_, suffix)| format!("{id}-{suffix}"))
        .collect();
    let mut ties = String::new();
    if !described.is_empty() {
        ties = format!(r#" aria-describedby="{}""#, described.join(" "));
    }
    if wrong.is_some() {
        ties.push_str(r#" aria-invalid="true""#);
    }
    let control = control(&ties);
    let (hint, wrong) = (hint.unwrap_or_default(), wrong.unwrap_or_default());
    format!(
        r#"<label for="{id}">{label}</label>
{hint}{wrong}{control}
"#
    )
}
