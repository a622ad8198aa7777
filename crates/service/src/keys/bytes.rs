//! How the parts of a key become bytes that sort as the parts do, and parts again.
//!
//! Invariant: what is here is the store's format, and never changes.

use engine::Scope;
use engine::rows::Task;
use wire::TaskPriority;

const SIGN_32: u32 = 1 << 31;
const SIGN_64: u64 = 1 << 63;

/// Ends a text: smaller than the escape of any byte that can follow.
const TEXT_END: [u8; 2] = [0, 1];
/// Stands for a zero byte within a text.
const TEXT_ZERO: [u8; 2] = [0, 0xff];

/// A key that is being written.
pub struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    pub fn new(tag: u8) -> Writer {
        Writer { bytes: vec![tag] }
    }

    pub fn text(mut self, text: &str) -> Writer {
        for byte in text.bytes() {
            match byte {
                0 => self.bytes.extend(TEXT_ZERO),
                byte => self.bytes.push(byte),
            }
        }
        self.bytes.extend(TEXT_END);
        self
    }

    pub fn scope(self, scope: &Scope) -> Writer {
        self.text(&scope.account).text(&scope.region)
    }

    pub fn unsigned(mut self, number: u64) -> Writer {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    pub fn signed(self, number: i64) -> Writer {
        self.unsigned(number as u64 ^ SIGN_64)
    }

    /// The larger priority first.
    pub fn task(mut self, task: &Task) -> Writer {
        self.bytes.extend((!task.priority.0 as u32 ^ SIGN_32).to_be_bytes());
        self.signed(task.scheduled_at.0)
            .text(task.run_id.as_str())
            .unsigned(task.scheduled_event_id.0)
    }
}

/// A key that is being read, and what is left of it.
pub struct Reader<'k> {
    pub rest: &'k [u8],
}

impl<'k> Reader<'k> {
    pub fn new(key: &'k [u8], tag: u8) -> Option<Reader<'k>> {
        key.strip_prefix(&[tag]).map(|rest| Reader { rest })
    }

    pub fn take(&mut self, length: usize) -> Option<&'k [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub fn text(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        loop {
            match *self.take(1)?.first()? {
                0 if *self.take(1)?.first()? == TEXT_END[1] => break,
                byte => bytes.push(byte),
            }
        }
        String::from_utf8(bytes).ok()
    }

    pub fn unsigned(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }

    pub fn unsigned32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// That of a task: the highest sorts first.
    pub fn priority(&mut self) -> Option<TaskPriority> {
        Some(TaskPriority(!((self.unsigned32()? ^ SIGN_32) as i32)))
    }

    pub fn signed(&mut self) -> Option<i64> {
        Some((self.unsigned()? ^ SIGN_64) as i64)
    }
}
