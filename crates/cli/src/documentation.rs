//! What AWS's documentation says of the operations and their members.
//!
//! The texts in `documentation.json` are AWS's own (`NOTICE` names their licence), in the small part
//! of HTML that `markup` reads; `clients/documentation.py` makes the file. They are told apart by the
//! names that the model has for things, and a test holds them against it.

use crate::model::{Member, Model, Operation, Shape};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// All texts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Documentation {
    service: String,
    operations: BTreeMap<String, String>,
    shapes: BTreeMap<String, String>,
    /// Under the name of the structure, a point, and the member's.
    members: BTreeMap<String, String>,
    /// Of the operations that have some.
    examples: BTreeMap<String, String>,
}

impl Documentation {
    /// The texts on API version 2012-01-25.
    pub fn get() -> &'static Documentation {
        static DOCUMENTATION: OnceLock<Documentation> = OnceLock::new();
        DOCUMENTATION.get_or_init(|| {
            let text = include_str!("documentation.json");
            serde_json::from_str(text).expect("the embedded texts are JSON")
        })
    }

    /// On the whole API.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// On an operation.
    pub fn operation(&self, operation: &Operation) -> &str {
        self.operations.get(&operation.name).expect("there is a text on each operation")
    }

    /// On a shape; empty if there is none.
    pub fn shape(&self, shape: &Shape) -> &str {
        self.shapes.get(&shape.name).map_or("", String::as_str)
    }

    /// On a member of a structure, or else on its shape; empty if there is neither.
    pub fn member(&self, structure: &Shape, member: &Member) -> &str {
        let own = self.members.get(&format!("{}.{}", structure.name, member.name));
        own.map_or_else(|| self.shape(Model::get().shape(member.shape)), String::as_str)
    }

    /// How an operation is used, if there are examples.
    pub fn examples(&self, operation: &Operation) -> Option<&str> {
        self.examples.get(&operation.name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, ShapeId};
    use std::collections::BTreeSet;

    /// All structures that operations take or answer, with what is in them.
    fn structures() -> Vec<ShapeId> {
        let model = Model::get();
        let mut left: Vec<ShapeId> = model
            .operations()
            .iter()
            .flat_map(|operation| [Some(operation.input), operation.output])
            .flatten()
            .collect();
        let mut seen = BTreeSet::new();
        while let Some(shape) = left.pop() {
            match &model.shape(shape).kind {
                Kind::Structure { members, .. } if seen.insert(shape) => {
                    left.extend(members.iter().map(|member| member.shape));
                }
                Kind::List { member, .. } => left.push(*member),
                Kind::Structure { .. }
                | Kind::Text { .. }
                | Kind::Integer { .. }
                | Kind::Boolean
                | Kind::Timestamp => (),
            }
        }
        seen.into_iter().collect()
    }

    #[test]
    fn there_is_a_text_on_everything() {
        let (model, texts) = (Model::get(), Documentation::get());
        assert!(texts.service().contains("Amazon Simple Workflow Service"));
        for operation in model.operations() {
            assert!(!texts.operation(operation).is_empty());
        }
        for structure in structures() {
            for member in model.members(structure) {
                let structure = model.shape(structure);
                let text = texts.member(structure, member);
                assert!(!text.is_empty(), "{}.{}", structure.name, member.name);
            }
        }
    }

    #[test]
    fn no_text_is_on_something_that_is_not_there() {
        let (model, texts) = (Model::get(), Documentation::get());
        let names: BTreeSet<String> = structures()
            .into_iter()
            .flat_map(|structure| {
                let name = &model.shape(structure).name;
                model.members(structure).iter().map(move |m| format!("{name}.{}", m.name))
            })
            .collect();
        assert!(texts.members.keys().all(|name| names.contains(name)));
        for name in texts.operations.keys().chain(texts.examples.keys()) {
            assert!(model.operation(name).is_some(), "{name}");
        }
        assert_eq!(texts.examples.len(), 9);
    }
}
