//! How a figure compares with the figures of all customers.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Figures;

/// Points that are kept of a distribution: enough to say a share to a tenth of a per cent.
const POINTS: usize = 1000;

/// One figure of all customers, so far as it is needed to score one more by it. More is better.
///
/// Of N customers, score = 1 + ⌊5 · (number strictly worse) / N⌋, so equal values share a score. At least score s has
/// who has at least k = ⌈(s − 1) · N / 5⌉ customers below, which is to say: whose value is above the k-th smallest.
/// Four such values score everybody as a comparison with all would, also a value that nobody had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Above the first is score 2, above the fourth score 5. Empty where there was nobody.
    breaks: Vec<i64>,
    /// The least value there was with scores 2, 3, 4, 5.
    least: Vec<Option<i64>>,
    /// Values at equal distances in order of size; all of them where they are few.
    points: Vec<i64>,
}

impl Scale {
    pub fn of(mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        let n = values.len();
        if n == 0 {
            return Scale::default();
        }
        let breaks: Vec<i64> = (1..=4).map(|s: usize| values[(s * n).div_ceil(5) - 1]).collect();
        let above = |at: &i64| values.get(values.partition_point(|value| value <= at)).copied();
        let least = breaks.iter().map(above).collect();
        let kept = n.min(POINTS);
        let points = (0..kept).map(|i| values[i * n / kept]).collect();
        Scale { breaks, least, points }
    }

    /// The score of a value, 1 to 5; among nobody the worst.
    pub fn score(&self, value: i64) -> u8 {
        // Ascending, so the count is at most four.
        1 + self.breaks.iter().filter(|at| value > **at).count() as u8
    }

    /// The share of customers that are strictly worse, 0 to 1.
    pub fn share_below(&self, value: i64) -> f64 {
        let below = self.points.partition_point(|point| *point < value);
        below as f64 / self.points.len().max(1) as f64
    }

    /// The least value that anybody with at least this score (2 to 5) had.
    pub fn least(&self) -> [Option<i64>; 4] {
        [0, 1, 2, 3].map(|i| self.least.get(i).copied().flatten())
    }
}

/// The figures of all customers of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scales {
    pub customers: i64,
    /// The reference date.
    pub reference: NaiveDate,
    /// Of [`Figures::recency`]: a later order is better whatever the reference date.
    pub r: Scale,
    pub f: Scale,
    pub m: Scale,
}

impl Scales {
    /// From the three figures of everybody; they need not belong together.
    pub fn of(reference: NaiveDate, recency: Vec<i64>, frequency: Vec<i64>, monetary: Vec<i64>) -> Self {
        let customers = recency.len() as i64;
        Scales { customers, reference, r: Scale::of(recency), f: Scale::of(frequency), m: Scale::of(monetary) }
    }

    pub fn of_figures(reference: NaiveDate, figures: &[Figures]) -> Self {
        let all = |figure: fn(&Figures) -> i64| figures.iter().map(figure).collect();
        Self::of(reference, all(Figures::recency), all(|f| f.frequency), all(|f| f.monetary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scores(values: &[i64]) -> Vec<u8> {
        let scale = Scale::of(values.to_vec());
        values.iter().map(|value| scale.score(*value)).collect()
    }

    #[test]
    fn five_customers_get_five_scores_and_ties_share() {
        assert_eq!(scores(&[50, 40, 30, 20, 10]), [5, 4, 3, 2, 1]);
        assert_eq!(scores(&[7; 5]), [1; 5], "all equal: nobody is strictly worse");
        assert_eq!(scores(&[1, 2, 2, 2, 9]), [1, 2, 2, 2, 5]);
    }

    #[test]
    fn nobody_and_one_are_no_special_cases() {
        assert_eq!(Scale::of(Vec::new()).score(3), 1);
        assert_eq!(scores(&[9]), [1]);
        assert_eq!(Scale::of(vec![9]).score(10), 5, "better than everybody");
    }

    #[test]
    fn the_least_value_of_a_score_is_one_that_somebody_had() {
        assert_eq!(Scale::of(vec![1, 2, 2, 2, 9]).least(), [Some(2), Some(9), Some(9), Some(9)]);
        assert_eq!(Scale::of(vec![7; 5]).least(), [None; 4]);
    }

    proptest! {
        #[test]
        fn agrees_with_the_rule_as_it_is_written(values in prop::collection::vec(-30..30i64, 1..120), other in -40..40i64) {
            let scale = Scale::of(values.clone());
            let n = values.len();
            let worse = |value: i64| values.iter().filter(|other| **other < value).count();
            for value in &values {
                prop_assert_eq!(usize::from(scale.score(*value)), 1 + 5 * worse(*value) / n);
                prop_assert!((scale.share_below(*value) - worse(*value) as f64 / n as f64).abs() < 1e-9);
            }
            // Somebody who was not among them is scored as if everybody had been compared with.
            prop_assert_eq!(usize::from(scale.score(other)), (1 + 5 * worse(other) / n).min(5));
            for (least, score) in scale.least().into_iter().zip(2u8..) {
                prop_assert_eq!(least, values.iter().copied().filter(|value| scale.score(*value) >= score).min());
            }
        }

        #[test]
        fn more_is_never_worse(values in prop::collection::vec(0..1000i64, 0..2500), one in 0..1000i64, more in 0..100i64) {
            let scale = Scale::of(values);
            prop_assert!(scale.score(one) <= scale.score(one + more));
            prop_assert!(scale.share_below(one) <= scale.share_below(one + more));
        }

        #[test]
        fn shares_of_many_are_right_to_a_tenth_of_a_per_cent(values in prop::collection::vec(0..5000i64, 1001..4000), one in 0..5000i64) {
            let scale = Scale::of(values.clone());
            let worse = values.iter().filter(|value| **value < one).count() as f64 / values.len() as f64;
            prop_assert!((scale.share_below(one) - worse).abs() <= 0.001 + 1e-9);
        }
    }
}
