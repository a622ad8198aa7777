//! What a command writes that gives keys.

use super::*;

#[test]
fn commands_give_keys_as_json() {
    let read = |json: &str| read_process(json.as_bytes(), Timestamp(0));
    let whole = r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T"}"#;
    let keys = read(whole).expect("it is right");
    assert_eq!((&*keys.access_key_id, &*keys.secret_access_key), ("A", "S"));
    assert_eq!(keys.session_token.as_deref(), Some("T"));
    assert_eq!(format!("{keys:?}"), "Keys(A)", "secrets are not shown");
    for (json, error) in [
        ("", ProcessError::NoJson),
        ("{}", ProcessError::Version("<Version key not provided>".to_owned())),
        (r#"{"Version":2}"#, ProcessError::Version("2".to_owned())),
        (r#"{"Version":1.5}"#, ProcessError::Version("1.5".to_owned())),
        (r#"{"Version":"1"}"#, ProcessError::Version("1".to_owned())),
        (r#"{"Version":1.0}"#, ProcessError::Missing("AccessKeyId")),
        (r#"{"Version":1,"AccessKeyId":"A"}"#, ProcessError::Missing("SecretAccessKey")),
    ] {
        assert_eq!(read(json), Err(error), "{json}");
    }
}

#[test]
fn keys_of_a_command_end_when_it_says() {
    let read = |end: &str| {
        let text = format!(
            r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","Expiration":{end}}}"#
        );
        read_process(text.as_bytes(), Timestamp(1_000)).map(|keys| keys.access_key_id)
    };
    for end in [
        "null",
        r#""1970-01-01T00:00:01Z""#,
        r#""1970-01-01 00:00:01.5+00:00""#,
        r#""1970-01-01T02:00:01+0200""#,
        r#""Thu, 01 Jan 1970 00:00:01 GMT""#,
        r#""9999-12-31T23:59:59Z""#,
    ] {
        assert_eq!(read(end).as_deref(), Ok("A"), "{end}");
    }
    for end in [r#""1970-01-01T00:00:00.999Z""#, r#""1970-01-01T01:00:01+02:00""#] {
        assert_eq!(read(end), Err(ProcessError::Expired), "{end}");
    }
    // The AWS CLI refuses what has no zone, too.
    for end in ["5", "true", r#""""#, r#""x""#, r#""2999-01-01""#, r#""2999-01-01T00:00:00""#] {
        assert_eq!(read(end), Err(ProcessError::Expiration(end.to_owned())), "{end}");
    }
}
