//! Who asks, where, and how answers are shown: options, environment and AWS's shared files.
//!
//! Nothing is read here. The texts of the two files and a look at the environment come in, settings
//! go out, in AWS's order of precedence: options, variables, the profile. Invariant: nobody who has
//! told AWS's tools anything about themselves is sent to the local server unless they say so; see
//! [`Place`].

mod credentials;
mod ini;
mod place;
#[cfg(test)]
mod tests;

pub use credentials::{Credentials, Keys, ProcessError, read_process};
use place::For;
pub use place::{Place, without_user};

use crate::failure::ErrorFormat;
use crate::file::expand;
use crate::invocation::Globals;
use crate::output::Format;
use crate::python::{NotANumber, shell_words, whole_number};
use crate::retry::Mode;
use ini::{Ini, Section};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The profile that is taken if none is named.
const DEFAULT_PROFILE: &str = "default";
/// How long to wait for a connection, if nobody says: in seconds.
const TIMEOUT_SECONDS: u64 = 60;
/// What the answer is shown with on a terminal, if nobody says.
const PAGER: &str = "less";

/// Names a server of this project. `tidewheel swf` and the commands for people read it, and AWS's tools
/// and programs do not, so that they go on as they were set up. `tidewheel iam` works on the data
/// directory unless an option names a server.
pub const ENDPOINT_URL_VARIABLE: &str = "TIDEWHEEL_ENDPOINT_URL";
/// The file of the certificate that is shown to a server which wants one of its clients.
pub const CLIENT_CERT_VARIABLE: &str = "TIDEWHEEL_CLIENT_CERT";
/// And that of its private key.
pub const CLIENT_KEY_VARIABLE: &str = "TIDEWHEEL_CLIENT_KEY";

/// A look at the environment.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why it is not known who asks, where, or how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A file is not of the form that it must have.
    #[error("Unable to parse config file: {path}")]
    Unparsable {
        /// The file.
        path: String,
    },
    /// No file has that profile.
    #[error("The config profile ({0}) could not be found")]
    UnknownProfile(String),
    /// The profile names a section that is not there.
    #[error(
        "The profile is configured to use the services section but the \"{0}\" services \
         configuration does not exist."
    )]
    NoServices(String),
    /// A key without its secret.
    #[error("Partial credentials found in {provider}, missing: {missing}")]
    PartialCredentials {
        /// Where the key is from.
        provider: &'static str,
        /// What is not there.
        missing: &'static str,
    },
    /// The profile, or the environment, wants credentials of another service.
    #[error(
        "The credentials of {origin} come from {service}, which tidewheel does not ask. Get some \
         with AWS's tools, and give them in the environment or with credential_process."
    )]
    OtherService {
        /// A profile or a variable.
        origin: String,
        /// Who would have to be asked.
        service: &'static str,
    },
    /// The command that gives credentials has an open quotation.
    #[error("No closing quotation")]
    OpenQuotation,
    /// Nothing says which region.
    #[error(
        "You must specify a region. You can also configure your region by running \"aws configure\"."
    )]
    NoRegion,
    /// Nothing says who asks.
    #[error(
        "Unable to locate credentials. You can configure credentials by running \"aws login\"."
    )]
    NoCredentials,
    /// A certificate without its key, or a key without a certificate.
    #[error(
        "A certificate that says who connects ({CLIENT_CERT_VARIABLE}) and its private key \
         ({CLIENT_KEY_VARIABLE}) go together."
    )]
    HalfOfClient,
    /// No region has such a name.
    #[error("Provided region_name '{0}' doesn't match a supported format.")]
    InvalidRegion(String),
    /// A URL without a host.
    #[error("Invalid endpoint: {}", without_user(.0))]
    NoHost(String),
    /// A file of certificates without a name: a variable, perhaps, that was to have it.
    #[error(
        "Invalid CA bundle: the configured value (ca_bundle, AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, or \
         verify) resolved to an empty or whitespace-only string. Provide a valid path to a CA \
         bundle file."
    )]
    EmptyCaBundle,
    /// No number.
    #[error(transparent)]
    NoNumber(#[from] NotANumber),
    /// No mode of repeating requests.
    #[error(
        "Invalid value provided to \"mode\": \"{0}\" must be one of: ('legacy', 'standard', \
         'adaptive')"
    )]
    UnknownRetryMode(String),
    /// A request has to be sent once.
    #[error(
        "Value provided to \"max_attempts\": {0} must be an integer greater than or equal to 1."
    )]
    TooFewAttempts(i64),
    /// No form of output.
    #[error("Unknown output type: {0}")]
    UnknownOutput(String),
    /// No form of timestamps.
    #[error("Unknown cli_timestamp_format value: {0}, valid values are \"wire\" or \"iso8601\"")]
    UnknownTimestampFormat(String),
}

impl ProfileError {
    /// What AWS's CLI calls it where errors have codes; the exit code follows from it.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            ProfileError::NoRegion => Some("NoRegion"),
            ProfileError::NoCredentials => Some("NoCredentials"),
            ProfileError::Unparsable { .. }
            | ProfileError::UnknownProfile(_)
            | ProfileError::NoServices(_)
            | ProfileError::PartialCredentials { .. }
            | ProfileError::OtherService { .. }
            | ProfileError::OpenQuotation
            | ProfileError::HalfOfClient
            | ProfileError::InvalidRegion(_)
            | ProfileError::NoHost(_)
            | ProfileError::EmptyCaBundle
            | ProfileError::NoNumber(_)
            | ProfileError::UnknownRetryMode(_)
            | ProfileError::TooFewAttempts(_)
            | ProfileError::UnknownOutput(_)
            | ProfileError::UnknownTimestampFormat(_) => None,
        }
    }
}

/// Where the two files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locations {
    /// The config file; none without a home.
    pub config: Option<String>,
    /// The credentials file; none without a home.
    pub credentials: Option<String>,
}

impl Locations {
    /// Where the environment says, or else below the home directory.
    pub fn of(variable: Variables<'_>) -> Locations {
        let place = |name: &str, usual: &str| {
            let path = variable(name).unwrap_or_else(|| usual.to_owned());
            if path.starts_with('~') {
                variable("HOME")?;
            }
            Some(expand(&path, variable))
        };
        Locations {
            config: place("AWS_CONFIG_FILE", "~/.aws/config"),
            credentials: place("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        }
    }
}

/// A file that was read.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Where, for people.
    pub path: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// What the files say.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Of the config file.
    configured: BTreeMap<String, Section>,
    /// Of the credentials file.
    credentials: BTreeMap<String, Section>,
    /// Of both: what the credentials file says stands before the other.
    profiles: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
}

impl Configuration {
    /// Reads the files that are there.
    pub fn read(
        config: Option<File<'_>>,
        credentials: Option<File<'_>>,
    ) -> Result<Configuration, ProfileError> {
        let read = |file: Option<File<'_>>| match file {
            None => Ok(Ini::default()),
            Some(file) => Ini::parse(file.text)
                .map_err(|_| ProfileError::Unparsable { path: file.path.to_owned() }),
        };
        let mut configuration = Configuration::default();
        for (name, section) in read(config)?.sections() {
            if name == DEFAULT_PROFILE {
                configuration.configured.insert(name.to_owned(), section.clone());
            } else if let Some(profile) = named(name, "profile") {
                configuration.configured.insert(profile, section.clone());
            } else if let Some(services) = named(name, "services") {
                configuration.services.insert(services, section.clone());
            }
        }
        configuration.profiles = configuration.configured.clone();
        for (name, section) in read(credentials)?.sections() {
            configuration.credentials.insert(name.to_owned(), section.clone());
            configuration.profiles.entry(name.to_owned()).or_default().update(section);
        }
        Ok(configuration)
    }
}

/// The name in a section such as `[profile NAME]`.
fn named(section: &str, kind: &str) -> Option<String> {
    if !section.starts_with(kind) {
        return None;
    }
    match <[String; 2]>::try_from(shell_words(section)?) {
        Ok([_, name]) => Some(name),
        Err(_) => None,
    }
}

/// How timestamps are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// As dates with a time and an offset.
    Iso8601,
    /// As the numbers that the service sends.
    Wire,
}

/// How answers are shown, as far as the files and the environment have a say in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// In which form.
    pub output: Format,
    /// And timestamps.
    pub timestamps: TimestampFormat,
    /// Through which command on a terminal; none for none.
    pub pager: Option<String>,
}

/// A certificate that says who connects, and its private key: the paths of two files, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// The certificate, with those behind it.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
}

impl ClientFiles {
    /// AWS's tools have no word for it, so there are variables of our own.
    fn find(variable: Variables<'_>) -> Result<Option<ClientFiles>, ProfileError> {
        let set = |name| variable(name).filter(|path| !path.is_empty());
        match (set(CLIENT_CERT_VARIABLE), set(CLIENT_KEY_VARIABLE)) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => Ok(Some(ClientFiles { cert: cert.into(), key: key.into() })),
            (Some(_), None) | (None, Some(_)) => Err(ProfileError::HalfOfClient),
        }
    }
}

/// All that is settled before something is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where requests go.
    pub place: Place,
    /// The region that they are signed for.
    pub region: String,
    /// Who signs them.
    pub credentials: Credentials,
    /// The certificates of authorities that are believed, in PEM.
    pub ca_bundle: Option<String>,
    /// What is shown to a server that wants a certificate of its clients.
    pub client: Option<ClientFiles>,
    /// By which signs requests are sent again.
    pub retry_mode: Mode,
    /// How often one is sent in all; at least once.
    pub attempts: u32,
    /// How long to wait for a connection, in seconds; none for ever.
    pub connect_timeout: Option<u64>,
    /// How long to wait for an answer, in seconds; 0 for ever. None if nobody has said.
    pub read_timeout: Option<u64>,
}

/// What is known of the one who asks: the profile, and the environment.
struct Sources<'a> {
    configuration: &'a Configuration,
    variable: Variables<'a>,
    /// The profile that was named; without one, the default is taken as far as it is there.
    named: Option<String>,
}

impl<'a> Sources<'a> {
    fn new(
        asked: &Globals,
        configuration: &'a Configuration,
        variable: Variables<'a>,
    ) -> Result<Sources<'a>, ProfileError> {
        let named = asked.profile.clone();
        let named = named.or_else(|| variable("AWS_PROFILE"));
        let named = named.or_else(|| variable("AWS_DEFAULT_PROFILE"));
        if let Some(name) =
            named.as_ref().filter(|name| !configuration.profiles.contains_key(*name))
        {
            return Err(ProfileError::UnknownProfile(name.clone()));
        }
        Ok(Sources { configuration, variable, named })
    }

    fn profile_name(&self) -> &str {
        self.named.as_deref().unwrap_or(DEFAULT_PROFILE)
    }

    fn profile(&self) -> Option<&'a Section> {
        self.configuration.profiles.get(self.profile_name())
    }

    fn option(&self, name: &str) -> Option<&'a str> {
        self.profile()?.text(name)
    }

    /// What the first of the variables that is set says, or else the profile.
    fn setting(&self, variables: &[&str], option: &str) -> Option<String> {
        let set = variables.iter().find_map(|name| (self.variable)(name));
        set.or_else(|| self.option(option).map(str::to_owned))
    }

    fn switch(&self, variable: &str, option: &str) -> bool {
        self.setting(&[variable], option).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    fn integer(&self, variable: &str, option: &str) -> Result<Option<i64>, ProfileError> {
        let Some(text) = self.setting(&[variable], option) else { return Ok(None) };
        Ok(Some(whole_number(&text)?))
    }
}

/// Below zero is as good as zero, and what is too much for ever.
fn clamped(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// Looks whether the profile is there that was named, if one was.
///
/// # Errors
///
/// If it is not.
pub fn check_profile(
    asked: &Globals,
    configuration: &Configuration,
    variable: Variables<'_>,
) -> Result<(), ProfileError> {
    Sources::new(asked, configuration, variable).map(|_| ())
}

/// In which form errors are shown. This cannot fail: it is asked when something has failed, perhaps
/// because of what is asked here.
pub fn error_format(
    asked: &Globals,
    configuration: &Configuration,
    variable: Variables<'_>,
) -> ErrorFormat {
    let configured = || {
        let sources = Sources::new(asked, configuration, variable).ok()?;
        let text = sources.setting(&["AWS_CLI_ERROR_FORMAT"], "cli_error_format")?;
        ErrorFormat::parse(&text.to_lowercase())
    };
    let given = asked.error_format.as_deref().and_then(ErrorFormat::parse);
    given.or_else(configured).unwrap_or_default()
}

impl Display {
    /// Settles it.
    pub fn resolve(
        asked: &Globals,
        configuration: &Configuration,
        variable: Variables<'_>,
    ) -> Result<Display, ProfileError> {
        let sources = Sources::new(asked, configuration, variable)?;
        let timestamps = match sources.option("cli_timestamp_format") {
            None | Some("iso8601") => TimestampFormat::Iso8601,
            // The second is the older name.
            Some("wire" | "none") => TimestampFormat::Wire,
            Some(other) => return Err(ProfileError::UnknownTimestampFormat(other.to_owned())),
        };
        let output = asked.output.clone();
        let output = match output.or_else(|| sources.setting(&["AWS_DEFAULT_OUTPUT"], "output")) {
            None => Format::Json,
            Some(text) => Format::parse(&text).ok_or(ProfileError::UnknownOutput(text))?,
        };
        let pager = sources.setting(&["AWS_PAGER"], "cli_pager");
        let pager = pager.or_else(|| variable("PAGER")).unwrap_or_else(|| PAGER.to_owned());
        let pager = Some(pager).filter(|pager| asked.pager && !pager.trim().is_empty());
        Ok(Display { output, timestamps, pager })
    }
}

impl Settings {
    /// Settles where a request goes, and what it is signed with.
    pub fn resolve(
        asked: &Globals,
        configuration: &Configuration,
        variable: Variables<'_>,
    ) -> Result<Settings, ProfileError> {
        Settings::settle(asked, configuration, variable, For::Swf)
    }

    /// The same for the commands for people, which AWS does not have: they take any endpoint that is
    /// not AWS's for a server of this project, which needs neither a region nor credentials.
    pub fn for_people(
        asked: &Globals,
        configuration: &Configuration,
        variable: Variables<'_>,
    ) -> Result<Settings, ProfileError> {
        Settings::settle(asked, configuration, variable, For::People)
    }

    /// Whether requests are signed with what no server knows, because no credentials are configured.
    pub fn stands_in(&self) -> bool {
        self.place.credentials().is_some_and(|stand_in| self.credentials == stand_in)
    }

    fn settle(
        asked: &Globals,
        configuration: &Configuration,
        variable: Variables<'_>,
        whom: For,
    ) -> Result<Settings, ProfileError> {
        let sources = Sources::new(asked, configuration, variable)?;
        let region = asked.region.clone();
        let region =
            region.or_else(|| sources.setting(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region"));
        let region = region.filter(|region| !region.is_empty());
        let credentials = Credentials::find(asked, &sources)?;
        // The order is that in which the AWS CLI finds what is wrong.
        let place = Place::find(asked, &sources, region.as_deref(), credentials.as_ref(), whom);
        if let Err(ProfileError::NoRegion) = place {
            return Err(ProfileError::NoRegion);
        }
        let retry_mode = match sources.setting(&["AWS_RETRY_MODE"], "retry_mode") {
            None => Mode::Standard,
            Some(text) => Mode::parse(&text).ok_or(ProfileError::UnknownRetryMode(text))?,
        };
        let attempts = match sources.integer("AWS_MAX_ATTEMPTS", "max_attempts")? {
            None => retry_mode.attempts(),
            Some(few) if few < 1 => return Err(ProfileError::TooFewAttempts(few)),
            Some(attempts) => clamped(attempts),
        };
        let place = place?;
        let ca_bundle = asked.ca_bundle.clone();
        let ca_bundle = ca_bundle.or_else(|| sources.setting(&["AWS_CA_BUNDLE"], "ca_bundle"));
        let ca_bundle = ca_bundle.or_else(|| variable("REQUESTS_CA_BUNDLE"));
        if ca_bundle.as_ref().is_some_and(|path| path.trim().is_empty()) {
            return Err(ProfileError::EmptyCaBundle);
        }
        let client = ClientFiles::find(variable)?;
        let region = match region {
            Some(region) => region,
            None => place.region().ok_or(ProfileError::NoRegion)?.to_owned(),
        };
        let credentials = match credentials {
            Some(credentials) => credentials,
            None => place.credentials().ok_or(ProfileError::NoCredentials)?,
        };
        // The AWS CLI asks neither the profile nor the environment for these two.
        let connect_timeout = asked.connect_timeout.unwrap_or(TIMEOUT_SECONDS);
        Ok(Settings {
            place,
            region,
            credentials,
            ca_bundle,
            client,
            retry_mode,
            attempts,
            connect_timeout: (connect_timeout != 0).then_some(connect_timeout),
            read_timeout: asked.read_timeout,
        })
    }
}
