//! The pages for setting up a second factor: the secret to be read by an app, and the recovery codes.
//!
//! Invariant: the picture is drawn here, so that the secret goes to nobody else.

use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use qrcode::{Color, QrCode};

use super::html::text;
use super::{code, page, return_field};
use crate::return_to::ReturnTo;
use crate::second_factor::Proof;

/// What the page with the secret shows.
#[derive(Debug)]
pub struct SetUpPage<'a> {
    /// Where its form posts to.
    pub action: &'a str,
    /// Where to go afterwards.
    pub return_to: Option<&'a ReturnTo>,
    /// The secret, to be typed.
    pub secret: &'a str,
    /// The secret, to be read from the picture.
    pub uri: &'a str,
    /// What came of the last code.
    pub proof: Option<Proof>,
}

/// What the page with recovery codes shows.
#[derive(Debug)]
pub struct RecoveryCodesPage<'a> {
    /// The codes.
    pub codes: &'a [String],
    /// Where to go from here.
    pub onward: &'a str,
}

impl SetUpPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self) -> Response {
        let picture = picture(self.uri).unwrap_or_default();
        let groups: Vec<String> = self
            .secret
            .as_bytes()
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        let (secret, uri) = (text(&groups.join(" ")), text(self.uri));
        let field = code::field(Some("The six digits that it shows now."), self.proof);
        let (action, return_field) = (text(self.action), return_field(self.return_to));
        let main = format!(
            r#"<p>Let an authenticator app read this picture, or <a href="{uri}">open it in the app on this device</a>.</p>
{picture}
<p class="hint" id="secret-label">Or type this into the app:</p>
<p><code class="secret" aria-labelledby="secret-label">{secret}</code></p>
<form method="post" action="{action}">
{return_field}
{field}<button type="submit">Go on</button>
</form>"#
        );
        code::answer(self.proof, "Set up your second step", &main)
    }
}

impl RecoveryCodesPage<'_> {
    /// Renders it, with the cookie of a sign-in that is over now.
    #[must_use]
    pub fn render(&self, cookie: Option<HeaderValue>) -> Response {
        let mut list = String::new();
        for code in self.codes {
            let code = text(code);
            // A text grows without failing.
            let _ = writeln!(list, "<li><code>{code}</code></li>");
        }
        let onward = text(self.onward);
        let main = format!(
            r#"<p role="status">From now on, signing in takes a code from your app.</p>
<p>Keep these recovery codes where you find them without your phone. Each is good once, in place of a code. They are not shown again.</p>
<ol class="codes">
{list}</ol>
<p><a class="button" href="{onward}">I have kept them</a></p>"#
        );
        let mut response = page(StatusCode::OK, "Your recovery codes", &main);
        if let Some(cookie) = cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// A QR code as SVG: one path, a square for each dark module, with the quiet zone of four that readers need.
fn picture(uri: &str) -> Option<String> {
    const QUIET: usize = 4;
    let code = QrCode::new(uri).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (at % width + QUIET, at / width + QUIET);
            write!(path, "M{x} {y}h1v1h-1z").ok()?;
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        r##"<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="QR code for your authenticator app" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>"##
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_qr_code_with_its_quiet_zone() {
        let svg = picture("otpauth://totp/Crema:a%40b.c?secret=GEZDGNBVGY3TQOJQ").expect("short");
        assert!(svg.contains(r#"viewBox="0 0 41 41""#));
        // The first row of a finder pattern: seven dark modules and a light one.
        for x in 4..11 {
            assert!(svg.contains(&format!("M{x} 4h1v1h-1z")), "{x}");
        }
        assert!(!svg.contains("M11 4h1v1h-1z") && !svg.contains("M3 4h"));
        assert!(!svg.contains("style"));
    }
}
