//! Plans that most firms want (P2), each made by one call.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::frequency::Purpose;
use super::plan::{Definition, Goal, GoalMetric, Touchpoint};
use super::{
    Assignment, CatchUp, Delay, DelayUnit, Direction, FollowUpMethod, Interval, IntervalUnit, TaskPriority, TouchEvent,
    Trigger,
};
use crate::fault::Lang;
use crate::text_enum;

text_enum! {
    /// A plan that most firms want (预置计划).
    Preset {
        /// Within seven days after a customer is new.
        NewCustomer = "new_customer",
        /// One, seven and thirty days after an order was paid.
        AfterPurchase = "after_purchase",
        /// Customers that there are, once a quarter.
        ExistingQuarterly = "existing_quarterly",
        /// Ninety days before the contract ends.
        BeforeRenewal = "before_renewal",
        /// Seven working days after the go-live, which is a date field.
        AfterGoLive = "after_go_live",
        /// Three to five working days after a complaint was resolved, beside the verification that each resolution has.
        AfterComplaint = "after_complaint",
        /// The best customers once a quarter, by their owners.
        VipQuarterly = "vip_quarterly",
        /// Customers who have gone quiet, twice a year.
        DormantHalfYearly = "dormant_half_yearly",
    }
}

/// The date field of the go-live unless another one is named.
pub const GO_LIVE_FIELD: &str = "custom.go_live_on";

/// A plan with its touchpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub definition: Definition,
    pub touchpoints: Vec<Touchpoint>,
}

impl Preset {
    pub fn name(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Preset::NewCustomer => ("新客户七日回访", "New customers within seven days"),
            Preset::AfterPurchase => ("购买后第 1、7、30 天回访", "Day 1, 7 and 30 after a purchase"),
            Preset::ExistingQuarterly => ("老客户季度回访", "Existing customers every quarter"),
            Preset::BeforeRenewal => ("续约前 90 天回访", "90 days before the renewal"),
            Preset::AfterGoLive => ("上线后 7 个工作日回访", "7 working days after the go-live"),
            Preset::AfterComplaint => ("投诉解决后 3–5 个工作日回访", "3 to 5 working days after a resolved complaint"),
            Preset::VipQuarterly => ("重要客户季度回访", "Best customers every quarter"),
            Preset::DormantHalfYearly => ("沉睡客户半年唤醒", "Dormant customers every half year"),
        };
        if lang == Lang::Zh { zh } else { en }
    }

    /// Whether it goes by a date field that can be chosen.
    pub fn takes_date_field(self) -> bool {
        self == Preset::AfterGoLive
    }

    /// What it makes on `today`, from which on rhythms are counted; `date_field` is that of the go-live.
    pub fn proposal(self, lang: Lang, today: NaiveDate, date_field: Option<&str>) -> Proposal {
        let definition = Definition {
            name: self.name(lang).to_owned(),
            description: None,
            segment_id: None,
            condition: Some(self.condition()),
            purpose: match self {
                Preset::ExistingQuarterly | Preset::VipQuarterly | Preset::DormantHalfYearly => Purpose::Marketing,
                _ => Purpose::Service,
            },
            method: FollowUpMethod::Phone,
            script_id: None,
            priority: match self {
                Preset::VipQuarterly | Preset::AfterComplaint => TaskPriority::High,
                Preset::DormantHalfYearly => TaskPriority::Low,
                _ => TaskPriority::Normal,
            },
            assignment: Assignment::Owner,
            department_id: None,
            catch_up: match self {
                // Who should have been called twice meanwhile is called once.
                Preset::AfterPurchase => CatchUp::Merge,
                _ => CatchUp::Late,
            },
            goal: self.goal(),
            incentive: None,
        };
        Proposal { definition, touchpoints: self.touchpoints(lang, today, date_field) }
    }

    fn condition(self) -> Value {
        let not_lost = json!({ "field": "cooperation_stage", "op": "ne", "value": "lost" });
        match self {
            Preset::ExistingQuarterly => json!({ "all": [not_lost, { "any": [
                { "field": "orders", "op": "gt", "value": 0 },
                { "field": "cooperation_stage", "op": "in", "value": ["signed", "strategic"] },
            ] }] }),
            Preset::BeforeRenewal | Preset::AfterGoLive => not_lost,
            Preset::VipQuarterly => json!({ "field": "tier", "op": "eq", "value": "vip" }),
            Preset::DormantHalfYearly => json!({ "field": "tier", "op": "eq", "value": "dormant" }),
            Preset::NewCustomer | Preset::AfterPurchase | Preset::AfterComplaint => json!({ "all": [] }),
        }
    }

    fn goal(self) -> Option<Goal> {
        let (metric, target) = match self {
            Preset::AfterPurchase | Preset::AfterGoLive => (GoalMetric::SatisfactionRate, 95.0),
            Preset::AfterComplaint => (GoalMetric::CsatAverage, 4.0),
            Preset::DormantHalfYearly => (GoalMetric::Coverage, 60.0),
            _ => (GoalMetric::Coverage, 80.0),
        };
        Some(Goal { metric, target })
    }

    fn touchpoints(self, lang: Lang, today: NaiveDate, date_field: Option<&str>) -> Vec<Touchpoint> {
        let after = |event, amount, unit| Trigger::After { event, delay: Delay { amount, unit } };
        let every_months = |amount| {
            let every = Interval { amount, unit: IntervalUnit::Months };
            Trigger::Every { every, from: today, until: None, spread: true }
        };
        let around = |field: &str, direction, amount, unit| {
            let delay = Delay { amount, unit };
            Trigger::Around { field: field.to_owned(), direction, delay, yearly: false }
        };
        let say = |zh: &str, en: &str| if lang == Lang::Zh { zh.to_owned() } else { en.to_owned() };
        let one = |name: String, trigger, window_days| vec![Touchpoint { name, trigger, window_days }];
        match self {
            Preset::NewCustomer => {
                let trigger = after(TouchEvent::CustomerCreated, 1, DelayUnit::Days);
                one(say("建档七日内", "Within seven days"), trigger, 6)
            }
            Preset::AfterPurchase => {
                let day = |amount: u32, window_days| Touchpoint {
                    name: say(&format!("付款后第 {amount} 天"), &format!("Day {amount} after the payment")),
                    trigger: after(TouchEvent::OrderPaid, amount, DelayUnit::Days),
                    window_days,
                };
                vec![day(1, 1), day(7, 2), day(30, 5)]
            }
            Preset::ExistingQuarterly | Preset::VipQuarterly => {
                one(say("每季度一次", "Once a quarter"), every_months(3), 7)
            }
            Preset::DormantHalfYearly => one(say("每半年一次", "Once in half a year"), every_months(6), 14),
            Preset::BeforeRenewal => {
                let trigger = around("contract_end", Direction::Before, 90, DelayUnit::Days);
                one(say("合同到期前 90 天", "90 days before the end of the contract"), trigger, 14)
            }
            Preset::AfterGoLive => {
                let field = date_field.unwrap_or(GO_LIVE_FIELD);
                let trigger = around(field, Direction::After, 7, DelayUnit::WorkingDays);
                one(say("上线后 7 个工作日", "7 working days after the go-live"), trigger, 3)
            }
            Preset::AfterComplaint => {
                let trigger = after(TouchEvent::ComplaintResolved, 3, DelayUnit::WorkingDays);
                one(say("解决后 3–5 个工作日", "3 to 5 working days after it"), trigger, 2)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{over, touchpoint_faults};
    use super::*;
    use crate::customers::{CustomField, CustomKind};

    #[test]
    fn every_preset_is_a_plan_without_faults() {
        let today = "2026-10-20".parse().unwrap();
        let go_live = CustomField {
            key: "go_live_on".to_owned(),
            kind: CustomKind::Date,
            required: false,
            pattern: None,
            minimum: None,
            maximum: None,
            choices: Vec::new(),
        };
        for preset in Preset::ALL {
            for lang in [Lang::Zh, Lang::En] {
                let Proposal { definition, touchpoints } = preset.proposal(lang, today, None);
                let fields = std::slice::from_ref(&go_live);
                assert!(definition.faults(fields).is_empty(), "{preset}");
                assert!(touchpoint_faults(&touchpoints, fields).is_empty(), "{preset}");
                let triggers = touchpoints.iter().map(|touchpoint| &touchpoint.trigger).enumerate();
                assert!(over(triggers, today).is_empty(), "{preset}");
            }
        }
        let without = Preset::AfterGoLive.proposal(Lang::Zh, today, None).touchpoints;
        assert_eq!(touchpoint_faults(&without, &[]).len(), 1, "it says that there is no such field");
    }
}
