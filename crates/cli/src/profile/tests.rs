//! Settings from options, environment and files.

use super::*;
use std::collections::BTreeMap;

const CONFIG: &str = "\
[default]
region = eu-west-1

[profile keys]
region = us-west-2
aws_access_key_id = CONFIGKEY
aws_secret_access_key = config
aws_session_token = token

[profile process]
region = us-west-2
credential_process = /bin/keys --of \"a b\"

[profile role]
role_arn = arn:aws:iam::1:role/r
source_profile = keys

[profile sso]
sso_session = s

[profile login]
login_session = arn:aws:iam::1:user/u

[profile half]
region = us-west-2
aws_access_key_id = CONFIGKEY

[profile placed]
region = us-west-2
endpoint_url = http://profile:1
services = local

[profile lost]
region = us-west-2
services = nowhere

[profile plain]
region = us-west-2
endpoint_url = http://profile:1

[profile shown]
output = table
cli_timestamp_format = wire
cli_pager = more
cli_error_format = json
max_attempts = 7
retry_mode = legacy
ca_bundle = /c.pem
read_timeout = 5

[profile old]
retry_mode = legacy
region = us-west-2

[profile \"two words\"]
region = ap-south-1

[profile wrong]
output = xml
retry_mode = never
cli_timestamp_format = roman
region = us-west-2

[services local]
swf =
  endpoint_url = http://services:1
";

const CREDENTIALS: &str = "\
[default]
aws_access_key_id = FILEKEY
aws_secret_access_key = file

[keys]
aws_access_key_id = FILEKEY
aws_secret_access_key = file

[other]
aws_access_key_id = OTHERKEY
aws_secret_access_key = other
";

/// Nothing is set up.
const BARE: (&str, &str) = ("", "");
/// Both files are there.
const FILES: (&str, &str) = (CONFIG, CREDENTIALS);

fn configuration((config, credentials): (&str, &str)) -> Configuration {
    let config = File { path: "/config", text: config };
    let credentials = File { path: "/credentials", text: credentials };
    Configuration::read(Some(config), Some(credentials)).expect("they are right")
}

/// Options as `--profile p --region r`, and variables as `NAME=value`, with spaces in between.
fn asked(text: &str) -> (Globals, BTreeMap<String, String>) {
    let mut globals = Globals::default();
    let mut variables = BTreeMap::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if let Some((name, value)) = word.split_once('=') {
            variables.insert(name.to_owned(), value.to_owned());
            continue;
        }
        if word == "--no-sign-request" {
            globals.sign_request = false;
            continue;
        }
        let value = words.next().expect("a value").to_owned();
        let option = match word {
            "--profile" => &mut globals.profile,
            "--region" => &mut globals.region,
            "--endpoint-url" => &mut globals.endpoint_url,
            "--ca-bundle" => &mut globals.ca_bundle,
            "--output" => &mut globals.output,
            "--cli-error-format" => &mut globals.error_format,
            other => panic!("{other}"),
        };
        *option = Some(value);
    }
    (globals, variables)
}

fn resolve(files: (&str, &str), text: &str) -> Result<Settings, ProfileError> {
    let (globals, variables) = asked(text);
    Settings::resolve(&globals, &configuration(files), &|name| variables.get(name).cloned())
}

/// As the commands for people have it.
fn for_people(files: (&str, &str), text: &str) -> Result<Settings, ProfileError> {
    let (globals, variables) = asked(text);
    Settings::for_people(&globals, &configuration(files), &|name| variables.get(name).cloned())
}

/// Where requests go, for which region, and the key that they are signed with.
fn summary(files: (&str, &str), text: &str) -> String {
    summed_up(resolve(files, text))
}

fn summed_up(settings: Result<Settings, ProfileError>) -> String {
    match settings {
        Ok(settings) => {
            let key = match settings.credentials {
                Credentials::None => "unsigned".to_owned(),
                Credentials::Keys(keys) => keys.access_key_id,
                Credentials::Process(words) => words.join("|"),
            };
            format!("{} {} {key}", settings.place.url(), settings.region)
        }
        Err(error) => format!("! {error}"),
    }
}

const ENV_KEYS: &str = "AWS_ACCESS_KEY_ID=ENVKEY AWS_SECRET_ACCESS_KEY=s";

/// Only where nothing at all is set up, or where a server of this project is named by its own
/// variable, are there defaults; everybody else goes where AWS's tools go, or is told what they are
/// told.
#[test]
fn nobody_who_has_set_up_something_is_sent_to_the_local_server() {
    let local = "http://127.0.0.1:7933 us-east-1 tidewheel";
    let no_region = "! You must specify a region. You can also configure your region by running \
                     \"aws configure\".";
    let no_keys = "! Unable to locate credentials. You can configure credentials by running \
                   \"aws login\".";
    for (text, expected) in [
        ("", local),
        ("AWS_REGION= AWS_ACCESS_KEY_ID= TIDEWHEEL_ENDPOINT_URL=", local),
        ("AWS_PAGER=less AWS_MAX_ATTEMPTS=2", local),
        ("--region us-west-2", no_keys),
        ("AWS_REGION=us-west-2", no_keys),
        ("AWS_DEFAULT_REGION=us-west-2", no_keys),
        (ENV_KEYS, no_region),
        ("--no-sign-request", no_region),
        (
            "--no-sign-request --region us-west-2",
            "https://swf.us-west-2.amazonaws.com us-west-2 unsigned",
        ),
        ("--endpoint-url http://h:1", no_region),
        ("--endpoint-url http://h:1 --region us-west-2", no_keys),
        ("AWS_ENDPOINT_URL=http://h:1", no_region),
        ("AWS_PROFILE=p", "! The config profile (p) could not be found"),
        ("TIDEWHEEL_ENDPOINT_URL=http://h:1", "http://h:1 us-east-1 tidewheel"),
        (
            "TIDEWHEEL_ENDPOINT_URL=http://h:1 AWS_REGION=us-west-2",
            "http://h:1 us-west-2 tidewheel",
        ),
    ] {
        assert_eq!(summary(BARE, text), expected, "{text}");
    }
    let profile = ("[profile p]\noutput = json\n", "");
    assert_eq!(summary(profile, "AWS_PROFILE=p"), no_region);
    assert_eq!(summary(profile, ""), local);
    let aws = "https://swf.eu-west-1.amazonaws.com eu-west-1 FILEKEY";
    assert_eq!(summary(FILES, ""), aws);
    assert_eq!(summary(("[default]\nregion = eu-west-1\n", ""), ""), no_keys);
    assert_eq!(summary(("", CREDENTIALS), ""), no_region);
}

#[test]
fn credentials_are_found_in_awss_order() {
    let env = |rest: &str| format!("{ENV_KEYS} {rest}");
    let at = |region: &str, key: &str| format!("https://swf.{region}.amazonaws.com {region} {key}");
    let elsewhere = |origin: &str, service: &str| {
        format!(
            "! The credentials of {origin} come from {service}, which tidewheel does not ask. Get \
             some with AWS's tools, and give them in the environment or with credential_process."
        )
    };
    for (text, expected) in [
        (env(""), at("eu-west-1", "ENVKEY")),
        (env("AWS_PROFILE=keys"), at("us-west-2", "ENVKEY")),
        (env("--profile keys"), at("us-west-2", "FILEKEY")),
        ("AWS_DEFAULT_PROFILE=keys".to_owned(), at("us-west-2", "FILEKEY")),
        ("AWS_PROFILE=keys AWS_DEFAULT_PROFILE=process".to_owned(), at("us-west-2", "FILEKEY")),
        ("--profile other --region us-west-1".to_owned(), at("us-west-1", "OTHERKEY")),
        ("--profile process".to_owned(), at("us-west-2", "/bin/keys|--of|a b")),
        ("--profile role".to_owned(), elsewhere("the profile role", "AWS STS (role_arn)")),
        (
            "--profile sso".to_owned(),
            elsewhere("the profile sso", "IAM Identity Center (sso_session, sso_start_url)"),
        ),
        (
            "--profile login".to_owned(),
            elsewhere("the profile login", "AWS Sign-In (login_session)"),
        ),
        (
            "--profile half".to_owned(),
            "! Partial credentials found in config-file, missing: aws_secret_access_key".to_owned(),
        ),
        (
            "AWS_ACCESS_KEY_ID=ENVKEY".to_owned(),
            "! Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY".to_owned(),
        ),
        (
            "--profile plain AWS_CONTAINER_CREDENTIALS_FULL_URI=http://c".to_owned(),
            elsewhere("AWS_CONTAINER_CREDENTIALS_FULL_URI", "the metadata of a container"),
        ),
    ] {
        assert_eq!(summary(FILES, &text), expected, "{text}");
    }
    let only_config = (CONFIG, "");
    assert_eq!(summary(only_config, "--profile keys"), at("us-west-2", "CONFIGKEY"));
}

#[test]
fn tokens_of_temporary_keys_are_taken() {
    const EMPTY: &str = "[default]\nregion = r\naws_access_key_id = K\naws_secret_access_key = s\n\
                         aws_security_token =\naws_session_token = t\n";
    let token = |files, text| match resolve(files, text).expect("they are there").credentials {
        Credentials::Keys(keys) => keys.session_token,
        Credentials::None | Credentials::Process(_) => panic!("there are keys"),
    };
    assert_eq!(token((CONFIG, ""), "--profile keys").as_deref(), Some("token"));
    assert_eq!(token(FILES, ENV_KEYS), None);
    let text = format!("{ENV_KEYS} AWS_SESSION_TOKEN=t");
    assert_eq!(token(FILES, &text).as_deref(), Some("t"));
    let text = format!("{ENV_KEYS} AWS_SESSION_TOKEN=t AWS_SECURITY_TOKEN=older");
    assert_eq!(token(FILES, &text).as_deref(), Some("older"));
    let text = format!("{ENV_KEYS} AWS_SESSION_TOKEN=t AWS_SECURITY_TOKEN=");
    assert_eq!(token(FILES, &text).as_deref(), Some("t"));
    assert_eq!(token((EMPTY, ""), ""), None, "an empty one hides the other in a file");
}

#[test]
fn endpoints_are_found_in_awss_order() {
    let at = |url: &str| format!("{url} us-west-2 ENVKEY");
    let aws = "https://swf.us-west-2.amazonaws.com";
    for (text, expected) in [
        ("AWS_PROFILE=placed", at("http://services:1")),
        ("AWS_PROFILE=plain", at("http://profile:1")),
        ("AWS_PROFILE=plain AWS_ENDPOINT_URL=http://e:1", at("http://e:1")),
        (
            "AWS_PROFILE=placed AWS_ENDPOINT_URL=http://e:1 AWS_ENDPOINT_URL_SWF=http://s:1",
            at("http://s:1"),
        ),
        (
            "AWS_PROFILE=placed AWS_ENDPOINT_URL_SWF=http://s:1 --endpoint-url http://o:1",
            at("http://o:1"),
        ),
        (
            "AWS_PROFILE=placed AWS_ENDPOINT_URL_SWF=http://s:1 TIDEWHEEL_ENDPOINT_URL=http://t:1",
            at("http://t:1"),
        ),
        (
            "AWS_PROFILE=placed TIDEWHEEL_ENDPOINT_URL=http://t:1 --endpoint-url http://o:1",
            at("http://o:1"),
        ),
        (
            "AWS_PROFILE=placed AWS_ENDPOINT_URL=http://e:1 AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
            at(aws),
        ),
        (
            "AWS_PROFILE=placed AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE --endpoint-url http://o:1",
            at("http://o:1"),
        ),
        (
            "AWS_PROFILE=lost",
            "! The profile is configured to use the services section but the \"nowhere\" services \
             configuration does not exist."
                .to_owned(),
        ),
        // They say which of AWS's endpoints to take, and this is none.
        ("AWS_PROFILE=plain AWS_USE_FIPS_ENDPOINT=true", at("http://profile:1")),
        ("AWS_PROFILE=plain AWS_USE_DUALSTACK_ENDPOINT=true", at("http://profile:1")),
        ("AWS_PROFILE=plain --endpoint-url http://", "! Invalid endpoint: http://".to_owned()),
        ("AWS_PROFILE=plain --endpoint-url http:/x", "! Invalid endpoint: http:/x".to_owned()),
    ] {
        assert_eq!(summary(FILES, &format!("{ENV_KEYS} {text}")), expected, "{text}");
    }
}

#[test]
fn aws_has_an_endpoint_in_each_region() {
    let both = "AWS_USE_FIPS_ENDPOINT=true AWS_USE_DUALSTACK_ENDPOINT=true";
    for (region, variables, expected) in [
        ("us-east-1", "", "https://swf.us-east-1.amazonaws.com"),
        ("cn-north-1", "", "https://swf.cn-north-1.amazonaws.com.cn"),
        ("us-iso-east-1", "", "https://swf.us-iso-east-1.c2s.ic.gov"),
        ("us-east-1", "AWS_USE_FIPS_ENDPOINT=true", "https://swf-fips.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "AWS_USE_FIPS_ENDPOINT=true", "https://swf.us-gov-west-1.amazonaws.com"),
        ("us-east-1", "AWS_USE_DUALSTACK_ENDPOINT=true", "https://swf.us-east-1.api.aws"),
        ("us-gov-west-1", both, "https://swf-fips.us-gov-west-1.api.aws"),
        ("eusc-de-east-1", both, "https://swf-fips.eusc-de-east-1.api.amazonwebservices.eu"),
    ] {
        let text = format!("{ENV_KEYS} {variables} --region {region}");
        assert_eq!(summary(BARE, &text), format!("{expected} {region} ENVKEY"), "{text}");
    }
    for region in ["-a", "a-", "123", "a.b", "a/b"] {
        let text = format!("{ENV_KEYS} --region {region}");
        let expected =
            format!("! Provided region_name '{region}' doesn't match a supported format.");
        assert_eq!(summary(BARE, &text), expected);
    }
}

#[test]
fn what_is_set_wins_over_the_profile_and_options_over_both() {
    for (text, expected) in [
        ("AWS_PROFILE=keys", "us-west-2"),
        ("AWS_PROFILE=keys AWS_DEFAULT_REGION=a", "a"),
        ("AWS_PROFILE=keys AWS_DEFAULT_REGION=a AWS_REGION=b", "b"),
        ("AWS_PROFILE=keys AWS_REGION=b --region c", "c"),
    ] {
        assert_eq!(resolve(FILES, text).expect("it is right").region, expected, "{text}");
    }
    let (globals, variables) = asked("");
    let globals = Globals { profile: Some("two words".to_owned()), ..globals };
    let variable = |name: &str| variables.get(name).cloned();
    let found = Settings::resolve(&globals, &configuration(FILES), &variable);
    assert_eq!(found, Err(ProfileError::NoCredentials), "its name is read without quotes");
}

#[test]
fn the_rest_is_found_too() {
    let shown = |text: &str| {
        let text = format!("{ENV_KEYS} AWS_REGION=us-west-2 {text}");
        let found = resolve(FILES, &text).expect("it is right");
        (found.attempts, found.ca_bundle)
    };
    let bundle = |path: &str| Some(path.to_owned());
    assert_eq!(shown(""), (3, None));
    assert_eq!(shown("AWS_PROFILE=shown"), (7, bundle("/c.pem")));
    assert_eq!(shown("AWS_PROFILE=old"), (5, None));
    assert_eq!(
        shown("AWS_PROFILE=shown AWS_MAX_ATTEMPTS=1 AWS_CA_BUNDLE=/e.pem"),
        (1, bundle("/e.pem"))
    );
    assert_eq!(shown("AWS_PROFILE=shown --ca-bundle /o.pem").1, bundle("/o.pem"));
    let wrong = |text: &str| resolve(FILES, &format!("{ENV_KEYS} AWS_REGION=a {text}"));
    assert_eq!(
        wrong("AWS_MAX_ATTEMPTS=x"),
        Err(ProfileError::NoNumber(NotANumber("x".to_owned())))
    );
    assert_eq!(shown("AWS_MAX_ATTEMPTS=1_0").0, 10);
    assert_eq!(wrong("AWS_MAX_ATTEMPTS=-1"), Err(ProfileError::TooFewAttempts(-1)));
    assert_eq!(
        wrong("AWS_RETRY_MODE=never"),
        Err(ProfileError::UnknownRetryMode("never".to_owned()))
    );
}

/// As in the AWS CLI, neither the profile nor the environment has a say in it.
#[test]
fn only_options_say_how_long_is_waited() {
    let waits = |options: Globals| {
        let (_, variables) = asked(ENV_KEYS);
        let more = [("AWS_PROFILE", "shown"), ("AWS_REGION", "us-west-2")];
        let timeouts = [("AWS_READ_TIMEOUT", "6"), ("AWS_CONNECT_TIMEOUT", "x")];
        let more: BTreeMap<&str, &str> = more.into_iter().chain(timeouts).collect();
        let variable = |name: &str| {
            variables.get(name).cloned().or_else(|| more.get(name).map(|text| (*text).to_owned()))
        };
        let found = Settings::resolve(&options, &configuration(FILES), &variable);
        let found = found.expect("it is right");
        (found.connect_timeout, found.read_timeout)
    };
    let options = |connect: Option<u64>, read: Option<u64>| Globals {
        connect_timeout: connect,
        read_timeout: read,
        ..Globals::default()
    };
    assert_eq!(waits(options(None, None)), (Some(60), None));
    assert_eq!(waits(options(Some(7), Some(8))), (Some(7), Some(8)));
    assert_eq!(waits(options(Some(0), Some(0))), (None, Some(0)));
}

#[test]
fn a_certificate_that_is_shown_goes_with_its_key() {
    let client = |text: &str| {
        let text = format!("{ENV_KEYS} AWS_REGION=us-west-2 {text}");
        resolve(FILES, &text).map(|found| found.client)
    };
    let files = ClientFiles { cert: "/c".into(), key: "/k".into() };
    let (cert, key) = ("TIDEWHEEL_CLIENT_CERT=/c", "TIDEWHEEL_CLIENT_KEY=/k");
    assert_eq!(client(""), Ok(None));
    assert_eq!(client("TIDEWHEEL_CLIENT_CERT= TIDEWHEEL_CLIENT_KEY="), Ok(None));
    assert_eq!(client(&format!("{cert} {key}")), Ok(Some(files)));
    assert_eq!(client(cert), Err(ProfileError::HalfOfClient));
    assert_eq!(client(key), Err(ProfileError::HalfOfClient));
}

#[test]
fn how_answers_are_shown_is_found() {
    let show = |text: &str| {
        let (globals, variables) = asked(text);
        let variable = |name: &str| variables.get(name).cloned();
        Display::resolve(&globals, &configuration(FILES), &variable)
    };
    let shown = |text: &str| show(text).expect("it is right");
    let pager = |name: &str| Some(name.to_owned());
    let usual = Display {
        output: Format::Json,
        timestamps: TimestampFormat::Iso8601,
        pager: pager("less"),
    };
    assert_eq!(shown(""), usual);
    let expected =
        Display { output: Format::Table, timestamps: TimestampFormat::Wire, pager: pager("more") };
    assert_eq!(shown("AWS_PROFILE=shown PAGER=most"), expected);
    assert_eq!(shown("AWS_PROFILE=shown AWS_DEFAULT_OUTPUT=yaml").output, Format::Yaml);
    assert_eq!(shown("AWS_DEFAULT_OUTPUT=yaml --output off").output, Format::Off);
    assert_eq!(shown("AWS_PROFILE=shown AWS_PAGER=").pager, None);
    assert_eq!(shown("PAGER=most").pager, pager("most"));
    for (text, error) in [
        ("AWS_PROFILE=wrong", ProfileError::UnknownTimestampFormat("roman".to_owned())),
        ("AWS_DEFAULT_OUTPUT=xml", ProfileError::UnknownOutput("xml".to_owned())),
        ("--profile none", ProfileError::UnknownProfile("none".to_owned())),
    ] {
        assert_eq!(show(text), Err(error), "{text}");
    }
}

#[test]
fn the_form_of_errors_is_found_even_if_nothing_else_is() {
    let found = |text: &str| {
        let (globals, variables) = asked(text);
        error_format(&globals, &configuration(FILES), &|name| variables.get(name).cloned())
    };
    for (text, expected) in [
        ("", ErrorFormat::Enhanced),
        ("AWS_PROFILE=shown", ErrorFormat::As(Format::Json)),
        ("AWS_PROFILE=shown AWS_CLI_ERROR_FORMAT=LEGACY", ErrorFormat::Legacy),
        ("AWS_PROFILE=shown --cli-error-format yaml", ErrorFormat::As(Format::Yaml)),
        ("AWS_CLI_ERROR_FORMAT=roman", ErrorFormat::Enhanced),
        ("AWS_PROFILE=none", ErrorFormat::Enhanced),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

/// `[default]` and `[profile default]` are one profile, and the later of them is it.
#[test]
fn of_two_sections_for_the_default_profile_the_later_counts() {
    const FIRST: &str = "[default]\nregion = us-west-1\naws_access_key_id = A\n";
    const SECOND: &str = "[profile default]\nregion = us-west-2\n";
    for (config, expected) in
        [(format!("{FIRST}{SECOND}"), "us-west-2"), (format!("{SECOND}{FIRST}"), "us-west-1")]
    {
        let expected = format!("https://swf.{expected}.amazonaws.com {expected} unsigned");
        assert_eq!(summary((&config, ""), "--no-sign-request"), expected);
    }
}

/// What is wrong in more than one way is told as the AWS CLI tells it.
#[test]
fn mistakes_are_found_in_the_order_of_the_aws_cli() {
    let half = "AWS_ACCESS_KEY_ID=A";
    let partial = "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY";
    let mode = "Invalid value provided to \"mode\": \"x\" must be one of: ('legacy', 'standard', \
                'adaptive')";
    let no_region = "You must specify a region. You can also configure your region by running \
                     \"aws configure\".";
    for (text, expected) in [
        (format!("{half} AWS_RETRY_MODE=x"), partial),
        (format!("{ENV_KEYS} --endpoint-url http:// --region r AWS_RETRY_MODE=x"), mode),
        ("--region r AWS_RETRY_MODE=x".to_owned(), mode),
        (format!("{half} AWS_ENDPOINT_URL=http://"), partial),
        (format!("{ENV_KEYS} AWS_RETRY_MODE=x --endpoint-url http://"), no_region),
        (format!("{ENV_KEYS} AWS_CA_BUNDLE="), no_region),
        (
            format!("{ENV_KEYS} --endpoint-url http:// --region r AWS_CA_BUNDLE="),
            "Invalid endpoint: http://",
        ),
    ] {
        assert_eq!(summary(BARE, &text), format!("! {expected}"), "{text}");
    }
}

#[test]
fn certificates_are_those_of_the_first_that_says() {
    let bundle = |text: &str| {
        resolve(FILES, &format!("{ENV_KEYS} --region r {text}")).map(|settings| settings.ca_bundle)
    };
    for (text, expected) in [
        ("REQUESTS_CA_BUNDLE=/r.pem", Some("/r.pem")),
        ("REQUESTS_CA_BUNDLE=/r.pem AWS_CA_BUNDLE=/e.pem", Some("/e.pem")),
        ("REQUESTS_CA_BUNDLE=/r.pem AWS_PROFILE=shown", Some("/c.pem")),
        ("", None),
    ] {
        assert_eq!(bundle(text), Ok(expected.map(str::to_owned)), "{text}");
    }
    for text in ["AWS_CA_BUNDLE=", "REQUESTS_CA_BUNDLE=", "AWS_CA_BUNDLE= AWS_PROFILE=shown"] {
        assert_eq!(bundle(text), Err(ProfileError::EmptyCaBundle), "{text}");
    }
}

#[test]
fn a_profile_that_is_named_has_to_be_there() {
    let check = |text: &str| {
        let (globals, variables) = asked(text);
        check_profile(&globals, &configuration(FILES), &|name| variables.get(name).cloned())
    };
    for text in ["", "--profile keys", "AWS_PROFILE=other"] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
    for (text, name) in [("--profile none", "none"), ("AWS_PROFILE=", ""), ("AWS_PROFILE=p", "p")] {
        assert_eq!(check(text), Err(ProfileError::UnknownProfile(name.to_owned())), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let file = File { path: "/config", text: "region = r\n" };
    let error = Configuration::read(Some(file), None).expect_err("it is no configuration");
    assert_eq!(error.to_string(), "Unable to parse config file: /config");
}

#[test]
fn files_are_where_the_environment_says() {
    let of = |text: &str| {
        let (_, variables) = asked(text);
        let Locations { config, credentials } = Locations::of(&|name| variables.get(name).cloned());
        (config.unwrap_or_default(), credentials.unwrap_or_default())
    };
    let pair = |config: &str, credentials: &str| (config.to_owned(), credentials.to_owned());
    assert_eq!(of("HOME=/h"), pair("/h/.aws/config", "/h/.aws/credentials"));
    assert_eq!(of(""), pair("", ""));
    let text = "HOME=/h AWS_CONFIG_FILE=~/c AWS_SHARED_CREDENTIALS_FILE=/s";
    assert_eq!(of(text), pair("/h/c", "/s"));
    let text = "HOME=/h AWS_CONFIG_FILE=$HOME/c AWS_SHARED_CREDENTIALS_FILE=${HOME}/$NONE/s";
    assert_eq!(of(text), pair("/h/c", "/h/$NONE/s"));
}

/// What they are given is a server of this project, and that wants nothing else, unless it is AWS.
#[test]
fn the_commands_for_people_need_no_region_and_no_key_where_an_endpoint_is_given() {
    let (region, key) = (ProfileError::NoRegion, ProfileError::NoCredentials);
    let (region, key) = (format!("! {region}"), format!("! {key}"));
    let local = "http://127.0.0.1:7933 us-east-1 tidewheel";
    let ours = "http://h:1 us-east-1 tidewheel";
    let configured = "http://h:1 eu-west-1 FILEKEY";
    let look_alike = "https://notamazonaws.com us-east-1 tidewheel";
    for (files, text, swf, people) in [
        (BARE, "", local, local),
        (BARE, "--endpoint-url http://h:1", &*region, ours),
        (BARE, "AWS_ENDPOINT_URL=http://h:1", &region, ours),
        (BARE, "--endpoint-url http://h:1 AWS_REGION=us-east-1", &key, ours),
        (FILES, "--endpoint-url http://h:1", configured, configured),
        (BARE, "--endpoint-url https://notamazonaws.com", &region, look_alike),
        (BARE, "AWS_REGION=eu-west-1", &key, &*key),
        (BARE, "--endpoint-url https://swf.eu-west-1.amazonaws.com", &region, &region),
        (BARE, "--endpoint-url https://SWF.cn-north-1.amazonaws.com.cn:443/", &region, &region),
        (BARE, "--endpoint-url https://swf.eu-west-1.api.aws", &region, &region),
    ] {
        assert_eq!(summary(files, text), swf, "{text}");
        let settled = for_people(files, text);
        let stands_in = settled.as_ref().is_ok_and(Settings::stands_in);
        assert_eq!(stands_in, people.ends_with(" tidewheel"), "{text}");
        assert_eq!(summed_up(settled), people, "{text}");
    }
}

/// An endpoint of AWS is one however it is written; what is only written like one is none.
#[test]
fn endpoints_of_aws_are_known_in_every_spelling() {
    let no_region = Err(ProfileError::NoRegion);
    for url in [
        "https://swf.us-east-1.amazonaws.com",
        "https://swf.us-east-1.amazonaws.com.",
        "https://swf.us-east-1.amazonaws.com.:443/",
        "https://swf.us-east-1.amazonaws.com:443",
        "HTTPS://SWF.US-EAST-1.AMAZONAWS.COM",
        "https://swf.us-east-1.amazonaws.com?x",
        "https://swf.us-east-1.amazonaws.com#x",
        "https://ada:secret@swf.us-east-1.amazonaws.com",
        "https://127.0.0.1:1@swf.us-east-1.amazonaws.com:443/",
        "//swf.us-east-1.amazonaws.com",
        " https://swf.us-east-1.amazonaws.com ",
        "https://swf.cn-north-1.amazonaws.com.cn.",
        "https://vpce-1.swf.us-east-1.vpce.amazonaws.com",
    ] {
        let globals = Globals { endpoint_url: Some(url.to_owned()), ..Globals::default() };
        let found = Settings::for_people(&globals, &Configuration::default(), &|_| None);
        assert_eq!(found, no_region, "{url}");
    }
    for url in [
        "https://amazonaws.com.example",
        "https://h/swf.us-east-1.amazonaws.com",
        "https://h?swf.us-east-1.amazonaws.com",
        "https://swf.us-east-1.amazonaws.com@h",
        "https://h#@swf.us-east-1.amazonaws.com",
        "http://[::1]:1",
    ] {
        let globals = Globals { endpoint_url: Some(url.to_owned()), ..Globals::default() };
        let found = Settings::for_people(&globals, &Configuration::default(), &|_| None);
        assert!(found.is_ok_and(|found| found.stands_in()), "{url}");
    }
}

#[test]
fn passwords_in_urls_are_not_told() {
    for (url, told) in [
        ("http://h:1/x", "http://h:1/x"),
        ("http://ada:secret@", "http://***@"),
        ("https://ada:s/e?c#r@t@h:1/x", "https://***@h:1/x"),
        ("ada:sec//ret@h", "***@h"),
        ("ada:sec://ret@h", "***@h"),
        ("//ada@h", "***@h"),
    ] {
        assert_eq!(without_user(url), told);
        let errors = [
            ProfileError::NoHost(url.to_owned()).to_string(),
            crate::failure::CallError::InvalidEndpoint(url.to_owned()).to_string(),
        ];
        assert_eq!(errors, [format!("Invalid endpoint: {told}"), errors[0].clone()]);
    }
}
