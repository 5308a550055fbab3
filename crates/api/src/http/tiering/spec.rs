//! Models of tiers as they are written in JSON.

use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::money::Money;
use huiyin_domain::tiering::{
    ClassCut, ReferenceRule, ScoreRange, Scoring, ScoringTriple, TagEffect, TagRule, Tier, TierModel as Rules,
    TierRule as Rule,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::http::support::ApiResult;
use crate::http::support::enums::{ReferenceRuleSchema, TierSchema};
use crate::http::support::money::Price;

/// Scores from `min` to `max`, both included; a range that is upside down is taken the other way round.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Range {
    #[schema(minimum = 1, maximum = 5, example = 4)]
    min: u8,
    #[schema(minimum = 1, maximum = 5, example = 5)]
    max: u8,
}

/// One line of the table: scores within all three ranges give the tier.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct TierRule {
    #[schema(value_type = TierSchema)]
    tier: Tier,
    r: Range,
    f: Range,
    m: Range,
}

/// From which score on a figure counts as high in the eight classes.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct HighFrom {
    #[schema(minimum = 1, maximum = 5, example = 4)]
    r: u8,
    #[schema(minimum = 1, maximum = 5, example = 4)]
    f: u8,
    #[schema(minimum = 1, maximum = 5, example = 4)]
    m: u8,
}

/// `quantiles`: of N customers, score = 1 + ⌊5 · (number strictly worse) / N⌋, so equal values share a score.
/// `thresholds`: by four cut points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ScoringMethod {
    Quantiles,
    Thresholds,
}

/// How a number becomes a score from 1 to 5.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CountScoring {
    method: ScoringMethod,
    /// For `thresholds`, ascending. Days: at most the first is 5, more than the fourth 1. Orders: less than the first
    /// is 1, at least the fourth 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false, min_items = 4, max_items = 4, example = json!([30, 90, 180, 365]))]
    cuts: Option<Vec<Cut>>,
}

/// A number of days or orders.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(minimum = 0, maximum = 1_000_000)]
struct Cut(i64);

/// How an amount becomes a score from 1 to 5.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct AmountScoring {
    method: ScoringMethod,
    /// For `thresholds`, ascending: less than the first is 1, at least the fourth 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false, min_items = 4, max_items = 4, example = json!(["100.00", "500.00", "2000.00", "10000.00"]))]
    cuts: Option<Vec<Price>>,
}

/// How each figure becomes a score; by quantiles unless given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Scorings {
    /// Days since the last order.
    r: CountScoring,
    /// Orders that count.
    f: CountScoring,
    /// Their sum, less what was refunded.
    m: AmountScoring,
}

/// `set`: it is `tier`, and no later rule changes it. `raise`, `lower`: one level up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TagEffectName {
    Set,
    Raise,
    Lower,
}

/// A further dimension by tag: what it does to the tier that the table gave.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct TierTagRule {
    #[schema(min_length = 1, max_length = 50, pattern = "@line", example = "price_sensitive")]
    tag: String,
    #[schema(example = "lower")]
    effect: TagEffectName,
    /// For `set`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TierSchema>, nullable = false)]
    tier: Option<Tier>,
}

/// How orders become scores, classes and tiers. Of the rules the first that matches decides.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TierModel {
    #[schema(min_items = 1, max_items = 125)]
    rules: Vec<TierRule>,
    /// Where no rule matches.
    #[schema(value_type = TierSchema)]
    otherwise: Tier,
    high_from: HighFrom,
    /// Only orders of so many days count, the last of them the reference date; null: all do.
    #[schema(minimum = 1, maximum = 36500, example = 365)]
    window_days: Option<u32>,
    #[serde(default = "as_of")]
    #[schema(value_type = Option<ReferenceRuleSchema>, nullable = false)]
    reference: ReferenceRule,
    #[serde(default)]
    #[schema(value_type = Option<Scorings>, nullable = false)]
    scoring: Scorings,
    /// Applied one after the other to the tier that the table gave.
    #[serde(default)]
    #[schema(max_items = 50)]
    tag_rules: Vec<TierTagRule>,
}

fn as_of() -> ReferenceRule {
    ReferenceRule::AsOf
}

impl Default for Scorings {
    fn default() -> Self {
        let count = || CountScoring { method: ScoringMethod::Quantiles, cuts: None };
        Scorings { r: count(), f: count(), m: AmountScoring { method: ScoringMethod::Quantiles, cuts: None } }
    }
}

impl From<Range> for ScoreRange {
    fn from(Range { min, max }: Range) -> Self {
        ScoreRange { min: min.min(max), max: min.max(max) }
    }
}

impl From<ScoreRange> for Range {
    fn from(ScoreRange { min, max }: ScoreRange) -> Self {
        Range { min, max }
    }
}

fn conflict(pointer: String, reason: &str) -> Fault {
    Fault::new(Code::TieringModelConflict).at(pointer).with("reason", reason)
}

/// The scoring, or what does not go together.
fn scoring(method: ScoringMethod, cuts: Option<Vec<i64>>, pointer: &str) -> Result<Scoring, Fault> {
    match (method, cuts) {
        (ScoringMethod::Quantiles, None) => Ok(Scoring::Quantiles),
        (ScoringMethod::Quantiles, Some(_)) => Err(conflict(pointer.to_owned(), "quantiles take no cuts")),
        (ScoringMethod::Thresholds, cuts) => {
            let cuts = cuts.and_then(|cuts| <[i64; 4]>::try_from(cuts).ok());
            let cuts = cuts.ok_or_else(|| conflict(pointer.to_owned(), "thresholds take four cuts"))?;
            Ok(Scoring::Thresholds { cuts })
        }
    }
}

/// What can be used of a part that may be wrong; the fault is told with all others.
fn or_default<T: Default>(part: Result<T, Fault>, faults: &mut Vec<Fault>) -> T {
    part.unwrap_or_else(|fault| {
        faults.push(fault);
        T::default()
    })
}

impl TierModel {
    /// The model as the domain has it, or everything that contradicts itself; `prefix` stands before the pointers.
    pub fn rules(self, prefix: &str) -> ApiResult<Rules> {
        let mut faults = Vec::new();
        let Scorings { r, f, m } = self.scoring;
        let counts = |cuts: Option<Vec<Cut>>| cuts.map(|cuts| cuts.into_iter().map(|cut| cut.0).collect());
        let amounts = m.cuts.map(|cuts| cuts.iter().map(|cut| cut.money().map(Money::minor)).collect());
        let amounts: Option<Vec<i64>> = amounts.transpose().unwrap_or_else(|fault: Fault| {
            faults.push(fault.at("/scoring/m/cuts"));
            None
        });
        let scoring = ScoringTriple {
            r: or_default(scoring(r.method, counts(r.cuts), "/scoring/r/cuts"), &mut faults),
            f: or_default(scoring(f.method, counts(f.cuts), "/scoring/f/cuts"), &mut faults),
            m: or_default(scoring(m.method, amounts, "/scoring/m/cuts"), &mut faults),
        };
        let mut tag_rules = Vec::new();
        for (i, rule) in self.tag_rules.into_iter().enumerate() {
            let effect = match (rule.effect, rule.tier) {
                (TagEffectName::Set, Some(tier)) => TagEffect::Set { tier },
                (TagEffectName::Raise, None) => TagEffect::Raise,
                (TagEffectName::Lower, None) => TagEffect::Lower,
                (TagEffectName::Set, None) => {
                    faults.push(conflict(format!("/tag_rules/{i}/tier"), "set takes a tier"));
                    TagEffect::Raise
                }
                (_, Some(_)) => {
                    faults.push(conflict(format!("/tag_rules/{i}/tier"), "only set takes a tier"));
                    TagEffect::Raise
                }
            };
            tag_rules.push(TagRule { tag: rule.tag.trim().to_owned(), effect });
        }
        let rule = |rule: TierRule| Rule { tier: rule.tier, r: rule.r.into(), f: rule.f.into(), m: rule.m.into() };
        let HighFrom { r, f, m } = self.high_from;
        let model = Rules {
            rules: self.rules.into_iter().map(rule).collect(),
            otherwise: self.otherwise,
            high_from: ClassCut { r, f, m },
            window_days: self.window_days,
            reference: self.reference,
            scoring,
            tag_rules,
        };
        faults.extend(model.faults());
        if faults.is_empty() {
            return Ok(model);
        }
        let placed = |fault: Fault| {
            let pointer = format!("{prefix}{}", fault.pointer.clone().unwrap_or_default());
            fault.at(pointer)
        };
        Err(faults.into_iter().map(placed).collect::<Vec<_>>().into())
    }

    pub fn of(model: Rules) -> Self {
        let rule = |rule: Rule| TierRule { tier: rule.tier, r: rule.r.into(), f: rule.f.into(), m: rule.m.into() };
        let ClassCut { r, f, m } = model.high_from;
        let count = |scoring: Scoring| match scoring {
            Scoring::Quantiles => CountScoring { method: ScoringMethod::Quantiles, cuts: None },
            Scoring::Thresholds { cuts } => {
                CountScoring { method: ScoringMethod::Thresholds, cuts: Some(cuts.map(Cut).to_vec()) }
            }
        };
        let amount = |scoring: Scoring| match scoring {
            Scoring::Quantiles => AmountScoring { method: ScoringMethod::Quantiles, cuts: None },
            Scoring::Thresholds { cuts } => {
                let cuts = cuts.iter().map(|cut| Money::from_minor(*cut).into()).collect();
                AmountScoring { method: ScoringMethod::Thresholds, cuts: Some(cuts) }
            }
        };
        let tag_rule = |rule: TagRule| {
            let (effect, tier) = match rule.effect {
                TagEffect::Set { tier } => (TagEffectName::Set, Some(tier)),
                TagEffect::Raise => (TagEffectName::Raise, None),
                TagEffect::Lower => (TagEffectName::Lower, None),
            };
            TierTagRule { tag: rule.tag, effect, tier }
        };
        TierModel {
            rules: model.rules.into_iter().map(rule).collect(),
            otherwise: model.otherwise,
            high_from: HighFrom { r, f, m },
            window_days: model.window_days,
            reference: model.reference,
            scoring: Scorings { r: count(model.scoring.r), f: count(model.scoring.f), m: amount(model.scoring.m) },
            tag_rules: model.tag_rules.into_iter().map(tag_rule).collect(),
        }
    }
}
