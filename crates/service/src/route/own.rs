//! Routes requests of our own operations. They have no throttles of AWS's; their room is that of all
//! requests.

use crate::api::{Answer, Pending, Reply};
use crate::judge::{Asker, Judgment};
use crate::shared::Shared;
use access::Caller;
use wire::*;

impl Shared {
    /// Starts a checked request of our own; the answer comes through what is returned. Never blocks.
    pub fn operate(&self, caller: &Caller, request: OwnRequest) -> Pending {
        self.enter(|answer, judgment| match self.admit_own(caller, &request, judgment) {
            Ok(()) => self.route_own(answer, request),
            Err(fault) => answer.send(Err(fault)),
        })
    }

    fn admit_own(
        &self,
        caller: &Caller,
        request: &OwnRequest,
        judgment: Judgment,
    ) -> Result<(), Fault> {
        match Asker::of(caller, judgment) {
            Some(asker) => self.judge.own(&asker, request, self.clock.now()),
            None => Ok(()),
        }
    }

    fn route_own(&self, answer: Answer, request: OwnRequest) {
        match request {
            OwnRequest::DescribeServer(DescribeServerInput {}) => {
                answer.send(Ok(Reply::json(&ServerDetail {
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    started_at: self.opened_at,
                    now: self.clock.now(),
                })));
            }
        }
    }
}
