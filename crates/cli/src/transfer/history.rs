//! A history as `aws swf get-workflow-execution-history` prints it.

use jiff::Timestamp;
use serde_json::Value;
use wire::Event;

/// Why a text is no history.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// It is neither an export nor what the AWS CLI prints.
    #[error(
        "it is neither an export nor a history in JSON, which the AWS CLI prints with --output json: {0}"
    )]
    NotJson(String),
    /// It begins like one.
    #[error(
        "it is cut off in line {0}, before its JSON is whole: a full disk or a broken pipe does that. \
         Print it again"
    )]
    CutOff(usize),
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// There is a JSON value, but not that.
    #[error("it has no list \"events\", as what get-workflow-execution-history prints has")]
    NoEvents,
    /// There are more pages.
    #[error(
        "it is one page of several: print the whole history, without --max-items, --no-paginate and \
         --query"
    )]
    OnePage,
    /// An event is not one.
    #[error("event {number} of the list: {why}")]
    Event {
        /// Which.
        number: usize,
        /// Why.
        why: String,
    },
}

/// Reads the events. Their times are numbers or, as version 2 of the AWS CLI prints them, dates.
pub fn read_history(text: &str) -> Result<Vec<Event>, HistoryError> {
    if text.trim_ascii().is_empty() {
        return Err(HistoryError::Empty);
    }
    let not_json = |error: serde_json::Error| match error.is_eof() {
        true => HistoryError::CutOff(error.line()),
        false => HistoryError::NotJson(error.to_string()),
    };
    // Some editors and shells begin a file with a mark of its encoding.
    let text = text.trim_start_matches('\u{feff}');
    let mut history: Value = serde_json::from_str(text).map_err(not_json)?;
    let is_set = |member: &str| history.get(member).is_some_and(|value| !value.is_null());
    if is_set("nextPageToken") || is_set("NextToken") {
        return Err(HistoryError::OnePage);
    }
    let events = history.get_mut("events").map(Value::take);
    let Some(Value::Array(events)) = events else { return Err(HistoryError::NoEvents) };
    let mut read: Vec<Event> = Vec::with_capacity(events.len());
    for (index, mut event) in events.into_iter().enumerate() {
        let failed = |why: String| HistoryError::Event { number: index + 1, why };
        if let Some(at) = event.get_mut("eventTimestamp")
            && let Some(text) = at.as_str()
        {
            let moment: Timestamp =
                text.parse().map_err(|_| failed(format!("{text:?} is no date")))?;
            *at = (moment.as_millisecond() as f64 / 1000.0).into();
        }
        read.push(serde_json::from_value(event).map_err(|error| failed(error.to_string()))?);
    }
    // With --reverse-order it is whole all the same.
    let is_reversed = |pair: &[Event]| pair[0].event_id > pair[1].event_id;
    if read.len() > 1 && read.windows(2).all(is_reversed) {
        read.reverse();
    }
    Ok(read)
}
