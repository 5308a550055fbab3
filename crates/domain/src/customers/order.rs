use crate::text_enum;

text_enum! {
    /// Where an order stands (购买记录).
    OrderStatus {
        Placed = "placed",
        Paid = "paid",
        Delivered = "delivered",
        SignedFor = "signed_for",
        Completed = "completed",
        Cancelled = "cancelled",
    }
}

impl OrderStatus {
    /// Whether the order counts towards RFM.
    pub fn counts(self) -> bool {
        self != OrderStatus::Cancelled
    }
}
