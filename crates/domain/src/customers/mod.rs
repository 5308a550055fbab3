//! Customers (客户): profiles, contact data as it is matched and as it is shown, numbers, orders, interactions, files.

mod attachment;
mod birthday;
mod custom;
mod duplicate;
mod email;
pub mod export;
pub mod import;
mod interaction;
mod mask;
mod order;
mod phone;
mod protected;
mod stocktake;
mod text;
pub mod timeline;
mod todo;

pub use attachment::{AttachmentSubject, FileType, PICTURES, file_extension, picture, safe_file_name};
pub use birthday::{Birthday, BirthdayFault, CalendarKind};
pub use custom::{CustomField, CustomKind, custom_faults};
pub use duplicate::{DuplicateReason, MatchKeys, MergeSide, pair};
pub use email::Email;
pub use interaction::{InteractionMethod, happened_by, may_change};
pub use mask::{mask_email, mask_phone};
pub use order::{OrderStatus, product_lines};
pub use phone::Phone;
pub use protected::{
    ChangeRequest, ChangeStatus, Changes, FieldChange, PROFILE_FIELDS, ProtectedFields, decides_on, stale,
};
pub use stocktake::{ConfirmationStatus, REMINDERS, StocktakeStatus, quarter_end, stage_of};
pub use text::{firm_key, fold, half_width, is_invisible, normalise_name, query_tokens, search_text};
pub use todo::{Reminder, TodoStatus, morning, reminder_due, reminders};

use crate::text_enum;

text_enum! {
    /// Whether an enterprise or a person is cared for.
    CustomerKind {
        Enterprise = "enterprise",
        Person = "person",
    }
}

text_enum! {
    /// How far the cooperation has come (合作阶段).
    CooperationStage {
        Potential = "potential",
        Signed = "signed",
        Strategic = "strategic",
        Lost = "lost",
    }
}

text_enum! {
    /// How a customer wants to be reached.
    PreferredChannel {
        Phone = "phone",
        Sms = "sms",
        Email = "email",
        Wecom = "wecom",
        Dingtalk = "dingtalk",
        App = "app",
        Visit = "visit",
        Post = "post",
    }
}

text_enum! {
    /// A sign that a customer uses what it bought.
    ActivityKind {
        Login = "login",
        Open = "open",
        Visit = "visit",
    }
}

/// The number people see: `C000001`.
pub fn customer_no(sequence: i64) -> String {
    format!("C{sequence:06}")
}
