//! Where requests go: the endpoint that was given, AWS, or the local server.

use super::{Credentials, ENDPOINT_URL_VARIABLE, Keys, ProfileError, Sources};
use crate::invocation::Globals;
use std::borrow::Cow;

/// Where the server of this project listens unless it is told otherwise.
const LOCAL: &str = "http://127.0.0.1:7933";
/// The region of requests to a server of this project, if nobody says; it is that of
/// `tidewheel iam`, too.
const REGION: &str = "us-east-1";

/// A server.
///
/// The first of these that says something:
///
/// 1. `--endpoint-url`
/// 2. `TIDEWHEEL_ENDPOINT_URL`
/// 3. what AWS's tools are told: `AWS_ENDPOINT_URL_SWF`, `AWS_ENDPOINT_URL`, `endpoint_url` for
///    `swf` in the `services` section of the profile, and `endpoint_url` of the profile, unless
///    `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` or `ignore_configured_endpoint_urls` is true
/// 4. AWS itself, if anything was said that only AWS's tools have a use for: a profile that was
///    named, a region, credentials of whatever kind, or that there shall be none
/// 5. the local server
///
/// The commands for people take 1 and 3 like 2, unless it is an endpoint of AWS.
///
/// So it is the bare machine, on which nobody has set up anything, that talks to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An endpoint that AWS's tools would take, too.
    Given(String),
    /// AWS, by this endpoint.
    Aws(String),
    /// A server of this project, by its own variable or by default.
    Ours(String),
}

/// Whose rule it is by which somebody is sent somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// `tidewheel swf`, which is as the AWS CLI is: without a region and credentials, nobody is asked.
    Swf,
    /// The commands for people.
    People,
}

impl Place {
    /// Its URL.
    pub fn url(&self) -> &str {
        match self {
            Place::Given(url) | Place::Aws(url) | Place::Ours(url) => url,
        }
    }

    /// The region, if nobody says.
    pub(super) fn region(&self) -> Option<&'static str> {
        match self {
            Place::Ours(_) => Some(REGION),
            Place::Given(_) | Place::Aws(_) => None,
        }
    }

    /// The credentials, if nobody says.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        match self {
            Place::Ours(_) => Some(Credentials::Keys(Keys::stand_ins())),
            Place::Given(_) | Place::Aws(_) => None,
        }
    }

    pub(super) fn find(
        asked: &Globals,
        sources: &Sources<'_>,
        region: Option<&str>,
        credentials: Option<&Credentials>,
        whom: For,
    ) -> Result<Place, ProfileError> {
        let set = |name: &str| (sources.variable)(name).filter(|text| !text.is_empty());
        let ours = asked.endpoint_url.is_none().then(|| set(ENDPOINT_URL_VARIABLE)).flatten();
        let configured = match &ours {
            Some(_) => None,
            None => match &asked.endpoint_url {
                Some(url) => Some(url.clone()),
                None => configured(sources)?,
            },
        };
        let (ours, configured) = match (ours, configured, whom) {
            (None, Some(url), For::People) if !is_of_aws(&url) => (Some(url), None),
            (ours, configured, For::People | For::Swf) => (ours, configured),
        };
        let is_local = ours.is_none()
            && configured.is_none()
            && sources.named.is_none()
            && region.is_none()
            && credentials.is_none();
        if is_local {
            return Ok(Place::Ours(LOCAL.to_owned()));
        }
        let is_ours = ours.is_some();
        // AWS's tools want a region before they look at anything else, whatever the endpoint.
        let region = match region {
            Some(region) => region,
            None if is_ours => REGION,
            None => return Err(ProfileError::NoRegion),
        };
        if !is_region(region) {
            return Err(ProfileError::InvalidRegion(region.to_owned()));
        }
        if let Some(url) = ours {
            return Ok(Place::Ours(url));
        }
        // They say which of AWS's endpoints to take, and nothing of any other.
        let fips = sources.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
        let dual_stack = sources.switch("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
        match configured {
            Some(url) if !has_host(&url) => Err(ProfileError::NoHost(url)),
            Some(url) => Ok(Place::Given(url)),
            None => Ok(Place::Aws(endpoint_of_aws(region, fips, dual_stack))),
        }
    }
}

/// An endpoint that the environment or the files have.
fn configured(sources: &Sources<'_>) -> Result<Option<String>, ProfileError> {
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
    if sources.switch(ignore.0, ignore.1) {
        return Ok(None);
    }
    let set = |name: &str| (sources.variable)(name).filter(|text| !text.is_empty());
    if let Some(url) = set("AWS_ENDPOINT_URL_SWF").or_else(|| set("AWS_ENDPOINT_URL")) {
        return Ok(Some(url));
    }
    let url = match sources.option("services") {
        None => None,
        Some(name) => {
            let services = sources.configuration.services.get(name);
            let services = services.ok_or_else(|| ProfileError::NoServices(name.to_owned()))?;
            services.nested("swf", "endpoint_url")
        }
    };
    let url = url.filter(|url| !url.is_empty()).or_else(|| sources.option("endpoint_url"));
    Ok(url.filter(|url| !url.is_empty()).map(str::to_owned))
}

/// The ends of the names of AWS's servers, the second of those that speak IPv6.
const SUFFIX: &str = "amazonaws.com";
const SUFFIX_OF_BOTH: &str = "api.aws";

/// Whether a URL says whom to ask. All else that can be wrong with it is found when somebody does.
fn has_host(url: &str) -> bool {
    let behind = url.split_once("//").map_or("", |(_, behind)| behind);
    !behind.is_empty() && !behind.starts_with(['/', '?', '#', ':'])
}
/// The partitions of AWS that are not the usual one: how their regions begin, and the ends of the
/// names of their servers, the second of those that speak IPv6.
const PARTITIONS: &[(&str, &str, &str)] = &[
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
];

fn endpoint_of_aws(region: &str, fips: bool, dual_stack: bool) -> String {
    let partition = PARTITIONS.iter().find(|(start, _, _)| region.starts_with(start));
    let (_, usual, of_both) = partition.unwrap_or(&("", SUFFIX, SUFFIX_OF_BOTH));
    let suffix = if dual_stack { of_both } else { usual };
    // In GovCloud the plain name is that of FIPS already.
    let plain = !fips || (region.starts_with("us-gov-") && !dual_stack);
    let host = if plain { "swf" } else { "swf-fips" };
    format!("https://{host}.{region}.{suffix}")
}

/// What is wrong with a URL is told with the URL, but not with the name and the password in it.
pub fn without_user(url: &str) -> Cow<'_, str> {
    // A password may have every sign in it if it is not written as it has to be.
    let Some((before, behind)) = url.rsplit_once('@') else { return url.into() };
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match before.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, _)) => format!("{scheme}://***@{behind}").into(),
        None => format!("***@{behind}").into(),
    }
}

/// Whether an endpoint is one of AWS's. A server of ours must be named in a way that is not: to take one
/// of AWS's for ours would be to ask it with a key and for a region that nobody gave.
fn is_of_aws(url: &str) -> bool {
    let host = host(url).to_ascii_lowercase();
    let mut suffixes = PARTITIONS.iter().flat_map(|(_, usual, of_both)| [*usual, *of_both]);
    let is_in = |suffix: &str| host.strip_suffix(suffix).is_some_and(|name| name.ends_with('.'));
    is_in(SUFFIX) || is_in(SUFFIX_OF_BOTH) || suffixes.any(is_in)
}

/// The name of the host in a URL, without the dot that ends it where it is whole.
fn host(url: &str) -> &str {
    let behind = url.split_once("//").map_or(url, |(_, behind)| behind);
    let authority = behind.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.split(':').next().unwrap_or_default().trim().trim_end_matches('.')
}

/// Whether it can be part of the name of a host.
fn is_region(region: &str) -> bool {
    const CHARS_MAX: usize = 63;
    region.len() <= CHARS_MAX
        && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-')
        && !region.bytes().all(|byte| byte.is_ascii_digit())
}
