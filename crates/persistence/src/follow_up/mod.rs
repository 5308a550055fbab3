//! Follow-up: statements over scripts, plans, tasks and records.

pub mod alerts;
pub mod assignment;
pub mod attempts;
pub mod audience;
pub mod coverage;
pub mod expected;
pub mod frequency;
pub mod generation;
pub mod leads;
pub mod plans;
pub mod preparation;
pub mod preview;
pub mod progress;
pub mod records;
pub mod samples;
pub mod scripts;
pub mod stand_ins;
pub mod sweep;
pub mod tasks;
pub mod verification;
pub mod work;
