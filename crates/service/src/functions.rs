//! Lambda functions, as the service sees them: somebody from above calls them.
//!
//! How a function is called is not known here. What an event may hold of the outcome is.

use crate::inbox::Inbox;
use crate::invoker::{Input, Place};
use engine::LambdaOutcome;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use wire::{Data, FunctionName};

/// How many characters of a result an event holds (API reference, LambdaFunctionCompleted).
pub const RESULT_CHARS_MAX: usize = 32_768;

/// How many characters of details an event holds (API reference, LambdaFunctionFailed).
const DETAILS_CHARS_MAX: usize = 32_768;

/// How many characters of a reason an event holds (API reference, LambdaFunctionFailed).
const REASON_CHARS_MAX: usize = 256;

/// Lambda's own word for a result that is too large.
const TOO_LARGE: &str = "Function.ResponseSizeTooLarge";

/// Calls functions. Passed from the top; nothing else does.
pub trait Functions: Debug + Send + Sync {
    /// Begins a call and returns at once: the outcome goes through `answer`, sooner or later.
    fn call(&self, call: FunctionCall, answer: FunctionAnswer);
}

/// A function to be called, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall {
    /// The region of the execution that calls it.
    pub region: Arc<str>,
    /// Which one.
    pub name: FunctionName,
    /// What it is given: JSON, if the decider keeps to the rules.
    pub payload: Data,
    /// How long it may take. What comes later is too late.
    pub timeout: Duration,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionOutcome {
    /// The function returned.
    Returned {
        /// What it returned; no text at all is no result.
        payload: String,
    },
    /// The function failed, or could not be called.
    Failed {
        /// In a word or two.
        reason: String,
        /// For people.
        details: String,
    },
}

impl FunctionOutcome {
    /// As events hold it. A result that is too large makes a failure, because half a result is
    /// none; reasons and details are cut.
    pub(crate) fn into_recorded(self) -> LambdaOutcome {
        match self {
            FunctionOutcome::Returned { payload } => {
                let chars = payload.chars().count();
                if chars > RESULT_CHARS_MAX {
                    let details = format!(
                        "The result has {chars} characters; a history holds {RESULT_CHARS_MAX}."
                    );
                    return failed(TOO_LARGE, &details);
                }
                let result = (!payload.is_empty()).then(|| payload.into());
                LambdaOutcome::Completed { result }
            }
            FunctionOutcome::Failed { reason, details } => failed(&reason, &details),
        }
    }

    /// More came than any result may have.
    pub fn too_large(bytes_max: usize) -> FunctionOutcome {
        let details = format!("The result has more than {bytes_max} bytes.");
        FunctionOutcome::Failed { reason: TOO_LARGE.to_owned(), details }
    }
}

fn failed(reason: &str, details: &str) -> LambdaOutcome {
    let some = |text: &str, chars_max| {
        let text: String = text.chars().take(chars_max).collect();
        (!text.is_empty()).then_some(text)
    };
    LambdaOutcome::Failed {
        reason: some(reason, REASON_CHARS_MAX).map(Into::into),
        details: some(details, DETAILS_CHARS_MAX).map(Into::into),
    }
}

/// Where the outcome of a call goes. Dropping it says that there is none: the task is left to its
/// time-out.
#[derive(Debug)]
pub struct FunctionAnswer {
    inbox: Arc<Inbox<Input>>,
    place: Option<Place>,
}

impl FunctionAnswer {
    pub(crate) fn new(inbox: Arc<Inbox<Input>>, place: Place) -> FunctionAnswer {
        FunctionAnswer { inbox, place: Some(place) }
    }

    /// Says what came of the call.
    pub fn send(mut self, outcome: FunctionOutcome) {
        if let Some(place) = self.place.take() {
            self.inbox.put(Input::Answered(place, Some(outcome.into_recorded())));
        }
    }
}

impl Drop for FunctionAnswer {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.inbox.put(Input::Answered(place, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(part: &str, times: usize) -> String {
        part.repeat(times)
    }

    #[test]
    fn a_result_is_recorded_whole_or_not_at_all() {
        let returned = |payload| FunctionOutcome::Returned { payload }.into_recorded();
        assert_eq!(returned(String::new()), LambdaOutcome::Completed { result: None });
        let most = text("ü", RESULT_CHARS_MAX);
        let result = Some(Data::from(most.as_str()));
        assert_eq!(returned(most), LambdaOutcome::Completed { result });
        let LambdaOutcome::Failed { reason, details } = returned(text("ü", RESULT_CHARS_MAX + 1))
        else {
            panic!("it is too large");
        };
        assert_eq!(reason, Some(TOO_LARGE.into()));
        let details = details.expect("it says why");
        assert_eq!(details.as_str(), "The result has 32769 characters; a history holds 32768.");
    }

    #[test]
    fn reasons_and_details_are_cut() {
        let outcome =
            FunctionOutcome::Failed { reason: text("r", 300), details: text("ü", 40_000) };
        let cut = LambdaOutcome::Failed {
            reason: Some(text("r", 256).into()),
            details: Some(text("ü", 32_768).into()),
        };
        assert_eq!(outcome.into_recorded(), cut);
        let nothing = FunctionOutcome::Failed { reason: String::new(), details: String::new() };
        let absent = LambdaOutcome::Failed { reason: None, details: None };
        assert_eq!(nothing.into_recorded(), absent);
    }
}
