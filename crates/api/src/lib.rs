//! Huiyin (回音): customer care and follow-up behind a JSON API.

pub mod app;
pub mod clock;
pub mod config;
pub mod demo;
pub mod files;
pub mod http;
pub mod jobs;
mod lists;
pub mod secret;
pub mod usecases;
