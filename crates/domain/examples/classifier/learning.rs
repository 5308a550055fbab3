//! From labelled lines to a model: which features are kept, the three regressions, temperatures and threshold.

use crate::Result;
use crate::corpus::Line;
use crate::evaluation::{Judged, Report};
use crate::regression::{self, Row, softmax};
use huiyin_domain::feedback::classify::features::Feature;
use huiyin_domain::feedback::classify::features_of;
use huiyin_domain::feedback::classify::model::{CLASSES, HEADS, Model};
use huiyin_domain::feedback::{Mood, Priority, Subtype};
use std::collections::HashMap;

/// Features of fewer lines than this are as good as unknown.
const LEAST_LINES: u32 = 2;
/// Penalties on squared weights, of each decision.
const PENALTY: [f64; 3] = [3e-4, 5e-4, 5e-4];
const FOLDS: u32 = 5;
/// How many of those above the threshold are to be of the right type.
const RIGHT: f64 = 0.965;

/// A line and its features.
pub struct Sample {
    line: Line,
    features: Vec<Feature>,
    /// Class within each decision.
    wanted: [usize; 3],
    /// By the text alone, so that a line stays in its fold whatever is added to the corpus.
    bucket: u32,
}

pub fn samples(lines: &[Line]) -> Vec<Sample> {
    fn place<T: PartialEq>(all: &[T], one: T) -> usize {
        all.iter().position(|other| *other == one).unwrap_or_default()
    }
    let sample = |line: &Line| Sample {
        features: features_of(&line.text),
        wanted: [place(Subtype::ALL, line.subtype), place(Priority::ALL, line.priority), place(Mood::ALL, line.mood)],
        bucket: line
            .text
            .bytes()
            .fold(2_166_136_261, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
            >> 7,
        line: line.clone(),
    };
    lines.iter().map(sample).collect()
}

/// Weights before they are rounded.
pub struct Fitted {
    model: Model,
    weights: Vec<[f64; CLASSES]>,
}

/// Fits the three decisions.
pub fn fit<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Result<Fitted> {
    let samples: Vec<&Sample> = samples.into_iter().collect();
    let mut model = vocabulary(&samples);
    let rows: Vec<Row> = samples.iter().map(|sample| row(&model, &sample.features)).collect();
    let rows: Vec<&Row> = rows.iter().collect();
    let mut weights = vec![[0.0; CLASSES]; model.keys.len()];
    for (decision, head) in HEADS.into_iter().enumerate() {
        let wanted: Vec<usize> = samples.iter().map(|sample| sample.wanted[decision]).collect();
        let pen = std::env::var("PEN").ok().and_then(|p| p.split(',').nth(decision)?.parse().ok()).unwrap_or(PENALTY[decision]);
        let found = regression::fit(&rows, &wanted, model.keys.len(), head.len(), pen)?;
        let (found, biases) = found.split_at(model.keys.len() * head.len());
        for (weights, found) in weights.iter_mut().zip(found.chunks_exact(head.len())) {
            weights[head.clone()].copy_from_slice(found);
        }
        for (place, bias) in model.bias[head].iter_mut().zip(biases) {
            *place = *bias as f32;
        }
    }
    Ok(Fitted { model, weights })
}

/// A model that knows the features and how rare they are, and nothing else yet.
fn vocabulary(samples: &[&Sample]) -> Model {
    let mut lines: HashMap<u32, (u32, bool)> = HashMap::new();
    for sample in samples {
        let mut keys: Vec<(u32, bool)> = sample.features.iter().map(|f| (f.key, f.reading.is_none())).collect();
        keys.sort_unstable();
        keys.dedup();
        for (key, piece) in keys {
            lines.entry(key).or_insert((0, piece)).0 += 1;
        }
    }
    let mut kept: Vec<(u32, f32)> = lines
        .into_iter()
        .filter(|(_, (count, _))| *count >= LEAST_LINES)
        .map(|(key, (count, piece))| (key, if piece { (samples.len() as f32 / count as f32).ln() } else { 0.0 }))
        .collect();
    kept.sort_unstable_by_key(|(key, _)| *key);
    Model {
        keys: kept.iter().map(|(key, _)| *key).collect(),
        // As the file keeps it.
        rarity: kept.iter().map(|(_, rarity)| (rarity * 16.0).round() / 16.0).collect(),
        unknown: (samples.len() as f32).ln(),
        ..Model::default()
    }
}

fn row(model: &Model, features: &[Feature]) -> Row {
    let (rows, values) = model.values(features);
    rows.iter().zip(values).filter_map(|(row, value)| Some(((*row)? as u32, value))).collect()
}

impl Fitted {
    fn sums(&self, features: &[Feature]) -> [f64; CLASSES] {
        let mut sums = self.model.bias.map(f64::from);
        for (column, value) in row(&self.model, features) {
            for (sum, weight) in sums.iter_mut().zip(&self.weights[column as usize]) {
                *sum += weight * f64::from(value);
            }
        }
        sums
    }

    /// Rounds the weights to a byte each and adds what cross-validation has found.
    pub fn into_model(self, folds: &Folds) -> Model {
        let Fitted { mut model, weights } = self;
        for class in 0..CLASSES {
            let greatest = weights.iter().map(|row| row[class].abs()).fold(0.0, f64::max);
            model.scale[class] = (greatest / 127.0) as f32;
        }
        let round = |row: [f64; CLASSES]| {
            let mut steps = [0; CLASSES];
            for (class, step) in steps.iter_mut().enumerate() {
                *step = (row[class] / f64::from(model.scale[class]).max(1e-12)).round().clamp(-127.0, 127.0) as i8;
            }
            steps
        };
        let rounded: Vec<[i8; CLASSES]> = weights.into_iter().map(round).collect();
        Model { weights: rounded, temperature: folds.temperature, review_below: folds.review_below, ..model }
    }
}

/// What was foretold of lines by models that had not seen them.
pub struct Folds {
    judged: Vec<Judged>,
    temperature: [f32; 3],
    review_below: f32,
}

impl Folds {
    pub fn print(&self, title: &str) {
        Report::from_judged(self.judged.clone()).print(title);
        println!("temperatures {:?}, a person decides below {:.3}\n", self.temperature, self.review_below);
    }
}

pub fn cross_validate(samples: &[Sample]) -> Result<Folds> {
    let mut unseen = Vec::new();
    for fold in 0..FOLDS {
        let (tried, learnt): (Vec<&Sample>, Vec<&Sample>) =
            samples.iter().partition(|sample| sample.bucket % FOLDS == fold);
        let fitted = fit(learnt)?;
        unseen.extend(tried.into_iter().map(|sample| (sample, fitted.sums(&sample.features))));
    }
    Ok(judge(&unseen))
}

/// Learns from 85 % of the lines and tries the rest.
pub fn development(samples: &[Sample]) -> Result<Folds> {
    let (tried, learnt): (Vec<&Sample>, Vec<&Sample>) = samples.iter().partition(|sample| sample.bucket % 20 < 3);
    let fitted = fit(learnt)?;
    let unseen: Vec<_> = tried.into_iter().map(|sample| (sample, fitted.sums(&sample.features))).collect();
    Ok(judge(&unseen))
}

fn judge(unseen: &[(&Sample, [f64; CLASSES])]) -> Folds {
    let mut model = Model::default();
    for (decision, head) in HEADS.into_iter().enumerate() {
        let cases: Vec<(&[f64], usize)> =
            unseen.iter().map(|(sample, sums)| (&sums[head.clone()], sample.wanted[decision])).collect();
        model.temperature[decision] = temperature(&cases);
    }
    let mut judged: Vec<Judged> =
        unseen.iter().map(|(sample, sums)| Judged::by(&sample.line, &model.probabilities(sums))).collect();
    let review_below = threshold(&judged);
    for one in &mut judged {
        one.sure = one.confidence >= review_below;
    }
    Folds { judged, temperature: model.temperature, review_below: review_below as f32 }
}

/// What the sums must be divided by so that the probabilities of what was right are as great as can be.
fn temperature(cases: &[(&[f64], usize)]) -> f32 {
    let loss = |temperature: f64| {
        let one = |(sums, wanted): &(&[f64], usize)| {
            let mut scaled: Vec<f64> = sums.iter().map(|sum| sum / temperature).collect();
            softmax(&mut scaled);
            -scaled[*wanted].max(1e-12).ln()
        };
        cases.iter().map(one).sum::<f64>()
    };
    let candidates = (20..400).map(|hundredths| f64::from(hundredths) / 100.0);
    candidates.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0) as f32
}

/// The least confidence above which enough are of the right type.
fn threshold(judged: &[Judged]) -> f64 {
    let mut sorted: Vec<&Judged> = judged.iter().collect();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut right, mut found) = (0, 1.0);
    for (index, one) in sorted.iter().enumerate() {
        right += usize::from(one.subtype.0.feedback_type() == one.subtype.1.feedback_type());
        if index >= 50 && right as f64 >= RIGHT * (index + 1) as f64 {
            found = one.confidence;
        }
    }
    (found * 100.0).ceil() / 100.0
}
