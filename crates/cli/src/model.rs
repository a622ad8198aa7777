//! The one table: operations, options and shapes, read from AWS's model with its order kept.
//!
//! Validation, help, man pages, completions, skeletons and the order of what is printed all come
//! from here. `wire` has the same model for the server's checks, without the order, which nothing
//! on the wire depends on.

use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The API's model.
#[derive(Debug)]
pub struct Model {
    operations: Vec<Operation>,
    shapes: Vec<Shape>,
}

/// A shape's place in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShapeId(usize);

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Its name in the API: `ListDomains`.
    pub name: String,
    /// Its name on the command line: `list-domains`.
    pub command: String,
    /// What it takes, always a structure.
    pub input: ShapeId,
    /// What it answers, always a structure; twenty of the operations answer nothing.
    pub output: Option<ShapeId>,
    /// How its pages follow each other, if it has pages.
    pub paginator: Option<Paginator>,
}

/// How the pages of an operation follow each other.
#[derive(Debug)]
pub struct Paginator {
    /// The member of the input that says which page is wanted.
    pub input_token: String,
    /// The member of the output that names the next page.
    pub output_token: String,
    /// The member of the input that says how much is in a page.
    pub limit_key: String,
    /// The member of the output that goes on from page to page.
    pub result_key: String,
    /// Members of the output that every page has, and that are shown once.
    pub non_aggregate_keys: Vec<String>,
}

/// A shape: its name and what it is.
#[derive(Debug)]
pub struct Shape {
    /// Its name in the model.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What a shape is, with its bounds. A bound that the model does not have is none.
#[derive(Debug)]
pub enum Kind {
    /// A text; lengths are in characters.
    Text {
        /// The least length
        length_min: Option<i64>,
        /// The greatest length
        length_max: Option<i64>,
        /// The words that it is one of; none if it is free.
        words: Vec<String>,
    },
    /// A whole number.
    Integer {
        /// The least number
        min: Option<i64>,
        /// The greatest number
        max: Option<i64>,
        /// Whether it has 64 bits, which only documentation tells apart.
        long: bool,
    },
    /// A truth value.
    Boolean,
    /// A moment, in seconds since 1970 on the wire.
    Timestamp,
    /// A list.
    List {
        /// What is in it
        member: ShapeId,
        /// The greatest number of items
        length_max: Option<i64>,
    },
    /// Members with names.
    Structure {
        /// The members, in the model's order.
        members: Vec<Member>,
        /// Those that have to be there, in the order in which the model names them.
        required: Vec<String>,
    },
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name in the API.
    pub name: String,
    /// What it is.
    pub shape: ShapeId,
    /// Whether it has to be there.
    pub required: bool,
}

impl Model {
    /// The model of API version 2012-01-25.
    pub fn get() -> &'static Model {
        static MODEL: OnceLock<Model> = OnceLock::new();
        MODEL.get_or_init(|| {
            Model::parse(&Value::parse(wire::MODEL_JSON).expect("the embedded model is JSON"))
        })
    }

    /// All operations, in the model's order, which is that of the alphabet.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with a name on the command line.
    pub fn command(&self, command: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.command == command)
    }

    /// The operation with a name in the API.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// A shape.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0]
    }

    /// The shape with a name, such as that of an error.
    pub fn shape_named(&self, name: &str) -> Option<ShapeId> {
        self.shapes.iter().position(|shape| shape.name == name).map(ShapeId)
    }

    /// The members of a structure, in the model's order; none of another shape.
    pub fn members(&self, id: ShapeId) -> &[Member] {
        if let Kind::Structure { members, .. } = &self.shape(id).kind { members } else { &[] }
    }

    fn parse(json: &Value) -> Model {
        let named = json.get("shapes").expect("the model has shapes").entries();
        let ids: BTreeMap<&str, ShapeId> =
            named.iter().enumerate().map(|(id, (name, _))| (name.as_str(), ShapeId(id))).collect();
        let shapes = named
            .iter()
            .map(|(name, shape)| Shape { name: name.clone(), kind: Kind::parse(shape, &ids) })
            .collect();
        let paginators = json.get("paginators").expect("the model has paginators");
        let operations = json.get("operations").expect("the model has operations").entries();
        let operations = operations
            .iter()
            .map(|(name, operation)| Operation {
                name: name.clone(),
                command: kebab(name),
                input: id_of(operation, "input", &ids),
                output: operation.get("output").and_then(Value::as_text).map(|shape| ids[shape]),
                paginator: paginators.get(name).map(Paginator::parse),
            })
            .collect();
        Model { operations, shapes }
    }
}

impl Operation {
    /// The members of what it takes, in the model's order.
    pub fn members(&self) -> &'static [Member] {
        Model::get().members(self.input)
    }
}

impl Paginator {
    fn parse(json: &Value) -> Paginator {
        let text = |name: &str| {
            let value = json.get(name).and_then(Value::as_text);
            value.expect("a paginator names its members").to_owned()
        };
        Paginator {
            input_token: text("input_token"),
            output_token: text("output_token"),
            limit_key: text("limit_key"),
            result_key: text("result_key"),
            non_aggregate_keys: texts(json, "non_aggregate_keys"),
        }
    }
}

impl Kind {
    fn parse(shape: &Value, ids: &BTreeMap<&str, ShapeId>) -> Kind {
        let bound = |name: &str| shape.get(name).and_then(Value::as_integer);
        let kind = shape.get("type").and_then(Value::as_text).expect("a shape has a type");
        match kind {
            "string" => Kind::Text {
                length_min: bound("min"),
                length_max: bound("max"),
                words: texts(shape, "enum"),
            },
            "integer" | "long" => {
                Kind::Integer { min: bound("min"), max: bound("max"), long: kind == "long" }
            }
            "boolean" => Kind::Boolean,
            "timestamp" => Kind::Timestamp,
            "list" => {
                let member = shape.get("member").expect("a list has a member");
                Kind::List { member: id_of(member, "shape", ids), length_max: bound("max") }
            }
            "structure" => {
                let required = texts(shape, "required");
                let members = shape.get("members").expect("a structure has members").entries();
                let members = members
                    .iter()
                    .map(|(name, member)| Member {
                        name: name.clone(),
                        shape: id_of(member, "shape", ids),
                        required: required.contains(name),
                    })
                    .collect();
                Kind::Structure { members, required }
            }
            other => panic!("the embedded model has a shape of unknown type {other}"),
        }
    }
}

fn id_of(json: &Value, name: &str, ids: &BTreeMap<&str, ShapeId>) -> ShapeId {
    let shape = json.get(name).and_then(Value::as_text).expect("a reference names a shape");
    *ids.get(shape).expect("a reference names a known shape")
}

fn texts(json: &Value, name: &str) -> Vec<String> {
    let items = json.get(name).map(Value::items).unwrap_or_default();
    items.iter().filter_map(Value::as_text).map(str::to_owned).collect()
}

/// A name of the API as it is on the command line: `runId` is `run-id`.
///
/// No name in SWF has two capitals in a row, so this is all that the AWS CLI's rule comes to.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for (place, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && place > 0 {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_their_names_on_the_command_line() {
        let model = Model::get();
        assert_eq!(model.operations().len(), 39);
        let poll = model.command("poll-for-decision-task").expect("it is an operation");
        assert_eq!(poll.name, "PollForDecisionTask");
        assert!(std::ptr::eq(poll, model.operation("PollForDecisionTask").expect("it is one")));
        let without = model.operations().iter().filter(|operation| operation.output.is_none());
        assert_eq!(without.count(), 20);
    }

    #[test]
    fn no_name_has_two_capitals_in_a_row() {
        let model = Model::get();
        let members = model.operations().iter().flat_map(Operation::members);
        let names = members.map(|member| &member.name);
        for name in names.chain(model.operations().iter().map(|operation| &operation.name)) {
            let letters: Vec<char> = name.chars().collect();
            assert!(!letters.windows(2).any(|two| two.iter().all(char::is_ascii_uppercase)));
        }
    }

    #[test]
    fn members_are_in_the_models_order() {
        let operation = Model::get().operation("RegisterDomain").expect("it is an operation");
        let names: Vec<&str> =
            operation.members().iter().map(|member| member.name.as_str()).collect();
        let expected = ["name", "description", "workflowExecutionRetentionPeriodInDays", "tags"];
        assert_eq!(names, expected);
    }

    #[test]
    fn seven_operations_have_pages() {
        let model = Model::get();
        let paged = model.operations().iter().filter_map(|operation| {
            let paginator = operation.paginator.as_ref()?;
            Some((operation.name.as_str(), paginator.result_key.as_str()))
        });
        let expected = [
            ("GetWorkflowExecutionHistory", "events"),
            ("ListActivityTypes", "typeInfos"),
            ("ListClosedWorkflowExecutions", "executionInfos"),
            ("ListDomains", "domainInfos"),
            ("ListOpenWorkflowExecutions", "executionInfos"),
            ("ListWorkflowTypes", "typeInfos"),
            ("PollForDecisionTask", "events"),
        ];
        assert_eq!(paged.collect::<Vec<_>>(), expected);
        let poll = model.operation("PollForDecisionTask").and_then(|poll| poll.paginator.as_ref());
        let keys = &poll.expect("it has pages").non_aggregate_keys;
        assert_eq!(keys.first().map(String::as_str), Some("taskToken"));
        assert_eq!(keys.len(), 5);
    }
}
