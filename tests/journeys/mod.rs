mod closed_loop;
mod deadlines;
mod demo;
mod single_orders;
mod sla;
