//! Which clock has which target: the SLA policies and their two presets (F5).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ladder::EscalationStep;
use super::target::{Target, Unit};

/// What a clock measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Until somebody is responsible.
    Assign,
    /// Until the responsible department has accepted and answered.
    Respond,
    /// Until the matter is settled.
    Resolve,
    /// Until the customer was asked whether it is.
    Verify,
}

impl ClockKind {
    /// Every kind, in the order of the work.
    pub const ALL: [Self; 4] = [Self::Assign, Self::Respond, Self::Resolve, Self::Verify];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Respond => "respond",
            Self::Resolve => "resolve",
            Self::Verify => "verify",
        }
    }
}

impl fmt::Display for ClockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no [`ClockKind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown clock: {0}")]
pub struct UnknownClock(pub String);

impl FromStr for ClockKind {
    type Err = UnknownClock;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownClock(text.to_owned()))
    }
}

/// Targets by priority and clock. Priorities are plain keys (`urgent`, `important`, `normal`), so that a policy knows
/// nothing of feedback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicySpec {
    /// How people call it.
    pub name: String,
    /// Share of a target, above 0 and at most 1, after which its handler is reminded. Absent: 0.8.
    #[serde(default = "default_warn_share")]
    pub warn_share: f64,
    /// How long after a missed deadline it goes to the next level. Absent: one hour; `null`: never.
    #[serde(default = "default_escalate_after")]
    pub escalate_after: Option<Target>,
    /// Its own ladder, lowest step first; absent: made of `escalate_after`, see [`PolicySpec::ladder`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Vec<EscalationStep>>,
    /// Priority to clock to target. What is missing has no deadline.
    pub targets: BTreeMap<String, BTreeMap<ClockKind, Target>>,
}

/// What is wrong at one place of a [`PolicySpec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PolicyFaultKind {
    /// Not above 0 and at most 1.
    #[error("not above 0 and at most 1")]
    BadShare,
    /// A target of zero, which would be missed before anybody can act.
    #[error("a target must be above 0")]
    ZeroTarget,
}

/// One fault of a [`PolicySpec`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFault {
    /// JSON pointer relative to the spec, such as `/targets/urgent/respond/value`.
    pub pointer: String,
    /// What is wrong there.
    pub kind: PolicyFaultKind,
}

impl PolicySpec {
    /// The target of a clock for a priority; `None` if it has no deadline.
    pub fn target(&self, priority: &str, clock: ClockKind) -> Option<Target> {
        self.targets.get(priority)?.get(&clock).copied()
    }

    /// Everything that is wrong with its numbers; empty if nothing is. Names and priorities are the caller's to check.
    pub fn faults(&self) -> Vec<PolicyFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, kind| faults.push(PolicyFault { pointer, kind });
        if !(self.warn_share > 0.0 && self.warn_share <= 1.0) {
            fault("/warn_share".to_owned(), PolicyFaultKind::BadShare);
        }
        if self.escalate_after.is_some_and(|target| target.value == 0) {
            fault("/escalate_after/value".to_owned(), PolicyFaultKind::ZeroTarget);
        }
        for (index, _) in self.escalation.iter().flatten().enumerate().filter(|(_, step)| step.after.value == 0) {
            fault(format!("/escalation/{index}/after/value"), PolicyFaultKind::ZeroTarget);
        }
        for (priority, clocks) in &self.targets {
            let priority = priority.replace('~', "~0").replace('/', "~1");
            for (clock, _) in clocks.iter().filter(|(_, target)| target.value == 0) {
                fault(format!("/targets/{priority}/{clock}/value"), PolicyFaultKind::ZeroTarget);
            }
        }
        faults
    }
}

fn default_warn_share() -> f64 {
    0.8
}

fn default_escalate_after() -> Option<Target> {
    Some(Target::new(1, Unit::Hours))
}

/// The built-in policies, `standard` and `graded`; both assign within 24 hours, verify within 5 working days, warn at
/// 80 % and escalate an hour after a missed deadline.
pub fn presets() -> [PolicySpec; 2] {
    use Unit::{Days, Hours, WorkingDays};
    let hours = |value| Target::new(value, Hours);
    let days = |value| Target::new(value, Days);
    [
        preset(
            "standard",
            [
                ("urgent", hours(2), Some(days(3))),
                ("important", hours(24), Some(days(7))),
                ("normal", Target::new(3, WorkingDays), None),
            ],
        ),
        preset(
            "graded",
            [
                ("urgent", hours(2), Some(hours(24))),
                ("important", hours(4), Some(hours(48))),
                ("normal", hours(12), Some(hours(72))),
            ],
        ),
    ]
}

fn preset(name: &str, rows: [(&str, Target, Option<Target>); 3]) -> PolicySpec {
    let clocks = |respond, resolve: Option<Target>| {
        let mut clocks = BTreeMap::from([
            (ClockKind::Assign, Target::new(24, Unit::Hours)),
            (ClockKind::Respond, respond),
            (ClockKind::Verify, Target::new(5, Unit::WorkingDays)),
        ]);
        clocks.extend(resolve.map(|resolve| (ClockKind::Resolve, resolve)));
        clocks
    };
    PolicySpec {
        name: name.to_owned(),
        warn_share: default_warn_share(),
        escalate_after: default_escalate_after(),
        escalation: None,
        targets: rows
            .into_iter()
            .map(|(priority, respond, resolve)| (priority.to_owned(), clocks(respond, resolve)))
            .collect(),
    }
}
