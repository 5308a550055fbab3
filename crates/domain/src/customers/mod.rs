//! Customers (客户): contact data as it is matched and as it is shown, numbers, orders.

mod attachment;
mod contact;
mod interaction;
mod mask;
mod order;
pub mod timeline;
mod todo;

pub use attachment::{AttachmentSubject, FileType, file_extension, safe_file_name};
pub use contact::{Email, Phone, normalise_name};
pub use interaction::{InteractionMethod, happened_by, may_change};
pub use mask::{mask_email, mask_phone};
pub use order::OrderStatus;
pub use todo::{Reminder, TodoStatus, reminder_due, reminders};

use crate::text_enum;

text_enum! {
    /// Whether an enterprise or a person is cared for.
    CustomerKind {
        Enterprise = "enterprise",
        Person = "person",
    }
}

/// The number people see: `C000001`.
pub fn customer_no(sequence: i64) -> String {
    format!("C{sequence:06}")
}
