//! Domains and types: every transition and every refusal (api.md, sections 1.4, 4.1 and 4.2).
//!
//! A script here is one request per line, refused if a line with the fault follows, and questions
//! about what is registered. After every request the registry is the fold of all changes so far,
//! and what its listings tell is enough to build it again.

use super::script::{ask, named, word};
use super::world::{fault_text, register, scope};
use crate::Limits;
use crate::registry::{Change, Registry, Scope};
use serde_json::{Value, json};
use wire::{Arn, Fault, Operation, Timestamp};

#[derive(Default)]
struct Records {
    registry: Registry,
    changes: Vec<Change>,
    seconds: i64,
}

/// Runs a script; the clock goes forward a second per line.
#[track_caller]
fn check(script: &str) -> Registry {
    let mut records = Records::default();
    let mut scope = scope();
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (index, line) in lines.iter().enumerate() {
        if let Some(region) = line.strip_prefix("in ") {
            scope.region = region.into();
        } else if let Some(question) = line.strip_prefix("? ") {
            records.ask(&scope, question);
        } else if !line.starts_with("=> ") {
            let expected = lines.get(index + 1).and_then(|next| next.strip_prefix("=> ! "));
            let refused = records.request(&scope, line).err().map(|fault| fault_text(&fault));
            assert_eq!(refused.as_deref(), expected, "{line}");
        }
    }
    records.registry
}

impl Records {
    fn request(&mut self, scope: &Scope, line: &str) -> Result<(), Fault> {
        self.seconds += 1;
        let now = Timestamp(self.seconds * 1000);
        self.changes.extend(register(&mut self.registry, scope, line, now)?);
        let mut folded = Registry::default();
        self.changes.iter().for_each(|change| folded.evolve(change.clone()));
        assert_eq!(folded, self.registry, "the registry is the fold of its changes");
        let mut rebuilt = Registry::default();
        for change in listed(&self.registry, scope) {
            rebuilt.evolve(change);
        }
        let names = |registry: &Registry| registry.domains(scope).cloned().collect::<Vec<_>>();
        assert_eq!(names(&rebuilt), names(&self.registry), "the listings tell everything");
        Ok(())
    }

    /// `domain d path=value`, `activity d work/1 path=value`, `workflow d order/1 path=value`.
    fn ask(&self, scope: &Scope, question: &str) {
        let mut words = question.split_whitespace();
        let mut next = || words.next().expect("the question says what it is about");
        let (kind, name) = (next(), next());
        let domain = self.registry.domain(scope, &name.into()).expect("the domain exists");
        let read = |value: Value| serde_json::from_value(value).expect("it is a type");
        let view = match kind {
            "domain" => {
                let mut view = serde_json::to_value(domain.record.detail(scope));
                let tags = serde_json::to_value(&domain.record.tags).expect("tags can be written");
                view.as_mut().expect("it can be written")["tags"] = tags;
                view
            }
            "activity" => {
                let wanted = read(named(next()));
                serde_json::to_value(domain.activity_type(&wanted).expect("the type exists"))
            }
            _ => {
                let wanted: wire::WorkflowType =
                    serde_json::from_value(named(next())).expect("it is a type");
                serde_json::to_value(domain.workflow_type(&wanted).expect("the type exists"))
            }
        };
        let rest: Vec<&str> = words.collect();
        ask(&view.expect("it can be written"), &rest.join(" "));
    }
}

/// What a scope's listings tell, as changes.
fn listed(registry: &Registry, scope: &Scope) -> Vec<Change> {
    let domains = registry.domains(scope).flat_map(|domain| {
        let name = &domain.record.name;
        let activities = domain
            .activity_types()
            .map(|detail| Change::PutActivityType(scope.clone(), name.clone(), detail.clone()));
        let workflows = domain
            .workflow_types()
            .map(|detail| Change::PutWorkflowType(scope.clone(), name.clone(), detail.clone()));
        let record = Change::PutDomain(scope.clone(), domain.record.clone());
        std::iter::once(record).chain(activities).chain(workflows)
    });
    domains.collect()
}

const DOMAIN: &str = r#"RegisterDomain {"name":"d","workflowExecutionRetentionPeriodInDays":"7"}"#;

#[test]
fn a_domain_from_registered_to_deprecated_and_back() {
    check(
        r#"
        DeprecateDomain {"name":"d"}
        => ! UnknownResourceFault: Unknown domain: d
        UndeprecateDomain {"name":"d"}
        => ! UnknownResourceFault: Unknown domain: d
        RegisterDomain {"name":"d","workflowExecutionRetentionPeriodInDays":"0","description":"first"}
        ? domain d domainInfo.status=REGISTERED domainInfo.description=first
        ? domain d domainInfo.arn=arn:aws:swf:us-east-1:123456789012:/domain/d
        ? domain d configuration.workflowExecutionRetentionPeriodInDays=0
        RegisterDomain {"name":"d","workflowExecutionRetentionPeriodInDays":"7"}
        => ! DomainAlreadyExistsFault: d
        UndeprecateDomain {"name":"d"}
        => ! DomainAlreadyExistsFault: d
        DeprecateDomain {"name":"d"}
        ? domain d domainInfo.status=DEPRECATED domainInfo.description=first
        DeprecateDomain {"name":"d"}
        => ! DomainDeprecatedFault: d
        RegisterDomain {"name":"d","workflowExecutionRetentionPeriodInDays":"7"}
        => ! DomainAlreadyExistsFault: d
        UndeprecateDomain {"name":"d"}
        ? domain d domainInfo.status=REGISTERED
        RegisterDomain {"name":"e","workflowExecutionRetentionPeriodInDays":"NONE"}
        ? domain e domainInfo.description=- configuration.workflowExecutionRetentionPeriodInDays=NONE
        "#,
    );
}

/// The two kinds of types live alike; their requests differ in names only.
#[test]
fn a_type_from_registered_to_deprecated_and_gone() {
    for (kind, member, kind_of_line) in
        [("ActivityType", "activityType", "activity"), ("WorkflowType", "workflowType", "workflow")]
    {
        let register = format!(r#"Register{kind} {{"domain":"d","name":"n","version":"1"}}"#);
        let about = |verb: &str| {
            format!(r#"{verb}{kind} {{"domain":"d","{member}":{{"name":"n","version":"1"}}}}"#)
        };
        let [deprecate, undeprecate, delete] = ["Deprecate", "Undeprecate", "Delete"].map(about);
        check(&format!(
            "
            {register}
            => ! UnknownResourceFault: Unknown domain: d
            {deprecate}
            => ! UnknownResourceFault: Unknown domain: d
            {DOMAIN}
            {deprecate}
            => ! UnknownResourceFault: Unknown type: {kind}=[name=n, version=1]
            {undeprecate}
            => ! UnknownResourceFault: Unknown type: {kind}=[name=n, version=1]
            {delete}
            => ! UnknownResourceFault: Unknown type: {kind}=[name=n, version=1]
            {register}
            ? {kind_of_line} d n/1 typeInfo.status=REGISTERED typeInfo.creationDate=7.0
            ? {kind_of_line} d n/1 typeInfo.deprecationDate=- typeInfo.description=-
            {register}
            => ! TypeAlreadyExistsFault: {kind}=[name=n, version=1]
            {undeprecate}
            => ! TypeAlreadyExistsFault: {kind}=[name=n, version=1]
            {delete}
            => ! TypeNotDeprecatedFault: The type is currently registered and cannot be deleted in its current state
            {deprecate}
            ? {kind_of_line} d n/1 typeInfo.status=DEPRECATED typeInfo.deprecationDate=11.0
            {deprecate}
            => ! TypeDeprecatedFault: {kind}=[name=n, version=1]
            {register}
            => ! TypeAlreadyExistsFault: {kind}=[name=n, version=1]
            {undeprecate}
            ? {kind_of_line} d n/1 typeInfo.status=REGISTERED typeInfo.deprecationDate=-
            ? {kind_of_line} d n/1 typeInfo.creationDate=7.0
            {deprecate}
            {delete}
            {delete}
            => ! UnknownResourceFault: Unknown type: {kind}=[name=n, version=1]
            {register}
            ? {kind_of_line} d n/1 typeInfo.creationDate=18.0
            "
        ));
    }
}

#[test]
fn what_a_type_is_registered_with_is_kept() {
    check(&format!(
        r#"
        {DOMAIN}
        RegisterActivityType {{"domain":"d","name":"n","version":"1","description":"x","defaultTaskList":{{"name":"l"}},"defaultTaskPriority":"-1","defaultTaskStartToCloseTimeout":"1","defaultTaskHeartbeatTimeout":"2","defaultTaskScheduleToStartTimeout":"3","defaultTaskScheduleToCloseTimeout":"NONE"}}
        ? activity d n/1 typeInfo.description=x configuration.defaultTaskList=l
        ? activity d n/1 configuration.defaultTaskPriority=-1
        ? activity d n/1 configuration.defaultTaskStartToCloseTimeout=1
        ? activity d n/1 configuration.defaultTaskHeartbeatTimeout=2
        ? activity d n/1 configuration.defaultTaskScheduleToStartTimeout=3
        ? activity d n/1 configuration.defaultTaskScheduleToCloseTimeout=NONE
        RegisterWorkflowType {{"domain":"d","name":"n","version":"1","description":"x","defaultTaskList":{{"name":"l"}},"defaultTaskPriority":"-1","defaultTaskStartToCloseTimeout":"1","defaultExecutionStartToCloseTimeout":"2","defaultChildPolicy":"ABANDON","defaultLambdaRole":"arn:r"}}
        ? workflow d n/1 typeInfo.description=x configuration.defaultTaskList=l
        ? workflow d n/1 configuration.defaultTaskPriority=-1
        ? workflow d n/1 configuration.defaultTaskStartToCloseTimeout=1
        ? workflow d n/1 configuration.defaultExecutionStartToCloseTimeout=2
        ? workflow d n/1 configuration.defaultChildPolicy=ABANDON
        ? workflow d n/1 configuration.defaultLambdaRole=arn:r
        "#
    ));
}

#[test]
fn deprecating_a_domain_deprecates_its_types_and_the_way_back_does_not() {
    let kept = |kind: &str| format!("? {kind} d old/1 typeInfo.deprecationDate=6.0");
    check(&format!(
        r#"
        {DOMAIN}
        RegisterActivityType {{"domain":"d","name":"n","version":"1"}}
        RegisterActivityType {{"domain":"d","name":"old","version":"1"}}
        RegisterWorkflowType {{"domain":"d","name":"n","version":"1"}}
        RegisterWorkflowType {{"domain":"d","name":"old","version":"1"}}
        DeprecateActivityType {{"domain":"d","activityType":{{"name":"old","version":"1"}}}}
        DeprecateWorkflowType {{"domain":"d","workflowType":{{"name":"old","version":"1"}}}}
        DeprecateDomain {{"name":"d"}}
        ? activity d n/1 typeInfo.status=DEPRECATED typeInfo.deprecationDate=8.0
        ? workflow d n/1 typeInfo.status=DEPRECATED typeInfo.deprecationDate=8.0
        {}
        ? workflow d old/1 typeInfo.deprecationDate=7.0
        RegisterActivityType {{"domain":"d","name":"m","version":"1"}}
        => ! DomainDeprecatedFault: d
        RegisterWorkflowType {{"domain":"d","name":"m","version":"1"}}
        => ! DomainDeprecatedFault: d
        UndeprecateDomain {{"name":"d"}}
        ? activity d n/1 typeInfo.status=DEPRECATED
        ? workflow d n/1 typeInfo.status=DEPRECATED
        UndeprecateActivityType {{"domain":"d","activityType":{{"name":"n","version":"1"}}}}
        ? activity d n/1 typeInfo.status=REGISTERED
        "#,
        kept("activity")
    ));
}

#[test]
fn accounts_and_regions_are_apart() {
    check(&format!(
        r#"
        {DOMAIN}
        in cn-north-1
        DeprecateDomain {{"name":"d"}}
        => ! UnknownResourceFault: Unknown domain: d
        {DOMAIN}
        ? domain d domainInfo.arn=arn:aws-cn:swf:cn-north-1:123456789012:/domain/d
        DeprecateDomain {{"name":"d"}}
        in us-gov-west-1
        {DOMAIN}
        ? domain d domainInfo.arn=arn:aws-us-gov:swf:us-gov-west-1:123456789012:/domain/d
        in eu-central-1
        {DOMAIN}
        ? domain d domainInfo.arn=arn:aws:swf:eu-central-1:123456789012:/domain/d
        in us-east-1
        ? domain d domainInfo.status=REGISTERED
        "#
    ));
}

#[test]
fn tags() {
    let arn = "arn:aws:swf:us-east-1:123456789012:/domain/d";
    let registry = check(&format!(
        r#"
        RegisterDomain {{"name":"d","workflowExecutionRetentionPeriodInDays":"7","tags":[{{"key":"a","value":"1"}},{{"key":"b"}}]}}
        ? domain d tags.a=1 tags.b=-
        TagResource {{"resourceArn":"{arn}","tags":[{{"key":"a","value":"2"}},{{"key":"c","value":"3"}}]}}
        ? domain d tags.a=2 tags.c=3
        UntagResource {{"resourceArn":"{arn}","tagKeys":["a","nothing"]}}
        ? domain d tags.a=- tags.c=3
        TagResource {{"resourceArn":"{arn}x","tags":[{{"key":"a"}}]}}
        => ! UnknownResourceFault: Unknown resource: {arn}x
        TagResource {{"resourceArn":"arn:aws:swf:us-east-1:210987654321:/domain/d","tags":[{{"key":"a"}}]}}
        => ! UnknownResourceFault: Unknown resource: arn:aws:swf:us-east-1:210987654321:/domain/d
        UntagResource {{"resourceArn":"d","tagKeys":["a"]}}
        => ! UnknownResourceFault: Unknown resource: d
        "#
    ));
    let tags = registry.domain(&scope(), &"d".into()).expect("it is registered").tags();
    let tags: Vec<_> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(tags, [("b", ""), ("c", "3")]);
    let registry = check(DOMAIN);
    let found = |arn: &str| registry.domain_of_arn(&scope(), &Arn::from(arn)).is_ok();
    assert!(found(arn));
    assert!(!found("arn:aws-cn:swf:us-east-1:123456789012:/domain/d"), "of another partition");
}

#[test]
fn a_tag_too_many() {
    let tags = |from: usize, count: usize| -> String {
        let tags: Vec<Value> =
            (from..from + count).map(|number| json!({ "key": format!("k{number}") })).collect();
        Value::from(tags).to_string()
    };
    let register = |name: &str, count| {
        let tags = tags(0, count);
        format!(
            r#"RegisterDomain {{"name":"{name}","workflowExecutionRetentionPeriodInDays":"7","tags":{tags}}}"#
        )
    };
    let tag = |tags: String| {
        let arn = "arn:aws:swf:us-east-1:123456789012:/domain/d";
        format!(r#"TagResource {{"resourceArn":"{arn}","tags":{tags}}}"#)
    };
    assert_eq!(Limits::AWS.domain_tags_max, 50);
    check(&format!(
        "
        {}
        => ! TooManyTagsFault: A domain can have at most 50 tags
        {}
        {}
        {}
        => ! TooManyTagsFault: A domain can have at most 50 tags
        ",
        register("e", 51),
        register("d", 50),
        tag(tags(49, 1)),
        tag(tags(50, 1)),
    ));
}

#[test]
fn a_region_too_many() {
    assert_eq!(Limits::AWS.regions_max, 64);
    let mut registry = Registry::default();
    let mut request = |account: &str, region: &str, name: &str| {
        let scope = Scope { account: account.into(), region: region.into() };
        let line = format!(
            r#"RegisterDomain {{"name":"{name}","workflowExecutionRetentionPeriodInDays":"7"}}"#
        );
        let result = register(&mut registry, &scope, &line, Timestamp(0));
        result.map(drop).map_err(|fault| fault_text(&fault))
    };
    for number in 0..64 {
        assert_eq!(request("123456789012", &format!("made-up-{number}"), "d"), Ok(()));
    }
    let limit = Err("LimitExceededFault: Limit of 64 regions with domains reached".to_owned());
    assert_eq!(request("123456789012", "made-up-64", "d"), limit);
    assert_eq!(request("123456789012", "made-up-63", "e"), Ok(()), "a region that it has");
    assert_eq!(request("210987654321", "made-up-64", "d"), Ok(()), "another account");
}

#[test]
fn a_domain_too_many() {
    assert_eq!(Limits::AWS.domains_max, 100);
    let mut registry = Registry::default();
    let line = |name: &str| {
        format!(
            r#"RegisterDomain {{"name":"{name}","workflowExecutionRetentionPeriodInDays":"7"}}"#
        )
    };
    let mut request = |line: &str| {
        let result = register(&mut registry, &scope(), line, Timestamp(0));
        result.map(drop).map_err(|fault| fault_text(&fault))
    };
    for number in 0..100 {
        assert_eq!(request(&line(&format!("d{number}"))), Ok(()));
    }
    let limit = Err("LimitExceededFault: Limit of 100 domains reached".to_owned());
    assert_eq!(request(&line("d100")), limit);
    assert_eq!(request(r#"DeprecateDomain {"name":"d0"}"#), Ok(()));
    assert_eq!(request(&line("d100")), limit, "deprecated domains count");
    let taken = Err("DomainAlreadyExistsFault: d0".to_owned());
    assert_eq!(request(&line("d0")), taken, "the name comes before the limit");
    let elsewhere = Scope { account: "210987654321".into(), region: "us-east-1".into() };
    assert!(register(&mut registry, &elsewhere, &line("d100"), Timestamp(0)).is_ok());
}

#[test]
fn a_type_too_many() {
    let Limits { activity_types_max, workflow_types_max, .. } = Limits::AWS;
    assert_eq!((activity_types_max, workflow_types_max), (10_000, 10_000));
    let one = |kind: &str| format!(r#"Register{kind} {{"domain":"d","name":"n","version":"1"}}"#);
    let script = format!("{DOMAIN}\n{}\n{}", one("ActivityType"), one("WorkflowType"));
    let mut registry = check(&script);
    // Copies under other versions; asking 10,000 times would only be slower.
    for change in listed(&registry, &scope()) {
        for number in 2..=activity_types_max {
            let mut change = change.clone();
            if let Change::PutActivityType(_, _, detail) = &mut change {
                detail.type_info.activity_type.version = number.to_string().into();
            } else if let Change::PutWorkflowType(_, _, detail) = &mut change {
                detail.type_info.workflow_type.version = number.to_string().into();
            } else {
                break;
            }
            registry.evolve(change);
        }
    }
    let mut request = |line: &str| {
        let result = register(&mut registry, &scope(), line, Timestamp(0));
        result.map(drop).map_err(|fault| fault_text(&fault))
    };
    for (kind, member, what) in [
        ("ActivityType", "activityType", "activity types"),
        ("WorkflowType", "workflowType", "workflow types"),
    ] {
        let another = format!(r#"Register{kind} {{"domain":"d","name":"n","version":"x"}}"#);
        let about = |verb: &str| {
            format!(r#"{verb}{kind} {{"domain":"d","{member}":{{"name":"n","version":"5"}}}}"#)
        };
        let limit = Err(format!("LimitExceededFault: Limit of 10000 {what} reached"));
        assert_eq!(request(&another), limit);
        assert_eq!(request(&about("Deprecate")), Ok(()));
        assert_eq!(request(&another), limit, "deprecated types count");
        let taken = format!("TypeAlreadyExistsFault: {kind}=[name=n, version=1]");
        assert_eq!(request(&one(kind)), Err(taken), "the name comes before the limit");
        assert_eq!(request(&about("Delete")), Ok(()));
        assert_eq!(request(&another), Ok(()), "deleted types do not");
    }
}

#[test]
fn other_requests_are_not_the_registrys() {
    let registry = check(DOMAIN);
    for line in [
        r#"DescribeDomain {"name":"d"}"#,
        r#"ListDomains {"registrationStatus":"REGISTERED"}"#,
        r#"SignalWorkflowExecution {"domain":"d","workflowId":"w","signalName":"s"}"#,
    ] {
        let request = super::world::request(line).expect("the request is well formed");
        assert!(registry.apply(&scope(), &request, &Limits::AWS, Timestamp(0)).is_none(), "{line}");
    }
    assert_eq!(Operation::ALL.len(), 39);
    assert_eq!(word(&json!(registry.domains(&scope()).count())), "1");
}
