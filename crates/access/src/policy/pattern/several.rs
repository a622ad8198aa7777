//! Looks for several parts in a row, such as what `*a?b${aws:username}*` has between its runs.
//!
//! There is no quicker way known than to compare each character of the pattern with each of the
//! text: a part that fails says little of where the next place may be. But many places are tried at
//! once, character by character, in loops that a compiler turns into vector instructions, and are
//! given up together when none is left.

use super::{Piece, resolve, steps};
use crate::policy::key::Context;
use crate::policy::value::Buffer;

/// How many places of a text are tried at once.
const PLACES: usize = 256;

/// What of a text is behind the first place where pieces without runs stand in it.
pub(super) fn after_first<'t>(
    pieces: &[Piece],
    text: &'t str,
    context: &Context<'_>,
) -> Option<&'t str> {
    if text.is_ascii() {
        return end_of_first(pieces, text.as_bytes(), context).map(|end| &text[end..]);
    }
    // Rare, and as long as a text of a request may be.
    let chars: Vec<char> = text.chars().collect();
    let end = end_of_first(pieces, &chars, context)?;
    let mut rest = text.chars();
    rest.by_ref().take(end).for_each(drop);
    Some(rest.as_str())
}

/// What counts as one character.
trait Letter: Copy + PartialEq {
    fn all(text: &str) -> impl Iterator<Item = Self>;
}

/// Of a text that is ASCII. What another has of other characters is like nothing in it.
impl Letter for u8 {
    fn all(text: &str) -> impl Iterator<Item = u8> {
        text.bytes()
    }
}

impl Letter for char {
    fn all(text: &str) -> impl Iterator<Item = char> {
        text.chars()
    }
}

/// Where the pieces end at their first place.
fn end_of_first<L: Letter>(pieces: &[Piece], text: &[L], context: &Context<'_>) -> Option<usize> {
    // A place at the end is one, too: all parts may be variables that stand for nothing.
    (0..=text.len()).step_by(PLACES).find_map(|first| {
        let mut places = Places { text, first, alive: [1; PLACES], count: PLACES, length: 0 };
        for piece in pieces {
            match piece {
                Piece::Text(literal) => places.keep(literal),
                Piece::Variable { key, default } => {
                    let mut buffer = Buffer::new();
                    places.keep(resolve(key, default.as_deref(), context, &mut buffer)?);
                }
                Piece::Skip(count) => places.length += count,
                Piece::Run => return None, // There is none.
            }
            places.drop_beyond_end();
            if places.count == 0 {
                return None;
            }
        }
        let alive = &places.alive[..places.count];
        alive.iter().position(|alive| *alive != 0).map(|at| first + at + places.length)
    })
}

/// Places in a row, of which each is still one or is not.
struct Places<'t, L> {
    text: &'t [L],
    first: usize,
    /// 1 or 0 for each.
    alive: [u8; PLACES],
    /// How many are left of them; the others are too near to the end of the text.
    count: usize,
    /// How long what has been compared is.
    length: usize,
}

impl<L: Letter> Places<'_, L> {
    /// Keeps those where a text stands next.
    fn keep(&mut self, literal: &str) {
        for letter in L::all(literal) {
            self.length += 1;
            self.drop_beyond_end();
            steps::count(self.count);
            let mut any = 0;
            let next = &self.text[(self.first + self.length - 1).min(self.text.len())..];
            for (alive, other) in self.alive[..self.count].iter_mut().zip(next) {
                *alive &= u8::from(*other == letter);
                any |= *alive;
            }
            if any == 0 {
                self.count = 0;
                return;
            }
        }
    }

    fn drop_beyond_end(&mut self) {
        let room = (self.text.len() + 1).saturating_sub(self.first + self.length);
        self.count = self.count.min(room);
    }
}
