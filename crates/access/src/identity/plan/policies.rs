//! Managed policies.

use super::{PlanError, Planner, Steps, check_path};
use crate::identity::request::{CreatePolicy, UpdatePolicy};

impl Planner<'_> {
    pub(super) fn policies(&self, steps: &mut Steps) -> Result<(), PlanError> {
        for policy in &self.entry.policy {
            let known = self
                .directory
                .policies(&self.account)
                .find(|known| known.name.eq_ignore_ascii_case(&policy.name));
            let document = policy.document.to_string();
            match known {
                None => self.step(
                    &mut steps.made,
                    CreatePolicy {
                        path: policy.path.clone(),
                        policy_name: policy.name.clone(),
                        policy_document: document,
                        description: None,
                    },
                ),
                Some(known) => {
                    check_path("policy", &policy.name, policy.path.as_deref(), &known.path)?;
                    if known.document != policy.document {
                        let policy_arn = known.arn(&self.account);
                        let request = UpdatePolicy { policy_arn, policy_document: document };
                        self.step(&mut steps.made, request);
                    }
                }
            }
        }
        Ok(())
    }
}
