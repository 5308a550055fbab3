//! What a fitted model says of one customer.

use super::likelihood::sigmoid;
use super::{ChurnModel, History, ModelKind};

/// Where the series below is cut off, relative to its sum.
const PRECISION: f64 = 1e-14;

/// One customer within one horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The chance that the customer has not dropped out. 1 for whoever has ordered once: dropout follows repeat orders.
    pub p_alive: f64,
    /// Days with an order to be expected within the horizon.
    pub expected_orders: f64,
    /// The chance of at least one order within the horizon.
    pub probability_of_order: f64,
}

impl ChurnModel {
    /// Looks `horizon_days` ahead from the day the history ends on.
    pub fn predict(&self, history: History, horizon_days: u32) -> Prediction {
        let in_periods = |days: u32| f64::from(days) / self.period.days();
        let t = in_periods(horizon_days);
        let s = self.r + f64::from(history.frequency);
        let known = self.alpha + in_periods(history.age_days);
        let p_alive = self.p_alive(history, s, known);
        // The rate of whoever is alive is Gamma(s, α + T) distributed, and the next order does not depend on the chance
        // of dropping out after it: P(none within t) = E[exp(−λt)] = ((α + T) / (α + T + t))^s. See Fader & Hardie,
        // "Computing P(alive)/conditional PMF using the BG/NBD model".
        let probability_of_order = p_alive * -f64::exp_m1(-s * (t / known).ln_1p());
        let expected = match self.kind {
            ModelKind::Nbd => s * t / known,
            ModelKind::BgNbd => self.expected_if_alive(f64::from(history.frequency), t / (known + t)),
        };
        // Rounding must not leave fewer orders than chances of one.
        let expected_orders = (p_alive * expected).max(probability_of_order);
        Prediction { p_alive, expected_orders, probability_of_order }
    }

    /// Fader, Hardie & Lee, "Computing P(alive) Using the BG/NBD Model" (2008).
    fn p_alive(&self, history: History, s: f64, known: f64) -> f64 {
        if history.frequency == 0 || self.kind == ModelKind::Nbd {
            return 1.0;
        }
        let last = self.alpha + f64::from(history.recency_days) / self.period.days();
        let dropped = self.a.ln() - (self.b + f64::from(history.frequency - 1)).ln() + s * (known / last).ln();
        sigmoid(-dropped)
    }

    /// Equation (10) of the paper without its P(alive), z = t / (α + T + t):
    ///
    /// ```text
    /// (a+b+x−1)/(a−1) · [1 − (1−z)^s · ₂F₁(s, b+x; a+b+x−1; z)]
    /// ```
    ///
    /// In this form it overflows for many orders and divides by nothing at a = 1. Euler's transformation makes of the
    /// last term (1−z)^(a−1) · ₂F₁(a+b−1−r, a−1; a+b+x−1; z), and as (a−1)ₙ = (a−1)(a)ₙ₋₁ the factor a − 1 can be taken
    /// out of every term but the first:
    ///
    /// ```text
    /// (a+b+x−1) · [−expm1((a−1)·ln(1−z))/(a−1) − (1−z)^(a−1) · Σₙ₌₁ (a+b−1−r)ₙ (a)ₙ₋₁ / (a+b+x−1)ₙ / n! · zⁿ]
    /// ```
    ///
    /// Terms fall off like zⁿ · n^(a−s−2), so the sum converges for all z < 1, in some −33/ln z terms.
    fn expected_if_alive(&self, x: f64, z: f64) -> f64 {
        let (a, b) = (self.a, self.b);
        let (first, over) = (a + b - 1.0 - self.r, a + b + x - 1.0);
        let ln_rest = (-z).ln_1p();
        let power = (a - 1.0) * ln_rest;
        let whole = if (a - 1.0).abs() < 1e-12 { -ln_rest } else { -power.exp_m1() / (a - 1.0) };
        // Begun with the factor (1−z)^(a−1), the terms stay as small as their sum. `over` is 0 only where x is and a + b = 1;
        // there the product with it is what counts.
        let mut term = power.exp() * first * z;
        let mut sum = 0.0;
        let mut n = 1.0;
        loop {
            sum += term;
            let ratio = (first + n) * (a + n - 1.0) / ((over + n) * (n + 1.0)) * z;
            term *= ratio;
            let falling = ratio.abs() < 1.0;
            if falling && term.abs() <= PRECISION * (1.0 - z) * sum.abs() || term == 0.0 || n > 1e7 {
                break;
            }
            n += 1.0;
        }
        over * whole - sum
    }
}
