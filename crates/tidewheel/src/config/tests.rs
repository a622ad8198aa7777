//! Settings in, what is shown of them out; files in, findings out.

use super::*;
use crate::settings::{Defaults, Given};
use std::io;

fn sources(flags: &[(Key, &str)], variables: &[(&str, &str)], file: Option<&str>) -> Sources {
    let config = file.map(|_| "/etc/tidewheel.toml".into());
    let values = flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
    let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let read_file = |_: &Path| file.map(str::to_owned).ok_or(io::ErrorKind::NotFound.into());
    Sources::gather(Given { config, values }, environment, read_file, Defaults::SERVE)
        .expect("every key is known")
}

#[test]
fn each_setting_with_its_origin() {
    let sources = sources(
        &[(Key::Listen, "0.0.0.0:1")],
        &[("TIDEWHEEL_DATA_DIR", "/d \"x\"\n"), ("TIDEWHEEL_MASTER_KEY", "secret")],
        Some("log_format = \"json\"\npoll_hold_seconds = 3\nlisten = \"127.0.0.1:9\""),
    );
    let shown = show(&sources, true);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), Key::ALL.len());
    assert_eq!(
        lines[..6],
        [
            r#"data_dir = "/d \"x\"\n"  # TIDEWHEEL_DATA_DIR"#,
            r#"listen = "0.0.0.0:1"  # --listen"#,
            r#"log_format = "json"  # /etc/tidewheel.toml"#,
            r#"log_level = "info"  # default"#,
            r#"poll_hold_seconds = "3"  # /etc/tidewheel.toml"#,
            r#"empty_poll_token = "absent"  # default"#,
        ]
    );
    assert!(lines.contains(&"# tls_cert is not set"), "{shown}");
    assert!(
        lines.contains(&"# master_key_file is not set: the environment has the keys themselves"),
        "{shown}"
    );
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn what_is_shown_is_a_configuration_file_that_says_the_same() {
    let given = sources(
        &[(Key::DataDir, "/d\u{1}\\"), (Key::TrustedProxies, "10.0.0.0/8")],
        &[("TIDEWHEEL_AUTH", "off")],
        None,
    );
    for with_origins in [false, true] {
        let again = sources(&[], &[], Some(&show(&given, with_origins)));
        for key in Key::ALL {
            let text = |sources: &Sources| sources.get(key).map(|(text, _)| text.to_owned());
            assert_eq!(text(&again), text(&given), "{key:?}");
        }
    }
}

#[test]
fn every_file_is_looked_at() {
    let scratch = tempfile::tempdir().expect("a directory");
    let missing = scratch.path().join("missing");
    let missing = missing.to_str().expect("a path of text");
    let identities = scratch.path().join("identities.toml");
    std::fs::write(
        &identities,
        "[[account]]\nid = \"000000000000\"\nuser = [{ name = \"a b\" }]\n",
    )
    .expect("written");
    let flags = [
        (Key::DataDir, "/d"),
        (Key::TlsCert, missing),
        (Key::TlsPrivate, missing),
        (Key::LambdaEndpoint, "http://127.0.0.1:9"),
        (Key::LambdaCredentials, missing),
        (Key::Identities, identities.to_str().expect("a path of text")),
    ];
    let read_file = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let settings = Settings::parse(sources(&flags, &[], None), read_file).expect("right settings");
    let findings = check(&settings, scratch.path());
    let kinds: Vec<&str> = findings
        .iter()
        .map(|finding| match finding {
            Finding::Tls(_) => "tls",
            Finding::MasterKey(_) => "master key",
            Finding::Identities(_) => "identities",
            Finding::Empty(_) => "empty",
            Finding::Lambda(_) => "lambda",
        })
        .collect();
    assert_eq!(kinds, ["tls", "lambda", "identities"], "{findings:?}");
    assert_eq!(std::fs::read_dir(scratch.path()).expect("listed").count(), 1, "nothing is written");
}
