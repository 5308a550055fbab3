//! Maximum likelihood: several starts on a part of the customers, the best of them carried on with all, Newton's
//! method for the last digits, and a look at whether what was found is a maximum.

use argmin::core::{Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

use super::likelihood::{Sample, at_bound};
use super::{ChurnModel, Group, ModelKind, Period, Shortfall};

/// Groups that the starts are tried on.
const TRIAL: usize = 20_000;
/// Starting points (a, b); r and α start from NBD, which has no dropout and hence finds rates too low.
const STARTS: [(f64, f64); 4] = [(0.5, 2.0), (1.0, 10.0), (0.1, 0.3), (5.0, 5.0)];
/// Largest slope, per customer, at a maximum.
const FLAT: f64 = 1e-7;
/// What BG/NBD must gain in log-likelihood over NBD to be told from it: half of the 95 % quantile of χ² with two degrees
/// of freedom. Where the orders do not speak for dropout, a goes to 0, or to so little that it means nothing.
const GAIN: f64 = 3.0;
/// The standard error of a logarithm that says a parameter is not known within a factor of a hundred.
const UNKNOWN: f64 = 4.6;

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    pub model: ChurnModel,
    /// Of `model`, over all customers; densities are per period.
    pub log_likelihood: f64,
    pub customers: u64,
    /// Why BG/NBD has no maximum here; `None`: it has, and `model` is it.
    pub shortfall: Option<Shortfall>,
}

/// Fits the model to all customers. `None`: there is nobody, or nobody has been known for a day.
pub fn fit(groups: &[Group], period: Period) -> Option<Fit> {
    let customers: u64 = groups.iter().map(|group| group.customers).sum();
    let sum = |figure: fn(&Group) -> u32| groups.iter().map(|g| f64::from(figure(g)) * g.customers as f64).sum::<f64>();
    let (repeats, days) = (sum(|g| g.history.frequency), sum(|g| g.history.age_days));
    if days == 0.0 {
        return None;
    }
    // Parameters are of order one if time is counted in what a customer has been known for.
    let unit = days / customers as f64;
    let outcome = |kind, logs: &[f64], value: f64, shortfall| {
        let [r, alpha, a, b] = match *logs {
            [r, alpha, a, b] => [r, alpha, a, b].map(f64::exp),
            _ => [logs[0].exp(), logs[1].exp(), 0.0, 1.0],
        };
        let units = unit / period.days();
        let log_likelihood = -value * customers as f64 - repeats * units.ln();
        let model = ChurnModel { kind, period, r, alpha: alpha * units, a, b };
        Fit { model, log_likelihood, customers, shortfall }
    };
    let sample = Sample::new(groups, unit);
    if repeats == 0.0 {
        // Jeffreys' prior for a rate is Gamma(½, 0); nothing has happened in all the time observed.
        let logs = [0.5f64.ln(), (customers as f64).ln()];
        return Some(outcome(ModelKind::Nbd, &logs, sample.slope(&logs).0, Some(Shortfall::NoRepeatOrders)));
    }
    let part = thinned(groups);
    let trial = Sample::new(&part, unit);

    let rate = repeats / days * unit;
    let nbd = climb(&sample, climb(&trial, vec![0.0, -rate.ln()]));
    let starts = STARTS.map(|(a, b)| vec![nbd[0], nbd[1], f64::ln(a), f64::ln(b)]).map(|start| climb(&trial, start));
    let best = starts.into_iter().min_by(|a, b| trial.slope(a).0.total_cmp(&trial.slope(b).0))?;
    let found = polish(&sample, climb(&sample, best));

    let (nbd_value, value) = (sample.slope(&nbd).0, sample.slope(&found).0);
    let gain = (nbd_value - value) * sample.customers();
    let simpler = |shortfall| Some(outcome(ModelKind::Nbd, &nbd, nbd_value, Some(shortfall)));
    // Nothing found at all (NaN) is no gain either.
    if gain.is_nan() || gain <= GAIN {
        return simpler(Shortfall::DropoutVanishes);
    }
    if at_bound(&found) {
        return Some(outcome(ModelKind::BgNbd, &found, value, Some(Shortfall::ParametersRunOff)));
    }
    if !is_maximum(&sample, &found) {
        return simpler(Shortfall::NotDetermined);
    }
    Some(outcome(ModelKind::BgNbd, &found, value, None))
}

/// Every so-manieth group, so that what is tried often is tried on few.
fn thinned(groups: &[Group]) -> Vec<Group> {
    let step = groups.len().div_ceil(TRIAL).max(1);
    groups.iter().step_by(step).copied().collect()
}

/// Goes down the negative likelihood from `start` as far as it goes.
fn climb(sample: &Sample<'_>, start: Vec<f64>) -> Vec<f64> {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7).with_tolerance_grad(FLAT / 10.0);
    let solver = solver.and_then(|solver| solver.with_tolerance_cost(1e-14));
    let run = solver.and_then(|solver| {
        Executor::new(sample, solver).configure(|state| state.param(start.clone()).max_iters(300)).timer(false).run()
    });
    // A line search that finds nothing better ends in an error: the start is then as good as it gets.
    let end = run.ok().and_then(|result| result.state().get_best_param().cloned());
    end.filter(|end| end.iter().all(|log| log.is_finite()) && sample.slope(end).0 <= sample.slope(&start).0)
        .unwrap_or(start)
}

/// A few of Newton's steps, halved where they lead too far, until the slope is nothing.
fn polish(sample: &Sample<'_>, mut logs: Vec<f64>) -> Vec<f64> {
    for _ in 0..20 {
        let (value, slope) = sample.slope(&logs);
        if steepest(&slope) < FLAT / 100.0 {
            break;
        }
        let Some(factor) = cholesky(&sample.curvature(&logs)) else { break };
        let step = solve(&factor, &slope);
        let shorter = |share: f64| logs.iter().zip(&step).map(|(log, step)| log - share * step).collect::<Vec<f64>>();
        let better = [1.0, 0.5, 0.25, 0.125].map(shorter).into_iter().find(|logs| sample.slope(logs).0 <= value);
        let Some(better) = better else { break };
        logs = better;
    }
    logs
}

/// Whether the slope is nothing and the curvature says that all parameters are known to some degree.
fn is_maximum(sample: &Sample<'_>, logs: &[f64]) -> bool {
    let Some(factor) = cholesky(&sample.curvature(logs)) else { return false };
    let variance = |i: usize| {
        let unit: Vec<f64> = (0..logs.len()).map(|j| if i == j { 1.0 } else { 0.0 }).collect();
        solve(&factor, &unit)[i] / sample.customers()
    };
    steepest(&sample.slope(logs).1) < FLAT && (0..logs.len()).all(|i| variance(i).sqrt() < UNKNOWN)
}

fn steepest(slope: &[f64]) -> f64 {
    slope.iter().fold(0.0, |most, d| most.max(d.abs()))
}

/// L with L·Lᵀ = `matrix`; `None` if that is not positive definite.
fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let rest = matrix[i][j] - (0..j).map(|k| l[i][k] * l[j][k]).sum::<f64>();
            l[i][j] = match i == j {
                true if rest > 0.0 => rest.sqrt(),
                true => return None,
                false => rest / l[j][j],
            };
        }
    }
    Some(l)
}

/// The solution of L·Lᵀ·x = b.
fn solve(l: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut x = b.to_vec();
    for i in 0..n {
        x[i] = (x[i] - (0..i).map(|k| l[i][k] * x[k]).sum::<f64>()) / l[i][i];
    }
    for i in (0..n).rev() {
        x[i] = (x[i] - (i + 1..n).map(|k| l[k][i] * x[k]).sum::<f64>()) / l[i][i];
    }
    x
}
