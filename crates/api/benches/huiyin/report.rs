//! The figures, beside what they should be.

use crate::load::Round;
use crate::place::Backend;

/// Rounds of the API and the bare handler, in pairs.
#[derive(Default)]
pub struct Pairs {
    api: Vec<Round>,
    bare: Vec<Round>,
}

impl Pairs {
    pub fn push(&mut self, api: Round, bare: Round) {
        self.api.push(api);
        self.bare.push(bare);
    }
}

pub fn heading() {
    println!(
        "\n{:<11} {:<15} {:>9} {:>9} {:>6} {:>7}      {:>17} {:>17} {:>13}",
        "database", "request", "API/s", "bare/s", "ratio", "aim", "API p50/p99 ms", "bare p50/p99 ms", "bytes"
    );
}

pub fn pairs(backend: Backend, what: &str, aim: Option<f64>, pairs: &Pairs) {
    let ratios = pairs.api.iter().zip(&pairs.bare).map(|(api, bare)| api.per_second / bare.per_second);
    let mut ratios: Vec<f64> = ratios.collect();
    let ratio = median(&mut ratios);
    let speed = |rounds: &[Round]| median(&mut rounds.iter().map(|round| round.per_second).collect::<Vec<_>>());
    let bytes = |rounds: &[Round]| rounds.last().map_or(0, |round| round.body);
    println!(
        "{:<11} {:<15} {:>9.0} {:>9.0} {:>6.2} {:>7} {:<4} {:>17} {:>17} {:>13}",
        backend.name(),
        what,
        speed(&pairs.api),
        speed(&pairs.bare),
        ratio,
        aim.map_or(String::new(), |aim| format!("≥ {aim}")),
        aim.map_or("", |aim| verdict(ratio >= aim)),
        percentiles(&pairs.api),
        percentiles(&pairs.bare),
        format!("{}/{}", bytes(&pairs.api), bytes(&pairs.bare)),
    );
    let spread: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!("{:<11} {:<15} of each pair: {}", "", "", spread.join(" "));
}

/// A figure of its own.
pub fn figure(backend: Option<Backend>, what: &str, value: String, aim: &str, met: Option<bool>) {
    let name = backend.map_or("", Backend::name);
    println!("{name:<11} {what:<52} {value:>18} {aim:>12} {}", met.map_or("", verdict));
}

fn verdict(met: bool) -> &'static str {
    if met { "ok" } else { "MISS" }
}

fn percentiles(rounds: &[Round]) -> String {
    let mut all: Vec<u32> = rounds.iter().flat_map(|round| round.latencies.iter().copied()).collect();
    all.sort_unstable();
    let at = |share: f64| {
        let index = (all.len() as f64 * share) as usize;
        f64::from(all.get(index.min(all.len().saturating_sub(1))).copied().unwrap_or_default()) / 1000.0
    };
    format!("{:.2}/{:.2}", at(0.5), at(0.99))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}
