//! Whether a JPEG has its end. Decoders fill in what is missing with grey, which is no picture of a product.
//!
//! Invariant: the pictures within a picture, such as a camera's preview, are not looked at: their ends are not its end.

/// What every segment begins with.
const MARKER: u8 = 0xff;
/// The scan's head: pixels follow.
const SCAN: u8 = 0xda;
/// The end of the picture.
const END: u8 = 0xd9;

/// Whether the picture's end follows its pixels.
pub(super) fn is_whole_jpeg(bytes: &[u8]) -> bool {
    // Within pixels the marker's byte is always followed by a zero, so two bytes that look like the end are it.
    pixels(bytes).is_some_and(|rest| rest.windows(2).any(|pair| pair == [MARKER, END]))
}

/// What follows the head of the first scan.
fn pixels(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(2..)?;
    loop {
        let [MARKER, kind, after @ ..] = rest else {
            return None;
        };
        match *kind {
            // Any number of them may stand before a segment.
            MARKER => rest = rest.get(1..)?,
            SCAN => return Some(after),
            _ => {
                let [high, low, ..] = after else {
                    return None;
                };
                rest = after.get(usize::from(u16::from_be_bytes([*high, *low])).max(2)..)?;
            }
        }
    }
}
