//! Follow-up: every write.

pub mod absence;
pub mod alarms;
pub mod alerts;
pub mod arrivals;
pub mod assignment;
pub mod corrections;
pub mod following;
pub mod frequency;
pub mod generation;
pub mod leads;
pub mod limits;
pub mod making;
pub mod plan_steps;
pub mod plans;
pub mod preview;
pub mod question;
pub mod recording;
pub mod records;
pub mod samples;
pub mod scripts;
pub mod settings;
pub mod task_steps;
pub mod tasks;
mod underway;
pub mod verification;
