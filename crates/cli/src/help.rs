//! Pages of help: what the AWS CLI's `help` says of the API and of each operation, from the model,
//! the tables of options and AWS's own texts.

use crate::documentation::Documentation;
use crate::markup;
use crate::model::{Kind, Member, Model, Operation, Shape, ShapeId};
use crate::option::{Global, Opt, Role};
use crate::page::{Block, Look, Page, Span};
use crate::syntax;

/// Where AWS documents an operation of the API.
const API_PAGES: &str = "https://docs.aws.amazon.com/goto/WebAPI/swf-2012-01-25/";

/// The help on an operation, or on all of them, as text.
pub fn help(operation: Option<&'static Operation>, look: Look) -> String {
    page(operation).text(look)
}

/// The help on an operation, or on all of them, as a page of the manual.
pub fn manual(operation: Option<&'static Operation>) -> String {
    page(operation).roff()
}

/// The name of that page, without the section: `tidewheel-swf-list-domains`.
pub fn manual_name(operation: Option<&'static Operation>) -> String {
    match operation {
        Some(operation) => format!("tidewheel-swf-{}", operation.command),
        None => "tidewheel-swf".to_owned(),
    }
}

fn page(operation: Option<&'static Operation>) -> Page {
    let sections = operation.map_or_else(service_sections, operation_sections);
    Page { name: manual_name(operation), sections }
}

fn service_sections() -> Vec<(&'static str, Vec<Block>)> {
    let commands = Model::get().operations().iter().map(|operation| operation.command.clone());
    vec![
        ("NAME", vec![Block::text("tidewheel-swf - the operations of Amazon SWF")]),
        ("SYNOPSIS", vec![Block::Code("tidewheel swf [options] <subcommand> [parameters]".into())]),
        ("DESCRIPTION", markup::blocks(Documentation::get().service())),
        ("AVAILABLE COMMANDS", vec![Block::list(commands.chain(["help".to_owned()]))]),
        ("GLOBAL OPTIONS", global_options()),
    ]
}

fn operation_sections(operation: &'static Operation) -> Vec<(&'static str, Vec<Block>)> {
    let options: Vec<Opt> =
        Opt::all(operation).into_iter().filter(|option| !option.hidden).collect();
    let name = format!("tidewheel-swf-{} - {} of Amazon SWF", operation.command, operation.name);
    let mut sections = vec![
        ("NAME", vec![Block::text(name)]),
        ("DESCRIPTION", description(operation)),
        ("SYNOPSIS", vec![Block::Code(synopsis(operation, &options))]),
        ("OPTIONS", option_blocks(operation, &options)),
        ("GLOBAL OPTIONS", global_options()),
    ];
    if let Some(examples) = Documentation::get().examples(operation) {
        let note = "The examples are the AWS CLI's: what stands there behind aws stands here behind \
                    tidewheel.";
        let mut blocks = vec![Block::Aside("NOTE", vec![Block::text(note)])];
        blocks.extend(markup::blocks(examples));
        sections.push(("EXAMPLES", blocks));
    }
    sections.push(("OUTPUT", output(operation)));
    sections
}

fn description(operation: &Operation) -> Vec<Block> {
    let mut blocks = markup::blocks(Documentation::get().operation(operation));
    let address = format!("{API_PAGES}{}", operation.name);
    blocks.push(Block::text(format!("See also: AWS API Documentation, {address}")));
    if let Some(paginator) = &operation.paginator {
        blocks.push(Block::Paragraph(vec![
            Span::bold(&operation.command),
            Span::plain(
                " is a paginated operation. Multiple API calls may be issued in order to retrieve \
                 the entire data set of results. You can disable pagination by providing the ",
            ),
            Span::bold("--no-paginate"),
            Span::plain(" argument. When using "),
            Span::bold("--output text"),
            Span::plain(" and the "),
            Span::bold("--query"),
            Span::plain(" argument on a paginated response, the "),
            Span::bold("--query"),
            Span::plain(
                " argument must extract data from the results of the following query expressions: ",
            ),
            Span::bold(&paginator.result_key),
        ]));
    }
    blocks
}

/// The options as they stand in the synopsis and at the head of what is said of them: those of a
/// pair, and the two forms of the whole input, stand together.
fn grouped(options: &[Opt]) -> Vec<(&Opt, String)> {
    let names = options.iter().filter_map(|option| {
        let name = match option.role {
            Role::Flag { on: true, .. } => format!("--{0} | --no-{0}", option.name),
            Role::InputJson => "--cli-input-json | --cli-input-yaml".to_owned(),
            Role::Flag { on: false, .. } | Role::InputYaml => return None,
            Role::Member(_)
            | Role::StartingToken
            | Role::PageSize
            | Role::MaxItems
            | Role::Skeleton => format!("--{}", option.name),
        };
        Some((option, name))
    });
    names.collect()
}

fn synopsis(operation: &Operation, options: &[Opt]) -> String {
    let mut lines = vec![operation.command.clone()];
    for (option, name) in grouped(options) {
        let value = if name.contains(" | ") { "" } else { " <value>" };
        lines.push(match option.required {
            true => format!("{name}{value}"),
            false => format!("[{name}{value}]"),
        });
    }
    for global in Global::ALL {
        let value = if global.has_value() { " <value>" } else { "" };
        lines.push(format!("[--{}{value}]", global.name()));
    }
    lines.join("\n")
}

fn option_blocks(operation: &'static Operation, options: &[Opt]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (option, name) in grouped(options) {
        match option.role {
            Role::Member(member) | Role::Flag { member, .. } => {
                let head = head(&name, member.shape, option.required);
                blocks.push(Block::Entry(head, member_option(operation, member)));
            }
            Role::InputJson => {
                for (name, text) in INPUTS {
                    blocks.push(entry(name, "string", text));
                }
            }
            Role::InputYaml => (),
            Role::StartingToken => blocks.push(entry(&name, "string", STARTING_TOKEN)),
            Role::PageSize => blocks.push(entry(&name, "integer", PAGE_SIZE)),
            Role::MaxItems => blocks.push(entry(&name, "integer", MAX_ITEMS)),
            Role::Skeleton => blocks.push(entry(&name, "string", SKELETON)),
        }
    }
    blocks
}

const INPUTS: [(&str, &str); 2] = [
    (
        "--cli-input-json",
        "Reads the parameters from this JSON, or from the file that file:// names. Its form is that \
         of --generate-cli-skeleton. Options that are given too count more. Not together with \
         --cli-input-yaml.",
    ),
    (
        "--cli-input-yaml",
        "Reads the parameters from this YAML, or from the file that file:// names. Its form is that \
         of --generate-cli-skeleton yaml-input. Options that are given too count more. Not together \
         with --cli-input-json.",
    ),
];

const STARTING_TOKEN: &str =
    "Where to go on: the NextToken that a command printed whose output --max-items cut short.";

const PAGE_SIZE: &str = "How many items are asked for with each call. It does not change what is shown; with smaller \
     pages there are more calls, each of which is answered sooner.";

const MAX_ITEMS: &str = "How many items are shown at most. If there are more, the output has a NextToken for \
     --starting-token. It means nothing to the API itself.";

const SKELETON: &str = "Prints a sample and sends nothing. Without a value, or with input, it is JSON for \
     --cli-input-json; with yaml-input it is YAML for --cli-input-yaml. With output the parameters \
     are checked, and the sample is one of the operation's output. The samples can change from \
     version to version.";

/// An option with what it does, in words of ours.
fn entry(name: &str, kind: &str, text: &str) -> Block {
    let head = vec![Span::bold(name), Span::plain(format!(" ({kind})"))];
    Block::Entry(head, vec![Block::text(text)])
}

fn head(name: &str, shape: ShapeId, required: bool) -> Vec<Span> {
    let required = if required { " [required]" } else { "" };
    let kind = syntax::type_name(shape);
    vec![Span::bold(name), Span::plain(format!(" ({kind}){required}"))]
}

/// What there is to say of a member that is an option.
fn member_option(operation: &Operation, member: &'static Member) -> Vec<Block> {
    let model = Model::get();
    let mut blocks =
        markup::blocks(Documentation::get().member(model.shape(operation.input), member));
    blocks.extend(bounds(member.shape));
    blocks.extend(inner(member.shape));
    if let Some(shorthand) = syntax::shorthand(member.shape) {
        blocks.push(Block::text("Shorthand Syntax:"));
        blocks.push(Block::Code(shorthand));
    }
    if let Some(words) = syntax::words(member.shape) {
        blocks.push(Block::text("Syntax:"));
        blocks.push(Block::Code(words.to_owned()));
    }
    if let Kind::Structure { .. } | Kind::List { .. } = model.shape(member.shape).kind {
        blocks.push(Block::text("JSON Syntax:"));
        blocks.push(Block::Code(syntax::json(member.shape)));
    }
    blocks
}

/// What is in a structure or a list.
fn inner(shape: ShapeId) -> Vec<Block> {
    let model = Model::get();
    match &model.shape(shape).kind {
        Kind::Structure { members, .. } => {
            members.iter().map(|member| described(model.shape(shape), member)).collect()
        }
        Kind::List { member, .. } => {
            let head = vec![Span::plain(format!("({})", syntax::type_name(*member)))];
            let mut blocks = markup::blocks(Documentation::get().shape(model.shape(*member)));
            blocks.extend(bounds(*member));
            blocks.extend(inner(*member));
            vec![Block::Entry(head, blocks)]
        }
        Kind::Text { .. } | Kind::Integer { .. } | Kind::Boolean | Kind::Timestamp => Vec::new(),
    }
}

/// A member with all that is in it.
fn described(structure: &Shape, member: &Member) -> Block {
    let mut head = head(&member.name, member.shape, member.required);
    head.insert(1, Span::plain(" ->"));
    let mut blocks = markup::blocks(Documentation::get().member(structure, member));
    blocks.extend(bounds(member.shape));
    blocks.extend(inner(member.shape));
    Block::Entry(head, blocks)
}

/// The bounds of a shape and the words that it can be.
fn bounds(shape: ShapeId) -> Vec<Block> {
    let (min, max, words) = match &Model::get().shape(shape).kind {
        Kind::Text { length_min, length_max, words } => {
            (*length_min, *length_max, words.as_slice())
        }
        Kind::Integer { min, max, .. } => (*min, *max, &[][..]),
        Kind::List { length_max, .. } => (None, *length_max, &[][..]),
        Kind::Boolean | Kind::Timestamp | Kind::Structure { .. } => (None, None, &[][..]),
    };
    let bound = |name: &str, bound: Option<i64>| bound.map(|bound| format!("{name}: {bound}"));
    let bounds: Vec<String> = bound("min", min).into_iter().chain(bound("max", max)).collect();
    let mut blocks = Vec::new();
    if !bounds.is_empty() {
        blocks.push(Block::text("Constraints:"));
        blocks.push(Block::list(bounds));
    }
    if !words.is_empty() {
        blocks.push(Block::text("Possible values:"));
        blocks.push(Block::list(words.iter().cloned()));
    }
    blocks
}

fn global_options() -> Vec<Block> {
    let block = |global: &Global| {
        let seconds = [Global::ReadTimeout, Global::ConnectTimeout].contains(global);
        let kind = match global.has_value() {
            true if seconds => "integer",
            true => "string",
            false => "boolean",
        };
        let head =
            vec![Span::bold(format!("--{}", global.name())), Span::plain(format!(" ({kind})"))];
        let mut blocks = vec![Block::text(global.help())];
        if !global.words().is_empty() {
            blocks.push(Block::list(global.words().iter().map(|word| (*word).to_owned())));
        }
        Block::Entry(head, blocks)
    };
    Global::ALL.iter().map(block).collect()
}

fn output(operation: &Operation) -> Vec<Block> {
    match operation.output {
        None => vec![Block::text("None")],
        Some(shape) => inner(shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(command: &str) -> String {
        let operation =
            (command != "help").then(|| Model::get().command(command).expect("it is an operation"));
        help(operation, Look { columns: 80, styled: false })
    }

    #[track_caller]
    fn check(command: &str, parts: &[&str]) {
        let text = text(command);
        let mut left = text.as_str();
        for part in parts {
            let place = left.find(part).unwrap_or_else(|| panic!("no {part} behind it in {text}"));
            left = &left[place + part.len()..];
        }
    }

    #[test]
    fn the_help_on_all_lists_every_operation() {
        check(
            "help",
            &[
                "NAME\n       tidewheel-swf - ",
                "\nDESCRIPTION\n       The Amazon Simple Workflow Service (Amazon SWF) makes it easy",
                "\nAVAILABLE COMMANDS\n       o count-closed-workflow-executions\n\n       o count-open-",
                "\n       o untag-resource\n\n       o help\n",
                "\nGLOBAL OPTIONS\n       --debug (boolean)\n\n           ",
            ],
        );
    }

    #[test]
    fn the_help_on_an_operation_has_its_sections_in_order() {
        check(
            "list-domains",
            &[
                "NAME\n       tidewheel-swf-list-domains - ListDomains",
                "\nDESCRIPTION\n       Returns the list of domains registered in the account.",
                "       NOTE:\n           This operation is eventually consistent.",
                "       o Use a Resource element with the domain name to limit",
                "https://docs.aws.amazon.com/goto/WebAPI/swf-2012-01-25/ListDomains\n",
                "list-domains is a paginated operation.",
                "expressions: domainInfos\n",
                "\nSYNOPSIS\n           list-domains\n           --registration-status <value>\n           \
             [--reverse-order | --no-reverse-order]\n           [--cli-input-json | \
             --cli-input-yaml]\n           [--starting-token <value>]\n           [--page-size \
             <value>]\n           [--max-items <value>]\n           [--generate-cli-skeleton \
             <value>]\n           [--debug]\n           [--endpoint-url <value>]\n",
                "\nOPTIONS\n       --registration-status (string) [required]\n\n           Specifies the \
             registration status of the domains to list.\n\n           Possible values:\n\n           \
             o REGISTERED\n\n           o DEPRECATED\n",
                "       --reverse-order | --no-reverse-order (boolean)\n",
                "       --cli-input-json (string)\n",
                "       --cli-input-yaml (string)\n",
                "       --starting-token (string)\n",
                "       --page-size (integer)\n",
                "\nGLOBAL OPTIONS\n",
                "\nEXAMPLES\n       NOTE:\n",
                "           aws swf list-domains \\\n               --registration-status REGISTERED\n",
                "\nOUTPUT\n       domainInfos -> (list) [required]\n",
                "           (structure)\n",
                "               name -> (string) [required]\n",
                "                   Constraints:\n\n                   o min: 1\n\n                   o max: 256\n",
                "       nextPageToken -> (string)\n",
            ],
        );
        let text = text("list-domains");
        let options = text.split("\nEXAMPLES").next().expect("a split has a first part");
        assert!(!options.contains("--maximum-page-size"), "it is hidden");
    }

    /// The headings of a page, which are what begins a line.
    fn headings(text: &str) -> Vec<&str> {
        text.lines().filter(|line| line.starts_with(|letter: char| letter.is_uppercase())).collect()
    }

    #[test]
    fn every_page_has_its_sections_in_order() {
        let service = text("help");
        let expected = ["NAME", "SYNOPSIS", "DESCRIPTION", "AVAILABLE COMMANDS", "GLOBAL OPTIONS"];
        assert_eq!(headings(&service), expected);
        let (mut examples, mut paged) = (0, 0);
        for operation in Model::get().operations() {
            let text = text(&operation.command);
            let mut found = headings(&text);
            if let Some(place) = found.iter().position(|heading| *heading == "EXAMPLES") {
                assert_eq!(place, 5, "{}", operation.command);
                found.remove(place);
                examples += 1;
            }
            let expected =
                ["NAME", "DESCRIPTION", "SYNOPSIS", "OPTIONS", "GLOBAL OPTIONS", "OUTPUT"];
            assert_eq!(found, expected, "{}", operation.command);
            let is_paged = text.contains(" is a paginated operation.");
            assert_eq!(is_paged, operation.paginator.is_some(), "{}", operation.command);
            paged += usize::from(is_paged);
            let name = format!("NAME\n       tidewheel-swf-{} -", operation.command);
            assert!(text.contains(&name), "{text}");
            assert!(!manual(Some(operation)).is_empty());
        }
        assert_eq!((examples, paged), (9, 7), "as many as the AWS CLI has");
    }

    #[test]
    fn commands_are_listed_in_the_order_of_the_alphabet() {
        let text = text("help");
        let list = text.split("AVAILABLE COMMANDS").nth(1).expect("it is there");
        let list = list.split("GLOBAL OPTIONS").next().expect("it is there");
        let listed: Vec<&str> =
            list.lines().filter_map(|line| line.trim().strip_prefix("o ")).collect();
        let (help, commands) = listed.split_last().expect("there are some");
        assert_eq!((*help, commands.len()), ("help", 39));
        assert!(commands.is_sorted());
    }

    #[test]
    fn structures_and_lists_show_their_syntax() {
        check(
            "start-workflow-execution",
            &[
                "       --workflow-type (structure) [required]\n",
                "           name -> (string) [required]\n",
                "           Shorthand Syntax:\n\n               name=string,version=string\n",
                "           JSON Syntax:\n\n               {\n                 \"name\": \"string\",\n",
                "       --tag-list (list)\n",
                "           Constraints:\n\n           o max: 5\n",
                "           Syntax:\n\n               \"string\" \"string\" ...\n",
            ],
        );
    }

    #[test]
    fn an_operation_that_answers_nothing_says_so() {
        check("register-domain", &["\nOUTPUT\n       None\n"]);
        check(
            "register-activity-type",
            &[
                "[--default-task-schedule-to-close-timeout <value>]\n           --activity-version <value>\n",
                "       --activity-version (string) [required]\n",
            ],
        );
    }

    #[test]
    fn only_code_and_long_words_are_wider_than_the_page() {
        for operation in Model::get().operations() {
            for line in text(&operation.command).lines().filter(|line| line.chars().count() > 80) {
                let words = line.split_whitespace().count();
                let code = line.contains('"') || line.contains("{") || line.contains(['=', '|']);
                assert!(words == 1 || code || line.trim_start().starts_with("o "), "{line}");
            }
        }
    }
}
