use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{Figures, RfmClass, Scale, Scales, Scores, Tier};
use crate::fault::{Code, Fault};
use crate::text_enum;

/// Scores from `min` to `max`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreRange {
    pub min: u8,
    pub max: u8,
}

impl ScoreRange {
    pub const ANY: ScoreRange = ScoreRange { min: 1, max: 5 };

    fn from(min: u8) -> Self {
        ScoreRange { min, max: 5 }
    }

    fn to(max: u8) -> Self {
        ScoreRange { min: 1, max }
    }

    fn has(self, score: u8) -> bool {
        (self.min..=self.max).contains(&score)
    }
}

/// One line of the table: scores within all three ranges give the tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierRule {
    pub tier: Tier,
    pub r: ScoreRange,
    pub f: ScoreRange,
    pub m: ScoreRange,
}

/// From which score on a figure counts as high in the eight classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCut {
    pub r: u8,
    pub f: u8,
    pub m: u8,
}

text_enum! {
    /// From which day recency and window are counted back.
    ReferenceRule {
        /// The day that the run was ordered for.
        AsOf = "as_of",
        /// The day of the latest order up to then: for data that is loaded now and then.
        LatestOrder = "latest_order",
        /// The last day of the month before: tiers move by orders of closed months only.
        PreviousMonthEnd = "previous_month_end",
    }
}

impl ReferenceRule {
    /// The reference date. `latest_order` is the day of the latest order up to `as_of`.
    pub fn date(self, as_of: NaiveDate, latest_order: Option<NaiveDate>) -> NaiveDate {
        match self {
            ReferenceRule::AsOf => as_of,
            ReferenceRule::LatestOrder => latest_order.map_or(as_of, |latest| latest.min(as_of)),
            ReferenceRule::PreviousMonthEnd => as_of.checked_sub_days(Days::new(as_of.day().into())).unwrap_or(as_of),
        }
    }
}

/// How a figure becomes a score from 1 to 5.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Scoring {
    /// By comparison with all customers, see [`Scale`].
    #[default]
    Quantiles,
    /// By four ascending cut points. Days: at most the first is 5, more than the fourth 1. Orders and minor units: less
    /// than the first is 1, at least the fourth 5.
    Thresholds { cuts: [i64; 4] },
}

impl Scoring {
    /// The score of a figure of which more is better.
    fn rising(&self, value: i64, scale: &Scale) -> u8 {
        match self {
            Scoring::Quantiles => scale.score(value),
            Scoring::Thresholds { cuts } => 1 + cuts.iter().filter(|cut| value >= **cut).count() as u8,
        }
    }

    /// The score of the last order.
    fn recency(&self, figures: &Figures, reference: NaiveDate, scale: &Scale) -> u8 {
        match self {
            Scoring::Quantiles => scale.score(figures.recency()),
            Scoring::Thresholds { cuts } => {
                let days = i64::from(figures.recency_days(reference));
                5 - cuts.iter().filter(|cut| days > **cut).count() as u8
            }
        }
    }
}

/// The scoring of each figure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScoringTriple {
    pub r: Scoring,
    pub f: Scoring,
    pub m: Scoring,
}

/// What a tag does to the tier that the table gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum TagEffect {
    /// It is this one, and no later rule changes it.
    Set { tier: Tier },
    /// One level up.
    Raise,
    /// One level down.
    Lower,
}

/// A further dimension by tag, such as price sensitivity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRule {
    pub tag: String,
    #[serde(flatten)]
    pub effect: TagEffect,
}

/// How orders become scores, classes and tiers. Of the rules the first that matches decides, else `otherwise`; then the
/// tag rules apply, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierModel {
    pub rules: Vec<TierRule>,
    pub otherwise: Tier,
    pub high_from: ClassCut,
    /// Orders count whose day is less than so many days before the reference date; `None`: all do.
    #[serde(default)]
    pub window_days: Option<u32>,
    #[serde(default = "as_of")]
    pub reference: ReferenceRule,
    #[serde(default)]
    pub scoring: ScoringTriple,
    #[serde(default)]
    pub tag_rules: Vec<TagRule>,
}

fn as_of() -> ReferenceRule {
    ReferenceRule::AsOf
}

impl Default for TierModel {
    fn default() -> Self {
        let rule = |tier, r, f, m| TierRule { tier, r, f, m };
        TierModel {
            rules: vec![
                rule(Tier::Vip, ScoreRange::from(4), ScoreRange::from(4), ScoreRange::from(4)),
                rule(Tier::Potential, ScoreRange::from(4), ScoreRange::ANY, ScoreRange::from(3)),
                rule(Tier::AtRisk, ScoreRange::to(2), ScoreRange::from(3), ScoreRange::ANY),
                rule(Tier::AtRisk, ScoreRange::to(2), ScoreRange::ANY, ScoreRange::from(4)),
                rule(Tier::Dormant, ScoreRange::to(2), ScoreRange::ANY, ScoreRange::ANY),
            ],
            otherwise: Tier::Regular,
            high_from: ClassCut { r: 4, f: 4, m: 4 },
            window_days: None,
            reference: ReferenceRule::AsOf,
            scoring: ScoringTriple::default(),
            tag_rules: Vec::new(),
        }
    }
}

/// Where a customer stands, and by which rules (numbers from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    pub tier: Tier,
    pub class: RfmClass,
    pub scores: Scores,
    /// The line of the table; `None`: no line matched.
    pub rule: Option<usize>,
    /// The last tag rule that applied.
    pub tag_rule: Option<usize>,
}

impl TierModel {
    /// The place of a customer with these figures. `tags` are the tag rules (from 0, ascending) whose tag the customer
    /// has; `scales` what the customer is compared with.
    pub fn place(&self, figures: &Figures, reference: NaiveDate, scales: &Scales, tags: &[usize]) -> Placement {
        let scores = Scores {
            r: self.scoring.r.recency(figures, reference, &scales.r),
            f: self.scoring.f.rising(figures.frequency, &scales.f),
            m: self.scoring.m.rising(figures.monetary, &scales.m),
        };
        let (tier, rule) = self.tier(scores);
        let (tier, tag_rule) = self.tagged(tier, tags);
        Placement { tier, class: self.class(scores), scores, rule, tag_rule }
    }

    /// The tier of these scores, and the number of the rule that gave it (from 1; `None`: no rule matched).
    pub fn tier(&self, scores: Scores) -> (Tier, Option<usize>) {
        let matching = |rule: &TierRule| rule.r.has(scores.r) && rule.f.has(scores.f) && rule.m.has(scores.m);
        match self.rules.iter().position(matching) {
            Some(index) => (self.rules[index].tier, Some(index + 1)),
            None => (self.otherwise, None),
        }
    }

    fn tagged(&self, mut tier: Tier, tags: &[usize]) -> (Tier, Option<usize>) {
        let mut applied = None;
        for index in tags {
            let Some(rule) = self.tag_rules.get(*index) else { continue };
            applied = Some(index + 1);
            match rule.effect {
                TagEffect::Set { tier } => return (tier, applied),
                TagEffect::Raise => tier = tier.raised(),
                TagEffect::Lower => tier = tier.lowered(),
            }
        }
        (tier, applied)
    }

    pub fn class(&self, scores: Scores) -> RfmClass {
        RfmClass::of(scores.r >= self.high_from.r, scores.f >= self.high_from.f, scores.m >= self.high_from.m)
    }

    /// The first day whose orders count; `None`: all days before do, too.
    pub fn window_from(&self, reference: NaiveDate) -> Option<NaiveDate> {
        let days = self.window_days?;
        reference.checked_sub_days(Days::new(days.saturating_sub(1).into())).filter(|from| from.year() > 0)
    }

    /// Every range that can match nothing, every order of cut points that cannot be, every tag told twice.
    pub fn faults(&self) -> Vec<Fault> {
        let ranges = |(i, rule): (usize, &TierRule)| {
            [("r", rule.r), ("f", rule.f), ("m", rule.m)].map(|(name, range)| (format!("/rules/{i}/{name}"), range))
        };
        let mut faults: Vec<Fault> = self
            .rules
            .iter()
            .enumerate()
            .flat_map(ranges)
            .filter(|(_, range)| range.min > range.max || range.min < 1 || range.max > 5)
            .map(|(pointer, range)| {
                let reason = format!("1 ≤ min ≤ max ≤ 5, not {}..{}", range.min, range.max);
                Fault::new(Code::InvalidValue).at(pointer).with("reason", reason)
            })
            .collect();
        for (name, scoring) in [("r", &self.scoring.r), ("f", &self.scoring.f), ("m", &self.scoring.m)] {
            let Scoring::Thresholds { cuts } = scoring else { continue };
            faults.extend((1..cuts.len()).filter(|i| cuts[*i] <= cuts[i - 1]).map(|i| {
                let pointer = format!("/scoring/{name}/cuts/{i}");
                Fault::new(Code::TieringModelConflict).at(pointer).with("reason", "cuts must ascend")
            }));
        }
        let twice = |i: &usize| self.tag_rules[..*i].iter().any(|before| before.tag == self.tag_rules[*i].tag);
        faults.extend((0..self.tag_rules.len()).filter(twice).map(|i| {
            let reason = "this tag has a rule already";
            Fault::new(Code::TieringModelConflict).at(format!("/tag_rules/{i}/tag")).with("reason", reason)
        }));
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_default_table_sorts_the_corners_as_a_shopkeeper_would() {
        let model = TierModel::default();
        let tier = |r, f, m| model.tier(Scores { r, f, m }).0;
        assert_eq!(tier(5, 5, 5), Tier::Vip);
        assert_eq!(tier(5, 1, 4), Tier::Potential);
        assert_eq!(tier(3, 3, 3), Tier::Regular);
        assert_eq!(tier(2, 4, 4), Tier::AtRisk);
        assert_eq!(tier(1, 1, 1), Tier::Dormant);
        assert_eq!(model.class(Scores { r: 1, f: 5, m: 5 }), RfmClass::ImportantRetention);
        assert!(model.faults().is_empty());
    }

    #[test]
    fn every_fault_is_named() {
        let mut model = TierModel::default();
        model.rules[1].f = ScoreRange { min: 4, max: 2 };
        model.scoring.m = Scoring::Thresholds { cuts: [1, 5, 5, 4] };
        let tag = TagRule { tag: "key_account".to_owned(), effect: TagEffect::Raise };
        model.tag_rules = vec![tag.clone(), tag];
        let pointers: Vec<String> = model.faults().into_iter().filter_map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/rules/1/f", "/scoring/m/cuts/2", "/scoring/m/cuts/3", "/tag_rules/1/tag"]);
    }

    #[test]
    fn a_model_as_it_was_stored_before_there_was_more_is_still_read() {
        let old = serde_json::json!({ "rules": [], "otherwise": "regular", "high_from": { "r": 4, "f": 4, "m": 4 } });
        let model: TierModel = serde_json::from_value(old).unwrap();
        assert_eq!(model, TierModel { rules: Vec::new(), ..TierModel::default() });
        let mut model = TierModel::default();
        let set = TagEffect::Set { tier: Tier::Vip };
        model.tag_rules = vec![TagRule { tag: "t".to_owned(), effect: set }];
        model.scoring.r = Scoring::Thresholds { cuts: [1, 2, 3, 4] };
        let json = serde_json::to_value(&model).unwrap();
        assert_eq!(json["tag_rules"][0], serde_json::json!({ "tag": "t", "effect": "set", "tier": "vip" }));
        assert_eq!(serde_json::from_value::<TierModel>(json).unwrap(), model);
    }

    #[test]
    fn cut_points_belong_to_the_better_side() {
        let cuts = || Scoring::Thresholds { cuts: [10, 20, 30, 40] };
        let model = TierModel { scoring: ScoringTriple { r: cuts(), f: cuts(), m: cuts() }, ..TierModel::default() };
        let reference = day("2026-03-31");
        let scores = |days: u64, frequency, monetary| {
            let figures = Figures { last_on: reference - Days::new(days), frequency, monetary };
            let Scores { r, f, m } = model.place(&figures, reference, &Scales::default(), &[]).scores;
            [r, f, m]
        };
        assert_eq!(scores(10, 10, 9), [5, 2, 1]);
        assert_eq!(scores(11, 40, 39), [4, 5, 4]);
        assert_eq!(scores(41, 0, -5), [1, 1, 1]);
    }

    #[test]
    fn tags_apply_in_order_and_a_fixed_tier_stays() {
        let rule = |tag: &str, effect| TagRule { tag: tag.to_owned(), effect };
        let tag_rules = vec![
            rule("price_sensitive", TagEffect::Lower),
            rule("key_account", TagEffect::Set { tier: Tier::Vip }),
            rule("friend", TagEffect::Raise),
        ];
        let model = TierModel { tag_rules, ..TierModel::default() };
        assert_eq!(model.tagged(Tier::Regular, &[]), (Tier::Regular, None));
        assert_eq!(model.tagged(Tier::Regular, &[0]), (Tier::AtRisk, Some(1)));
        assert_eq!(model.tagged(Tier::Regular, &[0, 2]), (Tier::Regular, Some(3)));
        assert_eq!(model.tagged(Tier::Dormant, &[0, 1, 2]), (Tier::Vip, Some(2)));
        assert_eq!(model.tagged(Tier::Vip, &[2]), (Tier::Vip, Some(3)), "the highest stays");
        assert_eq!(model.tagged(Tier::Dormant, &[0]), (Tier::Dormant, Some(1)), "the lowest stays");
    }

    #[test]
    fn reference_and_window_are_days_of_the_calendar() {
        let (as_of, latest) = (day("2026-03-31"), Some(day("2026-03-07")));
        assert_eq!(ReferenceRule::AsOf.date(as_of, latest), as_of);
        assert_eq!(ReferenceRule::LatestOrder.date(as_of, latest), day("2026-03-07"));
        assert_eq!(ReferenceRule::LatestOrder.date(as_of, None), as_of);
        assert_eq!(ReferenceRule::PreviousMonthEnd.date(as_of, latest), day("2026-02-28"));
        let window = |days| TierModel { window_days: days, ..TierModel::default() }.window_from(as_of);
        assert_eq!(window(None), None);
        assert_eq!(window(Some(1)), Some(as_of), "one day is the reference date itself");
        assert_eq!(window(Some(31)), Some(day("2026-03-01")));
        assert_eq!(window(Some(4_000_000)), None);
    }

    fn scoring() -> impl Strategy<Value = Scoring> {
        let cuts = prop::collection::btree_set(0..500i64, 4).prop_map(|cuts| {
            let cuts: Vec<i64> = cuts.into_iter().collect();
            Scoring::Thresholds { cuts: [cuts[0], cuts[1], cuts[2], cuts[3]] }
        });
        prop_oneof![Just(Scoring::Quantiles), cuts]
    }

    fn figures() -> impl Strategy<Value = Figures> {
        (0..400u64, 1..12i64, 0..500i64).prop_map(|(days, frequency, monetary)| Figures {
            last_on: day("2026-03-31") - Days::new(days),
            frequency,
            monetary,
        })
    }

    proptest! {
        #[test]
        fn later_more_and_dearer_never_score_lower(
            (r, f, m) in (scoring(), scoring(), scoring()), all in prop::collection::vec(figures(), 0..60), one in figures(),
            (later, more, dearer) in (0..50u64, 0..5i64, 0..200i64),
        ) {
            let reference = day("2026-03-31");
            let model = TierModel { scoring: ScoringTriple { r, f, m }, ..TierModel::default() };
            let scales = Scales::of_figures(reference, &all);
            let better = Figures {
                last_on: (one.last_on + Days::new(later)).min(reference),
                frequency: one.frequency + more,
                monetary: one.monetary + dearer,
            };
            let before = model.place(&one, reference, &scales, &[]).scores;
            let after = model.place(&better, reference, &scales, &[]).scores;
            prop_assert!(before.r <= after.r && before.f <= after.f && before.m <= after.m);
            prop_assert!([after.r, after.f, after.m].iter().all(|score| (1..=5).contains(score)));
        }
    }
}
