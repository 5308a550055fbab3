use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;
use proptest::prelude::*;
use statrs::distribution::{Beta, ContinuousCDF, Gamma};
use statrs::function::gamma::ln_gamma;

use super::*;

fn grouped(histories: impl IntoIterator<Item = History>) -> Vec<Group> {
    let mut groups = BTreeMap::<History, u64>::new();
    for history in histories {
        *groups.entry(history).or_default() += 1;
    }
    groups.into_iter().map(|(history, customers)| Group { history, customers }).collect()
}

/// The days with an order of each customer of the CDNOW sample, where it is at hand (it may not be copied); in CI it
/// must be.
fn cdnow() -> Option<Vec<Vec<NaiveDate>>> {
    let folder = std::env::var_os("HUIYIN_TEST_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")), PathBuf::from);
    let path = folder.join("cdnow_sample.txt");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => {
            panic!("{}: {error} (HUIYIN_TEST_DATA names the folder)", path.display())
        }
        Err(error) => {
            eprintln!("SKIPPED: {}: {error} (HUIYIN_TEST_DATA names the folder)", path.display());
            return None;
        }
    };
    let mut days = BTreeMap::<&str, Vec<NaiveDate>>::new();
    for line in text.lines() {
        let mut fields = line.split_whitespace().skip(1);
        let (Some(customer), Some(day)) = (fields.next(), fields.next()) else { continue };
        days.entry(customer).or_default().push(NaiveDate::parse_from_str(day, "%Y%m%d").unwrap());
    }
    for days in days.values_mut() {
        days.sort_unstable();
        days.dedup();
    }
    Some(days.into_values().collect())
}

fn histories(customers: &[Vec<NaiveDate>], as_of: NaiveDate) -> Vec<History> {
    let until = |days: &Vec<NaiveDate>| {
        let known = days.partition_point(|day| *day <= as_of);
        Some(History::new(u32::try_from(known).ok()?, *days.first()?, *days[..known].last()?, as_of))
    };
    customers.iter().filter_map(until).collect()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn near(value: f64, expected: f64, by: f64) {
    assert!((value - expected).abs() <= by, "{value} is not {expected} ± {by}");
}

#[test]
fn the_papers_customers_give_the_papers_parameters() {
    let Some(customers) = cdnow() else { return };
    let as_of = date("1997-09-30");
    let known = histories(&customers, as_of);
    let fitted = fit(&grouped(known.clone()), Period::Week).unwrap();
    let model = fitted.model;
    assert_eq!((fitted.shortfall, fitted.customers), (None, 2357));
    // Table 2 of the paper.
    near(model.r, 0.243, 0.001);
    near(model.alpha, 4.414, 0.002);
    near(model.a, 0.793, 0.001);
    near(model.b, 2.426, 0.003);
    near(fitted.log_likelihood, -9582.4, 0.05);

    // The same customers in days: another unit, the same customers.
    let daily = fit(&grouped(known.clone()), Period::Day).unwrap();
    near(daily.model.alpha / 7.0, model.alpha, 1e-3);
    near(daily.model.r, model.r, 1e-5);

    // Customer 0001 of the sample: x = 2, t_x = 30.43, T = 38.86; section 5 of the paper expects 1.226 orders in 39 weeks.
    let first = known[0];
    assert_eq!((first.frequency, first.recency_days, first.age_days), (2, 213, 272));
    near(model.predict(first, 273).expected_orders, 1.226, 0.001);

    // The 39 weeks after.
    let outcomes = customers.iter().zip(&known).map(|(days, history)| {
        let said = model.predict(*history, 273);
        let orders = days.iter().filter(|day| **day > as_of && **day <= date("1998-06-30")).count() as u64;
        Outcome {
            customers: 1,
            probability_of_order: said.probability_of_order,
            expected_orders: said.expected_orders,
            orders,
        }
    });
    let holdout = judge(outcomes.collect());
    assert!(holdout.auc.unwrap() > 0.75, "{holdout:?}");
    near(holdout.orders_expected / holdout.orders as f64, 1.0, 0.15);
    near(holdout.customers_expected / holdout.customers_ordered as f64, 1.0, 0.15);
}

/// Numbers between 0 and 1, the same every time.
struct Uniform(u64);

impl Uniform {
    /// SplitMix64.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + f64::EPSILON
    }
}

/// Customers as the model says they are, first seen over the first 200 days of 600; `dropout` of none: they never go.
fn simulated(customers: usize, rates: Gamma, dropout: Option<Beta>) -> Vec<History> {
    let mut random = Uniform(20_261_122);
    let one = |_| {
        let rate = rates.inverse_cdf(random.next());
        let chance = dropout.map_or(0.0, |dropout| dropout.inverse_cdf(random.next()));
        let age_days = 400 + (random.next() * 200.0) as u32;
        let (mut at, mut days) = (0.0, vec![0]);
        loop {
            at += -random.next().ln() / rate;
            if at >= f64::from(age_days) {
                break;
            }
            days.push(at as u32);
            if random.next() < chance {
                break;
            }
        }
        days.dedup();
        let frequency = u32::try_from(days.len() - 1).unwrap();
        History { frequency, recency_days: days[days.len() - 1], age_days }
    };
    (0..customers).map(one).collect()
}

#[test]
fn what_was_put_in_comes_out() {
    // An order every 40 days on average, a quarter dropping out after each.
    let customers = simulated(8000, Gamma::new(0.8, 32.0).unwrap(), Some(Beta::new(0.8, 2.4).unwrap()));
    let fitted = fit(&grouped(customers), Period::Day).unwrap();
    assert_eq!(fitted.shortfall, None, "{fitted:?}");
    let ChurnModel { r, alpha, a, b, .. } = fitted.model;
    near(r, 0.8, 0.08);
    near(alpha, 32.0, 4.0);
    near(a, 0.8, 0.12);
    near(b, 2.4, 0.5);
}

#[test]
fn without_dropout_there_is_no_maximum_and_the_limit_is_the_model() {
    let customers = simulated(2000, Gamma::new(2.0, 60.0).unwrap(), None);
    let fitted = fit(&grouped(customers), Period::Day).unwrap();
    assert_eq!((fitted.shortfall, fitted.model.kind), (Some(Shortfall::DropoutVanishes), ModelKind::Nbd), "{fitted:?}");
    near(fitted.model.r, 2.0, 0.25);
    near(fitted.model.alpha, 60.0, 8.0);
}

#[test]
fn customers_who_are_all_alike_run_off_and_are_held() {
    // All at the same rate, all with the same chance: r and α, a and b grow without end.
    let customers = simulated(3000, Gamma::new(5000.0, 100_000.0).unwrap(), Some(Beta::new(3000.0, 12_000.0).unwrap()));
    let fitted = fit(&grouped(customers), Period::Day).unwrap();
    assert_eq!(fitted.shortfall, Some(Shortfall::ParametersRunOff), "{fitted:?}");
    near(fitted.model.r / fitted.model.alpha, 0.05, 0.003);
    near(fitted.model.a / (fitted.model.a + fitted.model.b), 0.2, 0.02);
    let said = fitted.model.predict(History { frequency: 3, recency_days: 400, age_days: 410 }, 100);
    assert!((1.0..5.0).contains(&said.expected_orders), "{said:?}");
}

#[test]
fn hardly_any_customers_are_no_special_case() {
    let of = |frequency, recency_days, age_days| History { frequency, recency_days, age_days };
    assert_eq!(fit(&[], Period::Day), None);
    assert_eq!(fit(&grouped([of(0, 0, 0)]), Period::Day), None, "known for no time at all");
    let once = fit(&grouped([of(0, 0, 10), of(0, 0, 20)]), Period::Week).unwrap();
    assert_eq!(once.shortfall, Some(Shortfall::NoRepeatOrders));
    let said = once.model.predict(of(0, 0, 20), 30);
    assert!(said.p_alive == 1.0 && said.probability_of_order > 0.0 && said.expected_orders < 1.0, "{said:?}");
    let few = fit(&grouped([of(1, 5, 10), of(0, 0, 20)]), Period::Day).unwrap();
    assert!(few.shortfall.is_some() && few.log_likelihood.is_finite(), "{few:?}");
}

#[test]
fn one_order_long_ago_is_a_risk_though_nobody_has_dropped_out() {
    let model = ChurnModel { kind: ModelKind::BgNbd, period: Period::Week, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };
    let long_ago = model.predict(History { frequency: 0, recency_days: 0, age_days: 270 }, 90);
    assert_eq!(long_ago.p_alive, 1.0);
    assert_eq!(RiskCut::default().risk(long_ago.probability_of_order), ChurnRisk::High);
    let regular = model.predict(History { frequency: 20, recency_days: 265, age_days: 270 }, 90);
    assert_eq!(RiskCut::default().risk(regular.probability_of_order), ChurnRisk::Low);
}

#[test]
fn the_ranking_counts_ties_half() {
    let of =
        |probability_of_order, orders| Outcome { customers: 1, probability_of_order, expected_orders: 0.5, orders };
    assert_eq!(judge(vec![of(0.1, 0), of(0.9, 3)]).auc, Some(1.0));
    assert_eq!(judge(vec![of(0.1, 1), of(0.9, 0)]).auc, Some(0.0));
    assert_eq!(judge(vec![of(0.5, 1), of(0.5, 0)]).auc, Some(0.5));
    assert_eq!(judge(vec![of(0.5, 1)]).auc, None);
    let judged = judge(vec![of(0.2, 0), of(0.4, 1), of(0.4, 0), of(0.8, 2)]);
    // Of four pairs (who ordered, who did not) three are won and one is tied.
    assert_eq!((judged.auc, judged.orders, judged.customers_ordered), (Some(3.5 / 4.0), 3, 2));
}

/// E[(1 − (β/(β+pt))^s) / p] over p ~ Beta(a, b+x), by the trapezoidal rule in the log-odds of p: the definition, by
/// other means than the product's series. The part that p = 0 would give is taken out first.
fn by_quadrature(model: &ChurnModel, x: f64, known: f64, t: f64) -> f64 {
    let (a, b, s) = (model.a, model.b + x, model.r + x);
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let below = |p: f64| s * t / known - -(-s * (p * t / known).ln_1p()).exp_m1() / p;
    let at = |v: f64| {
        let (ln_p, ln_q) = (-(-v).exp().ln_1p(), -v.exp().ln_1p());
        (a * ln_p + b * ln_q - ln_beta).exp() * below(ln_p.exp())
    };
    let step = 0.01;
    // So far that even b = 0.1 leaves nothing beyond the end.
    let sum: f64 = (-40_000..30_000).map(|i| at(f64::from(i) * step)).sum();
    s * t / known - sum * step
}

fn models() -> impl Strategy<Value = ChurnModel> {
    let positive = |low: f64, high: f64| (low.ln()..high.ln()).prop_map(f64::exp);
    (positive(0.05, 20.0), positive(0.5, 300.0), positive(0.05, 20.0), positive(0.1, 50.0), any::<bool>()).prop_map(
        |(r, alpha, a, b, daily)| {
            let period = if daily { Period::Day } else { Period::Week };
            ChurnModel { kind: ModelKind::BgNbd, period, r, alpha, a, b }
        },
    )
}

fn any_history() -> impl Strategy<Value = History> {
    (0u32..400, 0u32..4000).prop_flat_map(|(frequency, age)| {
        let age_days = age + frequency;
        let recency = if frequency == 0 { 0..=0 } else { frequency..=age_days };
        recency.prop_map(move |recency_days| History { frequency, recency_days, age_days })
    })
}

proptest! {
    #[test]
    fn chances_are_chances_and_a_longer_look_sees_more(model in models(), history in any_history(), days in 0u32..2000, more in 1u32..2000) {
        let (near, far) = (model.predict(history, days), model.predict(history, days + more));
        for said in [near, far] {
            prop_assert!((0.0..=1.0).contains(&said.p_alive), "{said:?}");
            prop_assert!((0.0..=said.p_alive + 1e-12).contains(&said.probability_of_order), "{said:?}");
            prop_assert!(said.expected_orders.is_finite() && said.expected_orders >= said.probability_of_order, "{said:?}");
        }
        prop_assert!(far.probability_of_order >= near.probability_of_order);
        prop_assert!(far.expected_orders >= near.expected_orders * (1.0 - 1e-9), "{near:?} {far:?}");
        if history.frequency == 0 {
            prop_assert_eq!(near.p_alive, 1.0);
        }
    }

    #[test]
    fn the_series_agrees_with_the_integral(model in models(), history in any_history(), days in 1u32..2000) {
        let (known, t) = (model.alpha + f64::from(history.age_days) / model.period.days(), f64::from(days) / model.period.days());
        let said = model.predict(history, days);
        prop_assume!(said.p_alive > 1e-9 && said.expected_orders > said.probability_of_order);
        let expected = by_quadrature(&model, f64::from(history.frequency), known, t);
        let series = said.expected_orders / said.p_alive;
        prop_assert!((series - expected).abs() <= 1e-6 * expected.max(1e-3), "{series} {expected}");
    }

    #[test]
    fn slopes_are_the_slopes_of_the_values(model in models(), history in any_history(), other in any_history()) {
        let groups = [Group { history, customers: 3 }, Group { history: other, customers: 1 }];
        let sample = likelihood::Sample::new(&groups, 30.0);
        let logs = [model.r, model.alpha / 30.0, model.a, model.b].map(f64::ln).to_vec();
        for logs in [logs.clone(), logs[..2].to_vec()] {
            let (_, slope) = sample.slope(&logs);
            for i in 0..logs.len() {
                let beside = |step: f64| { let mut logs = logs.clone(); logs[i] += step; sample.slope(&logs).0 };
                let differences = (beside(1e-5) - beside(-1e-5)) / 2e-5;
                prop_assert!((slope[i] - differences).abs() < 1e-4 * (1.0 + slope[i].abs()), "{i}: {} {differences}", slope[i]);
            }
        }
    }
}
