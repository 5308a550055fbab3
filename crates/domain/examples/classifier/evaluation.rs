//! How often the classifier is right, label by label; how fast it is and what it weighs.

use crate::corpus::Line;
use huiyin_domain::feedback::classify::model::{CLASSES, Model, decide};
use huiyin_domain::feedback::classify::{classify, preload};
use huiyin_domain::feedback::{FeedbackType, Mood, Priority, Subtype};
use huiyin_domain::text::segment;
use std::fmt::Display;
use std::time::Instant;

/// What a person says of a line and what was foretold, in this order.
#[derive(Debug, Clone)]
pub struct Judged {
    text: String,
    pub subtype: (Subtype, Subtype),
    priority: (Priority, Priority),
    mood: (Mood, Mood),
    pub confidence: f64,
    pub sure: bool,
}

impl Judged {
    pub fn by(line: &Line, probabilities: &[f64; CLASSES]) -> Self {
        let (_, subtype, priority, mood, confidence) = decide(probabilities);
        Judged {
            text: line.text.clone(),
            subtype: (line.subtype, subtype),
            priority: (line.priority, priority),
            mood: (line.mood, mood),
            confidence,
            sure: false,
        }
    }
}

/// The figures of a set of lines.
pub struct Report {
    judged: Vec<Judged>,
}

impl Report {
    /// The compiled model's.
    pub fn of(lines: &[Line]) -> Self {
        let judge = |line: &Line| {
            let got = classify(&line.text);
            Judged {
                text: line.text.clone(),
                subtype: (line.subtype, got.subtype),
                priority: (line.priority, got.priority),
                mood: (line.mood, got.mood),
                confidence: got.confidence,
                sure: !got.needs_review,
            }
        };
        Self { judged: lines.iter().map(judge).collect() }
    }

    pub fn from_judged(judged: Vec<Judged>) -> Self {
        Self { judged }
    }

    pub fn print(&self, title: &str) {
        println!("## {title}: {} lines\n", self.judged.len());
        let kinds: Vec<(FeedbackType, FeedbackType)> =
            self.judged.iter().map(|one| (one.subtype.0.feedback_type(), one.subtype.1.feedback_type())).collect();
        table("type", FeedbackType::ALL, &kinds);
        table("subtype", Subtype::ALL, &self.judged.iter().map(|one| one.subtype).collect::<Vec<_>>());
        table("priority", Priority::ALL, &self.judged.iter().map(|one| one.priority).collect::<Vec<_>>());
        table("mood", Mood::ALL, &self.judged.iter().map(|one| one.mood).collect::<Vec<_>>());
        let sure: Vec<&(FeedbackType, FeedbackType)> =
            kinds.iter().zip(&self.judged).filter(|(_, one)| one.sure).map(|(kind, _)| kind).collect();
        let right = sure.iter().filter(|(wanted, got)| wanted == got).count();
        println!(
            "sure enough {:.3}, of these right on type {:.3}\n",
            sure.len() as f64 / self.judged.len().max(1) as f64,
            right as f64 / sure.len().max(1) as f64
        );
        if std::env::var_os("SHOW_WRONG").is_some() {
            for one in self.judged.iter().filter(|one| one.subtype.0 != one.subtype.1) {
                println!("{} → {} ({:.2}) {}", one.subtype.0, one.subtype.1, one.confidence, one.text);
            }
        }
    }
}

/// Precision, recall and F1 of every label, and the share that is right.
fn table<T: PartialEq + Display>(title: &str, labels: &[T], pairs: &[(T, T)]) {
    let right = pairs.iter().filter(|(wanted, got)| wanted == got).count();
    println!("{title:<22} {:.3} right", right as f64 / pairs.len().max(1) as f64);
    println!("  {:<20} precision  recall     f1  lines", "");
    for label in labels {
        let hit = pairs.iter().filter(|(wanted, got)| wanted == label && got == label).count() as f64;
        let wanted = pairs.iter().filter(|(wanted, _)| wanted == label).count() as f64;
        let got = pairs.iter().filter(|(_, got)| got == label).count() as f64;
        let (precision, recall) = (hit / got.max(1.0), hit / wanted.max(1.0));
        let f1 = 2.0 * hit / (wanted + got).max(1.0);
        println!("  {:<20} {precision:>9.3} {recall:>7.3} {f1:>6.3} {wanted:>6}", label.to_string());
    }
    println!();
}

/// Texts a second on one core.
pub fn speed(lines: &[Line]) {
    const AT_LEAST: usize = 20_000;
    if lines.is_empty() {
        return;
    }
    let begun = Instant::now();
    let mut done = 0;
    while done < AT_LEAST {
        done += lines.iter().filter(|line| classify(&line.text).confidence >= 0.0).count();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{:.0} texts a second on one core", done as f64 / seconds);
}

/// What dictionary and model take once they are loaded.
pub fn memory() {
    let before = resident();
    segment::preload();
    let dictionary = resident();
    preload();
    let model = resident();
    let file = Model::shipped().encode().len();
    println!("model file {:.2} MiB", file as f64 / 1_048_576.0);
    if let (Some(before), Some(dictionary), Some(model)) = (before, dictionary, model) {
        println!(
            "loaded: dictionary {:.1} MiB, lexicon and model {:.1} MiB\n",
            dictionary - before,
            model - dictionary
        );
    }
}

/// Resident memory in MiB, where the system tells it.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
