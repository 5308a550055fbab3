//! How well a model foretold what then happened.

use serde::{Deserialize, Serialize};

/// Customers of whom the same was foretold and the same happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    pub customers: u64,
    /// The chance of an order that was foretold.
    pub probability_of_order: f64,
    /// The orders that were foretold, of each.
    pub expected_orders: f64,
    /// The days with an order that came, of each.
    pub orders: u64,
}

/// Foretold beside happened.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Holdout {
    pub customers: u64,
    /// The chance that a customer who ordered was ranked above one who did not (area under the ROC curve), ties half.
    /// `None` if all ordered or nobody did.
    pub auc: Option<f64>,
    pub customers_expected: f64,
    pub customers_ordered: u64,
    pub orders_expected: f64,
    pub orders: u64,
}

/// Compares what was foretold with what happened. The AUC is the rank statistic of Mann and Whitney. O(n log n).
pub fn judge(mut outcomes: Vec<Outcome>) -> Holdout {
    outcomes.sort_unstable_by(|a, b| a.probability_of_order.total_cmp(&b.probability_of_order));
    let (mut positive, mut negative, mut won) = (0.0, 0.0, 0.0);
    for tied in outcomes.chunk_by(|a, b| a.probability_of_order == b.probability_of_order) {
        let count =
            |ordered: bool| tied.iter().filter(|o| (o.orders > 0) == ordered).map(|o| o.customers as f64).sum::<f64>();
        let (yes, no) = (count(true), count(false));
        won += yes * (negative + no / 2.0);
        positive += yes;
        negative += no;
    }
    let sum = |figure: fn(&Outcome) -> f64| outcomes.iter().map(|o| figure(o) * o.customers as f64).sum::<f64>();
    Holdout {
        customers: outcomes.iter().map(|o| o.customers).sum(),
        auc: (positive > 0.0 && negative > 0.0).then(|| won / (positive * negative)),
        customers_expected: sum(|o| o.probability_of_order),
        customers_ordered: outcomes.iter().filter(|o| o.orders > 0).map(|o| o.customers).sum(),
        orders_expected: sum(|o| o.expected_orders),
        orders: outcomes.iter().map(|o| o.orders * o.customers).sum(),
    }
}
