//! The operations that we have beside the API's, for who operates a server: their shapes, by the
//! model in `tidewheel.json`. They are called like the API's, as `TidewheelOperations.<name>`.

use crate::fault::Fault;
use crate::macros::{operations, shapes};
use crate::model::Model;
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
