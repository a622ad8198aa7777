//! Sets of actions, as bits: each pattern of a policy is compared with all actions once, when the
//! policy is read.

use crate::action::Action;
use crate::check::ServiceKey;
use crate::swf::can_have;

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ActionMask([u64; WORDS]);

/// How many words it takes to have a bit for each action.
const WORDS: usize = Action::ALL.len().div_ceil(u64::BITS as usize);

impl ActionMask {
    /// No action.
    pub(super) const NONE: ActionMask = ActionMask([0; WORDS]);

    /// Reads a pattern, such as `swf:Count*`. `None` if it is neither that nor `*`.
    pub(super) fn parse(text: &str) -> Option<ActionMask> {
        let matching = |is_meant: &dyn Fn(Action) -> bool| {
            let meant = Action::ALL.iter().filter(|action| is_meant(**action));
            meant.fold(ActionMask::NONE, |mask, action| mask.union(ActionMask::of(*action)))
        };
        if text == "*" {
            return Some(matching(&|_| true));
        }
        let pattern = ActionPattern::parse(text)?;
        Some(matching(&|action| pattern.matches(action.service(), action.name())))
    }

    fn of(action: Action) -> ActionMask {
        let mut words = [0; WORDS];
        let (word, bit) = ActionMask::place(action);
        words[word] = bit;
        ActionMask(words)
    }

    pub(super) fn union(self, other: ActionMask) -> ActionMask {
        ActionMask(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// All other actions.
    pub(super) fn complement(self) -> ActionMask {
        ActionMask(self.0.map(|word| !word))
    }

    pub(super) fn contains(self, action: Action) -> bool {
        let (word, bit) = ActionMask::place(action);
        self.0[word] & bit != 0
    }

    /// Whether none of them ever has a key. Without any there is nothing to say.
    pub(super) fn is_without(self, key: ServiceKey) -> bool {
        let mut actions = Action::ALL.iter().filter(|action| self.contains(**action)).peekable();
        actions.peek().is_some() && !actions.any(|action| can_have(*action, key))
    }

    /// In which word an action is, and where there.
    fn place(action: Action) -> (usize, u64) {
        let place = action as usize;
        (place / u64::BITS as usize, 1 << (place % u64::BITS as usize))
    }
}

/// A pattern of actions, as it is written. The case of letters does not matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActionPattern<'a> {
    service: &'a str,
    name: &'a str,
}

impl<'a> ActionPattern<'a> {
    /// Splits `service:name`. Wildcards are in the name alone.
    pub(super) fn parse(text: &'a str) -> Option<ActionPattern<'a>> {
        let (service, name) = text.split_once(':')?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let valid = !service.is_empty()
            && service.bytes().all(word)
            && !name.is_empty()
            && name.bytes().all(|byte| word(byte) || matches!(byte, b'*' | b'?'));
        valid.then_some(ActionPattern { service, name })
    }

    /// Whether an action is meant.
    pub(super) fn matches(self, service: &str, name: &str) -> bool {
        self.service.eq_ignore_ascii_case(service)
            && glob_ignoring_case(self.name.as_bytes(), name.as_bytes())
    }
}

/// Matches with one place to go back to: behind the last `*`.
fn glob_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(piece) {
            Some(b'*') => {
                piece += 1;
                retry = Some((piece, at));
            }
            Some(byte) if *byte == b'?' || byte.eq_ignore_ascii_case(&text[at]) => {
                piece += 1;
                at += 1;
            }
            Some(_) | None => {
                let Some((behind, end)) = retry else { return false };
                retry = Some((behind, end + 1));
                piece = behind;
                at = end + 1;
            }
        }
    }
    pattern[piece..].iter().all(|byte| *byte == b'*')
}
