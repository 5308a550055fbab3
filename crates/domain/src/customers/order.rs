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

/// The product lines (产品线) that the lines of an order name: `product_line`, or `product` where there is none.
pub fn product_lines(lines: Option<&serde_json::Value>) -> Vec<String> {
    let lines = lines.and_then(serde_json::Value::as_array);
    let named =
        lines.into_iter().flatten().filter_map(|line| line["product_line"].as_str().or(line["product"].as_str()));
    let mut named: Vec<String> =
        named.map(|name| name.trim().chars().take(200).collect::<String>()).filter(|name| !name.is_empty()).collect();
    named.sort_unstable();
    named.dedup();
    named
}
