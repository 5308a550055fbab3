use chrono::{Datelike, NaiveDate};

use super::{Scale, Scales, Scoring, TierModel};

/// What scores 2, 3, 4 and 5 take on each figure: days at most, orders and minor units at least. `None`: nobody
/// reaches that score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutPoints {
    pub r: [Option<i64>; 4],
    pub f: [Option<i64>; 4],
    pub m: [Option<i64>; 4],
}

impl TierModel {
    /// The cut points among the customers of these scales.
    pub fn cut_points(&self, reference: NaiveDate, scales: &Scales) -> CutPoints {
        let rising = |scoring: &Scoring, scale: &Scale| match scoring {
            Scoring::Quantiles => scale.least(),
            Scoring::Thresholds { cuts } => cuts.map(Some),
        };
        let r = match &self.scoring.r {
            Scoring::Quantiles => {
                let today = i64::from(reference.num_days_from_ce());
                scales.r.least().map(|day| day.map(|day| today - day))
            }
            Scoring::Thresholds { cuts: [a, b, c, d] } => [*d, *c, *b, *a].map(Some),
        };
        CutPoints { r, f: rising(&self.scoring.f, &scales.f), m: rising(&self.scoring.m, &scales.m) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiering::{Figures, ScoringTriple};

    #[test]
    fn cut_points_are_told_in_days_orders_and_money_from_the_lowest_score_up() {
        let reference: NaiveDate = "2026-10-20".parse().unwrap();
        let customer =
            |days: u64, frequency| Figures { last_on: reference - chrono::Days::new(days), frequency, monetary: 100 };
        let all = [customer(1, 5), customer(2, 4), customer(3, 3), customer(4, 2), customer(5, 1)];
        let scales = Scales::of_figures(reference, &all);
        let cuts = TierModel::default().cut_points(reference, &scales);
        assert_eq!(cuts.r, [4, 3, 2, 1].map(Some));
        assert_eq!(cuts.f, [2, 3, 4, 5].map(Some));
        assert_eq!(cuts.m, [None; 4], "all equal");
        let fixed = || Scoring::Thresholds { cuts: [10, 20, 30, 40] };
        let model = TierModel { scoring: ScoringTriple { r: fixed(), f: fixed(), m: fixed() }, ..TierModel::default() };
        let cuts = model.cut_points(reference, &scales);
        assert_eq!((cuts.r, cuts.m), ([40, 30, 20, 10].map(Some), [10, 20, 30, 40].map(Some)));
    }
}
