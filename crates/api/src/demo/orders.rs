//! Eighteen months of purchases, the same at every run apart from the day on which they end.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::Outcome;
use super::api::Session;
use super::customers::{CUSTOMERS, Habit, SYSTEM, external_id};

const MONTHS_18: i64 = 547;

/// (article number, name, price in yuan)
const CATALOGUE: &[(&str, &str, i64)] = &[
    ("QX-100", "便携式 pH 计", 1280),
    ("QX-210", "台式电导率仪", 4600),
    ("QX-320", "水质多参数分析仪", 18800),
    ("QX-330", "在线浊度监测仪", 23600),
    ("HC-001", "标准缓冲液套装", 260),
    ("HC-014", "电极保护液", 95),
    ("FW-500", "年度校准服务", 3200),
];

/// How many orders were new, and how many were known.
pub struct Told {
    pub created: u64,
    pub updated: u64,
}

/// How one habit shows in a history: the groups lie apart in every figure, so that each scores as it is meant to.
struct Pattern {
    /// Days between the last order and today: at least, and how many more at most.
    silent: (i64, i64),
    orders: (i64, i64),
    /// Size of an order in pieces of its article.
    pieces: (i64, i64),
    /// The articles it buys, as a range of the catalogue.
    articles: (usize, usize),
}

fn pattern(habit: Habit) -> Option<Pattern> {
    let pattern = |silent, orders, pieces, articles| Some(Pattern { silent, orders, pieces, articles });
    match habit {
        Habit::Devoted => pattern((2, 16), (14, 6), (3, 4), (1, 4)),
        Habit::Promising => pattern((3, 20), (2, 2), (3, 3), (2, 4)),
        Habit::Steady => pattern((45, 40), (5, 2), (1, 2), (0, 2)),
        Habit::Slipping => pattern((150, 80), (9, 3), (1, 2), (0, 2)),
        Habit::Gone => pattern((300, 200), (1, 1), (1, 2), (4, 6)),
        Habit::Prospect => None,
    }
}

/// Numbers that look thrown, but are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    /// From 0 to `most`.
    fn up_to(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((z ^ (z >> 31)) % (most.unsigned_abs() + 1)).unwrap_or_default()
    }

    fn between(&mut self, (least, more): (i64, i64)) -> i64 {
        least + self.up_to(more)
    }
}

/// Tells the server of every order, in one request.
pub async fn tell(admin: &Session, today: NaiveDate) -> Outcome<Told> {
    let lines: Vec<Value> =
        CUSTOMERS.iter().enumerate().flat_map(|(index, entry)| history(index, entry, today)).collect();
    let result = admin.post_lines("/api/v1/orders/bulk", &lines).await?;
    if result["failed"] != 0 {
        return Err(
            format!("{} orders were refused, the first of them: {}", result["failed"], result["errors"][0]).into()
        );
    }
    let count = |name: &str| result[name].as_u64().unwrap_or_default();
    Ok(Told { created: count("created"), updated: count("updated") })
}

fn history(index: usize, entry: &(Habit, bool, &str, &str, &str), today: NaiveDate) -> Vec<Value> {
    let (habit, _, name, ..) = *entry;
    let Some(pattern) = pattern(habit) else { return Vec::new() };
    let mut dice = Dice(index as u64);
    let silent = dice.between(pattern.silent);
    let count = dice.between(pattern.orders);
    // Evenly back from the last one, within the eighteen months.
    let step = (MONTHS_18 - silent) / count;
    (0..count)
        .map(|n| {
            let jitter = if n == 0 { 0 } else { dice.up_to(step / 3) };
            let days_ago = silent + n * step + jitter;
            let (first, last) = pattern.articles;
            let article = first + usize::try_from(dice.up_to((last - first - 1) as i64)).unwrap_or_default();
            let (sku, title, price) = CATALOGUE[article.min(CATALOGUE.len() - 1)];
            let pieces = dice.between(pattern.pieces);
            // Working hours in China.
            let time = format!("{:02}:{:02}:00+08:00", 9 + dice.up_to(8), dice.up_to(59));
            // The third but last of whoever buys often was called off: it does not count.
            let status = match (n, days_ago) {
                (3, _) if count > 8 => "cancelled",
                (_, 0..7) => "paid",
                (_, 7..15) => "delivered",
                _ => "completed",
            };
            json!({
                "external_system": SYSTEM, "order_no": format!("DEMO-SO-{:03}-{:02}", index + 1, count - n),
                "customer_external_id": external_id(index), "customer_name": name,
                "ordered_at": format!("{}T{time}", today - TimeDelta::days(days_ago)),
                "amount": format!("{}.00", price * pieces), "status": status,
                "lines": [{ "sku": sku, "name": title, "quantity": pieces, "price": format!("{price}.00") }],
            })
        })
        .collect()
}
