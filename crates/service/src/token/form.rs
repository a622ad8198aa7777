//! The bytes of a task in a token of the second form.
//!
//! Texts follow their lengths in bytes, and numbers are big-endian. What was sealed is read back as
//! it was, with nothing behind it. Tokens outlive releases, so this form never changes: another one
//! gets a version of its own.

use super::{Home, TaskDelivery, TaskRef, digest_of};
use engine::Scope;
use wire::EventId;

/// The domain's name follows.
const NAMED: u8 = 0;

/// The digest of the domain's name follows.
const DIGESTED: u8 = 1;

/// The content of a task's token.
pub fn task(task: &TaskRef) -> Vec<u8> {
    let TaskDelivery { shard, run_id, scheduled_event_id, started_event_id } = &task.delivery;
    let mut bytes = Vec::new();
    push_text(&mut bytes, &task.scope.account);
    push_text(&mut bytes, &task.scope.region);
    match digest_of(&task.domain) {
        None => {
            bytes.push(NAMED);
            push_text(&mut bytes, task.domain.as_str());
        }
        Some(digest) => {
            bytes.push(DIGESTED);
            bytes.extend(digest);
        }
    }
    push_text(&mut bytes, run_id.as_str());
    bytes.extend(shard.to_be_bytes());
    bytes.extend(scheduled_event_id.0.to_be_bytes());
    bytes.extend(started_event_id.0.to_be_bytes());
    bytes
}

/// Reads what [`task`] wrote.
pub fn parse_task(content: &[u8]) -> Option<(Home, TaskDelivery)> {
    let mut reader = Reader { rest: content };
    let scope = Scope { account: reader.text()?.into(), region: reader.text()?.into() };
    let home = match reader.take::<1>()? {
        [NAMED] => Home::Named(scope, reader.text()?.into()),
        [DIGESTED] => Home::Digested(scope, reader.take()?),
        [_] => return None,
    };
    let delivery = TaskDelivery {
        run_id: reader.text()?.into(),
        shard: u16::from_be_bytes(reader.take()?),
        scheduled_event_id: EventId(u64::from_be_bytes(reader.take()?)),
        started_event_id: EventId(u64::from_be_bytes(reader.take()?)),
    };
    reader.rest.is_empty().then_some((home, delivery))
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("the API's names are below 64 KiB");
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<&'b str> {
        let length = u16::from_be_bytes(self.take()?);
        let (text, rest) = self.rest.split_at_checked(usize::from(length))?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }
}
