//! JSON by its grammar (RFC 8259), from a string in memory: one function for each kind of value, none of them generic.
//!
//! Invariant: nothing that is no JSON is gone over, and no bracket nests deeper than [`DEEPEST`].

use std::{borrow::Cow, mem};

use super::Unreadable;

/// Deepest nesting, so that no answer exhausts the stack.
const DEEPEST: u8 = 64;

/// A text, and how far it was read.
pub struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

impl<'de> Reader<'de> {
    /// At its beginning.
    pub fn of(text: &'de str) -> Self {
        Reader {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// Nothing but white space may be left.
    pub fn end(&mut self) -> Result<(), Unreadable> {
        self.peek();
        (self.at == self.text.len()).then_some(()).ok_or(Unreadable)
    }

    /// The byte that is to be read next; zero, with which nothing begins, at the end.
    fn byte(&self) -> u8 {
        self.text
            .as_bytes()
            .get(self.at)
            .copied()
            .unwrap_or_default()
    }

    /// The next one that is no white space.
    pub fn peek(&mut self) -> u8 {
        while matches!(self.byte(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        self.byte()
    }

    /// Takes this byte, if it is the next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.byte() == byte;
        self.at += usize::from(found);
        found
    }

    /// Takes this byte, which must be the next that is no white space.
    pub fn expect(&mut self, byte: u8) -> Result<(), Unreadable> {
        self.peek();
        self.take(byte).then_some(()).ok_or(Unreadable)
    }

    /// What stands between here and there.
    fn since(&self, start: usize) -> Result<&'de str, Unreadable> {
        self.text.get(start..self.at).ok_or(Unreadable)
    }

    /// One of `true`, `false` and `null`.
    pub fn word(&mut self) -> Result<&'de str, Unreadable> {
        self.peek();
        let start = self.at;
        while self.byte().is_ascii_lowercase() {
            self.at += 1;
        }
        let word = self.since(start)?;
        matches!(word, "true" | "false" | "null")
            .then_some(word)
            .ok_or(Unreadable)
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > start).then_some(()).ok_or(Unreadable)
    }

    /// A number as it stands.
    fn number(&mut self) -> Result<&'de str, Unreadable> {
        self.peek();
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.byte(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        self.since(start)
    }

    /// A whole number. None of ours has a fraction, and none is beyond this.
    pub fn whole(&mut self) -> Result<i64, Unreadable> {
        match self.number()? {
            // To `serde_json` a fraction too.
            "-0" => Err(Unreadable),
            number => number.parse().map_err(|_| Unreadable),
        }
    }

    /// A string, borrowed unless something in it is escaped.
    pub fn string(&mut self) -> Result<Cow<'de, str>, Unreadable> {
        self.expect(b'"')?;
        let mut text = Cow::Borrowed("");
        loop {
            let start = self.at;
            while !matches!(self.byte(), b'"' | b'\\' | ..b' ') {
                self.at += 1;
            }
            // `+=` borrows as long as there is nothing before it.
            text += self.since(start)?;
            if self.take(b'"') {
                return Ok(text);
            }
            if !self.take(b'\\') {
                return Err(Unreadable);
            }
            text.to_mut().push(self.escaped()?);
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Result<char, Unreadable> {
        let byte = self.byte();
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let pair = [unit, self.low_half(unit)?];
                let units = if pair[1] == 0 { &pair[..1] } else { &pair[..] };
                let mut read = char::decode_utf16(units.iter().copied());
                read.next().and_then(Result::ok).ok_or(Unreadable)?
            }
            _ => return Err(Unreadable),
        })
    }

    /// The second half of a character of which this is the first, zero if it is a whole one.
    fn low_half(&mut self, unit: u16) -> Result<u16, Unreadable> {
        if !matches!(unit, 0xD800..0xDC00) {
            return Ok(0);
        }
        if self.take(b'\\') && self.take(b'u') {
            self.unit()
        } else {
            Err(Unreadable)
        }
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u16, Unreadable> {
        let start = self.at;
        self.at += 4;
        let digits = self.since(start)?;
        if digits.starts_with('+') {
            return Err(Unreadable);
        }
        u16::from_str_radix(digits, 16).map_err(|_| Unreadable)
    }

    /// A value that nobody asked for.
    pub fn skip(&mut self) -> Result<(), Unreadable> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'[' => {
                let mut items = self.enter(b'[', b']')?;
                while items.more()? {
                    items.reader.skip()?;
                }
                Ok(())
            }
            b'{' => {
                let mut items = self.enter(b'{', b'}')?;
                while items.more()? {
                    items.reader.string()?;
                    items.reader.expect(b':')?;
                    items.reader.skip()?;
                }
                Ok(())
            }
            b'-' | b'0'..=b'9' => self.number().map(drop),
            _ => self.word().map(drop),
        }
    }

    /// Goes into a list or an object.
    pub fn enter(&mut self, begin: u8, end: u8) -> Result<Items<'_, 'de>, Unreadable> {
        self.expect(begin)?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Unreadable);
        }
        Ok(Items {
            reader: self,
            end,
            first: true,
            open: true,
        })
    }
}

/// The items of a list or of an object, between its brackets.
pub struct Items<'a, 'de> {
    pub reader: &'a mut Reader<'de>,
    end: u8,
    first: bool,
    open: bool,
}

impl Items<'_, '_> {
    /// Whether there is another one. After a comma there is, so that one before the end is refused where a value is missing.
    pub fn more(&mut self) -> Result<bool, Unreadable> {
        self.reader.peek();
        if self.reader.take(self.end) {
            self.reader.depth -= 1;
            self.open = false;
            return Ok(false);
        }
        if !mem::take(&mut self.first) {
            self.reader.expect(b',')?;
        }
        Ok(true)
    }

    /// Nothing may be left.
    pub fn leave(mut self) -> Result<(), Unreadable> {
        if self.open && self.more()? {
            return Err(Unreadable);
        }
        Ok(())
    }
}
