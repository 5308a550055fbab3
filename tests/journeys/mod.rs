mod closed_loop;
mod deadlines;
mod single_orders;
mod sla;
