//! Rows: flags, variables and a file in, settings or one line out.

use super::*;
use crate::connect::Endpoint;
use access::identity::Secret;
use server::{Networks, ProxyHeaders};

/// Sources as text: flags and variables as `name=value`, and the file's content.
#[derive(Default)]
struct Sources<'a> {
    flags: &'a [(Key, &'a str)],
    variables: &'a [(&'a str, &'a str)],
    file: Option<&'a str>,
}

fn read(sources: &Sources<'_>) -> Result<Settings, SettingsError> {
    let values = sources.flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
    let config = sources.file.map(|_| PathBuf::from("t.toml"));
    let environment = sources.variables.iter().map(|(name, value)| (name.into(), value.into()));
    let read_file = |path: &Path| match sources.file {
        Some(text) => Ok(text.to_owned()),
        None => Err(io::Error::other(format!("asked for {}", path.display()))),
    };
    Settings::read(Given { config, values }, environment, read_file, Defaults::SERVE)
}

fn settings(sources: &Sources<'_>) -> Settings {
    read(sources).expect("these settings are right")
}

#[track_caller]
fn check_error(sources: &Sources<'_>, expected: &str) {
    let text = read(sources).expect_err(expected).to_string();
    assert_eq!(text, expected);
    assert!(!text.contains('\n'), "one line: {text}");
}

#[test]
fn defaults() {
    let serve = Settings {
        data_dir: None,
        listen: "127.0.0.1:7933".parse().expect("an address"),
        log_format: LogFormat::Text,
        log_level: "info".to_owned(),
        poll_hold: Duration::from_secs(58),
        empty_poll_token: EmptyPollToken::Absent,
        limits: Limits::AWS,
        throttles: Throttles::default(),
        lambda: None,
        tls: None,
        trusted_proxies: TrustedProxies::default(),
        master_keys: master_key::Given::default(),
        identities: None,
        auth: Auth::SigV4,
        allowed_hosts: AllowedHosts::default(),
        regions: Regions::default(),
        clock_skew_minutes: 15,
        denials: Denials::AccessDenied,
    };
    assert_eq!(settings(&Sources::default()), serve);
    let read_file = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let dev = Settings::read(Given::default(), [], read_file, Defaults::DEV);
    assert_eq!(
        dev.expect("defaults are right"),
        Settings { log_level: "warn".into(), auth: Auth::Off, ..serve }
    );
}

#[test]
fn every_key_from_every_source() {
    let expected = Settings {
        data_dir: Some("/d".into()),
        listen: "[::1]:0".parse().expect("an address"),
        log_format: LogFormat::Json,
        log_level: "warn,server=debug".to_owned(),
        poll_hold: Duration::from_secs(1),
        empty_poll_token: EmptyPollToken::Empty,
        limits: Limits::AWS,
        throttles: Throttles::aws(),
        lambda: Some(LambdaSettings {
            endpoint: Endpoint::parse("http://[::1]:9/x").expect("a right URL"),
            ca_bundle: Some("/l/ca.pem".into()),
            credentials: Some("/l/credentials".into()),
            allowed_networks: Networks::parse("10.1.0.0/16").expect("right networks"),
        }),
        tls: Some(TlsFiles {
            cert: "/t/cert.pem".into(),
            key: "/t/key.pem".into(),
            client_ca: Some("/t/ca.pem".into()),
        }),
        trusted_proxies: TrustedProxies::parse("10.0.0.0/8,::1")
            .expect("right networks")
            .that_write(ProxyHeaders::Forwarded),
        master_keys: master_key::Given { keys: None, file: Some("/m/keys".into()) },
        identities: Some(IdentitiesFile("/i/identities.toml".into())),
        auth: Auth::OffAnywhere,
        allowed_hosts: AllowedHosts::parse("swf.internal").expect("a name"),
        regions: Regions::parse("eu-west-1,us-east-1").expect("names"),
        clock_skew_minutes: 5,
        denials: Denials::OperationNotPermitted,
    };
    let flags = [
        (Key::DataDir, "/d"),
        (Key::Listen, "[::1]:0"),
        (Key::LogFormat, "json"),
        (Key::LogLevel, "warn,server=debug"),
        (Key::PollHoldSeconds, "1"),
        (Key::EmptyPollToken, "empty"),
        (Key::Limits, "aws"),
        (Key::LambdaEndpoint, "http://[::1]:9/x"),
        (Key::LambdaCaBundle, "/l/ca.pem"),
        (Key::LambdaCredentials, "/l/credentials"),
        (Key::LambdaAllowedNetworks, "10.1.0.0/16"),
        (Key::TlsCert, "/t/cert.pem"),
        (Key::TlsPrivate, "/t/key.pem"),
        (Key::TlsClientCa, "/t/ca.pem"),
        (Key::TrustedProxies, "10.0.0.0/8, ::1"),
        (Key::ProxyHeaders, "forwarded"),
        (Key::MasterKeyFile, "/m/keys"),
        (Key::Identities, "/i/identities.toml"),
        (Key::Auth, "off-anywhere"),
        (Key::AllowedHosts, "swf.internal"),
        (Key::Regions, "eu-west-1, us-east-1"),
        (Key::ClockSkewMinutes, "5"),
        (Key::Denials, "operation-not-permitted"),
    ];
    assert_eq!(settings(&Sources { flags: &flags, ..Sources::default() }), expected);
    let variables = [
        ("TIDEWHEEL_DATA_DIR", "/d"),
        ("TIDEWHEEL_LISTEN", "[::1]:0"),
        ("TIDEWHEEL_LOG_FORMAT", "json"),
        ("TIDEWHEEL_LOG_LEVEL", "warn,server=debug"),
        ("TIDEWHEEL_POLL_HOLD_SECONDS", "1"),
        ("TIDEWHEEL_EMPTY_POLL_TOKEN", "empty"),
        ("TIDEWHEEL_LIMITS", "aws"),
        ("TIDEWHEEL_LAMBDA_ENDPOINT", "http://[::1]:9/x"),
        ("TIDEWHEEL_LAMBDA_CA_BUNDLE", "/l/ca.pem"),
        ("TIDEWHEEL_LAMBDA_CREDENTIALS", "/l/credentials"),
        ("TIDEWHEEL_LAMBDA_ALLOWED_NETWORKS", "10.1.0.0/16"),
        ("TIDEWHEEL_TLS_CERT", "/t/cert.pem"),
        ("TIDEWHEEL_TLS_KEY", "/t/key.pem"),
        ("TIDEWHEEL_TLS_CLIENT_CA", "/t/ca.pem"),
        ("TIDEWHEEL_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("TIDEWHEEL_PROXY_HEADERS", "forwarded"),
        ("TIDEWHEEL_MASTER_KEY_FILE", "/m/keys"),
        ("TIDEWHEEL_IDENTITIES", "/i/identities.toml"),
        ("TIDEWHEEL_AUTH", "off-anywhere"),
        ("TIDEWHEEL_ALLOWED_HOSTS", "swf.internal"),
        ("TIDEWHEEL_REGIONS", "eu-west-1, us-east-1"),
        ("TIDEWHEEL_CLOCK_SKEW_MINUTES", "5"),
        ("TIDEWHEEL_DENIALS", "operation-not-permitted"),
        ("HOME", "/home/somebody"),
    ];
    assert_eq!(settings(&Sources { variables: &variables, ..Sources::default() }), expected);
    let file = "data_dir = '/d'\nlisten = '[::1]:0'\nlog_format = 'json'\n\
                log_level = 'warn,server=debug'\npoll_hold_seconds = 1\n\
                empty_poll_token = 'empty'\nlimits = 'aws'\n\
                lambda_endpoint = 'http://[::1]:9/x'\nlambda_ca_bundle = '/l/ca.pem'\n\
                lambda_credentials = '/l/credentials'\n\
                lambda_allowed_networks = '10.1.0.0/16'\ntls_cert = '/t/cert.pem'\n\
                tls_key = '/t/key.pem'\ntls_client_ca = '/t/ca.pem'\n\
                trusted_proxies = '10.0.0.0/8, ::1'\nproxy_headers = 'forwarded'\n\
                master_key_file = '/m/keys'\n\
                identities = '/i/identities.toml'\nauth = 'off-anywhere'\n\
                allowed_hosts = 'swf.internal'\nregions = 'eu-west-1, us-east-1'\nclock_skew_minutes = 5\n\
                denials = 'operation-not-permitted'\n";
    assert_eq!(settings(&Sources { file: Some(file), ..Sources::default() }), expected);
}

#[test]
fn flags_win_over_variables_and_those_over_the_file() {
    let file = Some("poll_hold_seconds = 1\nlog_level = 'error'\ndata_dir = 'from-file'");
    let variables = [("TIDEWHEEL_POLL_HOLD_SECONDS", "2"), ("TIDEWHEEL_LOG_LEVEL", "warn")];
    let flags = [(Key::PollHoldSeconds, "3")];
    let all = settings(&Sources { flags: &flags, variables: &variables, file });
    assert_eq!(all.poll_hold, Duration::from_secs(3));
    assert_eq!(all.log_level, "warn");
    assert_eq!(all.data_dir, Some("from-file".into()));
}

#[test]
fn the_file_may_be_named_by_a_variable() {
    let read = |given: Given| {
        let variables = [("TIDEWHEEL_CONFIG".into(), "from-variable".into())];
        let read_file = |path: &Path| Ok(format!("data_dir = '{}'", path.display()));
        Settings::read(given, variables, read_file, Defaults::SERVE).expect("right settings")
    };
    assert_eq!(read(Given::default()).data_dir, Some("from-variable".into()));
    let given = Given { config: Some("from-flag".into()), values: Vec::new() };
    assert_eq!(read(given).data_dir, Some("from-flag".into()));
    check_error(
        &Sources { variables: &[("TIDEWHEEL_CONFIG", "")], ..Sources::default() },
        "TIDEWHEEL_CONFIG: must be a file, not ''",
    );
}

#[test]
fn unknown_keys() {
    let all = "TIDEWHEEL_DATA_DIR, TIDEWHEEL_LISTEN, TIDEWHEEL_LOG_FORMAT, TIDEWHEEL_LOG_LEVEL, \
               TIDEWHEEL_POLL_HOLD_SECONDS, TIDEWHEEL_EMPTY_POLL_TOKEN, TIDEWHEEL_LIMITS, \
               TIDEWHEEL_LAMBDA_ENDPOINT, TIDEWHEEL_LAMBDA_CA_BUNDLE, \
               TIDEWHEEL_LAMBDA_CREDENTIALS, TIDEWHEEL_LAMBDA_ALLOWED_NETWORKS, TIDEWHEEL_TLS_CERT, TIDEWHEEL_TLS_KEY, \
               TIDEWHEEL_TLS_CLIENT_CA, TIDEWHEEL_TRUSTED_PROXIES, TIDEWHEEL_PROXY_HEADERS, \
               TIDEWHEEL_MASTER_KEY_FILE, TIDEWHEEL_IDENTITIES, TIDEWHEEL_AUTH, \
               TIDEWHEEL_ALLOWED_HOSTS, TIDEWHEEL_REGIONS, TIDEWHEEL_CLOCK_SKEW_MINUTES, TIDEWHEEL_DENIALS, \
               TIDEWHEEL_CONFIG, TIDEWHEEL_MASTER_KEY";
    for name in ["TIDEWHEEL_COLOR", "TIDEWHEEL_", "TIDEWHEEL_SERVICE"] {
        check_error(
            &Sources { variables: &[(name, "x")], ..Sources::default() },
            &format!("{name} is no setting; there are {all}"),
        );
    }
    check_error(
        &Sources { file: Some("color = 'x'"), ..Sources::default() },
        "color in t.toml is no setting; there are data_dir, listen, log_format, log_level, \
         poll_hold_seconds, empty_poll_token, limits, lambda_endpoint, lambda_ca_bundle, \
         lambda_credentials, lambda_allowed_networks, tls_cert, tls_key, \
         tls_client_ca, trusted_proxies, proxy_headers, master_key_file, identities, auth, \
         allowed_hosts, regions, clock_skew_minutes, denials",
    );
    check_error(
        &Sources { file: Some("[log]\nlevel = 'x'"), ..Sources::default() },
        "log in t.toml is no setting; there are data_dir, listen, log_format, log_level, \
         poll_hold_seconds, empty_poll_token, limits, lambda_endpoint, lambda_ca_bundle, \
         lambda_credentials, lambda_allowed_networks, tls_cert, tls_key, \
         tls_client_ca, trusted_proxies, proxy_headers, master_key_file, identities, auth, \
         allowed_hosts, regions, clock_skew_minutes, denials",
    );
}

#[test]
fn unknown_keys_that_are_near_known_ones() {
    for (name, meant) in [
        ("TIDEWHEEL_LISTENS", "TIDEWHEEL_LISTEN"),
        ("TIDEWHEEL_data_dir", "TIDEWHEEL_DATA_DIR"),
        ("TIDEWHEEL_CONFIG_FILE", "TIDEWHEEL_CONFIG"),
    ] {
        check_error(
            &Sources { variables: &[(name, "x")], ..Sources::default() },
            &format!("{name} is no setting; did you mean {meant}?"),
        );
    }
    check_error(
        &Sources { file: Some("data-dir = 'x'"), ..Sources::default() },
        "data-dir in t.toml is no setting; did you mean data_dir?",
    );
}

/// A pod beside a service named `tidewheel` has them all.
#[test]
fn service_links_and_what_clients_read_are_no_settings() {
    let variables = [
        ("TIDEWHEEL_ENDPOINT_URL", "http://127.0.0.1:7933"),
        ("TIDEWHEEL_CLIENT_CERT", "client.pem"),
        ("TIDEWHEEL_CLIENT_KEY", "client-key.pem"),
        ("TIDEWHEEL_PORT", "tcp://10.0.0.11:7933"),
        ("TIDEWHEEL_PORT_7933_TCP", "tcp://10.0.0.11:7933"),
        ("TIDEWHEEL_PORT_7933_TCP_ADDR", "10.0.0.11"),
        ("TIDEWHEEL_SERVICE_HOST", "10.0.0.11"),
        ("TIDEWHEEL_SERVICE_PORT", "7933"),
        ("TIDEWHEEL_SERVICE_PORT_HTTP", "7933"),
    ];
    let defaults = settings(&Sources::default());
    assert_eq!(settings(&Sources { variables: &variables, ..Sources::default() }), defaults);
}

#[test]
fn log_levels() {
    for (text, expected) in [
        ("off", "off"),
        ("INFO", "INFO"),
        (" info , server=debug ", "info,server=debug"),
        ("warn,store::embedded=trace", "warn,store::embedded=trace"),
    ] {
        let flags = [(Key::LogLevel, text)];
        let read = settings(&Sources { flags: &flags, ..Sources::default() });
        assert_eq!(read.log_level, expected, "{text}");
    }
    let wanted =
        "must be off, error, warn, info, debug, trace, or directives such as info,server=debug";
    // What is no level would be taken for a part of the program, and silence everything else.
    for text in [
        "warning",
        "loud",
        "server",
        "info,loud",
        "server=loud",
        "server=",
        "=debug",
        "",
        " ",
        "info,",
        "info,,=",
        "[span]",
    ] {
        check_error(
            &Sources { flags: &[(Key::LogLevel, text)], ..Sources::default() },
            &format!("--log-level: {wanted}, not '{text}'"),
        );
    }
}

/// The example in the README is a file that can be used.
#[test]
fn the_example_file() {
    let readme = include_str!("../../../../README.md");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let read = settings(&Sources { file: example, ..Sources::default() });
    assert_eq!(read.data_dir, Some("/var/lib/tidewheel".into()));
    assert_eq!(Settings { data_dir: None, ..read }, settings(&Sources::default()));
}

#[test]
fn values_that_are_wrong() {
    let example = "must be an address and a port such as 127.0.0.1:7933";
    let number = "must be a whole number from 1 to 60";
    let networks = "must be addresses and networks such as 10.0.0.0/8, with commas in between, at \
                    most 256";
    let regions = "must be regions such as us-east-1, with commas in between, at most 64";
    let url = "must be a URL such as http://127.0.0.1:9001";
    for (key, text, flag, wanted) in [
        (Key::Listen, "7933", "--listen", example),
        (Key::Listen, ":7933", "--listen", example),
        (Key::Listen, "127.0.0.1:", "--listen", example),
        (Key::Listen, "[::1]", "--listen", example),
        (Key::LogFormat, "xml", "--log-format", "must be text or json"),
        (Key::PollHoldSeconds, "0", "--poll-hold-seconds", number),
        (Key::PollHoldSeconds, "61", "--poll-hold-seconds", number),
        (Key::PollHoldSeconds, "1.5", "--poll-hold-seconds", number),
        (Key::DataDir, "", "--data-dir", "must be a directory"),
        (Key::EmptyPollToken, "null", "--empty-poll-token", "must be absent or empty"),
        (Key::Limits, "", "--limits", "must be default, aws or a file"),
        (Key::TlsCert, "", "--tls-cert", "must be a file"),
        (Key::TlsPrivate, "", "--tls-key", "must be a file"),
        (Key::TlsClientCa, "", "--tls-client-ca", "must be a file"),
        (Key::TrustedProxies, "proxy.example", "--trusted-proxies", networks),
        (Key::TrustedProxies, "10.0.0.0/8,,", "--trusted-proxies", networks),
        (Key::ProxyHeaders, "both", "--proxy-headers", "must be x-forwarded or forwarded"),
        (Key::Regions, "US East", "--regions", regions),
        (Key::Regions, "us-east-1,", "--regions", regions),
        (Key::LambdaEndpoint, "", "--lambda-endpoint", url),
        (Key::LambdaEndpoint, "127.0.0.1:9001", "--lambda-endpoint", url),
        (Key::LambdaEndpoint, "ftp://host", "--lambda-endpoint", url),
        (Key::LambdaCaBundle, "", "--lambda-ca-bundle", "must be a file"),
        (Key::LambdaCredentials, "", "--lambda-credentials", "must be a file"),
        (Key::LambdaAllowedNetworks, "10.0.0.0/33", "--lambda-allowed-networks", networks),
        (
            Key::LambdaEndpoint,
            "http://host?x=y",
            "--lambda-endpoint",
            "must be a URL of a host, a port and perhaps a path, and nothing else",
        ),
    ] {
        check_error(
            &Sources { flags: &[(key, text)], ..Sources::default() },
            &format!("{flag}: {wanted}, not '{text}'"),
        );
    }
    check_error(
        &Sources {
            flags: &[(Key::LambdaEndpoint, "http://ada:secret@host")],
            ..Sources::default()
        },
        "--lambda-endpoint: must be a URL of a host, a port and perhaps a path, and nothing else, \
         not 'http://***@host'",
    );
    check_error(
        &Sources { variables: &[("TIDEWHEEL_LOG_FORMAT", "x")], ..Sources::default() },
        "TIDEWHEEL_LOG_FORMAT: must be text or json, not 'x'",
    );
}

/// None is taken for a text: a directory would be made by the name of it.
#[test]
fn values_of_another_type_than_text_and_whole_numbers() {
    let advice = "; limits stand in a file of their own, see docs/limits.md";
    for key in Key::ALL {
        let (name, wanted) = (key.name(), key.wanted());
        let advice = if key == Key::Limits { advice } else { "" };
        for (file, type_name) in [
            (format!("{name} = true"), "a boolean"),
            (format!("{name} = 58.0"), "a float"),
            (format!("{name} = 5e1"), "a float"),
            (format!("{name} = 2026-01-31"), "a datetime"),
            (format!("{name} = ['a',\n'b']"), "an array"),
            (format!("{name} = {{ a = 1 }}"), "a table"),
            (format!("[{name}]\na = 1"), "a table"),
            (format!("[[{name}]]\na = 1"), "an array"),
        ] {
            check_error(
                &Sources { file: Some(&file), ..Sources::default() },
                &format!("{name} in t.toml: {wanted}, not {type_name}{advice}"),
            );
        }
    }
    check_error(
        &Sources { file: Some("[limits]\na = 1"), ..Sources::default() },
        "limits in t.toml: must be default, aws or a file, not a table; limits stand in a file of \
         their own, see docs/limits.md",
    );
}

#[test]
fn names_are_not_looked_up() {
    for (text, port) in [("localhost:7999", 7999), ("my-host.example:80", 80)] {
        check_error(
            &Sources { flags: &[(Key::Listen, text)], ..Sources::default() },
            &format!(
                "--listen: must be an address and a port; names are not looked up: \
                 use 127.0.0.1:{port}, not '{text}'"
            ),
        );
    }
}

#[test]
fn only_loopback_addresses_let_everybody_in() {
    const AUTH: (Key, &str) = (Key::Auth, "off");
    for listen in ["0.0.0.0:7933", "[::]:7933", "192.0.2.1:0"] {
        let variables = [("TIDEWHEEL_LISTEN", listen)];
        check_error(
            &Sources { flags: &[AUTH], variables: &variables, ..Sources::default() },
            &format!(
                "TIDEWHEEL_LISTEN: {listen} can be reached from other machines, and without access \
                 control anybody there could do everything; use a loopback address such as \
                 127.0.0.1:7933, or auth sigv4, or, if that is what you want, auth off-anywhere"
            ),
        );
        for flags in [&[][..], &[(Key::Auth, "sigv4")], &[(Key::Auth, "off-anywhere")]] {
            let read = settings(&Sources { flags, variables: &variables, ..Sources::default() });
            assert_eq!(read.listen.to_string(), listen);
        }
    }
    let flags = [AUTH, (Key::Listen, "127.1.2.3:1")];
    let listen = settings(&Sources { flags: &flags, ..Sources::default() }).listen;
    assert_eq!(listen.to_string(), "127.1.2.3:1");
}

#[test]
fn files_that_cannot_be_read() {
    let given = Given { config: Some("t.toml".into()), values: Vec::new() };
    let read_file = |_: &Path| Err(io::Error::other("no such luck"));
    let error = Settings::read(given, [], read_file, Defaults::SERVE).expect_err("no file");
    assert_eq!(error.to_string(), "cannot read the configuration file t.toml: no such luck");
    let broken = read(&Sources { file: Some("data_dir = 'x'\nlisten = \n"), ..Sources::default() });
    let text = broken.expect_err("no TOML").to_string();
    assert!(text.starts_with("the configuration file t.toml is no TOML: line 2: "), "{text}");
    assert!(!text.contains('\n'), "one line: {text}");
}

#[test]
fn a_certificate_and_its_key_belong_together() {
    let (cert, key, client_ca) =
        ((Key::TlsCert, "c"), (Key::TlsPrivate, "k"), (Key::TlsClientCa, "a"));
    for (flags, text) in [
        (&[cert][..], "--tls-cert is of no use without tls_key: name one, too"),
        (&[key], "--tls-key is of no use without tls_cert: name one, too"),
        (&[client_ca], "--tls-client-ca is of no use without tls_cert: name one, too"),
        (&[cert, client_ca], "--tls-cert is of no use without tls_key: name one, too"),
    ] {
        check_error(&Sources { flags, ..Sources::default() }, text);
    }
    let both = settings(&Sources { flags: &[cert, key], ..Sources::default() });
    let files = TlsFiles { cert: "c".into(), key: "k".into(), client_ca: None };
    assert_eq!(both.tls, Some(files));
}

#[test]
fn no_proxy_is_trusted_if_none_is_named() {
    let flags = [(Key::TrustedProxies, "")];
    let read = settings(&Sources { flags: &flags, ..Sources::default() });
    assert_eq!(read.trusted_proxies, TrustedProxies::default());
    check_error(
        &Sources { flags: &[(Key::ProxyHeaders, "forwarded")], ..Sources::default() },
        "--proxy-headers is of no use without trusted_proxies: name one, too",
    );
}

/// A secret stands in the environment alone, and beside no other.
#[test]
fn master_keys_in_the_environment() {
    let variables = [("TIDEWHEEL_MASTER_KEY", "a:canary")];
    let read = settings(&Sources { variables: &variables, ..Sources::default() });
    assert_eq!(read.master_keys.keys.as_ref().map(Secret::expose), Some("a:canary"));
    assert!(!format!("{read:?}").contains("canary"));
    let flags = [(Key::MasterKeyFile, "keys")];
    check_error(
        &Sources { flags: &flags, variables: &variables, ..Sources::default() },
        "--master-key-file and TIDEWHEEL_MASTER_KEY name master keys both: leave one out",
    );
    check_error(
        &Sources { file: Some("master_key = 'a:b'"), ..Sources::default() },
        "master_key in t.toml is no setting; did you mean master_key_file?",
    );
}

#[test]
fn how_functions_are_called_is_of_no_use_without_where() {
    for (name, text) in [
        ("lambda_ca_bundle", "/l/ca.pem"),
        ("lambda_credentials", "/l/credentials"),
        ("lambda_allowed_networks", "10.0.0.0/8"),
    ] {
        let file = format!("{name} = '{text}'");
        let expected =
            format!("{name} in t.toml is of no use without lambda_endpoint: name one, too");
        check_error(&Sources { file: Some(&file), ..Sources::default() }, &expected);
    }
}
