//! The API's shapes as data: which members an operation takes, of which type, within which bounds.
//!
//! The table is AWS's own model, `swf-2012-01-25.json`, read once. Validation interprets it, so
//! there is no second copy of the API's constraints to fall out of step; a test holds our typed
//! shapes against it. `tidewheel.json` is the same for the operations of our own.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// AWS's model of the API as JSON, for those who need what the table here leaves out: the order of
/// members, and which operations have pages.
pub const MODEL_JSON: &str = include_str!("swf-2012-01-25.json");

/// The same of the operations that we have beside the API's, in the same form.
pub const OWN_MODEL_JSON: &str = include_str!("tidewheel.json");

/// The model of an API.
#[derive(Debug)]
pub struct Model {
    /// What each operation takes, by its name.
    inputs: BTreeMap<String, ShapeId>,
    shapes: Vec<Shape>,
}

/// A shape's place in the model.
pub(crate) type ShapeId = usize;

/// A shape: its name and what it is.
#[derive(Debug)]
pub(crate) struct Shape {
    pub name: String,
    pub kind: Kind,
}

/// What a shape is, with its bounds. Lengths are in UTF-16 units.
#[derive(Debug)]
pub(crate) enum Kind {
    Text { length_min: usize, length_max: Option<usize>, words: Vec<String> },
    Integer { min: Option<i64>, max: Option<i64> },
    Boolean,
    Timestamp,
    List { member: ShapeId, length_max: Option<usize> },
    Structure { members: Vec<Member> },
}

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Member {
    pub name: String,
    pub shape: ShapeId,
    pub required: bool,
}

impl Model {
    /// The model of API version 2012-01-25.
    pub fn get() -> &'static Model {
        static MODEL: OnceLock<Model> = OnceLock::new();
        MODEL.get_or_init(|| {
            let json: Value = serde_json::from_str(MODEL_JSON).expect("the embedded model is JSON");
            Model::parse(&json)
        })
    }

    /// The model of the operations that we have beside the API's. Its shapes may be made of the API's.
    pub fn own() -> &'static Model {
        static MODEL: OnceLock<Model> = OnceLock::new();
        MODEL.get_or_init(|| {
            let read =
                |text| -> Value { serde_json::from_str(text).expect("the embedded model is JSON") };
            let (api, mut own) = (read(MODEL_JSON), read(OWN_MODEL_JSON));
            let shapes = own["shapes"].as_object_mut().expect("the model has shapes");
            for (name, shape) in api["shapes"].as_object().expect("the model has shapes") {
                shapes.entry(name.clone()).or_insert_with(|| shape.clone());
            }
            Model::parse(&own)
        })
    }

    /// What the operation of that name takes.
    pub(crate) fn input(&self, operation: &str) -> &Shape {
        &self.shapes[self.inputs[operation]]
    }

    pub(crate) fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id]
    }

    #[cfg(test)]
    pub(crate) fn shape_named(&self, name: &str) -> Option<&Shape> {
        self.shapes.iter().find(|shape| shape.name == name)
    }

    fn parse(json: &Value) -> Model {
        let named = json["shapes"].as_object().expect("the model has shapes");
        let ids: BTreeMap<&str, ShapeId> =
            named.keys().enumerate().map(|(id, name)| (name.as_str(), id)).collect();
        let id_of = |reference: &Value| {
            let name = reference.as_str().expect("a reference names a shape");
            *ids.get(name).expect("a reference names a known shape")
        };
        let shapes = named
            .iter()
            .map(|(name, shape)| Shape { name: name.clone(), kind: Kind::parse(shape, &id_of) })
            .collect();
        let operations = json["operations"].as_object().expect("the model has operations");
        let inputs = operations.iter().map(|(name, entry)| (name.clone(), id_of(&entry["input"])));
        Model { inputs: inputs.collect(), shapes }
    }
}

impl Kind {
    fn parse(shape: &Value, id_of: &impl Fn(&Value) -> ShapeId) -> Kind {
        let bound = |name: &str| shape.get(name).and_then(Value::as_i64);
        let length = |name: &str| bound(name).and_then(|length| usize::try_from(length).ok());
        match shape["type"].as_str().expect("a shape has a type") {
            "string" => Kind::Text {
                length_min: length("min").unwrap_or(0),
                length_max: length("max"),
                words: texts(&shape["enum"]),
            },
            "integer" | "long" => Kind::Integer { min: bound("min"), max: bound("max") },
            "boolean" => Kind::Boolean,
            "timestamp" => Kind::Timestamp,
            "list" => {
                Kind::List { member: id_of(&shape["member"]["shape"]), length_max: length("max") }
            }
            "structure" => {
                let required = texts(&shape["required"]);
                let members = shape["members"].as_object().expect("a structure has members");
                Kind::Structure {
                    members: members
                        .iter()
                        .map(|(name, member)| Member {
                            name: name.clone(),
                            shape: id_of(&member["shape"]),
                            required: required.contains(name),
                        })
                        .collect(),
                }
            }
            other => panic!("the embedded model has a shape of unknown type {other}"),
        }
    }
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
