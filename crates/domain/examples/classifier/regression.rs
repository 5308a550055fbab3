//! Multinomial logistic regression with an L2 penalty, by L-BFGS.

use crate::Result;
use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

const MEMORY: usize = 8;
const ITERATIONS: u64 = 150;
const TOLERANCE: f64 = 1e-7;

/// Features of a sample: column and value.
pub type Row = Vec<(u32, f32)>;

/// The mean loss of samples, and their penalty. Parameters are the weights of all classes, feature by feature, then the
/// biases, which are not penalised.
struct Loss<'a> {
    rows: &'a [&'a Row],
    wanted: &'a [usize],
    features: usize,
    classes: usize,
    penalty: f64,
}

impl Loss<'_> {
    fn probabilities(&self, weights: &[f64], row: &Row) -> Vec<f64> {
        let mut sums = weights[self.features * self.classes..].to_vec();
        for (column, value) in row {
            let from = *column as usize * self.classes;
            for (sum, weight) in sums.iter_mut().zip(&weights[from..from + self.classes]) {
                *sum += weight * f64::from(*value);
            }
        }
        softmax(&mut sums);
        sums
    }

    fn penalised<'a>(&self, weights: &'a [f64]) -> &'a [f64] {
        &weights[..self.features * self.classes]
    }
}

pub fn softmax(sums: &mut [f64]) {
    let greatest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    sums.iter_mut().for_each(|sum| *sum = (*sum - greatest).exp());
    let all: f64 = sums.iter().sum();
    sums.iter_mut().for_each(|sum| *sum /= all);
}

impl CostFunction for Loss<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, weights: &Vec<f64>) -> Result<f64, Error> {
        let loss = |(row, wanted): (&&Row, &usize)| -self.probabilities(weights, row)[*wanted].max(1e-300).ln();
        let mean = self.rows.iter().zip(self.wanted).map(loss).sum::<f64>() / self.rows.len() as f64;
        Ok(mean + self.penalty / 2.0 * self.penalised(weights).iter().map(|weight| weight * weight).sum::<f64>())
    }
}

impl Gradient for Loss<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, weights: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut gradient = vec![0.0; weights.len()];
        for (slope, weight) in gradient.iter_mut().zip(self.penalised(weights)) {
            *slope = self.penalty * weight;
        }
        let share = 1.0 / self.rows.len() as f64;
        let biases = self.features * self.classes;
        for (row, wanted) in self.rows.iter().zip(self.wanted) {
            let mut errors = self.probabilities(weights, row);
            errors[*wanted] -= 1.0;
            errors.iter_mut().for_each(|error| *error *= share);
            for (column, value) in row.iter() {
                let from = *column as usize * self.classes;
                for (slope, error) in gradient[from..from + self.classes].iter_mut().zip(&errors) {
                    *slope += error * f64::from(*value);
                }
            }
            for (slope, error) in gradient[biases..].iter_mut().zip(&errors) {
                *slope += error;
            }
        }
        Ok(gradient)
    }
}

/// The weights of each feature and class, then the biases.
pub fn fit(rows: &[&Row], wanted: &[usize], features: usize, classes: usize, penalty: f64) -> Result<Vec<f64>> {
    let loss = Loss { rows, wanted, features, classes, penalty };
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
        .with_tolerance_cost(TOLERANCE)?
        .with_tolerance_grad(TOLERANCE)?;
    let start = vec![0.0; (features + 1) * classes];
    let found = Executor::new(loss, solver).configure(|state| state.param(start).max_iters(ITERATIONS)).run()?;
    Ok(found.state().get_best_param().cloned().ok_or("no weights were found")?)
}
