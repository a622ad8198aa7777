//! What people should know beside an error, in the commands that are for them: which region was asked,
//! and as whom, where that may be what is wrong.

use super::{CallError, ServiceError};

/// How a server was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// For which region.
    pub region: String,
    /// Whether no credentials are configured, and requests are signed with a stand-in.
    pub stands_in: bool,
}

/// The error of a key that the server does not know.
const UNKNOWN_KEY: &str = "UnrecognizedClientException";
/// The error of what is not there, and with what its text begins where that is the domain.
const UNKNOWN: (&str, &str) = ("UnknownResourceFault", "Unknown domain");
/// What the TLS library calls it that nobody vouches for a server.
const UNKNOWN_ISSUER: &str = "UnknownIssuer";

impl CallError {
    /// The same, with what helps.
    pub fn with_hint(self, asked: &Asked) -> CallError {
        if let CallError::Service(error) = self {
            return CallError::Service(Box::new(error.with_hint(asked)));
        }
        if let CallError::Tls { url, reason } = &self
            && reason.contains(UNKNOWN_ISSUER)
        {
            let reason = format!(
                "{reason}: whoever vouches for it is not known to this machine; --ca-bundle or \
                 AWS_CA_BUNDLE names a file with the authority"
            );
            return CallError::Tls { url: url.clone(), reason };
        }
        self
    }
}

impl ServiceError {
    fn with_hint(mut self, asked: &Asked) -> ServiceError {
        let hint = if self.code == UNKNOWN.0 && self.message.starts_with(UNKNOWN.1) {
            format!(" (in region {})", asked.region)
        } else if self.code == UNKNOWN_KEY && asked.stands_in {
            " (no credentials are configured: only a server without access control takes requests \
             without)"
                .to_owned()
        } else {
            return self;
        };
        self.message = self.message.trim_end().to_owned() + &hint;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_wrong_with_how_it_was_asked_is_said() {
        let service = |code: &str, message: &str| {
            let body = serde_json::json!({ "__type": code, "message": message }).to_string();
            CallError::Service(Box::new(ServiceError::read("DescribeLoad", 400, body.as_bytes())))
        };
        let tls = |reason: &str| {
            let (url, reason) = ("https://h".to_owned(), reason.to_owned());
            CallError::Tls { url, reason }
        };
        let without = "(no credentials are configured: only a server without access control takes \
                       requests without)";
        for (error, stands_in, end) in [
            (service(UNKNOWN.0, "Unknown domain: d"), false, "Unknown domain: d (in region r-1)"),
            (service(UNKNOWN.0, "Unknown execution: x"), false, "Unknown execution: x"),
            (service(UNKNOWN_KEY, "The token is invalid."), true, without),
            (service(UNKNOWN_KEY, "The token is invalid."), false, "The token is invalid."),
            (tls("invalid peer certificate: UnknownIssuer"), false, "a file with the authority"),
            (tls("invalid peer certificate: Expired"), false, "invalid peer certificate: Expired"),
        ] {
            let asked = Asked { region: "r-1".to_owned(), stands_in };
            let said = error.with_hint(&asked).to_string();
            assert!(said.ends_with(end), "{said}");
        }
    }
}
