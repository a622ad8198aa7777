//! Moments as dates of ISO 8601, in UTC, to the millisecond: people read job files, too.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use wire::Timestamp;

/// Writes a moment. What no date can name is the first that one can.
pub(super) fn serialize<S: Serializer>(
    moment: &Timestamp,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:.3}", date(*moment)))
}

/// Reads one.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let moment: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
    Ok(Timestamp(moment.as_millisecond()))
}

/// A moment as the library has it.
pub(super) fn date(moment: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::MIN)
}
