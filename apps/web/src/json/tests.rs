//! Beside `serde_json`: what both read is the same, and nothing is read here that it refuses.

use bff_api::{AskQuote, Basket, Menu, OrderChange, Page, Problem, Quote, Session, Slots, Store};
use proptest::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Unreadable, read};
use crate::{
    fixture::{latte, menu, order},
    sync::Heard,
};

/// One of everything that the page's types are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    text: String,
    #[serde(default)]
    maybe: Option<String>,
    amount: i64,
    count: u32,
    small: u16,
    yes: bool,
    list: Vec<Kind>,
    inner: Option<Box<Everything>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    One,
    TwoThree,
    #[serde(other)]
    Other,
}

fn everything() -> impl Strategy<Value = Everything> {
    let kind = prop_oneof![Just(Kind::One), Just(Kind::TwoThree), Just(Kind::Other)];
    let leaf = (
        any::<String>(),
        any::<Option<String>>(),
        any::<i64>(),
        any::<u32>(),
        any::<u16>(),
        any::<bool>(),
        prop::collection::vec(kind, 0..4),
    )
        .prop_map(
            |(text, maybe, amount, count, small, yes, list)| Everything {
                text,
                maybe,
                amount,
                count,
                small,
                yes,
                list,
                inner: None,
            },
        );
    (leaf.clone(), prop::option::of(leaf)).prop_map(|(outer, inner)| Everything {
        inner: inner.map(Box::new),
        ..outer
    })
}

fn both<T: DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) -> Option<T> {
    let here = read::<T>(text).ok();
    if here.is_some() {
        assert_eq!(here, serde_json::from_str(text).ok(), "{text}");
    }
    here
}

fn as_written<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    for text in [
        serde_json::to_string(value).expect("writes"),
        serde_json::to_string_pretty(value).expect("writes"),
    ] {
        assert_eq!(both::<T>(&text).as_ref(), Some(value), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in everything()) {
        as_written(&value);
    }

    #[test]
    fn what_is_damaged_is_refused_or_read_as_it_then_says(
        value in everything(),
        place in any::<prop::sample::Index>(),
        typed in prop::sample::select(vec!["", ",", ":", "\"", "\\", "\\u", "{", "}", "[", "]", "0", "-", "1.", "e", "n", " ", "\n", "\u{1}", "é"]),
        goes in 0_usize..3,
    ) {
        let text: Vec<char> = serde_json::to_string(&value).expect("writes").chars().collect();
        let place = place.index(text.len());
        let after = text.len().min(place + goes);
        let damaged: String = text[..place].iter().copied().chain(typed.chars()).chain(text[after..].iter().copied()).collect();
        both::<Everything>(&damaged);
    }

    #[test]
    fn any_text_is_refused_or_read_as_serde_json_does(text in "[\\[\\]{}:,\"\\\\a-z0-9.+ \u{0}-]{0,24}") {
        both::<String>(&text);
        both::<i64>(&text);
        both::<Vec<bool>>(&text);
        both::<Option<Vec<u16>>>(&text);
    }
}

#[test]
fn what_the_bff_answers_is_read() {
    let money = json!({"amount": 350, "currency": "EUR"});
    as_written(&order(1, 2));
    as_written(&menu());
    as_written(&Heard::default());
    as_written(&Page {
        items: vec![order(1, 2), order(2, 3)],
        next: Some("next".to_owned()),
    });
    let id = "0190a000-0000-7000-8000-000000000001";
    let at = "2026-01-02T03:04:05.678Z";
    let read = [
        both::<Session>(&json!({"signed_in": true, "user": {"name": "Ada", "roles": ["customer"], "stores": [id]}}).to_string()).is_some(),
        both::<Session>(&json!({"signed_in": false, "user": null}).to_string()).is_some(),
        both::<Page<Store>>(&json!({"items": [{"id": id, "name": "n", "street": "s", "city": "Kraków", "timezone": "Europe/Warsaw", "currency": "EUR"}], "next": null}).to_string()).is_some(),
        both::<Slots>(&json!({"open": true, "opens_at": null, "wait_minutes": 5, "slot_minutes": 15, "slots": [{"at": at, "left": 2}]}).to_string()).is_some(),
        both::<Quote>(&json!({"discount": {"code": "C", "amount": money}, "total": money, "quote": "q", "expires_at": at}).to_string()).is_some(),
        both::<OrderChange>(&json!({"order_id": id, "number": "A-1", "checkout": "pending", "fulfilment": "ready", "version": 3}).to_string()).is_some(),
        both::<Problem>(&json!({"type": "urn:x", "title": "t", "status": 409, "errors": [{"pointer": "/lines/0", "detail": "d"}]}).to_string()).is_some(),
        both::<AskQuote>(&json!({"store_id": id, "lines": []}).to_string()).is_some(),
        both::<Basket>(&json!({"store_id": id, "lines": []}).to_string()).is_some(),
        both::<Menu>(&serde_json::to_string(&menu()).expect("writes")).is_some(),
    ];
    assert_eq!(read, [true; 10]);
}

#[test]
fn members_of_a_newer_server_are_passed_over() {
    for unknown in [
        json!(null),
        json!(-1.5e-7),
        json!("a \"b\" \\ \u{1F950}"),
        json!([[], {}, [{"a": [1, true, "x"]}]]),
    ] {
        let mut product: Value = serde_json::to_value(latte()).expect("writes");
        product["unknown"] = unknown;
        assert_eq!(both(&product.to_string()), Some(latte()));
    }
}

#[test]
fn escapes_are_read_and_broken_ones_refused() {
    for (text, read_as) in [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""caf\u00e9 \ud83e\udd50""#, "café \u{1F950}"),
        ("  \"\"\n", ""),
    ] {
        assert_eq!(both::<String>(text).as_deref(), Some(read_as));
    }
    for broken in [
        r#""\ud83e""#,
        r#""\ud83ex""#,
        r#""\udd50""#,
        r#""\ud83e\u0041""#,
        r#""\ud83e\u0000""#,
        r#""\u+123""#,
        r#""\u12"#,
        r#""\x""#,
        r#""\"#,
        "\"\n\"",
        "\"",
        "",
        "\"a\"b",
        "nul",
        "\u{0}",
    ] {
        assert_eq!(read::<Option<String>>(broken), Err(Unreadable), "{broken}");
    }
}

#[test]
fn numbers_are_whole_and_fit() {
    assert_eq!(both::<i64>("-9223372036854775808"), Some(i64::MIN));
    assert_eq!(both::<u16>(" 65535 "), Some(u16::MAX));
    for wrong in ["65536", "-1", "1.0", "1e2", "01", "-", "+1", "-0", "1 2"] {
        assert_eq!(read::<u16>(wrong), Err(Unreadable), "{wrong}");
    }
}

#[test]
fn commas_stand_between_values_only() {
    assert_eq!(both::<Vec<u16>>("[ ]"), Some(Vec::new()));
    assert_eq!(both::<Vec<u16>>("[1 , 2]"), Some(vec![1, 2]));
    for wrong in ["[1,]", "[,1]", "[1 2]", "[1", "1]", "[1}", "{}"] {
        assert_eq!(read::<Vec<u16>>(wrong), Err(Unreadable), "{wrong}");
    }
    for wrong in [
        r#"{"signed_in":true,"user":null,}"#,
        r#"{"signed_in" true}"#,
        r"{signed_in:true}",
    ] {
        assert_eq!(read::<Session>(wrong), Err(Unreadable), "{wrong}");
    }
}

#[test]
fn no_depth_exhausts_the_stack() {
    let nested = |depth: usize| {
        format!(
            r#"{{"signed_in":false,"user":null,"x":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert!(read::<Session>(&nested(60)).is_ok());
    assert_eq!(read::<Session>(&nested(1_000_000)), Err(Unreadable));
}
