//! Learns the classifier's model from the corpus, and says how good it is. `make train`, `make eval`.

mod corpus;
mod evaluation;
mod learning;
mod regression;

use corpus::Line;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("train") => train(),
        Some("tune") => tune(),
        Some("eval") => eval(&arguments[1..]),
        _ => Err("train | tune | eval [FILE…]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn training_lines() -> Result<Vec<Line>> {
    corpus::read(&path("corpus/train.tsv"))
}

/// Cross-validation gives the figures, the temperatures and the threshold; the model is then fitted to all lines.
fn train() -> Result<()> {
    let samples = learning::samples(&training_lines()?);
    let folds = learning::cross_validate(&samples);
    folds.print("cross-validation on the training corpus");
    let model = learning::fit(&samples).into_model(&folds);
    let bytes = model.encode();
    std::fs::write(path("data/classifier.bin"), &bytes)?;
    println!(
        "{} features, {} KiB, temperatures {:?}, a person decides below {:.2}",
        model.keys.len(),
        bytes.len() / 1024,
        model.temperature,
        model.review_below
    );
    Ok(())
}

/// Cross-validation, and the development set: about 15 % of the lines, by hash. Writes nothing.
fn tune() -> Result<()> {
    let samples = learning::samples(&training_lines()?);
    learning::cross_validate(&samples).print("cross-validation on the training corpus");
    learning::development(&samples).print("development set");
    Ok(())
}

/// The model that is compiled in, on lines that it has not learnt from.
fn eval(files: &[String]) -> Result<()> {
    evaluation::memory();
    let shared = path("../../../shared/data/feedback_examples_zh.tsv");
    let mut files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    if files.is_empty() {
        files = [path("corpus/heldout.tsv"), shared].into_iter().filter(|file| file.exists()).collect();
    }
    let mut all = Vec::new();
    for file in &files {
        let lines = corpus::read(file)?;
        evaluation::Report::of(&lines).print(&file.display().to_string());
        all.extend(lines);
    }
    evaluation::speed(&all);
    Ok(())
}
