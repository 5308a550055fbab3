//! Values, and conditions made of them at random.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};
use huiyin_domain::tiering::condition::{Condition, Field, Form, Kind, Moment, Op, Shape, SpanUnit};
use serde_json::{Value as Json, json};
use uuid::Uuid;

pub(super) const CUSTOMERS: usize = 240;
pub(super) const CONDITIONS: usize = 400;

pub(super) const TEXTS: &[&str] = &[
    "acme 贸易",
    "上海晨光贸易有限公司",
    "晨光",
    "贸易",
    "a",
    "A",
    "o'neil",
    "100%",
    "_x_",
    "back\\slash",
    "😀",
    "é",
    "+8613800138000",
    "a@example.com",
    "零售",
];
pub(super) const KEYS: &[&str] = &["colour", "seats", "renewed", "gold"];

/// Numbers from a seed (SplitMix64), so that what fails fails again.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % n as u64) as usize
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Month ends, a leap day, days when clocks jump, and the year's edge; in two zones.
pub(super) fn moments() -> Vec<Moment> {
    let at = |now: &str, zone| Moment { now: now.parse().unwrap(), zone };
    vec![
        at("2026-10-20T02:00:00Z", chrono_tz::Asia::Shanghai),
        at("2026-10-20T15:59:59.999999Z", chrono_tz::Asia::Shanghai),
        at("2026-10-20T16:00:00Z", chrono_tz::Asia::Shanghai),
        at("2026-03-31T04:30:00.5Z", chrono_tz::Asia::Shanghai),
        at("2028-02-29T12:00:00Z", chrono_tz::Asia::Shanghai),
        at("2026-10-25T01:30:00Z", chrono_tz::Europe::Berlin),
        at("2026-03-29T12:15:00Z", chrono_tz::Europe::Berlin),
        at("2026-12-31T23:00:00Z", chrono_tz::America::New_York),
    ]
}

/// Dates on and around the ends that spans have at these moments.
pub(super) fn dates() -> Vec<NaiveDate> {
    let mut dates = BTreeSet::new();
    for moment in moments() {
        let today = moment.today();
        for end in [today, today - Days::new(30), today + Days::new(30), today - Months::new(1), today + Months::new(3)]
        {
            dates.extend([end.pred_opt().unwrap(), end, end.succ_opt().unwrap()]);
        }
    }
    dates.insert("2024-02-29".parse().unwrap());
    dates.insert("1999-12-31".parse().unwrap());
    dates.into_iter().collect()
}

pub(super) fn times() -> Vec<DateTime<Utc>> {
    let mut times = BTreeSet::new();
    for moment in moments() {
        for json in [json!({"days": 30}), json!({"hours": 24}), json!({"days": 1}), json!({"months": 1})] {
            for op in ["within_last", "within_next"] {
                let condition = json!({"field": "created_at", "op": op, "value": json});
                let bound = Condition::parse(&condition, "").unwrap().bind(moment);
                for part in format!("{bound:?}").split("Time(").skip(1) {
                    let end: DateTime<Utc> = part.split(')').next().unwrap().parse().unwrap();
                    let microsecond = TimeDelta::microseconds(1);
                    times.extend([end - microsecond, end, end + microsecond]);
                }
            }
        }
    }
    times.into_iter().collect()
}

pub(super) struct Pools {
    pub(super) dates: Vec<NaiveDate>,
    pub(super) times: Vec<DateTime<Utc>>,
    pub(super) ids: Vec<Uuid>,
}

impl Pools {
    pub(super) fn value(&self, dice: &mut Dice, kind: Kind) -> Json {
        match kind {
            Kind::Text(_) | Kind::Set | Kind::Birthday => json!(dice.one(TEXTS)),
            Kind::Choice(choices) => json!(dice.one(&choices.texts())),
            Kind::Number => json!(*dice.one(&[-1i64, 0, 1, 2, 3, 5, 10, 12, 1990])),
            Kind::Money if dice.chance(50) => json!(*dice.one(&[0i64, 1, 100, 100_000])),
            Kind::Money => json!(*dice.one(&["0", "-12.50", "0.01", "100", "100000.00"])),
            Kind::Date => json!(dice.one(&self.dates)),
            Kind::Time => json!(dice.one(&self.times)),
            Kind::Id => json!(dice.one(&self.ids)),
            Kind::Real => json!(*dice.one(&[0.0, 0.1, 2.5, -3.25, 10.0, 1e15])),
            Kind::Boolean => json!(dice.chance(50)),
        }
    }

    pub(super) fn leaf(&self, dice: &mut Dice) -> Json {
        let custom = dice.chance(15);
        let (name, kind) = if custom {
            let kind = *dice.one(&[Kind::Text(Form::Plain), Kind::Real, Kind::Date, Kind::Boolean]);
            (format!("custom.{}", dice.one(KEYS)), kind)
        } else {
            let field = *dice.one(Field::ALL);
            (field.as_str().to_owned(), field.kind())
        };
        let ops: Vec<Op> = kind.ops().iter().copied().filter(|op| !custom || *op != Op::AnniversaryWithin).collect();
        let op = *dice.one(&ops);
        let mut leaf = json!({"field": name, "op": op});
        leaf["value"] = match op.shape() {
            Shape::None => return leaf,
            Shape::One => self.value(dice, kind),
            Shape::Many => {
                let length = 1 + dice.below(3);
                (0..length).map(|_| self.value(dice, kind)).collect()
            }
            Shape::Pair => json!([self.value(dice, kind), self.value(dice, kind)]),
            Shape::Span => {
                let units = if kind == Kind::Time { SpanUnit::ALL } else { &SpanUnit::ALL[1..] };
                json!({dice.one(units).as_str(): *dice.one(&[1, 24, 30, 90])})
            }
            Shape::Days => json!({"days": *dice.one(&[0, 1, 7, 30, 180])}),
        };
        leaf
    }

    pub(super) fn condition(&self, dice: &mut Dice, depth: usize) -> Json {
        if depth == 0 || dice.chance(35) {
            return self.leaf(dice);
        }
        let parts = |dice: &mut Dice| -> Json { (0..dice.below(4)).map(|_| self.condition(dice, depth - 1)).collect() };
        match dice.below(3) {
            0 => json!({"all": parts(dice)}),
            1 => json!({"any": parts(dice)}),
            _ => json!({"not": self.condition(dice, depth - 1)}),
        }
    }
}
