mod bad_input;
mod closed_loop;
mod customers;
mod deadlines;
mod online_retail;
mod orders;
mod sla;
mod tiering;
