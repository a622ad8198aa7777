//! A place in what is told, as its reader keeps it.

use wire::{EventsToken, Fault};

/// How many digits each part has.
const DIGITS: usize = 16;

/// A place in what one process tells. It names what was told last; it gives no right to anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which process's.
    pub instance: u64,
    /// Where.
    pub number: u64,
}

impl Position {
    /// As it goes over the wire.
    pub fn token(self) -> EventsToken {
        let Position { instance, number } = self;
        format!("{instance:016x}{number:016x}").into()
    }

    /// From there.
    pub fn parse(token: &EventsToken) -> Result<Position, Fault> {
        let invalid = || Fault::Validation("Invalid token".to_owned());
        let text = token.as_str();
        let right = text.len() == 2 * DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !right {
            return Err(invalid());
        }
        let (instance, number) = text.split_at(DIGITS);
        let parse = |text: &str| u64::from_str_radix(text, 16).map_err(|_| invalid());
        Ok(Position { instance: parse(instance)?, number: parse(number)? })
    }
}
