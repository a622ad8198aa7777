//! What `tidewheel iam` can be asked for, and with which options.
//!
//! Invariant: all operations on identities follow from the table of them ([`Shape`]); what is added
//! here is for the data directory and its keys.

use access::identity::{IdentityRequest, Member, Shape};
use std::collections::BTreeMap;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Operation(&'static Shape),
    Import,
    CreateRootKey,
    RotateMasterKey,
    ReplaceMasterKey,
    RotateTokenKey,
}

/// An option that every operation has, or one that is no operation's member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extra {
    pub name: &'static str,
    /// What stands for its value; none if it has none.
    pub value: Option<&'static str>,
    pub about: &'static str,
}

/// The options that every operation has.
pub const PLACE: [Extra; 10] = [
    Extra {
        name: "endpoint-url",
        value: Some("URL"),
        about: "A running server, such as http://127.0.0.1:7933; with the credentials that \
                `tidewheel swf` would take: from the environment or AWS's files.",
    },
    Extra { name: "profile", value: Some("NAME"), about: "A profile of AWS's files." },
    Extra {
        name: "region",
        value: Some("REGION"),
        about: "The region that is signed for; else AWS_REGION, AWS_DEFAULT_REGION, \
                the profile's, or us-east-1.",
    },
    Extra {
        name: "ca-bundle",
        value: Some("FILE"),
        about: "Certificates of authorities that may vouch for the server; else AWS_CA_BUNDLE, \
                the profile's, or the system's.",
    },
    Extra {
        name: "client-cert",
        value: Some("FILE"),
        about: "The certificate that the server wants of its clients, if it wants one; else \
                TIDEWHEEL_CLIENT_CERT.",
    },
    Extra {
        name: "client-key",
        value: Some("FILE"),
        about: "The private key of it; else TIDEWHEEL_CLIENT_KEY.",
    },
    Extra {
        name: "data-dir",
        value: Some("DIRECTORY"),
        about: "Without an endpoint: the data directory of a server that does not run.",
    },
    Extra {
        name: "config",
        value: Some("FILE"),
        about: "The server's configuration file, which may name the data directory.",
    },
    Extra {
        name: "master-key-file",
        value: Some("FILE"),
        about: "The server's master keys, if they are not in the data directory.",
    },
    Extra {
        name: "account",
        value: Some("ID"),
        about: "On the data directory: the account that is acted in. [default: 000000000000]",
    },
];

/// Without it, nothing is deleted.
pub const DISCARD_SEALED_KEYS: &str = "discard-sealed-keys";
/// Shows what would be done.
pub const DRY_RUN: &str = "dry-run";
const REPLACE: [Extra; 2] = [
    Extra {
        name: DISCARD_SEALED_KEYS,
        value: None,
        about: "Delete the access keys whose secrets no master key opens. They cannot be had back.",
    },
    Extra { name: DRY_RUN, value: None, about: "Show which those are, and delete nothing." },
];

const DROP_OLD: Extra = Extra {
    name: "drop-old",
    value: None,
    about: "Make no new key, and forget all but the one that seals. Sessions that older ones have \
            sealed end.",
};

impl Command {
    /// All of them, by their names.
    pub fn all() -> BTreeMap<String, Command> {
        let shapes = IdentityRequest::SHAPES.iter();
        let operations = shapes.map(Command::Operation).map(|command| match command {
            Command::Operation(shape) if shape.operation == "ImportIdentities" => Command::Import,
            Command::Operation(_)
            | Command::Import
            | Command::CreateRootKey
            | Command::RotateMasterKey
            | Command::ReplaceMasterKey
            | Command::RotateTokenKey => command,
        });
        let ours = [
            Command::CreateRootKey,
            Command::RotateMasterKey,
            Command::ReplaceMasterKey,
            Command::RotateTokenKey,
        ];
        operations.chain(ours).map(|command| (command.name(), command)).collect()
    }

    pub fn name(self) -> String {
        match self {
            Command::Operation(shape) => shape.command(),
            Command::Import => "import".to_owned(),
            Command::CreateRootKey => "create-root-key".to_owned(),
            Command::RotateMasterKey => "rotate-master-key".to_owned(),
            Command::ReplaceMasterKey => "replace-master-key".to_owned(),
            Command::RotateTokenKey => "rotate-token-key".to_owned(),
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Command::Operation(shape) => shape.words().about,
            Command::Import => import().words().about,
            Command::CreateRootKey => {
                "Makes an access key of the account's root and shows its secret, this once."
            }
            Command::RotateMasterKey => {
                "Makes a new master key and seals all secrets with it. Only on the data directory."
            }
            Command::ReplaceMasterKey => {
                "Goes on without a master key that is lost: deletes the access keys that it has \
                 sealed, and makes one of the account's root. Only on the data directory."
            }
            Command::RotateTokenKey => {
                "Makes a new key of task and page tokens; those that are out stay good. Only on \
                 the data directory."
            }
        }
    }

    pub fn example(self) -> String {
        match self {
            Command::Operation(shape) => shape.words().example.to_owned(),
            Command::Import => import().words().example.to_owned(),
            Command::ReplaceMasterKey => format!("{} --{DRY_RUN}", self.name()),
            Command::CreateRootKey | Command::RotateMasterKey | Command::RotateTokenKey => {
                self.name()
            }
        }
    }

    pub fn members(self) -> &'static [Member] {
        match self {
            Command::Operation(shape) => shape.members,
            Command::Import => import().members,
            Command::CreateRootKey
            | Command::RotateMasterKey
            | Command::ReplaceMasterKey
            | Command::RotateTokenKey => &[],
        }
    }

    /// Options that are no members.
    pub fn extras(self) -> &'static [Extra] {
        match self {
            Command::RotateMasterKey => &[DROP_OLD],
            Command::ReplaceMasterKey => &REPLACE,
            Command::Operation(_)
            | Command::Import
            | Command::CreateRootKey
            | Command::RotateTokenKey => &[],
        }
    }

    pub fn requires(self, member: &Member) -> bool {
        match self {
            Command::Operation(shape) => shape.requires(member),
            Command::Import => import().requires(member),
            Command::CreateRootKey
            | Command::RotateMasterKey
            | Command::ReplaceMasterKey
            | Command::RotateTokenKey => false,
        }
    }
}

fn import() -> &'static Shape {
    Shape::of("ImportIdentities").expect("there is such an operation")
}
