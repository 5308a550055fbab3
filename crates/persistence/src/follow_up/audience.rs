//! Whom a plan is about, and for whom of them an occasion is, as SQL over `customers`.

use huiyin_domain::follow_up::sweep::{BIRTHDAY, Whom};
use huiyin_domain::tiering::condition::{CUSTOM_PREFIX, Check, Field, Home, Kind, Leaf, Predicate, Subject, Value};
use sea_orm::DbBackend;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait, Func, Query};

use crate::entity::{customers, segment_members};
use crate::tiering::conditions;

/// Whom a plan is about.
#[derive(Debug, Clone)]
pub enum Audience {
    Members(Uuid),
    Meeting(Predicate),
    /// Of these the customers of a department.
    Within(Uuid, Box<Audience>),
}

impl Audience {
    /// True for the customers whom the plan is about. It may stand in any statement that selects from `customers`.
    pub fn expression(&self, backend: DbBackend) -> Expr {
        match self {
            Audience::Within(department, audience) => {
                let own = Expr::col((customers::Entity, customers::Column::DepartmentId)).eq(*department);
                own.and(audience.expression(backend))
            }
            Audience::Meeting(predicate) => conditions::expression(predicate, backend),
            Audience::Members(segment) => {
                use segment_members::Column as C;
                let member = |column: C| Expr::col((segment_members::Entity, column));
                let row = Query::select()
                    .expr(Expr::val(1))
                    .from(segment_members::Entity)
                    .and_where(member(C::SegmentId).eq(*segment))
                    .and_where(member(C::CustomerId).equals((customers::Entity, customers::Column::Id)))
                    .to_owned();
                Expr::exists(row)
            }
        }
    }
}

fn subject(field: &str) -> Option<Subject> {
    match field.strip_prefix(CUSTOM_PREFIX) {
        Some(key) => Some(Subject::Custom(key.to_owned())),
        None => Field::by_name(field).map(Subject::Field),
    }
}

fn nobody() -> Expr {
    Expr::cust("FALSE")
}

/// True for the customers for whom an occasion is. Nobody's is one of a field that is no date.
pub fn meant(whom: &Whom, backend: DbBackend) -> Option<Expr> {
    let leaf = |subject, check| conditions::expression(&Predicate::Leaf(Leaf { subject, check }), backend);
    Some(match whom {
        Whom::Everybody => return None,
        Whom::Slots(slots) if backend == DbBackend::Postgres => {
            Expr::cust(slot(backend)).between(i64::from(slots.start), i64::from(slots.end.saturating_sub(1)))
        }
        Whom::Slots(slots) => Expr::cust(format!(
            "(substr(\"customers\".\"id\", 15, 2) BETWEEN x'{:04x}' AND x'{:04x}')",
            slots.start,
            slots.end.saturating_sub(1)
        )),
        Whom::Dated { field, date } => match subject(field) {
            Some(Subject::Custom(key)) => leaf(Subject::Custom(key), Check::OneOf(vec![Value::Text(date.to_string())])),
            Some(Subject::Field(field)) if field.kind() == Kind::Date => {
                leaf(Subject::Field(field), Check::OneOf(vec![Value::Date(*date)]))
            }
            _ => nobody(),
        },
        Whom::Yearly { field, days } => match subject(field) {
            Some(Subject::Field(field)) => leaf(Subject::Field(field), Check::DayOfYear(days.clone())),
            Some(Subject::Custom(key)) => match custom_text(&key, backend) {
                Some(text) if !days.is_empty() => {
                    let days = days.iter().map(|day| format!("{:02}-{:02}", day / 100, day % 100));
                    // Never NULL: a customer without the date is not meant.
                    month_and_day(text.clone()).is_in(days).and(text.is_not_null())
                }
                _ => nobody(),
            },
            None => nobody(),
        },
    })
}

/// The slot of a customer as a number, see `schedule::spread_slot`.
pub fn slot(backend: DbBackend) -> String {
    if backend == DbBackend::Postgres {
        let byte = |place: u8| format!("get_byte(uuid_send(\"customers\".\"id\"), {place})");
        return format!("({} * 256 + {})", byte(14), byte(15));
    }
    let digits = ["4096", "256", "16", "1"].iter().enumerate().map(|(place, weight)| {
        let digit = format!("substr(hex(substr(\"customers\".\"id\", 15, 2)), {}, 1)", place + 1);
        format!("(instr('0123456789ABCDEF', {digit}) - 1) * {weight}")
    });
    format!("({})", digits.collect::<Vec<_>>().join(" + "))
}

fn month_and_day(date: Expr) -> Expr {
    Expr::expr(Func::cust("substr").args([date, Expr::val(6), Expr::val(5)]))
}

/// A custom field as a text; its key is made of letters, digits and underscores.
fn custom_text(key: &str, backend: DbBackend) -> Option<Expr> {
    if !key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return None;
    }
    let column = "\"customers\".\"custom\"";
    Some(Expr::cust(match backend {
        DbBackend::Postgres => {
            format!("(CASE WHEN jsonb_typeof({column} -> '{key}') = 'string' THEN {column} ->> '{key}' END)")
        }
        _ => format!(
            "(CASE WHEN json_type({column}, '$.\"{key}\"') = 'text' THEN json_extract({column}, '$.\"{key}\"') END)"
        ),
    }))
}

/// By what customers with the same occasion of a date are the same: the date as `2026-12-31`, or for what comes round every
/// year as `12-31`, of a birthday its key as a text. `None`: the field is no date.
pub fn date_key(field: &str, yearly: bool, backend: DbBackend) -> Option<Expr> {
    if field == BIRTHDAY {
        return Some(Expr::cust(
            "CAST(\"customers\".\"birthday_month\" * 100 + \"customers\".\"birthday_day\" \
             + CASE WHEN \"customers\".\"birthday_calendar\" = 'lunar' THEN 10000 ELSE 0 END \
             + CASE WHEN \"customers\".\"birthday_leap\" THEN 20000 ELSE 0 END AS text)",
        ));
    }
    let text = match subject(field)? {
        Subject::Custom(key) => custom_text(&key, backend)?,
        Subject::Field(field) if field.kind() == Kind::Date => match field.home() {
            Home::Customer(column) => Expr::col((customers::Entity, Alias::new(column))).cast_as(Alias::new("text")),
            Home::Figures(column) => Expr::cust(format!(
                "(SELECT CAST(\"{column}\" AS text) FROM \"customer_figures\" \
                 WHERE \"customer_figures\".\"customer_id\" = \"customers\".\"id\")"
            )),
            _ => return None,
        },
        Subject::Field(_) => return None,
    };
    Some(if yearly { month_and_day(text) } else { text })
}
