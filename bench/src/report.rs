//! The table that a run ends with: Markdown that is also readable as it is.
//!
//! Invariant: a verdict compares a figure with its goal and does nothing else; a missed goal is a result, not an error.

use std::fmt::Write as _;
use std::io::Write as _;

const HEAD: [&str; 6] = ["figure", "ours", "control", "ratio", "goal", "verdict"];

/// One line of the table.
pub struct Row([String; 6]);

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// At least that.
    AtLeast(f64),
    /// At most that.
    AtMost(f64),
    /// It is only told.
    None,
}

impl Goal {
    fn words(self, figure: f64, unit: &str) -> [String; 2] {
        let verdict = |met| if met { "met" } else { "MISSED" }.to_owned();
        match self {
            Self::AtLeast(least) => [format!("≥ {least}{unit}"), verdict(figure >= least)],
            Self::AtMost(most) => [format!("≤ {most}{unit}"), verdict(figure <= most)],
            Self::None => [String::new(), String::new()],
        }
    }
}

impl Row {
    /// Ours beside a control, and what ours should be as a part of it.
    #[must_use]
    pub fn ratio(figure: &str, [ours, control]: [String; 2], ratio: f64, goal: Goal) -> Self {
        let [goal, verdict] = goal.words(ratio, "");
        let ratio = format!("{ratio:.2}");
        Self([figure.into(), ours, control, ratio, goal, verdict])
    }

    /// Ours beside a control, only told.
    #[must_use]
    pub fn beside(figure: &str, [ours, control]: [String; 2]) -> Self {
        let none = String::new;
        Self([figure.into(), ours, control, none(), none(), none()])
    }

    /// A figure of its own, in a unit, with its goal.
    #[must_use]
    pub fn alone(figure: &str, ours: f64, unit: &str, goal: Goal) -> Self {
        let [goal, verdict] = goal.words(ours, unit);
        let ours = if ours < 100.0 {
            format!("{ours:.1}{unit}")
        } else {
            format!("{ours:.0}{unit}")
        };
        Self([
            figure.into(),
            ours,
            String::new(),
            String::new(),
            goal,
            verdict,
        ])
    }
}

/// All that was measured.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    /// Adds figures.
    pub fn rows(&mut self, rows: impl IntoIterator<Item = Row>) {
        self.rows.extend(rows);
    }

    /// Adds what a reader should know about how they came to be.
    pub fn remark(&mut self, text: String) {
        self.notes.push(text);
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self, title: &str) -> String {
        let mut widths = HEAD.map(|head| head.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(&row.0) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = format!("# {title}\n\n{}", line(&HEAD, widths));
        let rules = widths.map(|width| "-".repeat(width));
        text.push_str(&line(&rules, widths));
        for row in &self.rows {
            text.push_str(&line(&row.0, widths));
        }
        text.push('\n');
        for note in &self.notes {
            // Writing to a String can't fail.
            let _ = writeln!(text, "- {note}");
        }
        text
    }
}

fn line<T: AsRef<str>>(cells: &[T; 6], widths: [usize; 6]) -> String {
    let mut line = String::from("|");
    for (cell, width) in cells.iter().zip(widths) {
        let _ = write!(line, " {:width$} |", cell.as_ref());
    }
    line.push('\n');
    line
}

/// Tells whoever waits what is being done.
pub fn note(text: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "  {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_goal() {
        let mut report = Report::default();
        report.rows([
            Row::ratio(
                "menu",
                ["900/s".into(), "1000/s".into()],
                0.9,
                Goal::AtLeast(0.6),
            ),
            Row::alone("memory", 26.0, " MB", Goal::AtMost(25.0)),
        ]);
        let text = report.markdown("A run");
        assert!(
            text.contains("| menu   | 900/s   | 1000/s  | 0.90  | ≥ 0.6   | met     |"),
            "{text}"
        );
        assert!(
            text.contains("| memory | 26.0 MB |         |       | ≤ 25 MB | MISSED  |"),
            "{text}"
        );
    }
}
