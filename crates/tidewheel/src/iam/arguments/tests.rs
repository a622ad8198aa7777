//! Command lines, what they mean, and what is said of those that mean nothing.

use super::*;
use access::identity::IdentityRequest;
use std::io;

/// Files by their names; no others are there.
fn read_file(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("secret") => Ok("correct-horse\n".to_owned()),
        Some(name) if name.ends_with(".json") => Ok("{\"Version\": \"2012-10-17\"}\n".to_owned()),
        Some(_) | None => Err(io::ErrorKind::NotFound.into()),
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn parsed(line: &str) -> Result<Task, UsageError> {
    parse(&words(line), &read_file).map(|invocation| invocation.task)
}

/// The members of an operation, as JSON.
fn members(line: &str) -> Value {
    let task = parsed(line).expect(line);
    let Task::Operation(_, members) = task else { panic!("{task:?}") };
    members.into()
}

/// So nothing in the table is out of reach, and what its help shows is right.
#[test]
fn every_command_reads_its_own_example() {
    let all = Command::all();
    assert_eq!(all.len(), IdentityRequest::OPERATIONS.len() + 4);
    let mut reached: Vec<&str> = Vec::new();
    for (name, command) in all {
        let example = command.example();
        assert!(example.split(' ').next() == Some(&name), "{example}");
        match parsed(&example).unwrap_or_else(|error| panic!("{example}: {error}")) {
            Task::Operation(shape, members) => {
                let members = Value::Object(members).to_string();
                let request = IdentityRequest::parse(shape.operation, members.as_bytes());
                request.unwrap_or_else(|fault| panic!("{example}: {fault}"));
                if command != Command::CreateRootKey {
                    reached.push(shape.operation);
                }
            }
            Task::Import { .. } => reached.push("ImportIdentities"),
            Task::RotateMasterKey { .. } | Task::ReplaceMasterKey { .. } | Task::RotateTokenKey => {
            }
            task @ (Task::Help | Task::HelpOn(_)) => panic!("{task:?}"),
        }
        let help = parsed(&format!("{name} help")).expect("there is help");
        assert_eq!(help, Task::HelpOn(command));
        assert_eq!(parsed(&format!("{name} --help")).expect("there is help"), help);
        assert_eq!(parsed(&format!("help {name}")).expect("there is help"), help);
    }
    let mut operations = IdentityRequest::OPERATIONS.to_vec();
    operations.sort_unstable();
    reached.sort_unstable();
    assert_eq!(reached, operations);
}

/// What deletes something does it only when that is what was asked for.
#[test]
fn keys_are_discarded_when_it_is_said_and_shown_when_that_is_asked() {
    let parsed = |line: &str| parsed(line).map_err(|error| error.to_string());
    let told = "access keys that cannot be opened are deleted with --discard-sealed-keys alone; \
                --dry-run shows them";
    assert_eq!(parsed("replace-master-key"), Err(told.to_owned()));
    for (line, dry_run) in [
        ("replace-master-key --discard-sealed-keys", false),
        ("replace-master-key --dry-run", true),
        ("replace-master-key --discard-sealed-keys --dry-run", true),
    ] {
        assert_eq!(parsed(line), Ok(Task::ReplaceMasterKey { dry_run }), "{line}");
    }
}

#[test]
fn values_are_of_the_kinds_that_the_table_says() {
    for (line, expected) in [
        ("create-user --user-name=ada", json!({"UserName": "ada"})),
        (
            "create-user --user-name ada --tags Key=a,Value=1 Key=b,Value=x,y Key=c,Value=",
            json!({"UserName": "ada", "Tags": [
                {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "x,y"}, {"Key": "c", "Value": ""},
            ]}),
        ),
        (
            r#"tag-user --user-name ada --tags [{"Key":"a","Value":"1"}]"#,
            json!({"UserName": "ada", "Tags": [{"Key": "a", "Value": "1"}]}),
        ),
        (
            "untag-user --tag-keys a b --user-name ada",
            json!({"UserName": "ada", "TagKeys": ["a", "b"]}),
        ),
        (
            "put-user-policy --user-name ada --policy-name p --policy-document {}",
            json!({"UserName": "ada", "PolicyName": "p", "PolicyDocument": "{}"}),
        ),
        (
            "put-user-policy --user-name ada --policy-name p --policy-document file://p.json",
            json!({"UserName": "ada", "PolicyName": "p",
                   "PolicyDocument": "{\"Version\": \"2012-10-17\"}\n"}),
        ),
        (
            "import-access-key --root --access-key-id A --secret-access-key file://secret",
            json!({"Root": true, "AccessKeyId": "A", "SecretAccessKey": "correct-horse"}),
        ),
        (
            "assume-role --role-arn r --role-session-name s --duration-seconds 900",
            json!({"RoleArn": "r", "RoleSessionName": "s", "DurationSeconds": 900}),
        ),
        (
            "simulate-principal-policy --policy-source-arn a --action-names swf:* iam:* \
             --context-entries ContextKeyName=aws:SourceIp,ContextKeyValues=::1,ContextKeyType=ip \
             ContextKeyName=swf:name,ContextKeyValues=x,y",
            json!({"PolicySourceArn": "a", "ActionNames": ["swf:*", "iam:*"],
                   "Context": {"aws:SourceIp": "::1", "swf:name": "x,y"}}),
        ),
        ("create-root-key", json!({"Root": true})),
    ] {
        assert_eq!(members(line), expected, "{line}");
    }
    assert_eq!(
        parsed("import --prune --file i.toml --dry-run"),
        Ok(Task::Import { file: "i.toml".into(), prune: true, dry_run: true })
    );
    for line in ["help", "--help", "help help"] {
        assert_eq!(parsed(line), Ok(Task::Help), "{line}");
    }
}

#[test]
fn where_it_happens_is_read() {
    let line = "list-users --endpoint-url https://h --region eu-west-1 --ca-bundle ca.pem \
                --client-cert c.pem --client-key k.pem";
    let place = parse(&words(line), &read_file).expect(line).place;
    assert_eq!(
        place,
        Place {
            endpoint_url: Some("https://h".to_owned()),
            region: Some("eu-west-1".to_owned()),
            ca_bundle: Some("ca.pem".into()),
            client: Some(ClientFiles { cert: "c.pem".into(), key: "k.pem".into() }),
            ..Place::default()
        }
    );
}

#[test]
fn what_is_wrong_is_said() {
    for (line, said) in [
        ("create-usr", "create-usr is no operation; did you mean create-user?"),
        ("frobnicate", "frobnicate is no operation; tidewheel iam help lists them"),
        ("help frobnicate", "frobnicate is no operation; tidewheel iam help lists them"),
        ("create-user --user-nme ada", "unknown option --user-nme; did you mean --user-name?"),
        (
            "create-user --colour red",
            "unknown option --colour; tidewheel iam create-user help lists them",
        ),
        ("create-user", "the following arguments are required: --user-name"),
        ("tag-user --user-name ada", "the following arguments are required: --tags"),
        ("create-user --user-name", "--user-name needs a value"),
        ("create-user --user-name ada --user-name bob", "--user-name is given twice"),
        ("create-user ada", "ada is no option: options begin with --"),
        ("create-access-key --root=yes", "--root takes no value"),
        ("list-users --max-items many", "--max-items must be a whole number"),
        (
            "update-access-key --user-name u --access-key-id A --status Off",
            "--status must be Active or Inactive",
        ),
        (
            "tag-user --user-name ada --tags team=a",
            "--tags must be tags such as Key=team,Value=orders",
        ),
        (
            "put-user-policy --user-name a --policy-name p --policy-document file://none",
            "--policy-document: cannot read none: entity not found",
        ),
        (
            "put-user-policy --user-name a --policy-name p --policy-document p.json",
            "--policy-document p.json: did you mean file://p.json?",
        ),
        (
            "list-users --endpoint-url https://h --client-cert c.pem",
            "--client-cert and --client-key go together",
        ),
        (
            "create-access-key --data-dir d",
            "on the data directory, --user-name or --root must say whose is meant",
        ),
        ("get-user", "on the data directory, --user-name must say whose is meant"),
        (
            "list-users --endpoint-url http://h --data-dir d",
            "--data-dir is of no use with --endpoint-url: the credentials say who acts, and where",
        ),
    ] {
        assert_eq!(parsed(line), Err(UsageError(said.to_owned())), "{line}");
    }
    let missing = parse(&[], &read_file).map(|invocation| invocation.task);
    let said = "an operation is missing; tidewheel iam help lists them";
    assert_eq!(missing, Err(UsageError(said.to_owned())));
}

/// The table of the page for operators has a row for each, with each of its options.
#[test]
fn every_command_is_on_its_page() {
    let page = include_str!("../../../../../docs/iam.md");
    for (name, command) in Command::all() {
        let begin = format!("| `{name}` | ");
        let row = page.lines().find_map(|line| line.strip_prefix(&begin));
        let row = row.unwrap_or_else(|| panic!("docs/iam.md has no row for {name}"));
        assert!(row.starts_with(command.about()), "{name}: {row}");
        let mut shown = row.rsplit(" | ").next().unwrap_or_default().replace(" |", "");
        shown = shown.trim_start_matches('|').trim().to_owned();
        let members = command.members().iter().map(|member| {
            let option = format!("`--{}`", member.option());
            if command.requires(member) { option } else { format!("[{option}]") }
        });
        let extras = command.extras().iter().map(|extra| format!("[`--{}`]", extra.name));
        let expected: Vec<String> = members.chain(extras).collect();
        assert_eq!(shown, expected.join(" "), "{name}");
    }
}
