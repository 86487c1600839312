//! How old a ticket is, and when that becomes a problem.

const MINUTE: i64 = 60_000;
/// Up to this age, in milliseconds, a ticket is on time.
const ON_TIME: i64 = 3 * MINUTE;
/// Above this age, in milliseconds, a ticket is late.
const HURRY: i64 = 7 * MINUTE;

/// A ticket's age as the board judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Up to three minutes.
    OnTime,
    /// Up to seven.
    Hurry,
    /// Above seven.
    Late,
}

impl Age {
    /// Judges an age in milliseconds.
    #[must_use]
    pub fn of(milliseconds: i64) -> Age {
        if milliseconds <= ON_TIME {
            Age::OnTime
        } else if milliseconds <= HURRY {
            Age::Hurry
        } else {
            Age::Late
        }
    }

    /// Said beside the timer, so that colour is never the only sign.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Age::OnTime => "On time",
            Age::Hurry => "Hurry",
            Age::Late => "Late",
        }
    }

    /// Name in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Age::OnTime => "on-time",
            Age::Hurry => "hurry",
            Age::Late => "late",
        }
    }
}

/// "4:07", "1:02:30"; a clock that runs behind the server's shows "0:00".
#[must_use]
pub fn timer(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Age, timer};

    #[test]
    fn green_to_three_minutes_red_above_seven() {
        assert_eq!(Age::of(-5), Age::OnTime);
        assert_eq!(Age::of(180_000), Age::OnTime);
        assert_eq!(Age::of(180_001), Age::Hurry);
        assert_eq!(Age::of(420_000), Age::Hurry);
        assert_eq!(Age::of(420_001), Age::Late);
    }

    #[test]
    fn timers_read_like_a_clock() {
        assert_eq!(timer(-3_000), "0:00");
        assert_eq!(timer(247_999), "4:07");
        assert_eq!(timer(3_750_000), "1:02:30");
    }
}
