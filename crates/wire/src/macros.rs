//! The macros that turn a list of members into a typed shape, and a list of operations into typed
//! requests.
//!
//! A member's wire name is its field name in camel case. Required members are plain fields,
//! optional ones are `Option`s that are left out of the JSON when unset: the service never writes
//! nulls (spec: "an unset member is left out"). What members mean is said by the API model in
//! `swf-2012-01-25.json`, and a test holds every shape made here against it.

/// A structure with required and optional members, encoded as a JSON object.
macro_rules! shape {
    (
        $(#[$doc:meta])*
        $name:ident {
            required { $($required:ident: $required_type:ty),* $(,)? }
            optional { $($optional:ident: $optional_type:ty),* $(,)? }
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs)]
        pub struct $name {
            $(pub $required: $required_type,)*
            $(
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $optional: Option<$optional_type>,
            )*
        }
    };
}

/// Several shapes in a row.
macro_rules! shapes {
    ($(
        $(#[$doc:meta])*
        $name:ident { required $required:tt optional $optional:tt }
    )*) => {
        $($crate::macros::shape! { $(#[$doc])* $name { required $required optional $optional } })*
    };
}

/// A closed set of words, encoded as a JSON string.
macro_rules! words {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($variant:ident = $text:literal),* $(,)? }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
                serde::Serialize, serde::Deserialize,
            )]
            #[allow(missing_docs)]
            pub enum $name { $(#[serde(rename = $text)] $variant),* }

            impl $name {
                /// Every value, in the model's order.
                pub const ALL: &'static [$name] = &[$($name::$variant),*];

                /// The word as it stands on the wire.
                pub fn as_str(self) -> &'static str {
                    match self { $($name::$variant => $text),* }
                }
            }
        )*
    };
}

/// Names that are text: shared, so that a clone copies no bytes.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(
                Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            )]
            #[serde(transparent)]
            pub struct $name(std::sync::Arc<str>);

            impl $name {
                /// The text as it stands on the wire.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl From<&str> for $name {
                fn from(text: &str) -> $name {
                    $name(text.into())
                }
            }

            impl From<String> for $name {
                fn from(text: String) -> $name {
                    $name(text.into())
                }
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(formatter)
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    formatter.write_str(&self.0)
                }
            }
        )*
    };
}

/// Names the operations once: the enumeration, its texts, and the typed requests.
macro_rules! operations {
    (
        $(#[$operation_doc:meta])*
        $operations:ident
        $(#[$request_doc:meta])*
        $requests:ident
        $($operation:ident($input:ident)),* $(,)?
    ) => {
        $(#[$operation_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum $operations { $($operation),* }

        $(impl From<$input> for $requests {
            fn from(input: $input) -> $requests {
                $requests::$operation(input)
            }
        })*

        impl $operations {
            /// All of them, by name.
            pub const ALL: &'static [$operations] = &[$($operations::$operation),*];

            /// The name, as in `X-Amz-Target`.
            pub fn name(self) -> &'static str {
                match self { $($operations::$operation => stringify!($operation)),* }
            }
        }

        $(#[$request_doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum $requests { $($operation($input)),* }

        impl $requests {
            /// The operation asked for.
            pub fn operation(&self) -> $operations {
                match self { $($requests::$operation(_) => $operations::$operation),* }
            }

            /// The body that says the same, for who sends it.
            pub fn to_json(&self) -> serde_json::Value {
                match self {
                    $($requests::$operation(input) => serde_json::to_value(input)
                        .expect("a request has text keys and finite numbers"),)*
                }
            }

            /// Types a body that [`crate::Model::check`] has passed.
            pub(crate) fn from_checked(
                operation: $operations,
                body: serde_json::Value,
            ) -> Result<$requests, crate::Fault> {
                // The check has established every type, so a failure here is a member that the
                // model and our types disagree on; it is answered like any undecodable body.
                match operation {
                    $($operations::$operation => serde_json::from_value(body)
                        .map($requests::$operation)
                        .map_err(|error| crate::Fault::from_decoding(&error)),)*
                }
            }
        }
    };
}

pub(crate) use {operations, shape, shapes, texts, words};
