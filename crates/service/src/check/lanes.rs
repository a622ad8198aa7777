//! Checks the messages of a shard: that they are numbered without gaps from where the receiver is,
//! that they decode, and that they are on their way to where their receivers are.

use super::finding::{Shown, What};
use super::mender::Mender;
use super::{Audit, CheckError};
use crate::keys::{self, Table};
use crate::shard::addressed;
use crate::values;
use engine::message::Message;
use store::{Direction, ShardId};

/// Checks the messages from the mender's shard.
pub fn check(audit: &mut Audit<'_>, mender: &mut Mender<'_>) -> Result<(), CheckError> {
    let mut lane: Option<(ShardId, u64)> = None;
    let mut range = Table::Outbox.keys();
    loop {
        let rows = mender.next(&mut range)?;
        if rows.is_empty() {
            return mender.flush();
        }
        for (key, bytes) in rows {
            audit.report.rows += 1;
            let parsed = keys::parse_outbox(&key);
            let Some((to, number)) = parsed.filter(|(to, n)| keys::outbox(*to, *n) == key) else {
                let what = What::UnknownKey { key: Shown::bytes(&key) };
                audit.found(mender, None, Some(Table::Outbox), what, false);
                continue;
            };
            let taken = match lane {
                Some((same, taken)) if same == to => taken,
                // One that does not decode is reported with the receiver, and put right by then.
                Some(_) | None => taken_by(mender, to)?.unwrap_or(number - 1),
            };
            // The rows of messages that were taken are deleted in their own time.
            let expected = if number <= taken { number } else { taken + 1 };
            lane = Some((to, taken.max(expected)));
            match values::parse_json::<Message>(&bytes) {
                Ok(message) => {
                    let belongs = keys::shard_of(&addressed(&message));
                    if belongs != to {
                        let what = What::MessageAstray { to, number, belongs };
                        audit.found(mender, None, Some(Table::Outbox), what, false);
                    }
                }
                Err(damage) => {
                    let what = What::Damaged { why: damage.to_string() };
                    audit.found(mender, None, Some(Table::Outbox), what, false);
                }
            }
            if number != expected {
                let what = What::MessageGap { to, expected, found: number };
                audit.found(mender, None, Some(Table::Outbox), what, true);
                mender.rename(key, keys::outbox(to, expected), bytes)?;
            }
        }
    }
}

/// Up to which number the messages to a shard have been taken there; `None` if that cannot be read.
fn taken_by(mender: &Mender<'_>, to: ShardId) -> Result<Option<u64>, CheckError> {
    Ok(match mender.get_elsewhere(to, &keys::watermark(mender.shard))? {
        Some(bytes) => values::parse_json(&bytes).ok(),
        None => Some(0),
    })
}

/// Checks the watermarks of the mender's shard.
pub fn check_watermarks(audit: &mut Audit<'_>, mender: &mut Mender<'_>) -> Result<(), CheckError> {
    let mut range = Table::Watermark.keys();
    loop {
        let rows = mender.next(&mut range)?;
        if rows.is_empty() {
            return mender.flush();
        }
        for (key, bytes) in rows {
            audit.report.rows += 1;
            let Some(from) = keys::parse_watermark(&key) else {
                let what = What::UnknownKey { key: Shown::bytes(&key) };
                audit.found(mender, None, Some(Table::Watermark), what, false);
                continue;
            };
            let Err(damage) = values::parse_json::<u64>(&bytes) else { continue };
            let what = What::Damaged { why: damage.to_string() };
            audit.found(mender, None, Some(Table::Watermark), what, true);
            // What was taken is not in rows any more, or comes again: rather twice than never.
            let first = audit.end(from, &keys::outbox_lane(mender.shard), Direction::Ascending)?;
            let first = first.and_then(|(key, _)| keys::parse_outbox(&key));
            match first {
                Some((_, number)) => {
                    mender.put(key, values::json(&number.saturating_sub(1)))?;
                }
                None => mender.delete(key)?,
            }
        }
    }
}
