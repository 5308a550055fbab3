mod bad_input;
mod closed_loop;
mod customers;
mod online_retail;
mod orders;
mod tiering;
