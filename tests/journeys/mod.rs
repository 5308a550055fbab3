mod closed_loop;
mod deadlines;
mod sla;
