//! What a browser is told of a product's photograph, so that it loads the one width it needs.
//!
//! Invariant: an address is a path of our own, whatever a menu says.

use bff_api::{Photo, Rendition};

/// Where a rendition is; nothing if its hash is none.
fn address(rendition: &Rendition) -> Option<String> {
    let hash = &rendition.hash;
    let is_hash = !hash.is_empty() && hash.bytes().all(|it| it.is_ascii_hexdigit());
    is_hash.then(|| format!("/images/{hash}"))
}

/// Where the widest is, for browsers that choose by nothing; nothing if there is none.
#[must_use]
pub fn source(photo: &Photo) -> Option<String> {
    photo.renditions.last().and_then(address)
}

/// Where each is, with its width (HTML, "srcset attributes").
#[must_use]
pub fn sources(photo: &Photo) -> String {
    let sources = photo.renditions.iter().filter_map(|it| {
        let address = address(it)?;
        Some(format!("{address} {}w", it.width))
    });
    sources.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(hashes: &[(u32, &str)]) -> Photo {
        let rendition = |(width, hash): &(u32, &str)| Rendition {
            width: *width,
            hash: (*hash).to_owned(),
        };
        Photo {
            width: 480,
            height: 320,
            renditions: hashes.iter().map(rendition).collect(),
        }
    }

    #[test]
    fn every_width_has_its_address() {
        let photo = photo(&[(160, "0a"), (480, "1b")]);
        assert_eq!(sources(&photo), "/images/0a 160w, /images/1b 480w");
        assert_eq!(source(&photo).as_deref(), Some("/images/1b"));
    }

    #[test]
    fn what_is_no_hash_leads_nowhere() {
        for hash in ["", "../api/session", "//evil.example", "a, /b 9w"] {
            let photo = photo(&[(160, hash)]);
            assert_eq!(
                (sources(&photo), source(&photo)),
                (String::new(), None),
                "{hash}"
            );
        }
        assert_eq!(source(&photo(&[])), None);
    }
}
