//! How a value is written on the command line, as help shows it: in shorthand and in JSON.

use crate::model::{Kind, Model, ShapeId};

/// The name of a shape's type.
pub(crate) fn type_name(shape: ShapeId) -> &'static str {
    match &Model::get().shape(shape).kind {
        Kind::Text { .. } => "string",
        Kind::Integer { long: true, .. } => "long",
        Kind::Integer { long: false, .. } => "integer",
        Kind::Boolean => "boolean",
        Kind::Timestamp => "timestamp",
        Kind::List { .. } => "list",
        Kind::Structure { .. } => "structure",
    }
}

/// The shorthand of a structure, or of a list of them; none of what has no shorthand.
pub(crate) fn shorthand(shape: ShapeId) -> Option<String> {
    let model = Model::get();
    match &model.shape(shape).kind {
        Kind::Structure { .. } => Some(members_shorthand(shape)),
        Kind::List { member, .. } if is_structure(*member) => {
            Some(format!("{} ...", members_shorthand(*member)))
        }
        Kind::List { .. }
        | Kind::Text { .. }
        | Kind::Integer { .. }
        | Kind::Boolean
        | Kind::Timestamp => None,
    }
}

fn members_shorthand(structure: ShapeId) -> String {
    let members = Model::get().members(structure).iter();
    let members =
        members.map(|member| format!("{}={}", member.name, value_shorthand(member.shape)));
    members.collect::<Vec<_>>().join(",")
}

fn value_shorthand(shape: ShapeId) -> String {
    match &Model::get().shape(shape).kind {
        Kind::Structure { .. } => format!("{{{}}}", members_shorthand(shape)),
        Kind::List { member, .. } => {
            let item = value_shorthand(*member);
            format!("[{item},{item}]")
        }
        Kind::Text { .. } | Kind::Integer { .. } | Kind::Boolean | Kind::Timestamp => {
            type_name(shape).to_owned()
        }
    }
}

/// The words of a list of texts; none of another shape.
pub(crate) fn words(shape: ShapeId) -> Option<&'static str> {
    match &Model::get().shape(shape).kind {
        Kind::List { member, .. } if !is_structure(*member) => Some("\"string\" \"string\" ..."),
        Kind::List { .. }
        | Kind::Structure { .. }
        | Kind::Text { .. }
        | Kind::Integer { .. }
        | Kind::Boolean
        | Kind::Timestamp => None,
    }
}

/// The JSON of a structure or a list.
pub(crate) fn json(shape: ShapeId) -> String {
    let mut json = String::new();
    write_json(&mut json, shape, 0);
    json
}

fn write_json(json: &mut String, shape: ShapeId, indent: usize) {
    let model = Model::get();
    let line = |json: &mut String, indent: usize| {
        json.push('\n');
        json.push_str(&" ".repeat(indent));
    };
    match &model.shape(shape).kind {
        Kind::Structure { members, .. } => {
            json.push('{');
            for (place, member) in members.iter().enumerate() {
                json.push_str(if place > 0 { "," } else { "" });
                line(json, indent + 2);
                json.push_str(&format!("\"{}\": ", member.name));
                write_json(json, member.shape, indent + 2);
            }
            line(json, indent);
            json.push('}');
        }
        Kind::List { member, .. } if is_structure(*member) => {
            json.push('[');
            line(json, indent + 2);
            write_json(json, *member, indent + 2);
            line(json, indent + 2);
            json.push_str("...");
            line(json, indent);
            json.push(']');
        }
        Kind::List { member, .. } => {
            json.push('[');
            write_json(json, *member, indent);
            json.push_str(", ...]");
        }
        Kind::Text { words, .. } if !words.is_empty() => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            json.push_str(&words.join("|"));
        }
        Kind::Text { .. } => json.push_str("\"string\""),
        Kind::Boolean => json.push_str("true|false"),
        Kind::Integer { .. } | Kind::Timestamp => json.push_str(type_name(shape)),
    }
}

fn is_structure(shape: ShapeId) -> bool {
    matches!(Model::get().shape(shape).kind, Kind::Structure { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(operation: &str, member: &str) -> ShapeId {
        let operation = Model::get().operation(operation).expect("it is an operation");
        let member = operation.members().iter().find(|known| known.name == member);
        member.expect("it is a member").shape
    }

    #[test]
    fn structures_and_lists_of_them_have_a_shorthand() {
        let check = |operation, member, expected: Option<&str>| {
            assert_eq!(shorthand(shape(operation, member)).as_deref(), expected);
        };
        check("DescribeWorkflowType", "workflowType", Some("name=string,version=string"));
        check("TagResource", "tags", Some("key=string,value=string ..."));
        let filter = Some("oldestDate=timestamp,latestDate=timestamp");
        check("CountOpenWorkflowExecutions", "startTimeFilter", filter);
        check("StartWorkflowExecution", "tagList", None);
        check("StartWorkflowExecution", "input", None);
        let decisions = shorthand(shape("RespondDecisionTaskCompleted", "decisions"));
        let decisions = decisions.expect("it has a shorthand");
        let child = "startChildWorkflowExecutionDecisionAttributes={workflowType={name=string,\
                     version=string},workflowId=string,";
        assert!(decisions.contains(child), "{decisions}");
        assert!(decisions.contains("tagList=[string,string],lambdaRole=string}"), "{decisions}");
    }

    #[test]
    fn json_shows_types_and_words() {
        assert_eq!(json(shape("CountClosedWorkflowExecutions", "closeStatusFilter")), {
            "{\n  \"status\": \"COMPLETED\"|\"FAILED\"|\"CANCELED\"|\"TERMINATED\"|\
             \"CONTINUED_AS_NEW\"|\"TIMED_OUT\"\n}"
        });
        assert_eq!(json(shape("TagResource", "tags")), {
            "[\n  {\n    \"key\": \"string\",\n    \"value\": \"string\"\n  }\n  ...\n]"
        });
        assert_eq!(words(shape("UntagResource", "tagKeys")), Some("\"string\" \"string\" ..."));
        assert_eq!(words(shape("TagResource", "tags")), None);
    }
}
