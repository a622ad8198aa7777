//! The operations that we have beside the API's, for who operates a server: their shapes, by the
//! model in `tidewheel.json`. They are called like the API's, as `TidewheelOperations.<name>`.

use crate::event::Event;
use crate::fault::Fault;
use crate::macros::{operations, shapes, words};
use crate::model::Model;
use crate::shapes::WorkflowExecution;
use crate::values::*;
use serde_json::Value;

/// What stands before their names in `X-Amz-Target`.
pub const OWN_TARGET: &str = "TidewheelOperations";

operations! {
    /// An operation of our own.
    OwnOperation
    /// A request of one whose members have the right types and satisfy every constraint.
    OwnRequest
    DescribeServer(DescribeServerInput),
    ImportWorkflowExecution(ImportWorkflowExecutionInput),
}

impl OwnRequest {
    /// Checks the body of a request against everything that the model says.
    pub fn check(operation: OwnOperation, body: Value) -> Result<OwnRequest, Fault> {
        OwnRequest::from_checked(operation, Model::own().examine(operation.name(), body)?)
    }
}

shapes! {
    /// Asks for [`ServerDetail`].
    DescribeServerInput { required {} optional {} }

    /// What a server says of itself.
    ServerDetail {
        required {
            // Which Tidewheel it is.
            version: String,
            // Since when it serves, by its own clock.
            started_at: Timestamp,
            // What time its clock shows.
            now: Timestamp,
        }
        optional {}
    }
}

shapes! {
    /// Brings in a piece of an execution's history, as another service has written it.
    ImportWorkflowExecutionInput {
        required {
            domain: DomainName,
            execution: WorkflowExecution,
            // In order, from the first one, or from the one behind those of the piece before.
            events: Vec<Event>,
        }
        optional {
            // There are no more: the execution goes on from here.
            is_last: bool,
            // With the last piece: started activities and Lambda tasks time out at once.
            times_out_started: bool,
            // With the last piece: what was announced to others and is sent once more.
            resend: Vec<EventId>,
        }
    }

    /// How far an import is.
    ImportProgress {
        required {
            status: ImportStatus,
            // The last event that is here; what comes next begins behind it.
            last_event_id: EventId,
        }
        optional {}
    }
}

words! {
    /// How far an import is.
    ImportStatus {
        InProgress = "IN_PROGRESS",
        Imported = "IMPORTED",
        AlreadyImported = "ALREADY_IMPORTED",
    }
}
