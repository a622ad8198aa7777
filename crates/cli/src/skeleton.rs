//! Samples of what operations take and answer, from the model: `--generate-cli-skeleton`.
//!
//! The samples of inputs are inputs: a test reads all of them back.

use crate::documentation::Documentation;
use crate::markup::stripped;
use crate::model::{Kind, Member, Model, Operation, Shape, ShapeId};
use crate::value::Value;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

/// The moment in samples.
const EPOCH: &str = "1970-01-01T00:00:00";

/// The moment in samples of YAML, as YAML writes it.
const EPOCH_YAML: &str = "1970-01-01 00:00:00";

/// A sample input as JSON, indented by four, with the end of its last line.
pub fn sample_input_json(operation: &Operation) -> String {
    let sample = sample(operation.input, Texts::Empty);
    let mut json = Vec::new();
    let mut serializer =
        Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(b"    "));
    sample.serialize(&mut serializer).expect("a value is written to memory");
    json.push(b'\n');
    String::from_utf8(json).expect("JSON is text")
}

/// A sample input as YAML, each member with a comment on what it is.
pub fn sample_input_yaml(operation: &Operation) -> String {
    let mut yaml = String::new();
    write_structure(&mut yaml, operation.input, 0, "");
    yaml
}

/// A sample of what an operation answers; none if it answers nothing. Each text in it is the name of
/// its member.
pub fn sample_output(operation: &Operation) -> Option<Value> {
    operation.output.map(|shape| sample(shape, Texts::Names))
}

/// What the texts of a sample say.
#[derive(Clone, Copy)]
enum Texts {
    /// Nothing, or the first of the words that are allowed.
    Empty,
    /// The member's name, or the shape's in lists.
    Names,
}

fn sample(shape: ShapeId, texts: Texts) -> Value {
    sample_named(shape, texts, "")
}

fn sample_named(shape: ShapeId, texts: Texts, name: &str) -> Value {
    let model = Model::get();
    match &model.shape(shape).kind {
        Kind::Structure { members, .. } => {
            let sample = |member: &Member| {
                (member.name.clone(), sample_named(member.shape, texts, &member.name))
            };
            Value::Map(members.iter().map(sample).collect())
        }
        Kind::List { member, .. } => {
            Value::List(vec![sample_named(*member, texts, &model.shape(*member).name)])
        }
        Kind::Text { words, .. } => Value::text(match texts {
            Texts::Names => name,
            Texts::Empty => words.first().map_or("", String::as_str),
        }),
        Kind::Integer { .. } => Value::Integer(0),
        Kind::Boolean => Value::Bool(true),
        Kind::Timestamp => Value::text(EPOCH),
    }
}

/// Writes the members of a structure, each on a line. `first` stands before the first of them, in
/// the place of its indentation.
fn write_structure(yaml: &mut String, structure: ShapeId, indent: usize, first: &str) {
    let model = Model::get();
    let shape = model.shape(structure);
    for (place, member) in model.members(structure).iter().enumerate() {
        let spaces = " ".repeat(indent);
        yaml.push_str(if place == 0 && !first.is_empty() { first } else { &spaces });
        yaml.push_str(&member.name);
        yaml.push(':');
        let value = match &model.shape(member.shape).kind {
            Kind::Structure { .. } | Kind::List { .. } => "",
            Kind::Text { words, .. } => words.first().map_or(" ''", |word| word),
            Kind::Integer { .. } => " 0",
            Kind::Boolean => " true",
            Kind::Timestamp => EPOCH_YAML,
        };
        if !value.is_empty() && !value.starts_with(' ') {
            yaml.push(' ');
        }
        yaml.push_str(value);
        // The AWS CLI's writer of YAML leaves two spaces before the first comment of a map.
        yaml.push_str(if place == 0 { "  # " } else { " # " });
        yaml.push_str(&comment(shape, member));
        yaml.push('\n');
        match &model.shape(member.shape).kind {
            Kind::Structure { .. } => write_structure(yaml, member.shape, indent + 2, ""),
            Kind::List { member, .. } => write_item(yaml, *member, indent),
            Kind::Text { .. } | Kind::Integer { .. } | Kind::Boolean | Kind::Timestamp => (),
        }
    }
}

/// Writes the one item of a list.
fn write_item(yaml: &mut String, item: ShapeId, indent: usize) {
    let dash = format!("{}- ", " ".repeat(indent));
    match &Model::get().shape(item).kind {
        Kind::Structure { .. } => write_structure(yaml, item, indent + 2, &dash),
        Kind::Text { .. } => yaml.push_str(&format!("{dash}''\n")),
        Kind::Integer { .. } | Kind::Boolean | Kind::Timestamp | Kind::List { .. } => {
            panic!("no input has lists of numbers, truth values, moments or lists");
        }
    }
}

fn comment(structure: &Shape, member: &Member) -> String {
    let mut parts = Vec::new();
    if member.required {
        parts.push("[REQUIRED]".to_owned());
    }
    parts.push(overview(Documentation::get().member(structure, member)));
    if let Kind::Text { words, .. } = &Model::get().shape(member.shape).kind
        && !words.is_empty()
    {
        parts.push(format!("Valid values are: {}.", words.join(", ")));
    }
    parts.join(" ")
}

/// The first sentence of a text, up to a point or colon.
pub(crate) fn overview(html: &str) -> String {
    let text = stripped(html);
    let sentence = text.split(['.', ':']).next().unwrap_or_default();
    let end = if sentence.is_empty() { "" } else { "." };
    format!("{sentence}{end}").replace(['\n', '\u{2028}'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::yaml;

    fn operation(name: &str) -> &'static Operation {
        Model::get().operation(name).expect("it is an operation")
    }

    /// What the samples leave empty and the checks want to have something in.
    fn fill(value: &mut Value) {
        match value {
            Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| fill(value)),
            Value::List(items) => items.iter_mut().for_each(fill),
            Value::Text(text) if text.is_empty() => text.push('x'),
            Value::Text(_) | Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
            }
        }
    }

    #[test]
    fn every_sample_input_is_an_input_once_its_texts_are_filled_in() {
        for operation in Model::get().operations() {
            let json = Value::parse(&sample_input_json(operation)).expect("it is JSON");
            let yaml = yaml::parse(&sample_input_yaml(operation)).expect("it is YAML");
            for mut sample in [json.clone(), yaml.clone()] {
                fill(&mut sample);
                assert_eq!(check(operation, &sample), [], "{}", operation.name);
            }
            let moments = |value: &Value| format!("{value:?}").replace(EPOCH_YAML, EPOCH);
            assert_eq!(moments(&yaml), moments(&json), "{}", operation.name);
        }
    }

    #[test]
    fn a_sample_has_all_members_in_order() {
        let expected = r#"{
    "nextPageToken": "",
    "registrationStatus": "REGISTERED",
    "maximumPageSize": 0,
    "reverseOrder": true
}
"#;
        assert_eq!(sample_input_json(operation("ListDomains")), expected);
    }

    #[test]
    fn a_sample_of_yaml_says_what_each_member_is() {
        let expected = "\
resourceArn: ''  # [REQUIRED] The Amazon Resource Name (ARN) for the Amazon SWF domain.
tags: # [REQUIRED] The list of tags to add to a domain.
- key: ''  # [REQUIRED] The key of a tag.
  value: '' # The value of a tag.
";
        let yaml = sample_input_yaml(operation("TagResource"));
        let first_sentences: Vec<&str> = yaml.lines().collect();
        assert_eq!(first_sentences, expected.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_sample_of_yaml_has_words_moments_and_lists_of_texts() {
        let yaml = sample_input_yaml(operation("ListOpenWorkflowExecutions"));
        let line = "  oldestDate: 1970-01-01 00:00:00  # [REQUIRED] Specifies the oldest start or \
                    close date and time to return.\n";
        assert!(yaml.contains(line), "{yaml}");
        let yaml = sample_input_yaml(operation("StartWorkflowExecution"));
        assert!(yaml.contains("\n- ''\ntaskStartToCloseTimeout: '' # "), "{yaml}");
        assert!(yaml.contains("\nchildPolicy: TERMINATE # If set, specifies"), "{yaml}");
        assert!(
            yaml.contains(" Valid values are: TERMINATE, REQUEST_CANCEL, ABANDON.\n"),
            "{yaml}"
        );
    }

    #[test]
    fn a_comment_is_the_first_sentence() {
        for (html, expected) in [
            ("<p>One <b>two</b>. Three.</p>", "One two."),
            ("<p>One: two.</p>", "One."),
            ("<p>One\ntwo</p>", "One two."),
            ("", ""),
        ] {
            assert_eq!(overview(html), expected);
        }
    }

    #[test]
    fn a_sample_output_names_its_members() {
        let output = sample_output(operation("CountPendingActivityTasks"));
        let text = serde_json::to_string(&output).expect("it is written");
        assert_eq!(text, r#"{"count":0,"truncated":true}"#);
        let output = sample_output(operation("ListDomains")).expect("it answers");
        let text = serde_json::to_string(&output).expect("it is written");
        let expected = r#"{"domainInfos":[{"name":"name","status":"status","description":"description","arn":"arn"}],"nextPageToken":"nextPageToken"}"#;
        assert_eq!(text, expected);
        assert_eq!(sample_output(operation("TagResource")), None);
    }

    #[test]
    fn lists_of_texts_name_the_shape() {
        let output = sample_output(operation("DescribeWorkflowExecution")).expect("it answers");
        let tags = output.get("executionInfo").and_then(|info| info.get("tagList"));
        assert_eq!(tags, Some(&Value::List(vec![Value::text("Tag")])));
    }
}
