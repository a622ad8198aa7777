//! Groups.

use super::difference::{documents, gone};
use super::{PlanError, Planner, Steps, check_path};
use crate::identity::document::GroupEntry;
use crate::identity::request::*;

impl Planner<'_> {
    pub(super) fn group(&self, group: &GroupEntry, steps: &mut Steps) -> Result<(), PlanError> {
        let known = self.directory.group(&self.account, &group.name);
        let group_name = || group.name.clone();
        match known {
            None => self.step(
                &mut steps.made,
                CreateGroup { path: group.path.clone(), group_name: group_name() },
            ),
            Some(known) => check_path("group", &group.name, group.path.as_deref(), &known.path)?,
        }
        let (policies, attached) = match known {
            Some(known) => (known.policies.clone(), known.attached.clone()),
            None => Default::default(),
        };
        let wanted = self.arns(&group.attached)?;
        for policy_arn in gone(&attached, &wanted) {
            let request = DetachGroupPolicy { group_name: group_name(), policy_arn };
            self.step(&mut steps.made, request);
        }
        for policy_arn in gone(&wanted, &attached) {
            let request = AttachGroupPolicy { group_name: group_name(), policy_arn };
            self.step(&mut steps.made, request);
        }
        let (deleted, put) = documents(&policies, &group.policies);
        for policy_name in deleted {
            let request = DeleteGroupPolicy { group_name: group_name(), policy_name };
            self.step(&mut steps.made, request);
        }
        for (policy_name, policy_document) in put {
            let request = PutGroupPolicy { group_name: group_name(), policy_name, policy_document };
            self.step(&mut steps.made, request);
        }
        Ok(())
    }
}
