//! What the log says of a request when it is over: how it went, and the audit.

use crate::audit::{self, Audit};
use crate::network::Network;
use crate::request_id::RequestId;
use crate::strangers::Strangers;
use access::Origin;
use hyper::StatusCode;
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

/// The log's lines about one request, written when it goes. Never says anything of its body.
pub(crate) struct Record<'a> {
    pub request_id: RequestId,
    pub origin: Arc<Origin>,
    pub started: Instant,
    operation: &'static str,
    /// Of a call; what is none, such as a question for our health, is nobody's affair.
    pub audit: Option<Audit>,
    /// Not set if the client went away before it was answered.
    status: Option<StatusCode>,
    strangers: &'a Mutex<Strangers>,
}

impl<'a> Record<'a> {
    pub fn new(
        request_id: RequestId,
        operation: Option<&'static str>,
        origin: Origin,
        strangers: &'a Mutex<Strangers>,
    ) -> Record<'a> {
        Record {
            request_id,
            origin: Arc::new(origin),
            started: Instant::now(),
            operation: operation.unwrap_or("-"),
            audit: None,
            status: None,
            strangers,
        }
    }

    pub fn close(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let Record { request_id, origin, started, operation, audit, status, strangers } = self;
        if let Some(audit) = audit {
            let now = Instant::now().into_std();
            let mut strangers = strangers.lock().expect("no holder panics");
            let is_written = match origin.source_ip {
                Some(address) if audit.is_of_stranger() => {
                    strangers.admit(Network::of(address), now)
                }
                Some(_) | None => true,
            };
            let left_out = strangers.due(now);
            drop(strangers);
            if let Some(left_out) = left_out {
                audit::write_left_out(left_out);
            }
            if is_written {
                audit.write(request_id, origin.source_ip, *status);
            }
        }
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let source = origin.source_ip.map(tracing::field::display);
        let secure = origin.secure;
        match status {
            Some(StatusCode::INTERNAL_SERVER_ERROR) => {
                tracing::error!(
                    operation, status = 500, milliseconds, source, secure, %request_id, "failed"
                );
            }
            Some(status) => {
                let status = status.as_u16();
                tracing::debug!(
                    operation, status, milliseconds, source, secure, %request_id, "answered"
                );
            }
            None => {
                tracing::debug!(
                    operation, milliseconds, source, secure, %request_id, "client gone"
                );
            }
        }
    }
}
