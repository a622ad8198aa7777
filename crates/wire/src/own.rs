//! The operations that we have beside the API's, for who operates a server: their shapes, by the
//! model in `tidewheel.json`. They are called like the API's, as `TidewheelOperations.<name>`.

use crate::event::Event;
use crate::fault::Fault;
use crate::macros::{operations, shapes, texts, words};
use crate::model::Model;
use crate::shapes::WorkflowExecution;
use crate::values::*;
use serde_json::Value;

mod watching;

pub use watching::*;

/// What stands before their names in `X-Amz-Target`.
pub const OWN_TARGET: &str = "TidewheelOperations";

operations! {
    /// An operation of our own.
    OwnOperation
    /// A request of one whose members have the right types and satisfy every constraint.
    OwnRequest
    BeginBackup(BeginBackupInput),
    DescribeLoad(DescribeLoadInput),
    DescribeServer(DescribeServerInput),
    DescribeTaskLists(DescribeTaskListsInput),
    EndBackup(EndBackupInput),
    ImportWorkflowExecution(ImportWorkflowExecutionInput),
    ReadBackup(ReadBackupInput),
    WaitForEvents(WaitForEventsInput),
}

impl OwnRequest {
    /// Checks the body of a request against everything that the model says.
    pub fn check(operation: OwnOperation, body: Value) -> Result<OwnRequest, Fault> {
        OwnRequest::from_checked(operation, Model::own().examine(operation.name(), body)?)
    }
}

texts! {
    /// Names a backup that is being made.
    BackupId
}

shapes! {
    /// Asks for a moment of everything that is stored, to be read in pages: [`BackupDetail`].
    BeginBackupInput { required {} optional {} }

    /// A moment that is held.
    BackupDetail {
        required {
            // Names it, for who reads it.
            backup_id: BackupId,
            // Which moment, by the server's clock.
            taken_at: Timestamp,
            // The shards that hold rows, in order.
            shards: Vec<u16>,
        }
        optional {}
    }

    /// Asks for the next [`BackupRows`] of a shard.
    ReadBackupInput {
        required { backup_id: BackupId, shard: u16 }
        optional {
            // The last key that was read, in base64.
            after: String,
        }
    }

    /// Rows of a shard, in order.
    BackupRows {
        required {
            // Packed, in base64; as a chunk of a backup has them. Nothing is the end.
            rows: String,
        }
        optional {}
    }

    /// Says that a moment need not be held any longer.
    EndBackupInput { required { backup_id: BackupId } optional {} }

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
