//! The likelihoods of BG/NBD and NBD on grouped histories, with their gradients, in the logarithms of the parameters.
//!
//! Days are integers and few, so every logarithm is taken once per evaluation and looked up per group. Quotients of
//! gamma functions Γ(p+x)/Γ(p) are rising factorials p(p+1)…(p+x−1), summed up in a table: exact also for large p, where
//! differences of log-gammas lose their digits.

use std::cell::RefCell;

use argmin::core::{CostFunction, Error, Gradient};

use super::Group;

/// Bounds of the parameters r, α, a, b; time is in units of the mean age of a customer. Outside of them nothing that
/// matters changes any more: with r = 1000 rates differ by 3 %, with a = 200 chances of dropout by 7 %.
const BOUNDS: [(f64, f64); 4] = [(1e-4, 1e3), (1e-5, 1e5), (1e-4, 2e2), (1e-4, 1e5)];
/// Steepness of the wall beyond the bounds, per customer: parameters that run off stop just outside.
const WALL: f64 = 1e-2;

/// A value, its gradient.
pub type Slope = (f64, Vec<f64>);

/// A parameter's table: entry x is ln(p(p+1)…(p+x−1)) and its derivative by p.
struct Rising(Vec<(f64, f64)>);

impl Rising {
    fn new(p: f64, max: u32) -> Self {
        let mut sums = (0.0, 0.0);
        let mut table = vec![sums];
        for i in 0..max {
            let factor = p + f64::from(i);
            sums = (sums.0 + factor.ln(), sums.1 + factor.recip());
            table.push(sums);
        }
        Rising(table)
    }

    fn at(&self, x: u32) -> (f64, f64) {
        self.0[x as usize]
    }
}

/// The customers, and how to look at them.
pub struct Sample<'a> {
    groups: &'a [Group],
    customers: f64,
    max_frequency: u32,
    max_age: u32,
    /// Days in a unit of time.
    unit: f64,
    last: RefCell<Option<(Vec<f64>, Slope)>>,
}

impl<'a> Sample<'a> {
    /// `unit` is in days.
    pub fn new(groups: &'a [Group], unit: f64) -> Self {
        Sample {
            groups,
            customers: groups.iter().map(|group| group.customers as f64).sum(),
            max_frequency: groups.iter().map(|group| group.history.frequency).max().unwrap_or_default(),
            max_age: groups.iter().map(|group| group.history.age_days).max().unwrap_or_default(),
            unit,
            last: RefCell::new(None),
        }
    }

    pub fn customers(&self) -> f64 {
        self.customers
    }

    /// The negative log-likelihood of a customer on average, and its gradient, at the logarithms of r, α and, for
    /// BG/NBD, a and b.
    pub fn slope(&self, logs: &[f64]) -> Slope {
        if let Some((at, slope)) = self.last.borrow().as_ref()
            && at == logs
        {
            return slope.clone();
        }
        let (mut value, mut gradient) = match *logs {
            [r, alpha, a, b] => self.bg_nbd([r, alpha, a, b].map(f64::exp)),
            _ => self.nbd([logs[0], logs[1]].map(f64::exp)),
        };
        for ((log, (low, high)), slope) in logs.iter().zip(BOUNDS).zip(&mut gradient) {
            let outside = (log - high.ln()).max(0.0) + (log - low.ln()).min(0.0);
            value += WALL * outside * outside;
            *slope += 2.0 * WALL * outside;
        }
        let slope = (value, gradient);
        *self.last.borrow_mut() = Some((logs.to_vec(), slope.clone()));
        slope
    }

    /// ln(α + days) and 1/(α + days), by days.
    fn logs_of_days(&self, alpha: f64) -> Vec<(f64, f64)> {
        let at = |days: u32| alpha + f64::from(days) / self.unit;
        (0..=self.max_age).map(|days| (at(days).ln(), at(days).recip())).collect()
    }

    /// Equation (6) of the paper, as A1 + A2 + ln(exp A3 + exp A4) with exp A4 / exp A3 = exp q, the odds of having
    /// dropped out after the last order.
    fn bg_nbd(&self, [r, alpha, a, b]: [f64; 4]) -> Slope {
        let (rising_r, rising_b, rising_ab) = (
            Rising::new(r, self.max_frequency),
            Rising::new(b, self.max_frequency),
            Rising::new(a + b, self.max_frequency),
        );
        let days = self.logs_of_days(alpha);
        let (ln_alpha, ln_a) = (alpha.ln(), a.ln());
        let mut total = 0.0;
        let mut by = [0.0; 4];
        for group in self.groups {
            let (h, n) = (group.history, group.customers as f64);
            let s = r + f64::from(h.frequency);
            let (ln_age, per_age) = days[h.age_days as usize];
            let ((lr, dr), (lb, db), (lab, dab)) =
                (rising_r.at(h.frequency), rising_b.at(h.frequency), rising_ab.at(h.frequency));
            let mut ll = lr + r * ln_alpha + lb - lab - s * ln_age;
            let mut d = [dr + ln_alpha - ln_age, r / alpha - s * per_age, -dab, db - dab];
            if h.frequency > 0 {
                let (ln_recency, per_recency) = days[h.recency_days as usize];
                let before = b + f64::from(h.frequency - 1);
                let q = ln_a - before.ln() + s * (ln_age - ln_recency);
                ll += softplus(q);
                let dropped = sigmoid(q);
                d[0] += dropped * (ln_age - ln_recency);
                d[1] += dropped * s * (per_age - per_recency);
                d[2] += dropped / a;
                d[3] -= dropped / before;
            }
            total += n * ll;
            for (sum, d) in by.iter_mut().zip(d) {
                *sum += n * d;
            }
        }
        self.average(total, &by, &[r, alpha, a, b])
    }

    /// The limit of the above as a → 0.
    fn nbd(&self, [r, alpha]: [f64; 2]) -> Slope {
        let rising = Rising::new(r, self.max_frequency);
        let days = self.logs_of_days(alpha);
        let ln_alpha = alpha.ln();
        let mut total = 0.0;
        let mut by = [0.0; 2];
        for group in self.groups {
            let (h, n) = (group.history, group.customers as f64);
            let s = r + f64::from(h.frequency);
            let (ln_age, per_age) = days[h.age_days as usize];
            let (ll, d) = rising.at(h.frequency);
            total += n * (ll + r * ln_alpha - s * ln_age);
            by[0] += n * (d + ln_alpha - ln_age);
            by[1] += n * (r / alpha - s * per_age);
        }
        self.average(total, &by, &[r, alpha])
    }

    fn average(&self, total: f64, by: &[f64], parameters: &[f64]) -> Slope {
        let n = self.customers;
        (-total / n, by.iter().zip(parameters).map(|(d, p)| -d * p / n).collect())
    }

    /// The second derivatives, by central differences of the gradient.
    pub fn curvature(&self, logs: &[f64]) -> Vec<Vec<f64>> {
        const STEP: f64 = 1e-4;
        let beside = |i: usize, step: f64| {
            let mut logs = logs.to_vec();
            logs[i] += step;
            self.slope(&logs).1
        };
        let rows = (0..logs.len()).map(|i| (beside(i, STEP), beside(i, -STEP)));
        let raw: Vec<Vec<f64>> = rows
            .map(|(up, down)| up.iter().zip(&down).map(|(up, down)| (up - down) / (2.0 * STEP)).collect())
            .collect();
        (0..logs.len()).map(|i| (0..logs.len()).map(|j| (raw[i][j] + raw[j][i]) / 2.0).collect()).collect()
    }
}

/// Whether a parameter has come to its bound.
pub fn at_bound(logs: &[f64]) -> bool {
    logs.iter().zip(BOUNDS).any(|(log, (low, high))| !(low.ln()..=high.ln()).contains(log))
}

/// ln(1 + exp q).
fn softplus(q: f64) -> f64 {
    q.max(0.0) + (-q.abs()).exp().ln_1p()
}

/// exp q / (1 + exp q).
pub fn sigmoid(q: f64) -> f64 {
    if q >= 0.0 { 1.0 / (1.0 + (-q).exp()) } else { q.exp() / (1.0 + q.exp()) }
}

impl CostFunction for &Sample<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, logs: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.slope(logs).0)
    }
}

impl Gradient for &Sample<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, logs: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.slope(logs).1)
    }
}
