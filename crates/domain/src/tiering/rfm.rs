use serde::{Deserialize, Serialize};

use crate::text_enum;

text_enum! {
    /// The eight classic classes: recency, frequency and monetary value each high or low.
    RfmClass {
        /// 重要价值客户
        ImportantValue = "important_value",
        /// 重要发展客户
        ImportantDevelopment = "important_development",
        /// 重要保持客户
        ImportantRetention = "important_retention",
        /// 重要挽留客户
        ImportantWinback = "important_winback",
        /// 一般价值客户
        GeneralValue = "general_value",
        /// 一般发展客户
        GeneralDevelopment = "general_development",
        /// 一般保持客户
        GeneralRetention = "general_retention",
        /// 一般挽留客户
        GeneralWinback = "general_winback",
    }
}

impl RfmClass {
    /// The class of (recent?, frequent?, much money?).
    pub fn of(recent: bool, frequent: bool, monetary: bool) -> Self {
        match (monetary, recent, frequent) {
            (true, true, true) => RfmClass::ImportantValue,
            (true, true, false) => RfmClass::ImportantDevelopment,
            (true, false, true) => RfmClass::ImportantRetention,
            (true, false, false) => RfmClass::ImportantWinback,
            (false, true, true) => RfmClass::GeneralValue,
            (false, true, false) => RfmClass::GeneralDevelopment,
            (false, false, true) => RfmClass::GeneralRetention,
            (false, false, false) => RfmClass::GeneralWinback,
        }
    }
}

/// What the orders of one customer add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Days between the local dates of the last order and the reference date; 0 or more.
    pub recency_days: i32,
    /// Orders that count.
    pub frequency: i64,
    /// Their sum in minor units.
    pub monetary: i64,
}

/// Scores from 1 (worst fifth) to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scores {
    pub r: u8,
    pub f: u8,
    pub m: u8,
}

/// Scores of one customer, with the share of customers that are strictly worse on each figure (0 to 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    pub scores: Scores,
    pub worse: [u32; 3],
}

/// Scores every customer against all: of N customers, score = 1 + ⌊5 · (number strictly worse) / N⌋,
/// so equal values share a score. Answers in the order given. O(N log N).
pub fn score(figures: &[Figures]) -> Vec<Scored> {
    let r = strictly_worse(figures, |f| -i64::from(f.recency_days));
    let f = strictly_worse(figures, |f| f.frequency);
    let m = strictly_worse(figures, |f| f.monetary);
    let n = figures.len() as u64;
    // `worse < n`, so the quotient is at most 4 and the score at most 5.
    let band = |worse: u32| 1 + (5 * u64::from(worse) / n) as u8;
    (0..figures.len())
        .map(|i| Scored { scores: Scores { r: band(r[i]), f: band(f[i]), m: band(m[i]) }, worse: [r[i], f[i], m[i]] })
        .collect()
}

/// For each row, how many rows have a smaller value.
fn strictly_worse(figures: &[Figures], value: impl Fn(&Figures) -> i64) -> Vec<u32> {
    let mut order: Vec<(i64, u32)> = (0u32..).zip(figures).map(|(i, f)| (value(f), i)).collect();
    order.sort_unstable();
    let mut worse = vec![0; figures.len()];
    let mut below = 0;
    for (position, &(value, row)) in order.iter().enumerate() {
        if position > 0 && order[position - 1].0 < value {
            below = position as u32;
        }
        worse[row as usize] = below;
    }
    worse
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figures() -> impl Strategy<Value = Vec<Figures>> {
        let one = (0..400i32, 1..12i64, 0..500_000i64).prop_map(|(recency_days, frequency, monetary)| Figures {
            recency_days,
            frequency,
            monetary,
        });
        prop::collection::vec(one, 0..120)
    }

    #[test]
    fn five_customers_get_five_scores_and_ties_share() {
        let of = |recency_days, frequency| Figures { recency_days, frequency, monetary: 100 };
        let scored = score(&[of(1, 5), of(2, 4), of(3, 3), of(4, 2), of(5, 1)]);
        assert_eq!(scored.iter().map(|s| s.scores.r).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
        assert_eq!(scored.iter().map(|s| s.scores.f).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
        assert_eq!(
            scored.iter().map(|s| s.scores.m).collect::<Vec<_>>(),
            [1; 5],
            "all equal: nobody is strictly worse"
        );
    }

    #[test]
    fn nobody_and_one_are_no_special_cases() {
        assert!(score(&[]).is_empty());
        let only = score(&[Figures { recency_days: 0, frequency: 9, monetary: 9 }]);
        assert_eq!(only[0].scores, Scores { r: 1, f: 1, m: 1 });
    }

    proptest! {
        #[test]
        fn agrees_with_the_rule_as_it_is_written(rows in figures()) {
            let scored = score(&rows);
            let n = rows.len();
            for (i, row) in rows.iter().enumerate() {
                let rule = |worse: usize| (1 + 5 * worse / n) as u8;
                prop_assert_eq!(scored[i].scores.r, rule(rows.iter().filter(|o| o.recency_days > row.recency_days).count()));
                prop_assert_eq!(scored[i].scores.f, rule(rows.iter().filter(|o| o.frequency < row.frequency).count()));
                prop_assert_eq!(scored[i].scores.m, rule(rows.iter().filter(|o| o.monetary < row.monetary).count()));
            }
        }

        #[test]
        fn order_of_rows_does_not_matter(rows in figures()) {
            let forward = score(&rows);
            let mut reversed: Vec<_> = rows.clone();
            reversed.reverse();
            let mut back = score(&reversed);
            back.reverse();
            prop_assert_eq!(forward, back);
        }
    }
}
