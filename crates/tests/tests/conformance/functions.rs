//! Lambda functions as scripts have them: a function that is called runs until the script says what
//! came of it. So nothing happens behind a script's back.

use super::script::unquoted;
use service::{FunctionAnswer, FunctionCall, FunctionOutcome, Functions};
use std::sync::{Arc, Mutex};

/// The functions that have been called and have not ended, the oldest first. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct House(Arc<Mutex<Vec<(FunctionCall, FunctionAnswer)>>>);

impl Functions for House {
    fn call(&self, call: FunctionCall, answer: FunctionAnswer) {
        self.0.lock().expect("no holder panics").push((call, answer));
    }
}

impl House {
    /// Plays what a script says of a function:
    ///
    /// ```text
    /// f is called input={} timeout=900
    /// f returns "all done"
    /// f fails reason details
    /// f is silent
    /// f is not called
    /// ```
    ///
    /// It is the oldest call of that function that is meant; all but the first and the last end it.
    pub fn play(&self, words: &[String]) -> Result<(), String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let [name, ref said @ ..] = words[..] else {
            return Err("function is followed by a name".to_owned());
        };
        let mut running = self.0.lock().expect("no holder panics");
        let oldest = running.iter().position(|(call, _)| call.name.as_str() == name);
        if let ["is", "not", "called"] = said {
            return match oldest {
                None => Ok(()),
                Some(_) => Err(format!("{name} is called")),
            };
        }
        let oldest = oldest.ok_or_else(|| format!("{name} is not called"))?;
        if let ["is", "called", input, timeout] = said {
            let call = &running[oldest].0;
            let (payload, seconds) = (call.payload.as_str(), call.timeout.as_secs_f64());
            let actual = (format!("input={payload}"), format!("timeout={seconds}"));
            let expected = match input.split_once('=') {
                Some((key, value)) => (format!("{key}={}", unquoted(value)), (*timeout).to_owned()),
                None => return Err("a member is written key=value".to_owned()),
            };
            return match actual == expected {
                true => Ok(()),
                false => Err(format!("expected {expected:?}\nbut got  {actual:?}")),
            };
        }
        let outcome = match said {
            ["is", "silent"] => None,
            ["returns", result] => Some(FunctionOutcome::Returned { payload: unquoted(result) }),
            ["fails", reason, details] => Some(FunctionOutcome::Failed {
                reason: unquoted(reason),
                details: unquoted(details),
            }),
            _ => return Err("this is nothing that a function does".to_owned()),
        };
        let (_, answer) = running.remove(oldest);
        match outcome {
            Some(outcome) => answer.send(outcome),
            None => drop(answer),
        }
        Ok(())
    }
}
