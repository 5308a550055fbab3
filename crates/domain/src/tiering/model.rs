use serde::{Deserialize, Serialize};

use super::{RfmClass, Scores, Tier};
use crate::fault::{Code, Fault};

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

/// How scores become classes and tiers. The first rule that matches decides, else `otherwise`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierModel {
    pub rules: Vec<TierRule>,
    pub otherwise: Tier,
    pub high_from: ClassCut,
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
        }
    }
}

impl TierModel {
    /// The tier of these scores, and the number of the rule that gave it (from 1; `None`: no rule matched).
    pub fn tier(&self, scores: Scores) -> (Tier, Option<usize>) {
        let matching = |rule: &TierRule| rule.r.has(scores.r) && rule.f.has(scores.f) && rule.m.has(scores.m);
        match self.rules.iter().position(matching) {
            Some(index) => (self.rules[index].tier, Some(index + 1)),
            None => (self.otherwise, None),
        }
    }

    pub fn class(&self, scores: Scores) -> RfmClass {
        RfmClass::of(scores.r >= self.high_from.r, scores.f >= self.high_from.f, scores.m >= self.high_from.m)
    }

    /// Every range that can match nothing.
    pub fn faults(&self) -> Vec<Fault> {
        let ranges = |(i, rule): (usize, &TierRule)| {
            [("r", rule.r), ("f", rule.f), ("m", rule.m)].map(|(name, range)| (format!("/rules/{i}/{name}"), range))
        };
        self.rules
            .iter()
            .enumerate()
            .flat_map(ranges)
            .filter(|(_, range)| range.min > range.max || range.min < 1 || range.max > 5)
            .map(|(pointer, range)| {
                let reason = format!("1 ≤ min ≤ max ≤ 5, not {}..{}", range.min, range.max);
                Fault::new(Code::InvalidValue).at(pointer).with("reason", reason)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_empty_range_is_named() {
        let mut model = TierModel::default();
        model.rules[1].f = ScoreRange { min: 4, max: 2 };
        assert_eq!(model.faults()[0].pointer.as_deref(), Some("/rules/1/f"));
    }
}
