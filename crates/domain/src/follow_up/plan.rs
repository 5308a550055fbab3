//! A follow-up plan (回访计划) as it is written, what contradicts itself in it, and the states that it goes through.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::frequency::Purpose;
use super::schedule::occasions;
use super::{Assignment, CatchUp, FollowUpMethod, PlanStatus, TaskPriority, Trigger};
use crate::customers::{CustomField, CustomKind};
use crate::fault::{Code, Fault};
use crate::sla::{local_date, start_of_day};
use crate::text_enum;
use crate::tiering::condition::{Condition, Field, Kind, Subject};

/// Days, weeks or months between two contacts at most.
pub const INTERVAL_LIMIT: u32 = 366;
/// Hours, days or working days after or before something at most.
pub const DELAY_LIMIT: u32 = 1000;

text_enum! {
    /// What a plan is to reach (目标).
    GoalMetric {
        /// The mean of the CSAT scores, 1 to 5.
        CsatAverage = "csat_average",
        /// The share of records with a CSAT of 4 or 5 among those that have one, in percent.
        SatisfactionRate = "satisfaction_rate",
        /// The share of promoters (9, 10) less that of detractors (0 to 6), -100 to 100.
        Nps = "nps",
        /// The share of due tasks in which the customer was reached, in percent.
        Coverage = "coverage",
        /// The share of due tasks that were done in time, in percent.
        OnTimeRate = "on_time_rate",
    }
}

/// A figure that a plan is to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    pub metric: GoalMetric,
    pub target: f64,
}

impl Goal {
    fn fault(&self) -> Option<Fault> {
        let (least, most) = match self.metric {
            GoalMetric::CsatAverage => (1.0, 5.0),
            GoalMetric::Nps => (-100.0, 100.0),
            GoalMetric::SatisfactionRate | GoalMetric::Coverage | GoalMetric::OnTimeRate => (0.0, 100.0),
        };
        let reason = || format!("{}: {least} … {most}", self.metric);
        (!(least..=most).contains(&self.target)).then(|| conflict("/goal/target", reason()))
    }
}

/// When a plan contacts its customers (触点).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touchpoint {
    pub name: String,
    pub trigger: Trigger,
    /// The customer may be contacted until the end of the day so many days later; working days, where the touchpoint comes
    /// working days after an event.
    pub window_days: u32,
}

/// All that a plan says but its touchpoints. Changes are laid over what it said before.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub name: String,
    pub description: Option<String>,
    /// Whom it is about: the members of a segment, or whoever satisfies a condition.
    pub segment_id: Option<Uuid>,
    pub condition: Option<Value>,
    pub purpose: Purpose,
    pub method: FollowUpMethod,
    pub script_id: Option<Uuid>,
    pub priority: TaskPriority,
    pub assignment: Assignment,
    /// Whose plan it is; `None`: the whole firm's.
    pub department_id: Option<Uuid>,
    pub catch_up: CatchUp,
    pub goal: Option<Goal>,
    pub incentive: Option<String>,
}

fn conflict(pointer: impl Into<String>, reason: impl ToString) -> Fault {
    Fault::new(Code::PlanConflict).at(pointer).with("reason", reason)
}

impl Definition {
    /// Everything in it that contradicts itself, or the custom fields that are defined.
    pub fn faults(&self, fields: &[CustomField]) -> Vec<Fault> {
        let mut faults = Vec::new();
        match (&self.segment_id, &self.condition) {
            (Some(_), None) => {}
            (None, Some(written)) => {
                faults.extend(Condition::parse_for(written, "/condition", fields).err().unwrap_or_default());
            }
            _ => faults.push(conflict("/segment_id", "segment_id / condition: exactly one")),
        }
        faults.extend(self.goal.and_then(|goal| goal.fault()));
        faults
    }

    /// Whether who belongs to it tells personal data.
    pub fn is_personal(&self, touchpoints: &[Touchpoint]) -> bool {
        let by_condition = self.condition.as_ref().and_then(|written| Condition::parse(written, "").ok());
        let by_date = |touchpoint: &Touchpoint| match &touchpoint.trigger {
            Trigger::Around { field, .. } => Field::by_name(field).is_some_and(Field::is_personal),
            _ => false,
        };
        by_condition.is_some_and(|condition| condition.is_personal()) || touchpoints.iter().any(by_date)
    }
}

/// What contradicts itself in touchpoints, or the custom fields that are defined.
pub fn touchpoint_faults(touchpoints: &[Touchpoint], fields: &[CustomField]) -> Vec<Fault> {
    let faults = touchpoints.iter().enumerate().filter_map(|(i, touchpoint)| {
        let at = |name: &str| format!("/touchpoints/{i}/trigger/{name}");
        match &touchpoint.trigger {
            Trigger::Every { from, until: Some(until), .. } if until < from => {
                Some(conflict(at("until"), "until < from"))
            }
            Trigger::Around { field, yearly, .. } => match DateField::named(field, fields) {
                None => Some(Fault::new(Code::DateFieldUnknown).at(at("field")).with("name", field)),
                Some(DateField::Birthday) if !yearly => Some(conflict(at("yearly"), "birthday: yearly")),
                Some(_) => None,
            },
            _ => None,
        }
    });
    faults.collect()
}

/// What of these touchpoints, each with its place, is over on `today`: a plan that starts would wait for it in vain.
pub fn over<'a>(triggers: impl IntoIterator<Item = (usize, &'a Trigger)>, today: NaiveDate) -> Vec<Fault> {
    let faults = triggers.into_iter().filter_map(|(i, trigger)| {
        let (name, last) = match trigger {
            Trigger::Once { on } => ("on", on),
            Trigger::Every { until: Some(until), .. } => ("until", until),
            _ => return None,
        };
        (*last < today).then(|| conflict(format!("/touchpoints/{i}/trigger/{name}"), format!("{last} < {today}")))
    });
    faults.collect()
}

/// A date of a customer around which a touchpoint can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateField {
    Field(Field),
    /// In either calendar, and perhaps without a year.
    Birthday,
    /// A custom field by its key; its value is kept as text.
    Custom(String),
}

impl DateField {
    /// The field of this name, as in conditions; `None` where there is none that is a date.
    pub fn named(name: &str, fields: &[CustomField]) -> Option<DateField> {
        match Subject::from_str(name).ok()? {
            Subject::Field(Field::Birthday) => Some(DateField::Birthday),
            Subject::Field(field) if field.kind() == Kind::Date => Some(DateField::Field(field)),
            Subject::Field(_) => None,
            Subject::Custom(key) => {
                let is_date = |field: &&CustomField| field.key == key && field.kind == CustomKind::Date;
                fields.iter().find(is_date).map(|field| DateField::Custom(field.key.clone()))
            }
        }
    }
}

text_enum! {
    /// What is done with a plan as a whole.
    PlanAction {
        Start = "start",
        Pause = "pause",
        Resume = "resume",
        End = "end",
        Change = "change",
    }
}

/// Where a plan stands after an action: draft → active ⇄ paused → ended. What has ended stays as it is; a draft that
/// nobody wants any more can be ended as well.
pub fn after(status: PlanStatus, action: PlanAction) -> Result<PlanStatus, Fault> {
    use PlanStatus::{Active, Draft, Ended, Paused};
    match (status, action) {
        (Draft, PlanAction::Start) | (Paused, PlanAction::Resume) => Ok(Active),
        (Active, PlanAction::Pause) => Ok(Paused),
        (Draft | Active | Paused, PlanAction::End) => Ok(Ended),
        (Draft | Active | Paused, PlanAction::Change) => Ok(status),
        _ => Err(Fault::new(Code::PlanState).with("state", status).with("action", action)),
    }
}

/// Up to when all occasions of a touchpoint count as seen to that begins at `now`: nothing of the past is made up for. What
/// goes by days begins with the local day itself, so that what is due today is made, unless the touchpoint that it
/// `replaces` has had its turn today already; nobody is contacted twice because a plan was changed.
pub fn seen_until(trigger: &Trigger, replaces: Option<&Trigger>, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let midnight = start_of_day(zone, local_date(zone, now)).unwrap_or(now);
    let before = midnight.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(now);
    let had_its_turn = match replaces {
        None | Some(Trigger::After { .. }) => false,
        // Some customers may have had theirs.
        Some(Trigger::Every { spread: true, .. } | Trigger::Around { .. }) => true,
        Some(other) => !occasions(other, before, now, zone).is_empty(),
    };
    if had_its_turn || matches!(trigger, Trigger::After { .. }) { now } else { before }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{Delay, DelayUnit, Direction, Interval, IntervalUnit, TouchEvent};
    use super::*;

    fn plan(segment: bool, condition: Option<Value>) -> Definition {
        Definition {
            name: "季度回访".to_owned(),
            description: None,
            segment_id: segment.then(Uuid::nil),
            condition,
            purpose: Purpose::Service,
            method: FollowUpMethod::Phone,
            script_id: None,
            priority: TaskPriority::Normal,
            assignment: Assignment::Owner,
            department_id: None,
            catch_up: CatchUp::Late,
            goal: None,
            incentive: None,
        }
    }

    fn told(faults: &[Fault]) -> Vec<String> {
        faults
            .iter()
            .map(|fault| format!("{} {}", fault.pointer.clone().unwrap_or_default(), fault.code.as_str()))
            .collect()
    }

    fn custom(key: &str, kind: CustomKind) -> CustomField {
        CustomField {
            key: key.to_owned(),
            kind,
            required: false,
            pattern: None,
            minimum: None,
            maximum: None,
            choices: Vec::new(),
        }
    }

    fn around(field: &str, yearly: bool) -> Touchpoint {
        let delay = Delay { amount: 3, unit: DelayUnit::Days };
        let trigger = Trigger::Around { field: field.to_owned(), direction: Direction::Before, delay, yearly };
        Touchpoint { name: "关怀".to_owned(), trigger, window_days: 0 }
    }

    #[test]
    fn whom_a_plan_is_about_is_said_exactly_once() {
        let everybody = || Some(json!({ "all": [] }));
        assert!(plan(true, None).faults(&[]).is_empty());
        assert!(plan(false, everybody()).faults(&[]).is_empty());
        assert_eq!(told(&plan(true, everybody()).faults(&[])), ["/segment_id plan_conflict"]);
        assert_eq!(told(&plan(false, None).faults(&[])), ["/segment_id plan_conflict"]);
        let colour = json!({ "field": "custom.colour", "op": "eq", "value": "红" });
        assert_eq!(told(&plan(false, Some(colour)).faults(&[])), ["/condition/field custom_field_unknown"]);
    }

    #[test]
    fn a_goal_is_a_figure_that_can_be_reached() {
        for (metric, target, fits) in [
            (GoalMetric::CsatAverage, 4.5, true),
            (GoalMetric::CsatAverage, 95.0, false),
            (GoalMetric::SatisfactionRate, 95.0, true),
            (GoalMetric::Coverage, -1.0, false),
            (GoalMetric::Nps, -20.0, true),
        ] {
            let goal = Some(Goal { metric, target });
            let faults = Definition { goal, ..plan(true, None) }.faults(&[]);
            assert_eq!(faults.is_empty(), fits, "{metric} {target}");
        }
    }

    #[test]
    fn only_dates_have_something_around_them() {
        let fields = [custom("go_live_on", CustomKind::Date), custom("colour", CustomKind::Text)];
        let touchpoints = [
            around("contract_end", false),
            around("custom.go_live_on", false),
            around("birthday", true),
            around("birthday", false),
            around("created_at", false),
            around("custom.colour", false),
            around("custom.nothing", false),
            around("nonsense", false),
        ];
        let expected = [
            "/touchpoints/3/trigger/yearly plan_conflict",
            "/touchpoints/4/trigger/field date_field_unknown",
            "/touchpoints/5/trigger/field date_field_unknown",
            "/touchpoints/6/trigger/field date_field_unknown",
            "/touchpoints/7/trigger/field date_field_unknown",
        ];
        assert_eq!(told(&touchpoint_faults(&touchpoints, &fields)), expected);
        assert!(plan(true, None).is_personal(&touchpoints[2..3]) && !plan(true, None).is_personal(&touchpoints[..2]));
    }

    #[test]
    fn what_begins_today_is_due_today_and_once() {
        let (zone, now) = (chrono_tz::Asia::Shanghai, "2026-10-20T02:00:00Z".parse().unwrap());
        let once = |on: &str| Trigger::Once { on: on.parse().unwrap() };
        let today = once("2026-10-20");
        let due = |trigger: &Trigger, replaces: Option<Trigger>| {
            occasions(trigger, seen_until(trigger, replaces.as_ref(), now, zone), now, zone).len()
        };
        assert_eq!(due(&today, None), 1);
        assert_eq!(due(&today, Some(once("2026-10-21"))), 1, "it was to be tomorrow");
        assert_eq!(due(&today, Some(today.clone())), 0, "it has been");
        assert_eq!(due(&once("2026-10-19"), None), 0, "nothing of the past");
        let every = Interval { amount: 1, unit: IntervalUnit::Days };
        let spread = Trigger::Every { every, from: now.date_naive(), until: None, spread: true };
        assert_eq!(seen_until(&today, Some(&spread), now, zone), now);
        let delay = Delay { amount: 0, unit: DelayUnit::Days };
        assert_eq!(seen_until(&Trigger::After { event: TouchEvent::OrderPaid, delay }, None, now, zone), now);
        assert_eq!(
            told(&over([(0, &today), (1, &once("2026-10-19"))], now.date_naive())),
            ["/touchpoints/1/trigger/on plan_conflict"]
        );
    }

    proptest! {
        #[test]
        fn whatever_is_tried_a_plan_runs_only_between_start_and_end(
            actions in prop::collection::vec(prop::sample::select(PlanAction::ALL), 0..40),
        ) {
            let (mut status, mut started, mut ended) = (PlanStatus::Draft, false, false);
            for action in actions {
                let Ok(next) = after(status, action) else {
                    continue;
                };
                prop_assert!(!ended, "what has ended stays");
                started |= action == PlanAction::Start;
                ended |= action == PlanAction::End;
                status = next;
                prop_assert!(status != PlanStatus::Active || started);
                prop_assert_eq!(status == PlanStatus::Ended, ended);
                prop_assert_eq!(status == PlanStatus::Draft, !started && !ended);
            }
        }
    }
}
