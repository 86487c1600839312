//! Our drawings of drinks and dishes, by the menu's image slug; and the few icons.
//!
//! Drawn here as text rather than fetched: no request, no flash, and the same light from the upper left in all of them.
//! Every drawing is decoration beside a name, so all are hidden from screen readers.

use std::fmt::Write as _;

use leptos::prelude::*;

const CERAMIC: &str = "#fffdf8";
const SHADE: &str = "#e6d8c3";
const COFFEE: &str = "#4a2a18";
const CREMA: &str = "#b9773a";
const MILK: &str = "#f3e0c2";
const FOAM: &str = "#fff6e6";
const ALMONDS: &str = r##"<g fill="#fbeed6"><ellipse cx="38" cy="58" rx="5" ry="2.600" transform="rotate(-40 38 58)"/><ellipse cx="56" cy="50" rx="5" ry="2.600" transform="rotate(12 56 50)"/><ellipse cx="70" cy="56" rx="5" ry="2.600" transform="rotate(-16 70 56)"/><ellipse cx="84" cy="60" rx="5" ry="2.600" transform="rotate(38 84 60)"/><ellipse cx="48" cy="61" rx="4.500" ry="2.400" transform="rotate(24 48 61)"/><ellipse cx="98" cy="78" rx="4.500" ry="2.400" transform="rotate(64 98 78)"/></g>"##;

/// The drawing for a slug; a plain cup for one that is not known.
#[must_use]
pub fn art(slug: &str) -> AnyView {
    view! { <span class="art" aria-hidden="true" inner_html=svg("0 0 120 120", &drawing(slug))></span> }
        .into_any()
}

/// The picture at the top of the first page.
#[must_use]
pub fn hero() -> AnyView {
    let mut scene = String::from(
        r##"<ellipse cx="160" cy="206" rx="150" ry="22" fill="#000" fill-opacity=".08"/>"##,
    );
    let pieces = [
        ("translate(6 96) scale(1.05)", croissant()),
        (
            "translate(66 8) scale(1.75)",
            format!("{}{}", steam(), cup(CREMA, Some(Leaf::Heart))),
        ),
        (
            "translate(214 62) scale(1.25)",
            iced(&[(36, 60, "#8a5330"), (60, 78, "#c79a68"), (78, 100, MILK)]),
        ),
    ];
    for (place, piece) in pieces {
        // Writing to a String never fails.
        let _ = write!(scene, r#"<g transform="{place}">{piece}</g>"#);
    }
    scene.push_str(&scattered_beans());
    view! { <span class="hero-art" aria-hidden="true" inner_html=svg("0 0 330 232", &scene)></span> }
        .into_any()
}

/// A shop front with its awning.
#[must_use]
pub fn shop(index: usize) -> AnyView {
    let (awning, wall) = if index.is_multiple_of(2) {
        ("#b5562b", "#ead8bd")
    } else {
        ("#55704a", "#dfd3c0")
    };
    let mut stripes = String::new();
    for stripe in 0..6 {
        let x = 20 + stripe * 20;
        let colour = if stripe % 2 == 0 { awning } else { CERAMIC };
        let _ = write!(
            stripes,
            r#"<path d="M{x} 34h20v16a10 10 0 0 1-20 0z" fill="{colour}"/>"#
        );
    }
    let scene = format!(
        r##"<path d="M24 30h112v78H24z" fill="{wall}"/><path d="M18 20h124v14H18z" fill="#3a261a"/>
<path d="M36 62h46v34H36z" fill="#8fb0b5"/><path d="M36 62h20L36 88z" fill="#fff" fill-opacity=".35"/><path d="M32 96h54v6H32z" fill="#7a5134"/>
<path d="M96 60h28v48H96z" fill="#6a4129"/><path d="M101 65h18v22h-18z" fill="#a9c4c6"/><circle cx="100" cy="92" r="1.800" fill="#f3dfc1"/>
<path d="M48 90h12v-8H48zM60 84h3a3 3 0 0 1 0 5h-3" fill="{CERAMIC}"/><path d="M68 90c0-9 8-9 8 0z" fill="#c98a4b"/>{stripes}
<path d="M10 108h140v4H10z" fill="#000" fill-opacity=".18"/><path d="M134 108v-14h10v14z" fill="#a5562f"/><circle cx="139" cy="86" r="10" fill="#6d8b57"/><circle cx="135" cy="83" r="5" fill="#86a56d"/>
<path d="M66 27h28" stroke="#f3dfc1" stroke-width="4" stroke-linecap="round"/>"##
    );
    view! { <span class="shop-art" aria-hidden="true" inner_html=svg("0 0 160 116", &scene)></span> }
        .into_any()
}

/// An icon in the colour of the text around it.
#[must_use]
pub fn icon(name: Icon) -> AnyView {
    let path = match name {
        Icon::Basket => {
            "M3 9h18l-1.800 9.500A2 2 0 0 1 17.200 20H6.800a2 2 0 0 1-2-1.500zM8 9l3-6M16 9l-3-6"
        }
        Icon::Close => "M6 6l12 12M18 6L6 18",
        Icon::Search => {
            "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500L21 21"
        }
        Icon::Check => "M5 12.500l4.500 4.500L19 7.500",
        Icon::Clock => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.500l3.500 2",
        Icon::Alert => "M12 3.500L2.500 20h19zM12 10v4.500M12 17.200v.3",
        Icon::Pin => {
            "M12 21.500c5-5.500 7.500-9 7.500-12a7.500 7.500 0 0 0-15 0c0 3 2.500 6.500 7.500 12zM12 7a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z"
        }
        Icon::Counter => "M3 10h18M5 10v10M19 10v10M9 6h6M12 6v4M7 14h10",
        Icon::Back => "M15 5l-7 7 7 7",
        Icon::Next => "M9 5l7 7-7 7",
        Icon::Minus => "M5 12h14",
        Icon::Plus => "M12 5v14M5 12h14",
    };
    let svg = format!(
        r#"<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="{path}"/></svg>"#
    );
    view! { <span class="icon" aria-hidden="true" inner_html=svg></span> }.into_any()
}

/// The icons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// The basket.
    Basket,
    /// Closes something.
    Close,
    /// Search.
    Search,
    /// Done, or on time.
    Check,
    /// Time passes.
    Clock,
    /// Something is wrong or late.
    Alert,
    /// A place.
    Pin,
    /// The counter.
    Counter,
    /// To the page before.
    Back,
    /// Onwards.
    Next,
    /// One less.
    Minus,
    /// One more.
    Plus,
}

fn svg(view_box: &str, content: &str) -> String {
    format!(r#"<svg viewBox="{view_box}" focusable="false">{content}</svg>"#)
}

/// What is poured into the milk.
#[derive(Clone, Copy)]
enum Leaf {
    Heart,
    Rosetta,
    Foam,
}

/// The first word of the slug that a drawing knows decides; the more telling words are asked first.
fn drawing(slug: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| slug.contains(word));
    if has(&["bean", "bag"]) {
        return bag();
    }
    if has(&["croissant"]) {
        let flakes = if has(&["almond"]) { ALMONDS } else { "" };
        return format!("{}{flakes}", croissant());
    }
    if has(&["roll", "bun", "pain", "danish"]) {
        return roll();
    }
    if has(&["muffin", "scone"]) {
        return muffin();
    }
    if has(&["cookie", "biscuit"]) {
        return cookie();
    }
    if has(&["sandwich", "toast", "bagel", "panini"]) {
        return sandwich();
    }
    if has(&["brownie"]) {
        return slice("#4a2a18", "#5d3620", "#3a2013");
    }
    if has(&["cheesecake"]) {
        return slice("#f6e3b8", "#fbeed0", "#c08a4a");
    }
    if has(&["bread", "loaf"]) {
        return loaf();
    }
    if has(&["cake", "tart"]) {
        return slice("#c9863f", "#fbeed6", "#a8672f");
    }
    cold_drawing(&has).unwrap_or_else(|| hot_drawing(&has))
}

fn cold_drawing(has: &dyn Fn(&[&str]) -> bool) -> Option<String> {
    if has(&["water"]) {
        return Some(iced(&[(34, 100, "#cfe4ea")]));
    }
    if has(&["lemonade"]) {
        return Some(iced(&[(34, 100, "#f2d56b")]));
    }
    if has(&["juice"]) {
        return Some(iced(&[(34, 100, "#f0a13c")]));
    }
    if has(&["tonic"]) {
        return Some(iced(&[(34, 56, COFFEE), (56, 100, "#e9dcc0")]));
    }
    if has(&["cold", "iced", "frapp"]) {
        return Some(if has(&["latte", "mocha"]) {
            iced(&[(34, 62, CREMA), (62, 76, "#d5a873"), (76, 100, MILK)])
        } else if has(&["tea"]) {
            iced(&[(34, 100, "#c9752b")])
        } else if has(&["matcha"]) {
            iced(&[(34, 66, "#8fae5b"), (66, 100, MILK)])
        } else {
            iced(&[(34, 100, COFFEE)])
        });
    }
    None
}

fn hot_drawing(has: &dyn Fn(&[&str]) -> bool) -> String {
    let steam = steam();
    if has(&["matcha"]) {
        return format!("{steam}{}", cup("#8fae5b", Some(Leaf::Rosetta)));
    }
    if has(&["chai"]) {
        return format!("{steam}{}", cup("#c69463", Some(Leaf::Foam)));
    }
    if has(&["mint", "green"]) {
        return format!("{steam}{}", tea("#b9bd63", "#7d8a35"));
    }
    if has(&["tea", "grey", "infusion"]) {
        return format!("{steam}{}", tea("#d08a33", "#a9611d"));
    }
    if has(&["chocolate", "cocoa"]) {
        return format!("{steam}{}", mug("#5a3018", true));
    }
    if has(&["mocha"]) {
        return format!("{steam}{}", cup("#6a3a20", Some(Leaf::Foam)));
    }
    if has(&["cortado", "gibraltar"]) {
        return format!("{steam}{}", short_glass());
    }
    if has(&["espresso", "ristretto", "lungo", "macchiato"]) {
        let milk = has(&["macchiato"]).then_some(Leaf::Heart);
        return format!(
            r#"{steam}<g transform="translate(13 26) scale(.74)">{}</g>"#,
            cup(CREMA, milk)
        );
    }
    if has(&["filter", "brew", "drip", "americano", "batch", "pour"]) {
        return format!("{steam}{}", mug(COFFEE, false));
    }
    if has(&["cappuccino"]) {
        return format!("{steam}{}", cup(CREMA, Some(Leaf::Foam)));
    }
    if has(&["latte"]) {
        return format!("{steam}{}", tall_latte());
    }
    if has(&["flat"]) {
        return format!("{steam}{}", cup(CREMA, Some(Leaf::Rosetta)));
    }
    format!("{steam}{}", cup(CREMA, Some(Leaf::Heart)))
}

fn steam() -> String {
    r##"<g class="steam" fill="none" stroke="#b79d80" stroke-opacity=".55" stroke-width="3" stroke-linecap="round"><path d="M46 32c-5-6 5-9 0-16"/><path d="M58 28c-5-6 5-9 0-16"/><path d="M70 32c-5-6 5-9 0-16"/></g>"##.into()
}

fn cup(drink: &str, milk: Option<Leaf>) -> String {
    let pattern = match milk {
        Some(Leaf::Heart) => format!(
            r#"<path d="M56 64c-9-4-15-8-13-12 2-3 10-3 13 1 3-4 11-4 13-1 2 4-4 8-13 12z" fill="{FOAM}"/>"#
        ),
        Some(Leaf::Rosetta) => format!(
            r#"<g fill="none" stroke="{FOAM}" stroke-width="2.600" stroke-linecap="round"><path d="M56 47v17"/><path d="M46 50c3 4 7 4 10 3 3 1 7 1 10-3"/><path d="M42 55c5 4 10 4 14 3 4 1 9 1 14-3"/><path d="M46 60c4 3 7 3 10 2 3 1 6 1 10-2"/></g>"#
        ),
        Some(Leaf::Foam) => format!(
            r##"<ellipse cx="56" cy="55" rx="23" ry="7.500" fill="{FOAM}"/><g fill="#8a5530" fill-opacity=".55"><circle cx="48" cy="54" r="1.200"/><circle cx="55" cy="51" r="1.200"/><circle cx="62" cy="55" r="1.300"/><circle cx="56" cy="57" r="1"/><circle cx="67" cy="53" r="1"/><circle cx="44" cy="57" r=".9"/></g>"##
        ),
        None => {
            r##"<path d="M34 53c6-5 24-8 36-4" stroke="#e0a765" stroke-width="2.400" fill="none" stroke-linecap="round"/>"##.into()
        }
    };
    format!(
        r##"<ellipse cx="57" cy="101" rx="46" ry="9" fill="#000" fill-opacity=".08"/><ellipse cx="57" cy="97" rx="44" ry="9" fill="{SHADE}"/><ellipse cx="57" cy="95" rx="44" ry="9" fill="{CERAMIC}"/><ellipse cx="57" cy="96" rx="24" ry="4" fill="{SHADE}"/>
<path d="M86 60c15-5 22 5 15 14-5 7-14 9-22 8" fill="none" stroke="{SHADE}" stroke-width="7" stroke-linecap="round"/><path d="M86 59c15-5 21 5 14 13-5 7-13 9-21 8" fill="none" stroke="{CERAMIC}" stroke-width="5" stroke-linecap="round"/>
<path d="M26 54c0 27 11 43 30 43s30-16 30-43z" fill="{CERAMIC}"/><path d="M86 54c0 27-11 43-30 43-3 0-5 0-7-1 15-4 24-19 25-42z" fill="{SHADE}" fill-opacity=".75"/>
<ellipse cx="56" cy="54" rx="30" ry="12" fill="{CERAMIC}"/><ellipse cx="56" cy="55" rx="26.500" ry="9.800" fill="{drink}"/><path d="M29.500 55a26.500 9.800 0 0 1 53 0 28 9 0 0 0-53 0z" fill="#000" fill-opacity=".16"/>{pattern}"##
    )
}

fn mug(drink: &str, marshmallows: bool) -> String {
    let top = if marshmallows {
        format!(
            r##"<g fill="{FOAM}"><rect x="42" y="43" width="11" height="9" rx="3"/><rect x="56" y="45" width="11" height="9" rx="3"/><rect x="50" y="49" width="10" height="8" rx="3" fill="#f7cdbd"/></g>"##
        )
    } else {
        r##"<path d="M38 47c7-3 24-4 34 0" stroke="#8a5a3a" stroke-width="2" fill="none" stroke-linecap="round"/>"##.into()
    };
    format!(
        r##"<ellipse cx="58" cy="103" rx="38" ry="6" fill="#000" fill-opacity=".08"/><path d="M80 60c18-3 19 26-1 28" fill="none" stroke="#8e4323" stroke-width="7" stroke-linecap="round"/>
<path d="M30 48h52l-3 50a6 5 0 0 1-6 5H39a6 5 0 0 1-6-5z" fill="#b5562b"/><path d="M82 48l-3 50a6 5 0 0 1-6 5H59c8-10 11-30 11-55z" fill="#8e4323" fill-opacity=".55"/><path d="M31 64h50l-.5 8h-49z" fill="#f3dfc1" fill-opacity=".85"/>
<ellipse cx="56" cy="48" rx="26" ry="8" fill="#c9673a"/><ellipse cx="56" cy="49" rx="22.500" ry="6" fill="{drink}"/>{top}"##
    )
}

/// Filled layers of a tapering glass, from `y` to `y`.
fn layers(fills: &[(i32, i32, &str)]) -> String {
    let mut paths = String::new();
    for (from, to, colour) in fills {
        // The walls lean in by one unit in eight.
        let (left, right) = (|y: i32| 34 + (y - 30) / 8, |y: i32| 82 - (y - 30) / 8);
        let _ = write!(
            paths,
            r#"<path d="M{} {from}H{}L{} {to}H{}z" fill="{colour}"/>"#,
            left(*from),
            right(*from),
            right(*to),
            left(*to)
        );
    }
    paths
}

fn iced(fills: &[(i32, i32, &str)]) -> String {
    format!(
        r##"<ellipse cx="58" cy="105" rx="30" ry="5" fill="#000" fill-opacity=".08"/><path d="M66 6l6 1-8 60h-5z" fill="#b5562b"/>{}
<g fill="#fff" fill-opacity=".42"><rect x="42" y="40" width="15" height="15" rx="3" transform="rotate(14 49 47)"/><rect x="60" y="37" width="14" height="14" rx="3" transform="rotate(-18 67 44)"/><rect x="50" y="57" width="14" height="14" rx="3" transform="rotate(-8 57 64)"/></g>
<path d="M32 24h52l-9 76a4 4 0 0 1-4 4H45a4 4 0 0 1-4-4z" fill="#fff" fill-opacity=".22" stroke="#cdbfa9" stroke-width="2"/><path d="M40 34l6 58" stroke="#fff" stroke-opacity=".7" stroke-width="3.500" stroke-linecap="round"/>"##,
        layers(fills)
    )
}

fn tall_latte() -> String {
    format!(
        r##"<ellipse cx="57" cy="106" rx="34" ry="5" fill="#000" fill-opacity=".08"/><path d="M78 58c16-2 15 24-3 25" fill="none" stroke="#d8cbb6" stroke-width="4.500" stroke-linecap="round"/>{}
<path d="M33 38c0-9 50-9 50 0l-.6 5H33.600z" fill="{FOAM}"/><path d="M44 36c4-3 20-3 27 0" stroke="#dcbf95" stroke-width="2" fill="none" stroke-linecap="round"/>
<path d="M33 38l8 62a5 5 0 0 0 5 4h24a5 5 0 0 0 5-4l8-62" fill="none" stroke="#d8cbb6" stroke-width="2"/><path d="M42 50l5 42" stroke="#fff" stroke-opacity=".65" stroke-width="3.500" stroke-linecap="round"/>"##,
        layers(&[
            (40, 58, "#8a5330"),
            (58, 72, "#b98455"),
            (72, 86, "#dcb88b"),
            (86, 102, MILK)
        ])
    )
}

fn short_glass() -> String {
    format!(
        r##"<ellipse cx="57" cy="104" rx="34" ry="6" fill="#000" fill-opacity=".08"/><path d="M36 70h42l-3 22H39z" fill="{COFFEE}"/><path d="M35 60h44l-1 10H36z" fill="#a06a3e"/><path d="M34 50c0-7 46-7 46 0l-1 11H35z" fill="{FOAM}"/><path d="M39 92h36l-1 8a4 4 0 0 1-4 3H44a4 4 0 0 1-4-3z" fill="#3a2013"/>
<path d="M32 44h50l-7 56a4 4 0 0 1-4 4H43a4 4 0 0 1-4-4z" fill="#fff" fill-opacity=".14" stroke="#cdbfa9" stroke-width="2"/><path d="M41 56l4 38" stroke="#fff" stroke-opacity=".65" stroke-width="3.500" stroke-linecap="round"/>"##
    )
}

fn tea(light: &str, dark: &str) -> String {
    format!(
        r##"<ellipse cx="57" cy="103" rx="42" ry="7" fill="#000" fill-opacity=".08"/><path d="M82 58c17-3 18 24-3 27" fill="none" stroke="#d8cbb6" stroke-width="5" stroke-linecap="round"/>
<path d="M30 54h54c0 30-6 46-19 46H49c-13 0-19-16-19-46z" fill="{light}"/><path d="M84 54c0 30-6 46-19 46h-8c11-8 15-24 15-46z" fill="{dark}" fill-opacity=".45"/><ellipse cx="57" cy="54" rx="27" ry="8.500" fill="#fff" fill-opacity=".22"/>
<path d="M28 46h58c0 38-7 56-21 56H49c-14 0-21-18-21-56z" fill="#fff" fill-opacity=".16" stroke="#cdbfa9" stroke-width="2"/><path d="M38 60c1 14 4 24 8 30" stroke="#fff" stroke-opacity=".6" stroke-width="3.500" fill="none" stroke-linecap="round"/>
<path d="M44 52c-2-8-16-8-18 4" stroke="#8a6a4a" stroke-width="1.600" fill="none"/><path d="M18 56h14v16l-7 5-7-5z" fill="#6d8b57"/><path d="M25 61c4 2 4 6 0 9-4-3-4-7 0-9z" fill="#e4ecd8"/>"##
    )
}

fn croissant() -> String {
    r##"<ellipse cx="60" cy="98" rx="48" ry="7" fill="#000" fill-opacity=".08"/><path d="M10 88c2-34 24-54 50-54s48 20 50 54c-8 8-19 7-24-2-5-12-14-18-26-18s-21 6-26 18c-5 9-16 10-24 2z" fill="#d99a4e"/>
<path d="M10 88c1-16 6-29 14-38 6 8 10 20 10 36-5 9-16 10-24 2z" fill="#b9742f"/><path d="M110 88c-1-16-6-29-14-38-6 8-10 20-10 36 5 9 16 10 24 2z" fill="#b9742f"/><path d="M24 50c6-7 14-12 22-14 3 10 3 22 0 35-5 3-9 8-12 15 0-16-4-28-10-36z" fill="#cb873c"/><path d="M96 50c-6-7-14-12-22-14-3 10-3 22 0 35 5 3 9 8 12 15 0-16 4-28 10-36z" fill="#cb873c"/>
<g fill="none" stroke="#f4cf94" stroke-width="3" stroke-linecap="round"><path d="M52 42c6-2 11-2 16 0"/><path d="M31 52c3-4 6-6 9-8"/><path d="M86 50c2 2 4 4 5 6"/><path d="M17 72c1-5 3-9 5-12"/></g>"##
        .into()
}

fn roll() -> String {
    r##"<ellipse cx="60" cy="102" rx="44" ry="7" fill="#000" fill-opacity=".08"/><circle cx="60" cy="64" r="38" fill="#c98243"/><path d="M60 26a38 38 0 0 1 0 76c24-10 30-52 0-76z" fill="#a9632b" fill-opacity=".5"/><path d="M60 66c-5-2-3-10 4-9 10 1 11 16 0 20-14 4-25-9-20-22 5-14 24-17 35-6 12 13 7 35-10 41" fill="none" stroke="#6f3a1b" stroke-width="5" stroke-linecap="round"/>
<path d="M34 44c6-10 18-14 27-12 12 2 20 8 24 18-3 6-8 2-10-2-2 8-8 6-9 1-3 8-10 6-11 0-4 6-10 4-10-1-4 5-12 4-11-4z" fill="#fff6e6" fill-opacity=".92"/>"##
        .into()
}

fn muffin() -> String {
    r##"<ellipse cx="60" cy="104" rx="34" ry="6" fill="#000" fill-opacity=".08"/><path d="M32 62h56l-8 38a5 5 0 0 1-5 4H45a5 5 0 0 1-5-4z" fill="#b5562b"/><g stroke="#8e4323" stroke-width="3"><path d="M45 66l4 36"/><path d="M60 66v37"/><path d="M75 66l-4 36"/></g>
<path d="M26 62c-6-16 10-22 14-28 8-10 32-10 40 0 4 6 20 12 14 28-6 8-62 8-68 0z" fill="#d29a55"/><path d="M94 62c6-16-10-22-14-28-4-5-12-7-20-7 18 10 22 24 16 41 9-1 16-3 18-6z" fill="#ab6f31" fill-opacity=".5"/><g fill="#43325c"><circle cx="46" cy="46" r="4.500"/><circle cx="62" cy="38" r="4.500"/><circle cx="72" cy="53" r="4.500"/><circle cx="55" cy="58" r="3.800"/><circle cx="37" cy="59" r="3.400"/></g>"##
        .into()
}

fn cookie() -> String {
    r##"<ellipse cx="60" cy="102" rx="42" ry="6" fill="#000" fill-opacity=".08"/><circle cx="60" cy="62" r="38" fill="#cf9450"/><path d="M60 24a38 38 0 0 1 0 76c26-12 30-58 0-76z" fill="#a86d30" fill-opacity=".4"/><g fill="#4a2a18"><path d="M42 44l10-4 4 9-9 4z"/><path d="M68 40l9 5-5 8-8-5z"/><path d="M36 66l10 1-2 9-9-2z"/><path d="M58 62l10-3 3 9-10 3z"/><path d="M52 82l9-2 2 8-9 1z"/><path d="M78 68l8 2-3 8-7-3z"/></g>"##
        .into()
}

fn sandwich() -> String {
    r##"<ellipse cx="60" cy="100" rx="48" ry="6" fill="#000" fill-opacity=".08"/><path d="M16 82h88v8a8 8 0 0 1-8 8H24a8 8 0 0 1-8-8z" fill="#c98a44"/><path d="M14 76c8-6 14 4 22 0s14 5 24 0 16 4 24 0 14 4 22 0v8H14z" fill="#7f9f58"/><path d="M16 68h88v8H16z" fill="#c4452f"/><path d="M14 62h92l-14 10-10-5-12 8-14-8H14z" fill="#f2c14e"/>
<path d="M16 62c0-22 18-30 44-30s44 8 44 30z" fill="#d99c54"/><path d="M104 62c0-22-18-30-44-30-6 0-11 .4-16 1.300 24 3 38 12 40 28.700z" fill="#b5762f" fill-opacity=".5"/><g fill="#fbeed0"><ellipse cx="42" cy="46" rx="3" ry="1.800"/><ellipse cx="56" cy="40" rx="3" ry="1.800"/><ellipse cx="70" cy="45" rx="3" ry="1.800"/><ellipse cx="55" cy="52" rx="3" ry="1.800"/><ellipse cx="84" cy="52" rx="3" ry="1.800"/></g>"##
        .into()
}

fn slice(crumb: &str, icing: &str, crust: &str) -> String {
    format!(
        r##"<ellipse cx="60" cy="100" rx="50" ry="8" fill="#000" fill-opacity=".08"/><ellipse cx="60" cy="95" rx="50" ry="9" fill="{CERAMIC}"/><ellipse cx="60" cy="95" rx="38" ry="6" fill="{SHADE}"/>
<path d="M18 60l62-26c14 4 22 12 22 24v30c0 3-2 4-4 4H22a4 4 0 0 1-4-4z" fill="{crust}"/><path d="M18 60h84v28a4 4 0 0 1-4 4H22a4 4 0 0 1-4-4z" fill="{crumb}"/><path d="M18 60l62-26c14 4 22 12 22 26z" fill="{icing}"/><path d="M18 60h84v5c-5 6-9 0-13 2s-6 7-11 3-9-3-13 0-8 3-12-1-8 2-12 0-7-4-11-3-7 3-12-1z" fill="{icing}"/><path d="M18 76h84v5H18z" fill="{icing}" fill-opacity=".55"/>
<circle cx="74" cy="46" r="6" fill="#b3364a"/><circle cx="72" cy="44" r="1.800" fill="#fff" fill-opacity=".6"/>"##
    )
}

fn loaf() -> String {
    r##"<ellipse cx="60" cy="101" rx="46" ry="7" fill="#000" fill-opacity=".08"/><ellipse cx="60" cy="97" rx="48" ry="8" fill="#fffdf8"/><path d="M24 96V58c-8-12 4-24 36-24s44 12 36 24v38z" fill="#9a6128"/><path d="M30 92V60c-7-11 4-20 30-20s37 9 30 20v32z" fill="#e0b571"/>
<g fill="#c6924b"><circle cx="46" cy="58" r="2.600"/><circle cx="66" cy="54" r="2"/><circle cx="76" cy="68" r="2.600"/><circle cx="54" cy="72" r="2"/><circle cx="42" cy="82" r="2.400"/><circle cx="70" cy="84" r="2.200"/></g><g fill="#7a4a20"><path d="M56 60l6-2 2 5-6 2z"/><path d="M40 66l5 1-1 5-5-1z"/><path d="M78 78l5 1-1 4-5-1z"/><path d="M58 82l5-1 1 4-5 1z"/></g>"##
        .into()
}

fn bag() -> String {
    format!(
        r##"<ellipse cx="60" cy="105" rx="36" ry="6" fill="#000" fill-opacity=".08"/><path d="M32 30h56l4 70a5 5 0 0 1-5 5H33a5 5 0 0 1-5-5z" fill="#3a261a"/><path d="M88 30l4 70a5 5 0 0 1-5 5H72c8-20 9-48 6-75z" fill="#24170f"/><path d="M32 30l3-14h50l3 14z" fill="#5a3d2a"/><path d="M32 27h56v5H32z" fill="#b5562b"/><rect x="42" y="50" width="36" height="36" rx="4" fill="#f3e6d2"/>{}"##,
        bean(60, 68, 14)
    )
}

fn bean(x: i32, y: i32, size: i32) -> String {
    let (half, bend) = (size / 2, size / 4);
    format!(
        r##"<g transform="rotate(32 {x} {y})"><ellipse cx="{x}" cy="{y}" rx="{half}" ry="{size}" fill="#6a3d22"/><path d="M{x} {}q{bend} {half} 0 {size}t0 {size}" fill="none" stroke="#2f1a0e" stroke-width="2"/></g>"##,
        y - size
    )
}

fn scattered_beans() -> String {
    [(40, 214, 6), (206, 216, 7), (226, 208, 6), (304, 214, 6)]
        .map(|(x, y, size)| bean(x, y, size))
        .concat()
}
