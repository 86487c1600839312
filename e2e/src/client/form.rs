//! The forms of a server-rendered page: where they post to, and what they carry unseen.
//!
//! Invariant: it reads pages of ours, which quote every attribute; it is no HTML parser and finds nothing elsewhere.

/// A form of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it posts to.
    pub action: String,
    /// Its fields with the values that they have.
    pub values: Vec<(String, String)>,
}

impl Form {
    /// The first form of `page` that has all these fields.
    pub fn find(page: &str, fields: &[&str]) -> Option<Self> {
        page.split("<form ").skip(1).find_map(|rest| {
            let form = rest.split("</form>").next()?;
            let values: Vec<_> = form.split("<input ").skip(1).filter_map(input).collect();
            let has = |field: &&str| values.iter().any(|(name, _)| name == field);
            if !fields.iter().all(has) {
                return None;
            }
            Some(Self {
                action: attribute(form, "action")?,
                values,
            })
        })
    }
}

fn input(tag: &str) -> Option<(String, String)> {
    Some((
        attribute(tag, "name")?,
        attribute(tag, "value").unwrap_or_default(),
    ))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let inside = tag.split('>').next()?;
    let (_, rest) = format!(" {inside}")
        .split_once(&format!(" {name}=\""))
        .map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    let value = rest.split('"').next()?;
    let plain = value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'");
    Some(plain.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_form_that_has_the_fields() {
        let page = r#"<form class="note" method="post" action="/sign-out"><button>Out</button></form>
            <form method="post" action="/sign-in">
            <input type="hidden" name="return" value="/oauth2/authorize?a=1&amp;b=%3D">
            <input id="email" name="email" type="email" required value="">
            <input id="password" name="password" type="password" required></form>"#;
        let form = Form::find(page, &["email", "password"]).expect("it is there");
        assert_eq!(form.action, "/sign-in");
        let hidden = (
            "return".to_owned(),
            "/oauth2/authorize?a=1&b=%3D".to_owned(),
        );
        assert_eq!(form.values[0], hidden);
        assert_eq!(form.values.len(), 3);
        assert_eq!(Form::find(page, &["name"]), None);
    }
}
