pub mod attachments;
pub mod callers;
pub mod communications;
pub mod entries;
pub mod pool;
pub mod receipts;
pub mod routing;
