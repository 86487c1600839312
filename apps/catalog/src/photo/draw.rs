//! From the bytes that somebody sent to the renditions that are served.
//!
//! Invariant: of what was sent nothing but pixels is passed on: no metadata, no colour profile, not a byte behind the
//! picture. How much a picture would unpack to is known, and refused, before any of it is unpacked.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage,
};

use super::whole::is_whole_jpeg;
use super::{Drawn, Hash, Refused};

/// The widths that are drawn: a thumbnail in a list, a card of the menu, the sheet of a product.
pub const WIDTHS: [u32; 3] = [160, 480, 960];
/// The shortest side of a picture: the smallest rendition is not to be enlarged.
pub const NARROWEST: u32 = WIDTHS[0];
/// The longest side of a picture.
pub const WIDEST: u32 = 6000;
/// The most pixels of a picture: what phones take today.
pub const MOST_PIXELS: u64 = 25_000_000;
/// The most bytes that a decoder may unpack to: these pixels with four channels.
const MOST_UNPACKED: u64 = 4 * MOST_PIXELS;
/// The longer side is at most so many times the shorter one.
const MOST_STRETCHED: u32 = 4;
/// Of 100. Higher is hardly seen and weighs twice as much.
const QUALITY: u8 = 80;

/// The types that are read, by their names.
const KINDS: [(ImageFormat, &str); 3] = [
    (ImageFormat::Jpeg, "image/jpeg"),
    (ImageFormat::Png, "image/png"),
    (ImageFormat::WebP, "image/webp"),
];

/// Draws the renditions of a picture that is said to be of this type, from the narrowest to the widest. It works for a
/// second or so: never on a thread that others wait for.
pub fn draw(said: &str, bytes: &[u8]) -> Result<Vec<Drawn>, Refused> {
    let (picture, turned) = unpack(said, bytes)?;
    let (mut across, mut high) = (picture.width(), picture.height());
    if on_its_side(turned) {
        (across, high) = (high, across);
    }
    let mut picture = reduced(flat(picture), across);
    picture.apply_orientation(turned);
    let mut drawn = Vec::new();
    for width in widths(across).into_iter().rev() {
        // From the one before: each step is a small one, and so is its work.
        let height = scaled(high, width, across);
        if (width, height) != (picture.width(), picture.height()) {
            picture = picture.resize_exact(width, height, FilterType::CatmullRom);
        }
        drawn.push(encoded(&picture.to_rgb8())?);
    }
    drawn.reverse();
    Ok(drawn)
}

/// The widths of a picture of this width: none is wider than the picture is.
fn widths(width: u32) -> Vec<u32> {
    let mut widths: Vec<_> = WIDTHS.into_iter().map(|it| it.min(width)).collect();
    widths.dedup();
    widths
}

/// The picture's pixels, and how they are to be turned.
fn unpack(said: &str, bytes: &[u8]) -> Result<(DynamicImage, Orientation), Refused> {
    let format = image::guess_format(bytes).ok();
    let known = KINDS.iter().find(|(it, _)| Some(*it) == format);
    let (format, is) = known.ok_or(Refused::Unreadable("it is no JPEG, PNG or WebP"))?;
    if said != *is {
        let said = said.to_owned();
        return Err(Refused::Mislabelled { said, is });
    }
    if *format == ImageFormat::Jpeg && !is_whole_jpeg(bytes) {
        return Err(Refused::Unreadable("it breaks off"));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), *format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(WIDEST);
    limits.max_image_height = Some(WIDEST);
    limits.max_alloc = Some(MOST_UNPACKED);
    reader.limits(limits);
    // A decoder reads the head alone until it is asked for pixels.
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    let many = u64::from(width) * u64::from(height) > MOST_PIXELS;
    if many || width > WIDEST || height > WIDEST || decoder.total_bytes() > MOST_UNPACKED {
        return Err(Refused::TooLarge);
    }
    let (short, long) = (width.min(height), width.max(height));
    if short < NARROWEST || long > MOST_STRETCHED * short {
        return Err(Refused::Shape);
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    Ok((picture, turned))
}

fn refused(error: &image::ImageError) -> Refused {
    match error {
        image::ImageError::Limits(_) => Refused::TooLarge,
        _ => Refused::Unreadable("it is broken"),
    }
}

/// The picture on white, if one can look through it: JPEG knows no such thing. Before it is made smaller, or the colour
/// that nobody sees would run into its edges.
fn flat(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let mut picture: RgbaImage = picture.into_rgba8();
    for pixel in picture.pixels_mut() {
        let [colours @ .., alpha] = &mut pixel.0;
        for colour in colours {
            *colour = on_white(*colour, *alpha);
        }
        *alpha = u8::MAX;
    }
    DynamicImage::ImageRgba8(picture)
}

fn on_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha, white) = (u16::from(colour), u16::from(alpha), u16::from(u8::MAX));
    let mixed = (colour * alpha + white * (white - alpha) + white / 2) / white;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

/// The picture not much larger than the widest rendition: by whole pixels, which is quick, to twice that size, from
/// which the rest is drawn with care. `across` is its width when it has been turned.
fn reduced(picture: DynamicImage, across: u32) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let most = 2 * WIDTHS[WIDTHS.len() - 1];
    if across <= most {
        return picture;
    }
    picture.thumbnail_exact(scaled(width, most, across), scaled(height, most, across))
}

fn on_its_side(turned: Orientation) -> bool {
    matches!(
        turned,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// A side, when another one becomes `wanted` of `whole`; to the nearest pixel, and one at least.
fn scaled(side: u32, wanted: u32, whole: u32) -> u32 {
    let whole = u64::from(whole);
    let scaled = (u64::from(side) * u64::from(wanted) + whole / 2) / whole;
    u32::try_from(scaled).unwrap_or(side).max(1)
}

fn encoded(picture: &RgbImage) -> Result<Drawn, Refused> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    picture
        .write_with_encoder(encoder)
        .map_err(|error| refused(&error))?;
    Ok(Drawn {
        width: picture.width(),
        height: picture.height(),
        hash: Hash::of(&bytes),
        bytes,
    })
}
