//! What a customer adds to an order: a code that takes something off, and a tip.
//!
//! Invariant: what there is to pay is the server's quote and the tip that was chosen, and nothing is computed from a price
//! that was not quoted.

use bff_api::{Money, Quote};

/// The highest tip that the server takes, in minor units.
const MOST_TIP: i64 = 10_000;

/// Which tip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tip {
    /// None.
    #[default]
    None,
    /// A part of the price, in per cent.
    Part(i64),
    /// An amount of one's own.
    Own,
}

/// The choice in the checkout form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// The code as typed.
    pub code: String,
    /// The tip.
    pub tip: Tip,
    /// An amount of one's own as typed.
    pub own: String,
}

impl Tip {
    /// The choices, by the value of the form's field, in words.
    pub const ALL: [(Tip, &'static str, &'static str); 4] = [
        (Tip::None, "", "No tip"),
        (Tip::Part(5), "5", "5 %"),
        (Tip::Part(10), "10", "10 %"),
        (Tip::Own, "own", "Another amount"),
    ];

    /// Reads the value of the form's field.
    #[must_use]
    pub fn read(value: &str) -> Tip {
        let mut all = Tip::ALL.into_iter();
        all.find(|(_, text, _)| *text == value)
            .map_or(Tip::None, |(tip, ..)| tip)
    }
}

impl Extras {
    /// The code to ask with, if one was typed.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let code = self.code.trim();
        (!code.is_empty()).then(|| code.to_owned())
    }

    /// The tip on a price; `None` while an amount of one's own is none that the server takes.
    #[must_use]
    pub fn tip(&self, price: &Money) -> Option<Money> {
        let amount = match self.tip {
            Tip::None => 0,
            // Half a cent is the barista's.
            Tip::Part(part) => {
                (price.amount.checked_mul(part)?.checked_add(50)? / 100).min(MOST_TIP)
            }
            Tip::Own => minor_units(self.own.trim())?,
        };
        let currency = price.currency.clone();
        (0..=MOST_TIP)
            .contains(&amount)
            .then_some(Money { amount, currency })
    }
}

/// "2", "2.5" and "2,50" in minor units.
fn minor_units(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(rest) || !(1..=2).contains(&rest.len()) || whole.len() > 6 {
        return None;
    }
    let rest: i64 = format!("{rest:0<2}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 100 + rest)
}

/// The price and the tip together.
#[must_use]
pub fn due(price: &Money, tip: &Money) -> Option<Money> {
    (price.currency == tip.currency).then_some(())?;
    Some(Money {
        amount: price.amount.checked_add(tip.amount)?,
        currency: price.currency.clone(),
    })
}

/// The price that was shown before, if the new quote asks for another one.
#[must_use]
pub fn changed<'a>(shown: Option<&'a Money>, now: Option<&Quote>) -> Option<&'a Money> {
    shown.filter(|shown| now.is_some_and(|now| now.total != **shown))
}

/// What is said when an order is refused for its quote, if it is.
#[must_use]
pub fn refused(slug: Option<&str>) -> Option<&'static str> {
    match slug? {
        "quote-expired" | "quote-invalid" => {
            Some("The price was not good any more. Please look at it again, then order.")
        }
        "discount-not-given" => Some("This code takes nothing off this order."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Extras, Tip, changed, due, refused};
    use crate::fixture::euro;
    use bff_api::Quote;

    fn tip(tip: Tip, own: &str, price: i64) -> Option<i64> {
        let extras = Extras {
            code: String::new(),
            tip,
            own: own.into(),
        };
        extras.tip(&euro(price)).map(|tip| tip.amount)
    }

    #[test]
    fn a_part_is_rounded_up_from_half_a_cent_and_ends_where_the_server_ends() {
        assert_eq!(tip(Tip::None, "9", 1000), Some(0));
        assert_eq!(tip(Tip::Part(5), "", 410), Some(21));
        assert_eq!(tip(Tip::Part(5), "", 409), Some(20));
        assert_eq!(tip(Tip::Part(10), "", 1_000_000), Some(10_000));
        assert_eq!(tip(Tip::Part(10), "", i64::MAX), None);
    }

    #[test]
    fn an_amount_of_ones_own_is_read_or_refused() {
        for (typed, amount) in [
            ("2", Some(200)),
            (" 2.5 ", Some(250)),
            ("2,50", Some(250)),
            ("0.05", Some(5)),
            ("100", Some(10_000)),
            ("100.01", None),
            ("2.505", None),
            ("2.", None),
            ("-1", None),
            ("+1", None),
            ("two", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(tip(Tip::Own, typed, 1000), amount, "{typed}");
        }
        assert_eq!(tip(Tip::Own, "", 1000), None);
    }

    #[test]
    fn every_choice_reads_back() {
        for (tip, value, _) in Tip::ALL {
            assert_eq!(Tip::read(value), tip);
        }
        assert_eq!(Tip::read("15"), Tip::None);
    }

    #[test]
    fn a_code_is_asked_with_only_if_there_is_one() {
        let typed = |code: &str| Extras {
            code: code.into(),
            ..Extras::default()
        };
        assert_eq!(typed("  ").code(), None);
        assert_eq!(typed(" spring ").code().as_deref(), Some("spring"));
    }

    #[test]
    fn a_price_that_is_another_one_by_now_is_said() {
        let quote = |total: i64| Quote {
            discount: None,
            total: euro(total),
            quote: "q1".into(),
            expires_at: "2026-03-02T08:00:00Z".parse().expect("an instant"),
        };
        let shown = euro(410);
        assert_eq!(changed(Some(&shown), Some(&quote(410))), None);
        assert_eq!(changed(Some(&shown), Some(&quote(430))), Some(&shown));
        assert_eq!(changed(Some(&shown), None), None);
        assert_eq!(changed(None, Some(&quote(430))), None);
        assert!(refused(Some("quote-expired")).is_some() && refused(Some("sold-out")).is_none());
        assert_eq!(due(&shown, &euro(20)), Some(euro(430)));
    }
}
