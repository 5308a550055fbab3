//! The ladder (升级) that a missed deadline climbs while nothing happens: handler at the breach, then head, then director.

use serde::{Deserialize, Serialize};

use super::policy::PolicySpec;
use super::target::Target;
use crate::text_enum;

text_enum! {
    /// Who is told next when nothing happens after a missed deadline.
    EscalationLevel {
        /// The head of the department (部门负责人): level 1.
        DepartmentHead = "department_head",
        /// The director above the department (管理层): level 2.
        Director = "director",
    }
}

impl EscalationLevel {
    /// Its number on a feedback; 0 is nobody yet.
    pub const fn number(self) -> i32 {
        match self {
            Self::DepartmentHead => 1,
            Self::Director => 2,
        }
    }
}

/// One step of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationStep {
    /// Who is told.
    pub level: EscalationLevel,
    /// How long after the missed deadline.
    pub after: Target,
}

impl PolicySpec {
    /// The steps in force, from the lowest. A policy that has none of its own, as all did before there was a ladder:
    /// the head `escalate_after` the missed deadline, the director after twice that; none where that is null.
    pub fn ladder(&self) -> Vec<EscalationStep> {
        if let Some(ladder) = &self.escalation {
            return ladder.clone();
        }
        let Some(after) = self.escalate_after else { return Vec::new() };
        let twice = Target::new(after.value.saturating_mul(2), after.unit);
        vec![
            EscalationStep { level: EscalationLevel::DepartmentHead, after },
            EscalationStep { level: EscalationLevel::Director, after: twice },
        ]
    }

    /// The next step for what has come to `level` (0: to nobody yet).
    pub fn step_above(&self, level: i32) -> Option<EscalationStep> {
        self.ladder().into_iter().find(|step| step.level.number() > level)
    }

    /// The first step that does not lie above the one before: a level that is not higher, or a time that is not later
    /// where both are counted in one unit.
    pub fn crossed_step(&self) -> Option<usize> {
        let ladder = self.escalation.as_deref().unwrap_or_default();
        let crossed = |pair: &[EscalationStep]| {
            let [lower, upper] = pair else { return false };
            let same_unit = lower.after.unit == upper.after.unit;
            upper.level <= lower.level || (same_unit && upper.after.value <= lower.after.value)
        };
        ladder.windows(2).position(crossed).map(|before| before + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sla::{Unit, presets};

    fn step(level: EscalationLevel, value: u32, unit: Unit) -> EscalationStep {
        EscalationStep { level, after: Target::new(value, unit) }
    }

    #[test]
    fn a_policy_from_before_there_was_a_ladder_has_two_steps_or_none() {
        use EscalationLevel::{DepartmentHead, Director};
        let [mut policy, _] = presets();
        assert_eq!(policy.ladder(), [step(DepartmentHead, 1, Unit::Hours), step(Director, 2, Unit::Hours)]);
        policy.escalate_after = None;
        assert_eq!(policy.ladder(), []);
        let stored =
            serde_json::json!({"name": "x", "escalate_after": {"value": 3, "unit": "working_days"}, "targets": {}});
        let read: PolicySpec = serde_json::from_value(stored).unwrap();
        assert_eq!(read.ladder(), [step(DepartmentHead, 3, Unit::WorkingDays), step(Director, 6, Unit::WorkingDays)]);
    }

    #[test]
    fn the_next_step_is_the_first_above() {
        use EscalationLevel::{DepartmentHead, Director};
        let [mut policy, _] = presets();
        assert_eq!(policy.step_above(0).map(|step| step.level), Some(DepartmentHead));
        assert_eq!(policy.step_above(1).map(|step| step.level), Some(Director));
        assert_eq!(policy.step_above(2), None);
        policy.escalation = Some(vec![step(Director, 4, Unit::Hours)]);
        assert_eq!(policy.step_above(0).map(|step| step.level), Some(Director), "a ladder may begin higher");
        policy.escalation = Some(Vec::new());
        assert_eq!(policy.step_above(0), None);
    }

    #[test]
    fn steps_rise_in_level_and_time() {
        use EscalationLevel::{DepartmentHead, Director};
        let [mut policy, _] = presets();
        let mut crossed = |steps: Vec<EscalationStep>| {
            policy.escalation = Some(steps);
            policy.crossed_step()
        };
        let (head, hours) = (step(DepartmentHead, 2, Unit::Hours), Unit::Hours);
        assert_eq!(crossed(vec![head, step(Director, 3, hours)]), None);
        assert_eq!(crossed(vec![head, step(Director, 1, Unit::Days)]), None, "units are not compared");
        assert_eq!(crossed(vec![head, step(Director, 2, hours)]), Some(1));
        assert_eq!(crossed(vec![head, step(DepartmentHead, 3, hours)]), Some(1));
        assert_eq!(crossed(vec![step(Director, 2, hours), step(DepartmentHead, 3, hours)]), Some(1));
    }
}
