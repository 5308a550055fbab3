mod closed_loop;
mod copies;
mod deadlines;
mod sla;
