//! A product's photograph as it is shown: which renditions of it there are, and by which hashes they are had.
//!
//! Invariant: a hash is the SHA-256 of the bytes that are served under it, so neither ever changes without the other.

mod draw;
#[cfg(test)]
mod tests;
mod whole;
mod workshop;

use aws_lc_rs::digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rendered::hex;

pub use draw::{MOST_PIXELS, NARROWEST, WIDEST, WIDTHS, draw};
pub use workshop::Workshop;

/// The media type of every rendition.
pub const KIND: &str = "image/jpeg";

/// Names bytes by their SHA-256, in small hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct Hash(String);

impl Hash {
    /// The name of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(digest::digest(&digest::SHA256, bytes).as_ref()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digit = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 64 && text.bytes().all(digit) {
            Ok(Self(text))
        } else {
            Err("must be 64 small hexadecimal digits".to_owned())
        }
    }
}

/// A picture that was drawn in one width.
#[derive(Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
    /// The name of its bytes.
    pub hash: Hash,
    /// What is served.
    pub bytes: Vec<u8>,
}

/// Without its bytes: a picture is for nobody's log.
impl std::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{} {}", self.width, self.height, self.hash.as_str())
    }
}

/// A photograph, as answers and events tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Photo {
    /// The widest rendition's width, in pixels.
    pub width: u32,
    /// The widest rendition's height, in pixels: the others have the same shape.
    pub height: u32,
    /// From the narrowest to the widest; never empty.
    pub renditions: Vec<Rendition>,
}

/// One width of a photograph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rendition {
    /// In pixels.
    pub width: u32,
    /// By which it is read.
    pub hash: Hash,
}

/// A rendition as the database tells of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Kept {
    width: u32,
    height: u32,
    hash: Hash,
}

impl Photo {
    /// The photograph of these renditions, which are sorted by width; none of none.
    #[must_use]
    pub fn of(kept: Vec<Kept>) -> Option<Self> {
        let widest = kept.last()?;
        let (width, height) = (widest.width, widest.height);
        let rendition = |it: Kept| Rendition {
            width: it.width,
            hash: it.hash,
        };
        Some(Self {
            width,
            height,
            renditions: kept.into_iter().map(rendition).collect(),
        })
    }

    /// Whether it is made of just these pictures.
    #[must_use]
    pub fn is(&self, drawn: &[Drawn]) -> bool {
        let ours = self.renditions.iter().map(|it| (it.width, &it.hash));
        ours.eq(drawn.iter().map(|it| (it.width, &it.hash)))
    }
}

/// A picture that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The bytes are no whole picture of a type that is read here.
    #[error("the picture can't be read: {0}")]
    Unreadable(&'static str),
    /// The bytes are of another type than was said.
    #[error("the picture is said to be {said} and is {is}")]
    Mislabelled {
        /// The request's own word.
        said: String,
        /// What the bytes are.
        is: &'static str,
    },
    /// Of more pixels than are decoded.
    #[error("the picture has too many pixels")]
    TooLarge,
    /// Too narrow for the smallest rendition, or a strip.
    #[error("the picture has an unusable shape")]
    Shape,
    /// Others' pictures are being drawn.
    #[error("too many pictures wait to be drawn")]
    Busy,
}
