//! What a test's whole process logs, kept to be searched.
//!
//! Invariant: one subscriber for the process, because one of a single thread is switched off by the others; so what is
//! read is of all tests that run beside.

use std::sync::{Mutex, Once};

use tracing_subscriber::filter::LevelFilter;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Begins to keep it, from `DEBUG` up; once is enough.
///
/// # Panics
/// When the process has another subscriber already.
pub fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::DEBUG)
            .with_writer(|| Writer)
            .init();
    });
}

/// All that was logged since.
///
/// # Panics
/// When a test panicked while it was logging.
pub fn kept() -> String {
    String::from_utf8_lossy(&LOG.lock().expect("the log")).into_owned()
}

struct Writer;

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
