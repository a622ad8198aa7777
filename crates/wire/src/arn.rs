//! The resource names of domains. There is one place that spells them, so what policies are asked
//! about and what clients are told cannot differ.

use crate::values::{Arn, DomainName};

impl Arn {
    /// A domain's. The slash before `domain` is AWS's.
    pub fn of_domain(account: &str, region: &str, name: &DomainName) -> Arn {
        Arn::of_domains(account, region, name.as_str())
    }

    /// What ListDomains is asked about: a literal name that stands for all domains.
    pub fn of_all_domains(account: &str, region: &str) -> Arn {
        Arn::of_domains(account, region, "*")
    }

    /// The name of the domain, if this is how a domain of that account and region is written.
    pub fn domain_name(&self, account: &str, region: &str) -> Option<DomainName> {
        let (_, name) = self.as_str().split_once(":/domain/")?;
        let name = DomainName::from(name);
        (Arn::of_domain(account, region, &name) == *self).then_some(name)
    }

    fn of_domains(account: &str, region: &str, name: &str) -> Arn {
        let partition = match region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
            Some(_) | None => "aws",
        };
        format!("arn:{partition}:swf:{region}:{account}:/domain/{name}").into()
    }
}

#[test]
fn a_domain_is_found_by_its_own_name_alone() {
    let account = "123456789012";
    let arn = Arn::of_domain(account, "eu-west-1", &"orders".into());
    assert_eq!(arn.as_str(), "arn:aws:swf:eu-west-1:123456789012:/domain/orders");
    assert_eq!(arn.domain_name(account, "eu-west-1"), Some("orders".into()));
    for (account, region) in [("210987654321", "eu-west-1"), (account, "us-east-1")] {
        assert_eq!(arn.domain_name(account, region), None, "{account} {region}");
    }
    for other in [
        "arn:aws-cn:swf:eu-west-1:123456789012:/domain/orders",
        "arn:aws:swf::123456789012:/domain/orders",
        "arn:aws:swf:eu-west-1:123456789012:domain/orders",
        "arn:aws:sqs:eu-west-1:123456789012:/domain/orders",
        "orders",
    ] {
        assert_eq!(Arn::from(other).domain_name(account, "eu-west-1"), None, "{other}");
    }
    let abroad = Arn::of_all_domains(account, "cn-north-1");
    assert_eq!(abroad.as_str(), "arn:aws-cn:swf:cn-north-1:123456789012:/domain/*");
    let federal = Arn::of_domain(account, "us-gov-west-1", &"d".into());
    assert!(federal.as_str().starts_with("arn:aws-us-gov:swf:us-gov-west-1:"));
}
