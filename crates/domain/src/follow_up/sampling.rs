//! Sampling (抽查): records are drawn at random and held against the customer file.
//!
//! Each id gets a rank, a hash of it and the seed; the sample is the ids of the lowest ranks. So every set of that size is
//! equally likely for a seed nobody chose on purpose, the same seed draws the same records again, and ids are read in
//! any order, once, without keeping more than the sample.

use std::collections::BinaryHeap;

use uuid::Uuid;

use crate::text_enum;

text_enum! {
    /// What checking a record against the customer file has shown.
    SampleVerdict {
        Matches = "matches",
        Differs = "differs",
        /// It could not be told.
        Doubtful = "doubtful",
    }
}

/// Records in a sample at most.
pub const SAMPLE_LIMIT: usize = 500;

/// A draw under way.
#[derive(Debug, Clone)]
pub struct Draw {
    seed: i64,
    size: usize,
    population: i64,
    /// The lowest ranks so far, the highest of them on top.
    kept: BinaryHeap<(u64, Uuid)>,
}

impl Draw {
    pub fn new(seed: i64, size: usize) -> Self {
        Draw { seed, size, population: 0, kept: BinaryHeap::new() }
    }

    /// Lets an id take part. Each takes part once.
    pub fn offer(&mut self, id: Uuid) {
        self.population += 1;
        let ranked = (rank(self.seed, id), id);
        if self.kept.len() < self.size {
            self.kept.push(ranked);
        } else if let Some(mut highest) = self.kept.peek_mut()
            && ranked < *highest
        {
            *highest = ranked;
        }
    }

    /// How many took part.
    pub fn population(&self) -> i64 {
        self.population
    }

    /// Those drawn, in the order of their ranks.
    pub fn drawn(self) -> Vec<Uuid> {
        self.kept.into_sorted_vec().into_iter().map(|(_, id)| id).collect()
    }
}

fn rank(seed: i64, id: Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    mix(mix(mix(seed.cast_unsigned()) ^ high) ^ low)
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014) on its next state: each bit of the input moves half of those of
/// the output.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    fn draw(seed: i64, size: usize, ids: impl IntoIterator<Item = Uuid>) -> Vec<Uuid> {
        let mut draw = Draw::new(seed, size);
        ids.into_iter().for_each(|id| draw.offer(id));
        draw.drawn()
    }

    /// Ids as they are made one after the other: almost alike.
    fn ids(count: u128) -> Vec<Uuid> {
        (0..count).map(|n| Uuid::from_u128((0x0199_8c5e_6b7a_7e52 << 64) | (n << 3))).collect()
    }

    proptest! {
        #[test]
        fn the_same_seed_draws_the_same_in_whatever_order(seed in 0i64.., size in 1usize..40, shift in 0usize..100) {
            let ids = ids(100);
            let drawn = draw(seed, size, ids.clone());
            let mut turned = ids.clone();
            turned.rotate_left(shift);
            prop_assert_eq!(&draw(seed, size, turned), &drawn);
            prop_assert_eq!(drawn.len(), size);
            let mut once = drawn.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), size);
            // A smaller sample is the beginning of a larger one.
            prop_assert_eq!(&draw(seed, size / 2, ids)[..], &drawn[..size / 2]);
        }
    }

    #[test]
    fn a_population_smaller_than_the_sample_is_drawn_whole() {
        let mut draw = Draw::new(7, 10);
        ids(3).into_iter().for_each(|id| draw.offer(id));
        assert_eq!(draw.population(), 3);
        let mut drawn = draw.drawn();
        drawn.sort();
        assert_eq!(drawn, ids(3));
    }

    /// Over many seeds every id is drawn equally often, and so is every pair of neighbours: χ² does not tell them from
    /// chance.
    #[test]
    fn every_record_is_as_likely_as_any_other() {
        const SEEDS: i64 = 20_000;
        let ids = ids(50);
        let (mut single, mut pairs) = (vec![0f64; 50], vec![0f64; 49]);
        for seed in 0..SEEDS {
            let drawn = draw(seed, 10, ids.clone());
            let is_in: Vec<bool> = ids.iter().map(|id| drawn.contains(id)).collect();
            for (i, is_in) in is_in.iter().enumerate() {
                single[i] += f64::from(*is_in);
            }
            for (i, pair) in is_in.windows(2).enumerate() {
                pairs[i] += f64::from(pair[0] && pair[1]);
            }
        }
        // Drawn without putting back: the variance is that of the hypergeometric distribution.
        let seeds = SEEDS as f64;
        let share = 10.0 / 50.0;
        let statistic: f64 = single.iter().map(|n| (n - seeds * share).powi(2) / (seeds * share * (1.0 - share))).sum();
        let p = 1.0 - ChiSquared::new(49.0).unwrap().cdf(statistic * 49.0 / 50.0);
        assert!(p > 0.001, "singly: p = {p}");
        let share = 10.0 * 9.0 / (50.0 * 49.0);
        for (i, n) in pairs.iter().enumerate() {
            let deviation = (n - seeds * share) / (seeds * share * (1.0 - share)).sqrt();
            assert!(deviation.abs() < 4.5, "neighbours {i}: {deviation} standard deviations");
        }
    }
}
