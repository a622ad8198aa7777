//! Lambda functions as a simulated world has them: they return, fail, or say nothing, when the seed
//! says so, and perhaps long after whoever called them has crashed.

use super::disk::Flaw;
use super::ledger::Mark;
use super::world::World;
use service::{FunctionAnswer, FunctionCall, FunctionOutcome, Functions};
use std::sync::{Arc, Mutex};

/// Whom nodes call. Clones share the calls.
#[derive(Clone, Debug, Default)]
pub struct FunctionHouse {
    calls: Arc<Mutex<Vec<(FunctionCall, FunctionAnswer)>>>,
}

impl Functions for FunctionHouse {
    fn call(&self, call: FunctionCall, answer: FunctionAnswer) {
        self.calls.lock().expect("no holder panics").push((call, answer));
    }
}

impl FunctionHouse {
    fn take(&self) -> Vec<(FunctionCall, FunctionAnswer)> {
        std::mem::take(&mut *self.calls.lock().expect("no holder panics"))
    }
}

/// A function that has been called and has not ended. Its input tells it from every other.
pub struct RunningFunction {
    mark: Mark,
    /// Called by the one node that is there when the trouble is over: it hears of the end.
    is_heard: bool,
    answer: FunctionAnswer,
}

impl World {
    /// Functions begin. Each begins once for each task.
    pub fn begin_functions(&mut self) -> Result<(), String> {
        for (call, answer) in self.functions.take() {
            let mark = call.payload.as_str().to_owned();
            self.note(|| format!("function {mark} is called"));
            self.ledger.called(&mark)?;
            if self.flaw == Some(Flaw::CallsAgain) && self.chance.once_in(4) {
                self.ledger.called(&mark)?;
            }
            let is_heard = self.settling_since.is_some();
            self.running_functions.push(RunningFunction { mark, is_heard, answer });
        }
        Ok(())
    }

    /// Some function ends, if one runs: it returns its input, fails, or nobody hears of it.
    pub fn end_a_function(&mut self) {
        if self.running_functions.is_empty() {
            return;
        }
        let index = self.chance.below(self.running_functions.len());
        let RunningFunction { mark, is_heard, answer } = self.running_functions.swap_remove(index);
        let how = self.chance.weighted(&[6, 2, 2]);
        self.note(|| {
            format!("function {mark} ends with {}", ["a result", "a failure", "silence"][how])
        });
        let outcome = match how {
            0 => FunctionOutcome::Returned { payload: mark.clone() },
            1 => FunctionOutcome::Failed { reason: mark.clone(), details: String::new() },
            _ => return,
        };
        self.ledger.ended(&mark, is_heard.then(|| self.time.now()));
        if self.flaw != Some(Flaw::LosesOutcomes) {
            answer.send(outcome);
        }
    }

    /// All functions that run end.
    pub fn end_all_functions(&mut self) {
        while !self.running_functions.is_empty() {
            self.end_a_function();
        }
    }
}
