//! What is said when a call fails.

use super::*;
use crate::refused::UsageError;

const STYLE: Style = Style { columns: 80, colored: false };

fn service(status: u16, body: &str) -> CallError {
    let operation = Model::get().operation("DescribeDomain").expect("an operation");
    CallError::Service(Box::new(ServiceError::read(&operation.name, status, body.as_bytes())))
}

fn unknown_domain() -> CallError {
    let body = "{\"__type\":\"com.amazonaws.swf.base.model#UnknownResourceFault\",\
                \"message\":\"Unknown domain: x\",\"other\":1}";
    service(400, body)
}

fn said(error: &CallError, format: &str) -> String {
    let format = ErrorFormat::parse(format).expect("a format");
    error.text(Complaint { format, query: None, style: STYLE })
}

#[test]
fn errors_of_the_service_are_shown_as_asked() {
    let line = "\naws: [ERROR]: An error occurred (UnknownResourceFault) when calling the \
                DescribeDomain operation: Unknown domain: x\n";
    let details = "\nAdditional error details:\nmessage: Unknown domain: x\n";
    let json = "{\n    \"Message\": \"Unknown domain: x\",\n    \"Code\": \
                \"UnknownResourceFault\",\n    \"message\": \"Unknown domain: x\"\n}\n";
    let yaml = "Code: UnknownResourceFault\nMessage: 'Unknown domain: x'\nmessage: 'Unknown \
                domain: x'\n";
    for (format, expected) in [
        ("legacy", line.to_owned()),
        ("enhanced", format!("{line}{details}")),
        ("json", json.to_owned()),
        ("yaml", yaml.to_owned()),
        ("text", "UnknownResourceFault\tUnknown domain: x\tUnknown domain: x\n".to_owned()),
    ] {
        assert_eq!(said(&unknown_domain(), format), expected, "{format}");
    }
    let table = said(&unknown_domain(), "table");
    assert!(table.contains("error") && table.contains("UnknownResourceFault"), "{table}");
    assert_eq!(unknown_domain().exit_code(), 254);
}

#[test]
fn the_query_is_asked_of_an_error_that_is_shown_like_an_answer() {
    let query = Query::parse("Code").expect("it is right");
    let format = ErrorFormat::As(Format::Json);
    let complaint = Complaint { format, query: Some(&query), style: STYLE };
    assert_eq!(unknown_domain().text(complaint), "\"UnknownResourceFault\"\n");
}

#[test]
fn names_and_messages_are_found_where_they_are() {
    for (status, body, code, message) in [
        (400, r#"{"__type":"a.b#ValidationException","message":"m"}"#, "ValidationException", "m"),
        (
            400,
            r#"{"__type":"a.b#SerializationException","Message":"M"}"#,
            "SerializationException",
            "M",
        ),
        (400, r#"{"__type":"X:http://y#z"}"#, "X", ""),
        (400, r#"{"__type":"X","message":null}"#, "X", "None"),
        (400, r#"{"__type":"X","message":5}"#, "X", "5"),
        (500, r#"{"__type":"com.amazon.coral.service#InternalFailure"}"#, "InternalFailure", ""),
        (503, "<html>busy</html>", "503", "Service Unavailable"),
        (504, " \n<html>", "504", "Gateway Timeout"),
        (500, "", "500", "Internal Server Error"),
        (599, "", "599", ""),
        (503, "busy", "503", "busy"),
        (403, "<html>busy</html>", "403", "<html>busy</html>"),
        (404, "", "404", ""),
    ] {
        let expected = format!(
            "An error occurred ({code}) when calling the DescribeDomain operation: {message}"
        );
        assert_eq!(service(status, body).to_string(), expected);
    }
}

#[test]
fn an_error_that_the_model_does_not_have_has_no_details() {
    let error = service(400, r#"{"__type":"a#ThrottlingException","message":"Rate exceeded"}"#);
    let expected = "\naws: [ERROR]: An error occurred (ThrottlingException) when calling the \
                    DescribeDomain operation: Rate exceeded\n";
    assert_eq!(said(&error, "enhanced"), expected);
}

#[test]
fn it_is_said_how_often_it_was_tried() {
    let CallError::Service(error) = unknown_domain() else { panic!("it is one") };
    let error = CallError::Service(Box::new(ServiceError { retries: Some(2), ..*error }));
    let expected = "An error occurred (UnknownResourceFault) when calling the DescribeDomain \
                    operation (reached max retries: 2): Unknown domain: x";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_is_not_configured_has_a_code_and_other_errors_are_lines() {
    let url = || "http://127.0.0.1:1/".to_owned();
    for (error, code, enhanced) in [
        (
            CallError::from(ProfileError::NoRegion),
            253,
            "\naws: [ERROR]: An error occurred (NoRegion): You must specify a region. You can also \
             configure your region by running \"aws configure\".\n",
        ),
        (
            CallError::from(ProfileError::NoCredentials),
            253,
            "\naws: [ERROR]: An error occurred (NoCredentials): Unable to locate credentials. You \
             can configure credentials by running \"aws login\".\n",
        ),
        (
            CallError::from(ProfileError::UnknownProfile("p".to_owned())),
            255,
            "\naws: [ERROR]: The config profile (p) could not be found\n",
        ),
        (
            CallError::NoConnection { url: url() },
            255,
            "\naws: [ERROR]: Could not connect to the endpoint URL: \"http://127.0.0.1:1/\"\n",
        ),
        (
            CallError::ReadTimeout { url: url() },
            255,
            "\naws: [ERROR]: Read timeout on endpoint URL: \"http://127.0.0.1:1/\"\n",
        ),
        (
            CallError::Pager("less: not found".to_owned()),
            253,
            "\naws: [ERROR]: An error occurred (Pager): Unable to redirect output to pager. Received \
             the following error when opening pager:\nless: not found\n\nLearn more about configuring \
             the output pager by running \"aws help config-vars\".\n",
        ),
        (CallError::Interrupted, 130, "\n"),
    ] {
        assert_eq!((error.exit_code(), &*said(&error, "enhanced")), (code, enhanced));
    }
    let legacy = said(&ProfileError::NoRegion.into(), "legacy");
    assert!(legacy.starts_with("\naws: [ERROR]: You must specify a region."), "{legacy}");
    // What has no parts is a line in every form.
    let refused = CallError::NoConnection { url: url() };
    assert_eq!(said(&refused, "json"), said(&refused, "enhanced"));
}

#[test]
fn a_command_line_that_is_refused_is_shown_as_asked() {
    let refused =
        || CallError::from(Refused::Usage(UsageError::Required(vec!["--name".to_owned()])));
    assert_eq!(refused().exit_code(), 252);
    let json = said(&refused(), "json");
    assert!(json.starts_with("{\n    \"Message\": \"the following arguments"), "{json}");
    assert!(json.ends_with("\"Code\": \"ParamValidation\"\n}\n"), "{json}");
    let enhanced = said(&refused(), "enhanced");
    assert!(enhanced.contains("(ParamValidation): the following arguments"), "{enhanced}");
}

#[test]
fn a_query_that_is_none_is_a_parameter_that_is_wrong() {
    let error = CallError::from(Query::parse("a[").expect_err("it is none"));
    assert_eq!(error.exit_code(), 252);
    let text = said(&error, "enhanced");
    let start = "\naws: [ERROR]: An error occurred (ParamValidation): Bad value for --query a[: ";
    assert!(text.starts_with(start), "{text}");
    assert_eq!(CallError::from(QueryError::ZeroStep).exit_code(), 255);
}

#[test]
fn what_is_nested_is_shown_in_a_line_if_it_is_short() {
    for (json, expected) in [
        ("[1,\"a\",null]", "[1, a, None]"),
        ("{\"a\":1,\"b\":true}", "{a: 1, b: True}"),
        (
            "[1,2,3,4,5]",
            "<complex value> (Use --cli-error-format with json or yaml to see full details)",
        ),
        ("[[1]]", "<complex value> (Use --cli-error-format with json or yaml to see full details)"),
    ] {
        assert_eq!(inline(&Value::parse(json).expect("JSON")), expected);
    }
}

#[test]
fn a_denial_names_the_action_that_it_takes() {
    let read = |body: &str| ServiceError::read("WaitForEvents", 400, body.as_bytes());
    let text = "User: arn:aws:iam::1:user/a b is not authorized to perform: \
                tidewheel:WaitForEvents on resource: arn:aws:swf:r:1:/domain/d because no \
                identity-based policy allows the tidewheel:WaitForEvents action";
    for (code, message, action) in [
        ("AccessDeniedException", text, Some("tidewheel:WaitForEvents")),
        (
            "com.amazonaws.swf.base.model#OperationNotPermittedFault",
            text,
            Some("tidewheel:WaitForEvents"),
        ),
        // Somebody in between has other words.
        ("AccessDeniedException", "no", Some("WaitForEvents")),
        ("UnknownOperationException", text, None),
        ("UnknownResourceFault", "Unknown domain: d", None),
    ] {
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        assert_eq!(read(&body).denied_action().as_deref(), action, "{code}");
        assert_eq!(read(&body).is_unknown_operation(), code == "UnknownOperationException");
        assert_eq!(read(&body).told_as_denial().is_some(), action.is_some());
    }
    let body = serde_json::json!({ "__type": "a#AccessDeniedException", "message": text });
    assert_eq!(
        read(&body.to_string()).told_as_denial().as_deref(),
        Some(
            "tidewheel:WaitForEvents is denied to whoever asks here (AccessDeniedException):\n  \
             User: arn:aws:iam::1:user/a b is not authorized to perform:\n  \
             tidewheel:WaitForEvents on resource: arn:aws:swf:r:1:/domain/d because no\n  \
             identity-based policy allows the tidewheel:WaitForEvents action"
        )
    );
}
