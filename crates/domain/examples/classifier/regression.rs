//! Multinomial logistic regression with an L2 penalty, by averaged stochastic gradient steps of their own size for each
//! weight (Duchi, Hazan & Singer 2011). All decisions are learnt in one pass over the samples.
//!
//! L-BFGS of argmin, which the churn model uses, took minutes for what this finds in seconds: most weights belong to
//! features that few samples have.

use huiyin_domain::feedback::classify::model::{CLASSES, HEADS};

/// The size of the first steps.
const RATE: f32 = 0.2;
const ROUNDS: usize = 15;
/// The penalty on a squared weight, for each sample.
const PENALTY: f32 = 1e-4;
const SEED: u64 = 12_345;

/// Features of a sample: column and value.
pub type Row = Vec<(u32, f32)>;

#[derive(Clone)]
pub struct Weights {
    pub of: Vec<[f32; CLASSES]>,
    pub bias: [f32; CLASSES],
}

/// Fits all decisions. `share` is the share of samples that have each feature: a penalty paid only where a feature occurs
/// is paid that much more seldom.
pub fn fit(rows: &[Row], wanted: &[[usize; 3]], share: &[f32]) -> Weights {
    let mut weights = Weights { of: vec![[0.0; CLASSES]; share.len()], bias: [0.0; CLASSES] };
    let mut slopes = Weights { of: vec![[1e-6; CLASSES]; share.len()], bias: [1e-6; CLASSES] };
    let mut sum = Weights { of: vec![[0.0; CLASSES]; share.len()], bias: [0.0; CLASSES] };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut state = SEED;
    let mut summed = 0.0;
    for round in 0..ROUNDS {
        for last in (1..order.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(last, (state >> 33) as usize % (last + 1));
        }
        for &sample in &order {
            let mut errors = weights.probabilities(&rows[sample]);
            for (head, wanted) in HEADS.into_iter().zip(wanted[sample]) {
                errors[head.start + wanted] -= 1.0;
            }
            for (column, value) in &rows[sample] {
                let column = *column as usize;
                let penalty = PENALTY / share[column];
                let (weights, slopes) = (&mut weights.of[column], &mut slopes.of[column]);
                for ((weight, slopes), error) in weights.iter_mut().zip(slopes).zip(errors) {
                    let slope = error * value + penalty * *weight;
                    step(weight, slopes, slope);
                }
            }
            for ((weight, slopes), error) in weights.bias.iter_mut().zip(&mut slopes.bias).zip(errors) {
                step(weight, slopes, error);
            }
        }
        // The later half is averaged: single steps still wander about the best weights.
        if round >= ROUNDS / 2 {
            summed += 1.0;
            for (sum, weight) in sum.of.iter_mut().flatten().zip(weights.of.iter().flatten()) {
                *sum += weight;
            }
            for (sum, weight) in sum.bias.iter_mut().zip(weights.bias) {
                *sum += weight;
            }
        }
    }
    sum.of.iter_mut().flatten().chain(&mut sum.bias).for_each(|sum| *sum /= summed);
    sum
}

fn step(weight: &mut f32, slopes: &mut f32, slope: f32) {
    *slopes += slope * slope;
    *weight -= RATE * slope / slopes.sqrt();
}

impl Weights {
    pub fn sums(&self, row: &Row) -> [f32; CLASSES] {
        let mut sums = self.bias;
        for (column, value) in row {
            for (sum, weight) in sums.iter_mut().zip(&self.of[*column as usize]) {
                *sum += weight * value;
            }
        }
        sums
    }

    fn probabilities(&self, row: &Row) -> [f32; CLASSES] {
        let mut sums = self.sums(row);
        HEADS.into_iter().for_each(|head| softmax(&mut sums[head]));
        sums
    }
}

pub fn softmax(sums: &mut [f32]) {
    let greatest = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    sums.iter_mut().for_each(|sum| *sum = (*sum - greatest).exp());
    let all: f32 = sums.iter().sum();
    sums.iter_mut().for_each(|sum| *sum /= all);
}
