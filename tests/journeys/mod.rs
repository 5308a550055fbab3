mod closed_loop;
mod copies;
mod crash;
mod deadlines;
mod dispatch;
mod sla;
