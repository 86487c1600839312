//! Money as people read it. Integers all the way: a price never passes through a float.

use bff_api::Money;

/// "€4.20"; a currency without a well-known sign is written out, "CHF 4.20".
#[must_use]
pub fn format(money: &Money) -> String {
    let sign = if money.amount < 0 { "−" } else { "" };
    let minor = money.amount.unsigned_abs();
    let (whole, rest) = (minor / 100, minor % 100);
    match symbol(&money.currency) {
        Some(symbol) => format!("{sign}{symbol}{whole}.{rest:02}"),
        None => format!("{sign}{} {whole}.{rest:02}", money.currency),
    }
}

/// How a surcharge stands beside an option: "+€0.60", and nothing for a free one.
#[must_use]
pub fn format_extra(money: &Money) -> String {
    match money.amount {
        0 => String::new(),
        1.. => format!("+{}", format(money)),
        _ => format(money),
    }
}

/// A rate in basis points as a percentage: "8 %", "7.5 %".
#[must_use]
pub fn format_rate(basis_points: u32) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match rest {
        0 => format!("{whole} %"),
        _ if rest % 10 == 0 => format!("{whole}.{} %", rest / 10),
        _ => format!("{whole}.{rest:02} %"),
    }
}

fn symbol(currency: &str) -> Option<&'static str> {
    match currency {
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        "USD" => Some("$"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{format, format_extra, format_rate};
    use bff_api::Money;

    fn money(amount: i64, currency: &str) -> Money {
        Money {
            amount,
            currency: currency.into(),
        }
    }

    #[test]
    fn minor_units_keep_both_digits() {
        assert_eq!(format(&money(420, "EUR")), "€4.20");
        assert_eq!(format(&money(5, "EUR")), "€0.05");
        assert_eq!(format(&money(-350, "EUR")), "−€3.50");
        assert_eq!(format(&money(123_456, "CHF")), "CHF 1234.56");
        assert_eq!(format(&money(i64::MIN, "EUR")), "−€92233720368547758.08");
    }

    #[test]
    fn a_free_extra_says_nothing() {
        assert_eq!(format_extra(&money(0, "EUR")), "");
        assert_eq!(format_extra(&money(60, "EUR")), "+€0.60");
        assert_eq!(format_extra(&money(-60, "EUR")), "−€0.60");
    }

    #[test]
    fn rates_lose_empty_decimals_only() {
        assert_eq!(format_rate(800), "8 %");
        assert_eq!(format_rate(750), "7.5 %");
        assert_eq!(format_rate(725), "7.25 %");
        assert_eq!(format_rate(705), "7.05 %");
    }
}
