//! The audit log (审计日志): who saw or did what is nobody's daily business, and why.

use crate::text_enum;

text_enum! {
    /// What was done.
    AuditAction {
        /// Masked data was shown for a stated reason.
        PersonalDataRevealed = "personal_data.revealed",
        /// Unmasked personal data left in a file.
        PersonalDataExported = "personal_data.exported",
        ProtectedFieldsChanged = "protected_fields.changed",
        CustomersMerged = "customers.merged",
        ChangeRequestApproved = "change_request.approved",
        ChangeRequestRejected = "change_request.rejected",
    }
}

text_enum! {
    /// Who acted.
    AuditActor {
        User = "user",
        ApiKey = "api_key",
        System = "system",
    }
}

text_enum! {
    /// Masked data that can be shown for a stated reason.
    PersonalField {
        Phone = "phone",
        Email = "email",
        Birthday = "birthday",
        Address = "address",
    }
}
