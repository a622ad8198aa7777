//! Command lines, and what they ask for or why they are refused.

use super::*;
use crate::file::tests::Shelf;

const SHELF: Shelf = Shelf(&[
    ("text", b"hello\n"),
    ("bytes", b"\x00\xff"),
    ("type.json", br#"{"name": "n", "version": "1"}"#),
    ("tags.json", br#"[{"key": "a"}]"#),
    ("tags", b"key=a"),
    ("domain.json", br#"{"registrationStatus": "DEPRECATED", "reverseOrder": true}"#),
    ("domain.yaml", b"registrationStatus: DEPRECATED # of the domain\nreverseOrder: true\n"),
    ("token", b"T1"),
]);

/// The words of a line; single quotes keep them together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn invocation(line: &str) -> Invocation {
    match read(&words(line), &SHELF) {
        Ok(Command::Invoke(invocation)) => *invocation,
        Ok(other) => panic!("{line}: {other:?}"),
        Err(failure) => panic!("{line}: {}", failure.refused),
    }
}

/// Checks which operation is asked for with which parameters.
#[track_caller]
fn check(line: &str, operation: &str, parameters: &str) {
    let invocation = invocation(line);
    assert_eq!(invocation.operation.name, operation, "{line}");
    let shown = serde_json::to_string(&invocation.parameters).expect("it is written");
    assert_eq!(shown, parameters, "{line}");
    assert_eq!(invocation.action, Action::Call, "{line}");
}

/// Checks with which code and message a line is refused; the usage behind it is left out.
#[track_caller]
fn check_refused(line: &str, exit_code: u8, message: &str) {
    let failure = read(&words(line), &SHELF).expect_err(line);
    let text = failure.refused.to_string();
    let text = text.split("\n\nusage: ").next().expect("a split has a first part").trim_end();
    assert_eq!(text, message, "{line}");
    assert_eq!(failure.refused.exit_code(), exit_code, "{line}");
}

#[test]
fn texts_are_taken_as_they_are() {
    check("describe-domain --name d", "DescribeDomain", r#"{"name":"d"}"#);
    check("describe-domain --name ' d '", "DescribeDomain", r#"{"name":" d "}"#);
}

#[test]
fn an_option_is_given_in_several_ways() {
    let expected = r#"{"registrationStatus":"R"}"#;
    for line in [
        "list-domains --registration-status R",
        "list-domains --registration-status=R",
        "list-domains --registration R",
        "list-domains --registration-status X --registration-status R",
    ] {
        check(line, "ListDomains", expected);
    }
    check("describe-domain --name=-x", "DescribeDomain", r#"{"name":"-x"}"#);
    check_refused("describe-domain --name -x", 252, "argument --name: expected one argument");
}

#[test]
fn a_negative_number_is_a_value() {
    check(
        "register-activity-type --domain d --name n --activity-version 1 --default-task-priority -5",
        "RegisterActivityType",
        r#"{"domain":"d","name":"n","defaultTaskPriority":"-5","version":"1"}"#,
    );
}

#[test]
fn versions_have_options_of_their_own() {
    check(
        "register-workflow-type --workflow-version 2 --name n --domain d",
        "RegisterWorkflowType",
        r#"{"domain":"d","name":"n","version":"2"}"#,
    );
    let line = words("register-workflow-type --domain d --name n --version 1.0");
    assert!(matches!(read(&line, &SHELF), Ok(Command::Version)));
    check_refused(
        "register-workflow-type --domain d",
        252,
        "the following arguments are required: --name, --workflow-version",
    );
}

#[test]
fn truth_values_are_pairs_of_which_the_last_counts() {
    let line = "list-domains --registration-status R";
    for (options, parameters) in [
        ("", r#"{"registrationStatus":"R"}"#),
        ("--reverse-order", r#"{"registrationStatus":"R","reverseOrder":true}"#),
        ("--no-reverse-order", r#"{"registrationStatus":"R","reverseOrder":false}"#),
        ("--no-reverse-order --reverse-order", r#"{"registrationStatus":"R","reverseOrder":true}"#),
        ("--reverse-order --no-rev", r#"{"registrationStatus":"R","reverseOrder":false}"#),
    ] {
        check(&format!("{line} {options}"), "ListDomains", parameters);
    }
    check_refused("list-domains --registration-status R --reverse-order true", 252, {
        "Unknown options: true"
    });
}

#[test]
fn structures_are_shorthand_or_json() {
    let expected = r#"{"domain":"d","workflowType":{"name":"n","version":"1"}}"#;
    for value in [
        "name=n,version=1",
        "'name = n , version = 1'",
        r#"'{"name": "n", "version": "1"}'"#,
        r#"' {"name": "n", "version": "1"}'"#,
        "file://type.json",
        "name=n,version=1 --workflow-type name=n,version=1",
    ] {
        let line = format!("describe-workflow-type --domain d --workflow-type {value}");
        check(&line, "DescribeWorkflowType", expected);
    }
}

#[test]
fn lists_are_words_or_json() {
    let line =
        "start-workflow-execution --domain d --workflow-id w --workflow-type name=n,version=1";
    let before = r#"{"domain":"d","workflowId":"w","workflowType":{"name":"n","version":"1"},"#;
    for (tags, expected) in [
        ("a b 'c d'", r#"["a","b","c d"]"#),
        ("", "[]"),
        (r#"'["a", "b"]'"#, r#"["a","b"]"#),
        (r#"'["a"]' b"#, r#"["[\"a\"]","b"]"#),
        ("file://token", r#"["T","1"]"#),
        ("file://token x", r#"["file://token","x"]"#),
    ] {
        let parameters = format!("{before}\"tagList\":{expected}}}");
        check(&format!("{line} --tag-list {tags}"), "StartWorkflowExecution", &parameters);
    }
}

#[test]
fn lists_of_structures_are_shorthand_word_by_word_or_json() {
    let line = "tag-resource --resource-arn a";
    for (tags, expected) in [
        ("key=a,value=b key=c", r#"[{"key":"a","value":"b"},{"key":"c"}]"#),
        (r#"'[{"key": "a"}]'"#, r#"[{"key":"a"}]"#),
        (r#"'{"key": "a"}' '{"key": "b"}'"#, r#"[{"key":"a"},{"key":"b"}]"#),
        ("file://tags.json", r#"[{"key":"a"}]"#),
        ("", "[]"),
        ("key@=file://text", r#"[{"key":"hello\n"}]"#),
    ] {
        let parameters = format!("{{\"resourceArn\":\"a\",\"tags\":{expected}}}");
        check(&format!("{line} --tags {tags}"), "TagResource", &parameters);
    }
    check_refused("tag-resource --resource-arn a --tags file://tags", 252, {
        "Parameter validation failed:\nInvalid type for parameter tags, value: {'key': 'a'}, \
         type: <class 'dict'>, valid types: <class 'list'>, <class 'tuple'>"
    });
    check_refused(r#"tag-resource --resource-arn a --tags '{"key": "a"}' key=b"#, 252, {
        "Error parsing parameter '--tags': Invalid JSON:\nkey=b"
    });
    check(
        "respond-decision-task-completed --task-token t --decisions \
         decisionType=ContinueAsNewWorkflowExecution,\
         continueAsNewWorkflowExecutionDecisionAttributes={tagList=a}",
        "RespondDecisionTaskCompleted",
        r#"{"taskToken":"t","decisions":[{"decisionType":"ContinueAsNewWorkflowExecution","continueAsNewWorkflowExecutionDecisionAttributes":{"tagList":["a"]}}]}"#,
    );
}

#[test]
fn files_and_what_only_looks_like_one() {
    let line = "signal-workflow-execution --domain d --workflow-id w --signal-name s --input";
    let signal = |input: &str| {
        format!(r#"{{"domain":"d","workflowId":"w","signalName":"s","input":{input}}}"#)
    };
    for (value, expected) in [
        ("file://text", r#""hello\n""#),
        ("http://example.com/", r#""http://example.com/""#),
        (r#"'{"a":1}'"#, r#""{\"a\":1}""#),
        ("''", "\"\""),
    ] {
        check(&format!("{line} {value}"), "SignalWorkflowExecution", &signal(expected));
    }
    check_refused(&format!("{line} file://no"), 252, {
        "Error parsing parameter '--input': Unable to load paramfile file://no: [Errno 2] No such \
         file or directory: 'no'"
    });
    check_refused(&format!("{line} fileb://bytes"), 252, {
        "Parameter validation failed:\nInvalid type for parameter input, value: b'\\x00\\xff', \
         type: <class 'bytes'>, valid types: <class 'str'>"
    });
    check_refused("tag-resource --resource-arn a --tags key@=file://no", 255, {
        "Unable to load paramfile file://no: [Errno 2] No such file or directory: 'no'"
    });
}

#[test]
fn shorthand_that_cannot_be_read_says_where() {
    let line = "describe-workflow-type --domain d --workflow-type";
    check_refused(&format!("{line} n"), 252, {
        "Error parsing parameter '--workflow-type': Expected: '=', received: 'EOF' for \
         input:\nn\n ^"
    });
    check_refused(&format!("{line} name=a,name=b"), 252, {
        "Error parsing parameter '--workflow-type': Second instance of key \"name\" encountered \
         for input:\nname=a,name=b\n       ^\nThis is often because there is a preceding \",\" \
         instead of a space."
    });
    check_refused(&format!("{line} '[1]'"), 252, {
        "Error parsing parameter '--workflow-type': Invalid JSON:\n[1]"
    });
    let failure = read(&words(&format!("{line} '{{'")), &SHELF).expect_err("it is no JSON");
    let text = failure.refused.to_string();
    assert!(
        text.starts_with("Error parsing parameter '--workflow-type': Invalid JSON: "),
        "{text}"
    );
    assert!(text.ends_with("\nJSON received: {"), "{text}");
}

#[test]
fn timestamps_go_out_as_whole_seconds() {
    let line = "count-open-workflow-executions --domain d --start-time-filter";
    for (moment, seconds) in [
        ("1700000000.5", 1_700_000_000),
        ("2024-01-01", 1_704_067_200),
        ("2024-01-01T01:00:00+01:00", 1_704_067_200),
        ("20240101", 20_240_101),
    ] {
        let parameters = format!(
            r#"{{"domain":"d","startTimeFilter":{{"oldestDate":{seconds},"latestDate":5}}}}"#
        );
        let line = format!("{line} oldestDate={moment},latestDate=5.9");
        check(&line, "CountOpenWorkflowExecutions", &parameters);
    }
    // The comma of the date ends the value.
    check_refused(&format!("{line} 'oldestDate=Sun, 06 Nov 1994 08:49:37 GMT'"), 252, {
        "Parameter validation failed:\nInvalid type for parameter startTimeFilter.oldestDate, \
         value: ['Sun', '06 Nov 1994 08:49:37 GMT'], type: <class 'list'>, valid types: <class \
         'datetime.datetime'>, timestamp-string"
    });
}

#[test]
fn options_for_every_operation_stand_anywhere() {
    for line in [
        "--region r --output text list-domains --registration-status R --no-cli-pager",
        "list-domains --output=text --registration-status R --region r --no-cli-pager",
        "--out text list-domains --no-cli-p --reg r --registration-status R",
    ] {
        let globals = invocation(line).globals;
        let expected = Globals {
            region: Some("r".to_owned()),
            output: Some("text".to_owned()),
            pager: false,
            ..Globals::default()
        };
        assert_eq!(globals, expected, "{line}");
    }
}

#[test]
fn all_options_for_every_operation_are_read() {
    let globals = invocation(
        "list-domains --registration-status R --debug --endpoint-url http://h --no-verify-ssl \
         --no-paginate --output yaml-stream --query a.b --profile p --region r --color on \
         --no-sign-request --ca-bundle c --cli-read-timeout 0 --cli-connect-timeout 7 \
         --cli-binary-format base64 --no-cli-pager --no-cli-auto-prompt --cli-error-format json",
    )
    .globals;
    let text = |text: &str| Some(text.to_owned());
    let expected = Globals {
        debug: true,
        endpoint_url: text("http://h"),
        verify_ssl: false,
        paginate: false,
        output: text("yaml-stream"),
        query: text("a.b"),
        profile: text("p"),
        region: text("r"),
        color: Color::On,
        sign_request: false,
        ca_bundle: text("c"),
        read_timeout: Some(0),
        connect_timeout: Some(7),
        binary_format: text("base64"),
        pager: false,
        auto_prompt: Some(false),
        error_format: text("json"),
    };
    assert_eq!(globals, expected);
}

#[test]
fn options_for_every_operation_are_refused_first() {
    check_refused(
        "--output bogus bogus-op",
        252,
        "argument --output: Found invalid choice 'bogus'",
    );
    check_refused("--output txt x", 252, {
        "argument --output: Found invalid choice 'txt'\n\nMaybe you meant:\n\n  * text"
    });
    check_refused("--region", 252, "argument --region: expected one argument");
    check_refused("--c on list-domains", 252, {
        "ambiguous option: --c could match --color, --ca-bundle, --cli-read-timeout, \
         --cli-connect-timeout, --cli-binary-format, --cli-auto-prompt, --cli-error-format"
    });
    check_refused("--endpoint-url foo bogus", 252, {
        "Bad value for --endpoint-url \"foo\": scheme is missing.  Must be of the form \
         http://<hostname>/ or https://<hostname>/"
    });
    check_refused("--cli-read-timeout x bogus", 255, {
        "invalid literal for int() with base 10: 'x'"
    });
    check_refused("--cli-connect-timeout -5 bogus", 255, {
        "Attempted to set connect timeout to -5, but the timeout cannot be set to a value less \
         than or equal to 0."
    });
}

#[test]
fn what_was_read_before_a_refusal_says_how_to_show_it() {
    let failure =
        read(&words("list-domains --cli-error-format json"), &SHELF).expect_err("refused");
    assert_eq!(failure.globals.error_format.as_deref(), Some("json"));
}

#[test]
fn operations_that_are_not_there() {
    check_refused("", 252, "the following arguments are required: operation");
    check_refused("bogus-op", 252, "argument operation: Found invalid choice 'bogus-op'");
    check_refused("list-domain", 252, {
        "argument operation: Found invalid choice 'list-domain'\n\nMaybe you meant:\n\n  * \
         list-domains"
    });
    // Options of an operation stand behind it.
    check_refused("--domain d list-domains", 252, "argument operation: Found invalid choice 'd'");
}

#[test]
fn options_that_nobody_knows() {
    let line = "list-domains --registration-status R";
    check_refused(&format!("{line} --bogus x"), 252, "Unknown options: --bogus, x");
    // The first word by itself could have been `help`, and is told of last.
    check_refused(&format!("{line} a b --bogus"), 252, "Unknown options: b, --bogus, a");
    check_refused(&format!("{line} -- a"), 252, "Unknown options: a");
    check_refused("list-domains --bogus", 252, {
        "the following arguments are required: --registration-status"
    });
    check_refused("list-domains --registration-status R --starting X --page-size x", 252, {
        "argument --page-size: invalid int value: 'x'"
    });
}

#[test]
fn help_is_a_word() {
    for (line, expected) in [
        ("help", None),
        ("help x", None),
        ("list-domains help", Some("ListDomains")),
        ("list-domains --registration-status R help", Some("ListDomains")),
        ("--region r list-domains help", Some("ListDomains")),
    ] {
        let Ok(Command::Help { operation, .. }) = read(&words(line), &SHELF) else {
            panic!("{line} asks for no help");
        };
        assert_eq!(operation.map(|operation| operation.name.as_str()), expected, "{line}");
    }
    check_refused("list-domains help x", 252, {
        "the following arguments are required: --registration-status"
    });
}

#[test]
fn pages_are_followed_unless_they_are_asked_for_singly() {
    let line = "list-domains --registration-status R";
    let paging = |options: &str| invocation(&format!("{line} {options}")).paging;
    let followed =
        Paging { paginate: true, page_size: None, max_items: None, starting_token: None };
    assert_eq!(paging(""), followed);
    assert_eq!(
        paging("--page-size 5 --max-items 7 --starting-token T"),
        Paging {
            page_size: Some(5),
            max_items: Some(7),
            starting_token: Some("T".to_owned()),
            ..followed.clone()
        }
    );
    let from_file = paging("--starting-token file://token").starting_token;
    assert_eq!(from_file.as_deref(), Some("T1"));
    for options in [
        "--no-paginate",
        "--next-page-token T",
        "--maximum-page-size 5",
        r#"--cli-input-json '{"nextPageToken": "T"}'"#,
    ] {
        assert_eq!(paging(options), Paging { paginate: false, ..followed.clone() }, "{options}");
    }
    let unpaged = invocation("describe-domain --name d").paging;
    assert!(!unpaged.paginate, "an operation without pages has none to follow");
}

#[test]
fn the_size_of_a_page_is_among_the_parameters() {
    let line = "list-domains --registration-status R";
    check(&format!("{line} --page-size 5"), "ListDomains", {
        r#"{"registrationStatus":"R","maximumPageSize":5}"#
    });
    check(&format!("{line} --maximum-page-size ' 5 '"), "ListDomains", {
        r#"{"registrationStatus":"R","maximumPageSize":5}"#
    });
    check_refused(&format!("{line} --page-size -1"), 252, {
        "Parameter validation failed:\nInvalid value for parameter maximumPageSize, value: -1, \
         valid min value: 0"
    });
    check(&format!("{line} --page-size 5000"), "ListDomains", {
        r#"{"registrationStatus":"R","maximumPageSize":5000}"#
    });
    check_refused(&format!("{line} --maximum-page-size x"), 255, {
        "invalid literal for int() with base 10: 'x'"
    });
}

#[test]
fn options_for_paging_conflict_with_single_pages() {
    let line = "list-domains --registration-status R";
    let all = "Cannot specify --no-paginate along with pagination arguments: --starting-token, \
               --page-size, --max-items";
    for single in [
        "--no-paginate",
        "--next-page-token T",
        "--maximum-page-size 5",
        r#"--cli-input-json '{"maximumPageSize": 5}'"#,
    ] {
        let line = format!("{line} {single} --max-items 1 --starting-token T --page-size 2");
        check_refused(&line, 252, all);
    }
    for says_nothing in ["--max-items 0", "--page-size 0", "--starting-token ''"] {
        check_refused(&format!("{line} --no-paginate {says_nothing}"), 252, {
            "Parameter validation failed:\nUnknown parameter in input: \"PaginationConfig\", must \
             be one of: nextPageToken, registrationStatus, maximumPageSize, reverseOrder"
        });
    }
}

#[test]
fn a_maximum_below_one_is_warned_of() {
    let warnings = |n: &str| {
        invocation(&format!("list-domains --registration-status R --max-items {n}")).warnings
    };
    assert_eq!(warnings("1"), [""; 0]);
    assert_eq!(warnings("0"), [WARNING_MAX_ITEMS]);
    assert_eq!(warnings("-1"), [WARNING_MAX_ITEMS]);
}

#[test]
fn the_whole_input_is_json_or_yaml() {
    for input in [
        r#"--cli-input-json '{"registrationStatus": "DEPRECATED", "reverseOrder": true}'"#,
        "--cli-input-json file://domain.json",
        "--cli-input-json fileb://domain.json",
        "--cli-input-yaml file://domain.yaml",
        "--cli-input-yaml '{registrationStatus: DEPRECATED, reverseOrder: true}'",
    ] {
        check(&format!("list-domains {input}"), "ListDomains", {
            r#"{"registrationStatus":"DEPRECATED","reverseOrder":true}"#
        });
        // What is given by itself counts more.
        let line = format!("list-domains {input} --registration-status R --no-reverse-order");
        check(&line, "ListDomains", r#"{"registrationStatus":"R","reverseOrder":false}"#);
    }
    check(
        "register-activity-type --cli-input-json \
         '{\"domain\": \"d\", \"name\": \"n\", \"version\": \"1\"}' --activity-version 2",
        "RegisterActivityType",
        r#"{"version":"2","domain":"d","name":"n"}"#,
    );
}

#[test]
fn an_input_that_is_none() {
    for (input, message) in [
        (
            "--cli-input-json '{'",
            "Error parsing parameter 'cli-input-json': Invalid JSON received.",
        ),
        (
            "--cli-input-json fileb://bytes",
            "Error parsing parameter 'cli-input-json': Invalid JSON received.",
        ),
        (
            "--cli-input-yaml '{'",
            "Error parsing parameter 'cli-input-yaml': Invalid YAML received.",
        ),
        (
            "--cli-input-json '[1]'",
            "Error parsing parameter '--cli-input-json': Invalid type: expecting map, received \
             <class 'list'>",
        ),
        (
            "--cli-input-yaml ''",
            "Error parsing parameter '--cli-input-yaml': Invalid type: expecting map, received \
             <class 'NoneType'>",
        ),
        (
            "--cli-input-json file://no",
            "Error parsing parameter '--cli-input-json': Unable to load paramfile file://no: \
             [Errno 2] No such file or directory: 'no'",
        ),
        ("--cli-input-json {} --cli-input-yaml {}", {
            "Only one --cli-input- parameter may be specified."
        }),
        (
            "--cli-input-json {}",
            "Parameter validation failed:\nMissing required parameter in input: \
             \"registrationStatus\"",
        ),
    ] {
        check_refused(&format!("list-domains {input}"), 252, message);
    }
    // Only the bare option makes others optional, as in the AWS CLI.
    check_refused("list-domains --cli-input-json={}", 252, {
        "the following arguments are required: --registration-status"
    });
}

#[test]
fn samples_are_asked_for_without_a_call() {
    let action = |line: &str| invocation(line).action;
    for (option, expected) in [
        ("--generate-cli-skeleton", Skeleton::Input),
        ("--generate-cli-skeleton input", Skeleton::Input),
        ("--generate-cli-skeleton yaml-input", Skeleton::YamlInput),
        ("--generate-cli-skeleton output --registration-status R", Skeleton::Output),
        ("--registration-status R --generate-cli-skeleton=output", Skeleton::Output),
    ] {
        let line = format!("list-domains {option}");
        assert_eq!(action(&line), Action::Skeleton(expected), "{line}");
    }
    check_refused("list-domains --generate-cli-skeleton output", 252, {
        "the following arguments are required: --registration-status"
    });
    check_refused("describe-domain --generate-cli-skeleton output --name ''", 252, {
        "Parameter validation failed:\nInvalid length for parameter name, value: 0, valid min \
         length: 1"
    });
    check_refused(
        "list-domains --registration-status R --generate-cli-skeleton output --max-items 1",
        252,
        {
            "Parameter validation failed:\nUnknown parameter in input: \"PaginationConfig\", must be one \
         of: nextPageToken, registrationStatus, maximumPageSize, reverseOrder"
        },
    );
    check_refused("list-domains --generate-cli-skeleton bogus", 252, {
        "argument --generate-cli-skeleton: Found invalid choice 'bogus'"
    });
}

/// The files that recorded command lines name.
const RECORDED: Shelf = Shelf(&[
    ("text", b"hello\n"),
    ("type.json", br#"{"name": "n", "version": "1"}"#),
    ("tags.json", br#"[{"key": "a"}]"#),
    ("token", b"T1"),
]);

/// Command lines that were drawn at random from pieces of good and bad ones and given to the AWS
/// CLI 1.46.3, where version 2 does the same but for layout and exit codes: the words, the
/// operation that was called with its body, or the error.
#[test]
fn recorded_command_lines_ask_for_what_they_ask_of_the_aws_cli() {
    let lines = include_str!("awscli.jsonl").lines();
    let (mut calls, mut errors) = (0, 0);
    for line in lines {
        let (words, operation, text): (Vec<String>, Option<String>, String) =
            serde_json::from_str(line).expect("a line is a triple");
        match (read(&words, &RECORDED), operation) {
            (Ok(Command::Invoke(invocation)), Some(operation)) => {
                calls += 1;
                assert_eq!(invocation.operation.name, operation, "{line}");
                let body = Value::parse(&text).expect("a body is JSON");
                assert_eq!(invocation.parameters, body, "{line}");
            }
            (Err(failure), None) => {
                errors += 1;
                let error = failure.refused.to_string();
                let error = error.split("\n\nusage: ").next().expect("a first part");
                assert_eq!(error, text, "{line}");
            }
            (Ok(other), _) => panic!("{line}: {other:?}"),
            (Err(failure), Some(_)) => panic!("{line}: {}", failure.refused),
        }
    }
    assert!(calls > 100 && errors > 200, "{calls} calls and {errors} errors were compared");
}

/// What the AWS CLI would have looked at before it finds what is wrong.
#[test]
fn what_is_wrong_is_found_at_a_stage() {
    for (line, stage) in [
        ("describe-domain", Stage::Words),
        ("describe-domain --name file://missing", Stage::Words),
        ("describe-workflow-type --domain d --workflow-type x", Stage::Words),
        ("describe-domain --name d --cli-input-json x", Stage::Input),
        ("list-domains --max-items 1 --cli-input-json '{\"nextPageToken\":\"x\"}'", Stage::Input),
        ("describe-domain --name ''", Stage::Parameters),
        ("describe-domain --generate-cli-skeleton output --name ''", Stage::Parameters),
    ] {
        assert_eq!(read(&words(line), &SHELF).expect_err(line).stage, stage, "{line}");
    }
}

/// A query that cannot be read is told before anything behind the options for all is looked at.
#[test]
fn a_query_is_read_first() {
    for line in ["--query '['", "bogus --query '['", "describe-domain --query '[' --endpoint-url x"]
    {
        let refused = read(&words(line), &SHELF).expect_err(line).refused;
        assert!(refused.to_string().starts_with("Bad value for --query [: "), "{line}: {refused}");
        assert_eq!((refused.exit_code(), refused.code()), (252, Some("ParamValidation")));
    }
}
