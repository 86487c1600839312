//! A receipt as plain text, as printers at the counter print it.
//!
//! Invariant: no line is longer than [`WIDTH`] characters, and amounts stand at its right end.

use std::fmt::Write as _;

use service::money::{Currency, Money};

use crate::order::PaymentMethod;
use crate::receipt::{Kind, Receipt, ReceiptTax};

/// Characters in a line.
pub const WIDTH: usize = 42;

/// Characters of the day in an instant (RFC 3339).
const DAY: usize = 10;

/// Currencies whose minor unit is the whole (ISO 4217).
const WHOLE: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XPF",
];
/// Currencies of which a thousand minor units are one.
const THOUSANDS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// The document as text.
#[must_use]
pub fn of(it: &Receipt) -> String {
    let mut page = Page::default();
    page.text(&it.store_name);
    let title = match it.kind {
        Kind::Receipt => "Receipt",
        Kind::CreditNote => "Credit note",
    };
    page.text(&format!("{title} {}", it.number));
    page.text(&it.local_time);
    page.rule();
    for line in &it.lines {
        let what = match line.quantity {
            0 => format!("Part of: {}", line.name),
            quantity => format!("{quantity} x {}", line.name),
        };
        page.amount(&what, line.amount);
    }
    if let Some(discount) = &it.discount {
        page.amount(
            &format!("Discount {}", discount.code),
            less(discount.amount),
        );
    }
    if let Some(fee) = it.delivery {
        page.amount("Delivery", fee);
    }
    if let Some(tip) = it.tip {
        page.amount("Tip", tip);
    }
    page.rule();
    let total = match it.kind {
        Kind::Receipt => "Total",
        Kind::CreditNote => "Given back",
    };
    page.amount(&format!("{total} {}", it.total.currency), it.total);
    for tax in &it.tax {
        page.tax(tax, tax.tax);
    }
    let method = match it.method {
        PaymentMethod::Card => "card",
        PaymentMethod::Counter => "counter",
    };
    page.text(&match it.kind {
        Kind::Receipt => format!("Paid: {method}"),
        Kind::CreditNote => format!("To: {method}"),
    });
    for given in &it.given_back {
        if let Some(number) = &given.number {
            // What it is of, and its tax, the note itself says.
            page.amount(&format!("Credit note {number}"), less(given.amount));
            continue;
        }
        let day = given.local_time.get(..DAY).unwrap_or_default();
        page.amount(&format!("Given back {day}"), less(given.amount));
        for tax in &given.tax {
            page.tax(tax, less(tax.tax));
        }
    }
    page.0
}

/// The amount as one that is taken off.
fn less(money: Money) -> Money {
    Money::new(-money.amount, money.currency)
}

/// An amount as people write it.
#[must_use]
pub fn decimal(money: Money) -> String {
    let digits = digits(money.currency);
    let sign = if money.amount < 0 { "-" } else { "" };
    let amount = money.amount.unsigned_abs();
    let unit = 10u64.pow(digits);
    if digits == 0 {
        return format!("{sign}{amount}");
    }
    let width = usize::try_from(digits).unwrap_or_default();
    format!("{sign}{}.{:0width$}", amount / unit, amount % unit)
}

fn digits(currency: Currency) -> u32 {
    let code = currency.as_str();
    if WHOLE.contains(&code) {
        0
    } else if THOUSANDS.contains(&code) {
        3
    } else {
        2
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    /// Text in as many lines as it takes. What controls a printer or starts a line of its own becomes a blank.
    fn text(&mut self, text: &str) {
        let blank = |char: char| if char.is_control() { ' ' } else { char };
        let text: Vec<char> = text.chars().map(blank).collect();
        for line in text.chunks(WIDTH) {
            self.0.extend(line);
            self.0.push('\n');
        }
    }

    /// Text with an amount at the right end of its last line, or on a line of its own if there is no room.
    fn amount(&mut self, text: &str, money: Money) {
        let amount = decimal(money);
        let last = text.chars().count() % WIDTH;
        let fits = last > 0 && last + 1 + amount.chars().count() <= WIDTH;
        self.text(text);
        let gap = if fits {
            self.0.pop();
            WIDTH - last
        } else {
            WIDTH
        };
        // Writing to a text can't fail.
        let _ = writeln!(self.0, "{amount:>gap$}");
    }

    /// What a rate's tax is contained in, with the tax.
    fn tax(&mut self, it: &ReceiptTax, tax: Money) {
        let percent = format!("{}.{:02}", it.rate_bp / 100, it.rate_bp % 100);
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        let net = decimal(it.net);
        self.amount(&format!("  tax {percent} % on {net}"), tax);
    }

    fn rule(&mut self) {
        self.text(&"-".repeat(WIDTH));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, code.parse().expect("a currency"))
    }

    #[test]
    fn amounts_are_written_in_their_currencys_units() {
        for (amount, code, text) in [
            (445, "EUR", "4.45"),
            (5, "EUR", "0.05"),
            (-890, "PLN", "-8.90"),
            (445, "JPY", "445"),
            (1_234, "KWD", "1.234"),
            (0, "EUR", "0.00"),
            (i64::MIN, "EUR", "-92233720368547758.08"),
        ] {
            assert_eq!(decimal(money(amount, code)), text);
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_every_amount_is_at_its_end(text in "\\PC{0,120}|[\\n\\t a-z]{0,90}", amount: i64) {
            let mut page = Page::default();
            page.amount(&text, money(amount, "EUR"));
            for line in page.0.lines() {
                prop_assert!(line.chars().count() <= WIDTH, "{line:?}");
            }
            let amount = decimal(money(amount, "EUR"));
            prop_assert!(page.0.trim_end_matches('\n').ends_with(&amount));
        }
    }
}
