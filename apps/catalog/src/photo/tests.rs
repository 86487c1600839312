//! Pictures that are drawn, and such that are not.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;
use proptest::sample::Index;

use super::draw::{MOST_PIXELS, NARROWEST, WIDEST, WIDTHS, draw};
use super::{Drawn, Hash, Refused};

const RED: Rgb<u8> = Rgb([200, 30, 30]);
const BLUE: Rgb<u8> = Rgb([30, 30, 200]);

/// A picture whose left half is red and whose right half is blue.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { RED } else { BLUE })
}

fn written(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    written(&halves(width, height), ImageFormat::Jpeg)
}

fn read(drawn: &Drawn) -> RgbImage {
    let format = image::guess_format(&drawn.bytes);
    assert_eq!(format.ok(), Some(ImageFormat::Jpeg));
    let read = image::load_from_memory(&drawn.bytes).expect("a picture");
    assert_eq!((read.width(), read.height()), (drawn.width, drawn.height));
    read.into_rgb8()
}

/// Whether a pixel is nearly of this colour.
fn near(pixel: Rgb<u8>, colour: Rgb<u8>) -> bool {
    let apart = pixel.0.iter().zip(colour.0);
    apart.into_iter().all(|(a, b)| a.abs_diff(b) < 40)
}

fn sizes(drawn: &[Drawn]) -> Vec<(u32, u32)> {
    drawn.iter().map(|it| (it.width, it.height)).collect()
}

/// A JPEG with these segments behind its first marker.
fn with_segments(jpeg: &[u8], segments: &[u8]) -> Vec<u8> {
    [&jpeg[..2], segments, &jpeg[2..]].concat()
}

/// A segment with the one EXIF entry that says how a camera was held, and the words of another that says where.
fn held(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS 50.0617 19.9373");
    let length = u16::try_from(exif.len() + 2).expect("a short segment");
    [&[0xff, 0xe1][..], &length.to_be_bytes(), &exif].concat()
}

#[test]
fn every_type_is_drawn_in_every_width_that_it_has() {
    for (format, said) in [
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Png, "image/png"),
        (ImageFormat::WebP, "image/webp"),
    ] {
        let bytes = written(&halves(1200, 900), format);
        let drawn = draw(said, &bytes).expect(said);
        assert_eq!(
            sizes(&drawn),
            [(160, 120), (480, 360), (960, 720)],
            "{said}"
        );
        for it in &drawn {
            let picture = read(it);
            assert_eq!(it.hash, Hash::of(&it.bytes));
            assert!(
                near(*picture.get_pixel(it.width / 4, it.height / 2), RED),
                "{said}"
            );
            assert!(near(
                *picture.get_pixel(it.width * 3 / 4, it.height / 2),
                BLUE
            ));
        }
        assert_eq!(draw(said, &bytes), Ok(drawn), "the same again");
    }
}

#[test]
fn none_is_enlarged() {
    for (size, expected) in [
        ((160, 160), vec![(160, 160)]),
        ((300, 200), vec![(160, 107), (300, 200)]),
        ((700, 1400), vec![(160, 320), (480, 960), (700, 1400)]),
        ((4000, 1000), vec![(160, 40), (480, 120), (960, 240)]),
    ] {
        let drawn = draw("image/jpeg", &jpeg(size.0, size.1)).expect("a picture");
        assert_eq!(sizes(&drawn), expected, "{size:?}");
    }
}

#[test]
fn a_picture_is_upright_and_nothing_is_left_of_what_the_camera_wrote() {
    let upright = jpeg(1000, 500);
    let (left, right) = ((100, 240), (860, 240));
    for (orientation, size, red, blue) in [
        (1, (960, 480), left, right),
        (2, (960, 480), right, left),
        (3, (960, 480), right, left),
        (6, (500, 1000), (250, 100), (250, 900)),
        (8, (500, 1000), (250, 900), (250, 100)),
    ] {
        let turned = with_segments(&upright, &held(orientation));
        let drawn = draw("image/jpeg", &turned).expect("a picture");
        let widest = drawn.last().expect("one");
        let picture = read(widest);
        assert_eq!((widest.width, widest.height), size, "{orientation}");
        assert!(near(*picture.get_pixel(red.0, red.1), RED), "{orientation}");
        assert!(
            near(*picture.get_pixel(blue.0, blue.1), BLUE),
            "{orientation}"
        );
        for it in &drawn {
            let has = |words: &[u8]| it.bytes.windows(words.len()).any(|part| part == words);
            assert!(!has(b"Exif") && !has(b"GPS"), "{orientation}");
        }
    }
}

#[test]
fn what_one_can_look_through_is_on_white() {
    let glass = RgbaImage::from_fn(400, 400, |x, _| {
        if x < 200 {
            Rgba([0, 0, 0, 0])
        } else {
            Rgba([200, 30, 30, 255])
        }
    });
    let mut bytes = Cursor::new(Vec::new());
    glass
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("a picture");
    let drawn = draw("image/png", bytes.get_ref()).expect("a picture");
    for it in &drawn {
        let picture = read(it);
        assert!(
            near(*picture.get_pixel(it.width / 4, 20), Rgb([255; 3])),
            "{it:?}"
        );
        assert!(
            near(*picture.get_pixel(it.width * 3 / 4, 20), RED),
            "{it:?}"
        );
    }
}

#[test]
fn what_it_is_said_to_be_must_be_what_it_is() {
    let bytes = jpeg(200, 200);
    for said in ["image/png", "image/webp", "application/json", ""] {
        let refused = draw(said, &bytes).expect_err(said);
        let (said, is) = (said.to_owned(), "image/jpeg");
        assert_eq!(refused, Refused::Mislabelled { said, is });
    }
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;";
    for other in [
        &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
        gif,
        b"",
        b"{}",
    ] {
        let refused = draw("image/jpeg", other).expect_err("a refusal");
        assert!(matches!(refused, Refused::Unreadable(_)), "{refused:?}");
    }
}

#[test]
fn a_picture_that_breaks_off_is_none() {
    let picture = halves(600, 400);
    for (format, said) in [
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Png, "image/png"),
        (ImageFormat::WebP, "image/webp"),
    ] {
        let whole = written(&picture, format);
        for part in [whole.len() / 2, whole.len() * 9 / 10, 20] {
            let refused = draw(said, &whole[..part]).expect_err(said);
            assert!(
                matches!(refused, Refused::Unreadable(_)),
                "{said} {part}: {refused:?}"
            );
        }
    }
    // A camera's preview ends where the picture does not.
    let preview = [&[0xff, 0xe2, 0, 6][..], &[0xff, 0xd9, 0xff, 0xd9]].concat();
    let whole = with_segments(&jpeg(600, 400), &preview);
    assert!(draw("image/jpeg", &whole).is_ok());
    let refused = draw("image/jpeg", &whole[..whole.len() / 2]);
    assert!(
        matches!(refused, Err(Refused::Unreadable(_))),
        "{refused:?}"
    );
}

/// A PNG's head that promises so much, and next to nothing behind it.
fn promising(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let length = u32::try_from(data.len()).expect("a short chunk");
        let named = [&kind[..], data].concat();
        let check = crc(&named).to_be_bytes();
        [&length.to_be_bytes()[..], &named, &check].concat()
    };
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let head = [&size[..], &[depth, 6, 0, 0, 0]].concat();
    let pixels = [0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1];
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(b"IHDR", &head),
        &chunk(b"IDAT", &pixels),
        &chunk(b"IEND", b""),
    ]
    .concat()
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    let all = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    !all
}

#[test]
fn a_picture_that_would_unpack_to_too_much_is_refused_by_its_head() {
    let root = u32::try_from(MOST_PIXELS.isqrt()).expect("a side");
    for (width, height, depth) in [
        (60_000, 60_000, 8),
        (WIDEST + 1, 2000, 8),
        (2000, WIDEST + 1, 8),
        (WIDEST, WIDEST, 8),
        (root + 1, root, 8),
        // Of as many pixels as may be, twice as deep.
        (root, root, 16),
        (u32::MAX / 2, u32::MAX / 2, 16),
    ] {
        let refused = draw("image/png", &promising(width, height, depth));
        assert_eq!(refused, Err(Refused::TooLarge), "{width}x{height}, {depth}");
    }
    // One that may be so large has too little behind its head.
    let refused = draw("image/png", &promising(root, root, 8));
    assert_eq!(refused, Err(Refused::Unreadable("it is broken")));
}

#[test]
fn what_is_too_small_or_a_strip_is_refused() {
    for (width, height) in [
        (NARROWEST - 1, 400),
        (400, NARROWEST - 1),
        (641, 160),
        (160, 641),
    ] {
        let refused = draw(
            "image/png",
            &written(&halves(width, height), ImageFormat::Png),
        );
        assert_eq!(refused, Err(Refused::Shape), "{width}x{height}");
    }
    assert!(draw("image/jpeg", &jpeg(640, 160)).is_ok());
}

#[test]
fn a_picture_is_in_nobodys_log() {
    let drawn = draw("image/jpeg", &jpeg(200, 200)).expect("a picture");
    let shown = format!("{drawn:?}");
    let hash = drawn[0].hash.as_str();
    assert!(shown.len() < 400 && shown.contains(hash), "{shown}");
}

/// As large as may be. By whatever is drawn quickest, so that the test is not about the time it takes.
#[test]
fn the_largest_picture_is_drawn() {
    let grey = DynamicImage::new_luma8(WIDEST, u32::try_from(MOST_PIXELS).expect("fits") / WIDEST);
    let mut bytes = Cursor::new(Vec::new());
    grey.write_to(&mut bytes, ImageFormat::Png)
        .expect("a picture");
    let drawn = draw("image/png", bytes.get_ref()).expect("a picture");
    assert_eq!(sizes(&drawn), [(160, 111), (480, 333), (960, 667)]);
}

fn bounded(drawn: &[Drawn]) -> bool {
    let rising = drawn.windows(2).all(|pair| pair[0].width < pair[1].width);
    let within = drawn.iter().all(|it| {
        let most = WIDTHS[WIDTHS.len() - 1];
        (1..=most).contains(&it.width) && (1..=4 * most).contains(&it.height)
    });
    !drawn.is_empty() && rising && within
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Never a panic: a refusal, or renditions within their bounds.
    #[test]
    fn whatever_is_sent_is_refused_or_drawn_within_bounds(
        kind in 0..3_usize,
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..6),
        from in any::<Index>(),
    ) {
        let (format, said) = [
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Png, "image/png"),
            (ImageFormat::WebP, "image/webp"),
        ][kind];
        let good = written(&halves(200, 170), format);
        let mut changed = good.clone();
        for (place, byte) in &changes {
            let place = place.index(changed.len());
            changed[place] = *byte;
        }
        let spliced = [&good[..from.index(good.len())], &noise].concat();
        for bytes in [changed, spliced, noise] {
            if let Ok(drawn) = draw(said, &bytes) {
                prop_assert!(bounded(&drawn), "{:?}", drawn);
            }
        }
    }

    /// Of any size each rendition has the picture's shape, to the pixel.
    #[test]
    fn a_rendition_keeps_the_shape(width in NARROWEST..1100, height in NARROWEST..1100) {
        let picture = written(&halves(width, height), ImageFormat::Png);
        match draw("image/png", &picture) {
            Ok(drawn) => {
                prop_assert!(bounded(&drawn));
                for it in drawn {
                    prop_assert!(it.width <= width && it.height <= height);
                    let (wide, high) = (u64::from(it.width) * u64::from(height), u64::from(it.height) * u64::from(width));
                    prop_assert!(2 * wide.abs_diff(high) <= u64::from(width), "{:?} of {}x{}", it, width, height);
                }
            }
            Err(refused) => prop_assert_eq!(refused, Refused::Shape),
        }
    }
}
