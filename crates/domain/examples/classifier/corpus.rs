//! Reads labelled lines: text, type, subtype, priority, mood, separated by tabs. A file may have a header that names these
//! columns, in any order and among others.

use crate::Result;
use huiyin_domain::feedback::{FeedbackType, Mood, Priority, Subtype};
use std::path::Path;

/// A text and what a careful person says of it.
#[derive(Debug, Clone)]
pub struct Line {
    pub text: String,
    pub subtype: Subtype,
    pub priority: Priority,
    pub mood: Mood,
}

const COLUMNS: [&str; 5] = ["text", "type", "subtype", "priority", "mood"];

pub fn read(path: &Path) -> Result<Vec<Line>> {
    let content = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut lines = content.lines().enumerate().peekable();
    let header: Vec<&str> = lines.peek().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    let place = |column: &str| header.iter().position(|name| *name == column);
    let named: Option<Vec<usize>> = COLUMNS.iter().map(|column| place(column)).collect();
    if named.is_some() {
        lines.next();
    }
    let places = named.unwrap_or_else(|| (0..COLUMNS.len()).collect());
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            parse(line, &places).map_err(|error| format!("{}:{}: {error}", path.display(), number + 1).into())
        })
        .collect()
}

fn parse(line: &str, places: &[usize]) -> Result<Line> {
    let cells: Vec<&str> = line.split('\t').collect();
    let cell = |column: usize| cells.get(places[column]).copied().ok_or("a column is missing");
    let kind: FeedbackType = cell(1)?.parse()?;
    let subtype: Subtype = cell(2)?.parse()?;
    if subtype.feedback_type() != kind {
        return Err(format!("{subtype} is no {kind}").into());
    }
    Ok(Line { text: cell(0)?.to_owned(), subtype, priority: cell(3)?.parse()?, mood: cell(4)?.parse()? })
}
