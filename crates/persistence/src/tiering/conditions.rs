//! Conditions as SQL over `customers`. Every comparison comes out true or false and never NULL, as it does in memory.

use huiyin_domain::tiering::condition::{Check, Edge, Facts, Field, Home, Leaf, Predicate, Subject, Value};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{DbBackend, Value as Bound};

const CUSTOMERS: &str = "customers";

/// So many comparisons PostgreSQL may plan as joins: with each more, it weighs more orders of them.
const JOINED: usize = 4;

/// The expression that is true for the customers that satisfy `predicate`. It may stand in any statement that selects
/// from `customers` under that name.
pub fn expression(predicate: &Predicate, backend: DbBackend) -> Expr {
    let postgres = backend == DbBackend::Postgres;
    Compiler { postgres, apart: postgres && leaves(predicate) > JOINED }.expression(predicate)
}

fn leaves(predicate: &Predicate) -> usize {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().map(leaves).sum(),
        Predicate::Not(part) => leaves(part),
        Predicate::Leaf(_) => 1,
    }
}

#[derive(Clone, Copy)]
struct Compiler {
    postgres: bool,
    /// Whether rows of other tables are looked up for each customer, and not joined.
    apart: bool,
}

fn own(column: &'static str) -> Expr {
    Expr::col((CUSTOMERS, column))
}

fn bound(value: &Value) -> Bound {
    match value.clone() {
        Value::Text(text) => text.into(),
        Value::Number(number) => number.into(),
        Value::Real(number) => number.into(),
        Value::Boolean(value) => value.into(),
        Value::Date(date) => date.into(),
        Value::Time(time) => time.into(),
        Value::Id(id) => id.into(),
    }
}

impl Compiler {
    fn expression(self, predicate: &Predicate) -> Expr {
        let each = |parts: &[Predicate]| parts.iter().map(|part| self.expression(part)).collect::<Vec<_>>();
        match predicate {
            Predicate::All(parts) => each(parts).into_iter().reduce(Expr::and).unwrap_or_else(|| Expr::cust("TRUE")),
            Predicate::Any(parts) => each(parts).into_iter().reduce(Expr::or).unwrap_or_else(|| Expr::cust("FALSE")),
            Predicate::Not(part) => self.expression(part).not(),
            Predicate::Leaf(leaf) => self.leaf(leaf),
        }
    }

    /// Rows of `table` that belong to the customer.
    fn rows_of(self, table: &'static str) -> SelectStatement {
        let mut rows = Query::select();
        rows.expr(Expr::val(1)).from(table).and_where(Expr::col((table, "customer_id")).equals((CUSTOMERS, "id")));
        if self.apart {
            // A subquery with an offset stays one.
            rows.offset(0);
        }
        rows
    }

    fn leaf(self, leaf: &Leaf) -> Expr {
        let Leaf { subject, check } = leaf;
        match subject {
            Subject::Custom(key) => self.custom(key, check),
            Subject::Field(field) => match field.home() {
                Home::Customer(column) => self.known(own(column), check),
                Home::Figures(column) => self.figures(*field, column, check),
                Home::Tier(column) => self.beside("customer_tiers", column, check),
                Home::Churn(column) => self.beside("customer_churn", column, check),
                Home::Tags => self.elements("customer_tags", "tag", check),
                Home::Bought => self.elements("order_products", "product_line", check),
                Home::CoreProducts => self.core_products(check),
                Home::Birthday => self.birthday(check),
            },
        }
    }

    /// A check of an expression that may be NULL.
    fn known(self, value: Expr, check: &Check) -> Expr {
        match check {
            Check::Missing => value.is_null(),
            check => value.clone().is_not_null().and(self.compare(value, check)),
        }
    }

    /// A check of an expression that is not NULL.
    fn compare(self, value: Expr, check: &Check) -> Expr {
        match check {
            Check::Missing | Check::HasAny(_) => Expr::cust("FALSE"),
            Check::OneOf(values) => match values.as_slice() {
                [one] => value.eq(bound(one)),
                several => value.is_in(several.iter().map(bound)),
            },
            Check::Range { from, to } => {
                let from = from.as_ref().map(|(end, edge)| match edge {
                    Edge::Included => value.clone().gte(bound(end)),
                    Edge::Excluded => value.clone().gt(bound(end)),
                });
                let to = to.as_ref().map(|(end, edge)| match edge {
                    Edge::Included => value.clone().lte(bound(end)),
                    Edge::Excluded => value.clone().lt(bound(end)),
                });
                from.into_iter().chain(to).reduce(Expr::and).unwrap_or_else(|| Expr::cust("TRUE"))
            }
            Check::Contains(part) => {
                let find = if self.postgres { "strpos" } else { "instr" };
                Expr::expr(Func::cust(find).args([value, Expr::val(part.as_str())])).gt(0)
            }
            Check::StartsWith(part) => {
                if self.postgres {
                    return Expr::expr(Func::cust("starts_with").args([value, Expr::val(part.as_str())]));
                }
                let length = i64::try_from(part.chars().count()).unwrap_or(i64::MAX);
                Expr::expr(Func::cust("substr").args([value, Expr::val(1), Expr::val(length)])).eq(part.as_str())
            }
            Check::DayOfYear(days) => {
                let key = if self.postgres {
                    Expr::cust_with_exprs(
                        "(extract(month from $1) * 100 + extract(day from $2))::int",
                        [value.clone(), value],
                    )
                } else {
                    Expr::expr(Func::cust("strftime").args([Expr::val("%m%d"), value])).cast_as(Alias::new("integer"))
                };
                one_of_days(key, days)
            }
        }
    }

    /// A column of a table with one row a customer at most.
    fn beside(self, table: &'static str, column: &'static str, check: &Check) -> Expr {
        let value = Expr::col((table, column));
        match check {
            Check::Missing => Expr::exists(self.rows_of(table).and_where(value.is_not_null()).to_owned()).not(),
            check => Expr::exists(self.rows_of(table).and_where(self.known(value, check)).to_owned()),
        }
    }

    /// A customer without the row counts as zero: where zero is meant too, those are excluded that are something else.
    fn figures(self, field: Field, column: &'static str, check: &Check) -> Expr {
        const TABLE: &str = "customer_figures";
        if !field.counts_from_zero() {
            return self.beside(TABLE, column, check);
        }
        let leaf = Leaf { subject: Subject::Field(field), check: check.clone() };
        let meets = self.compare(Expr::col((TABLE, column)), check);
        if Predicate::Leaf(leaf).holds(&Facts::default()) {
            Expr::exists(self.rows_of(TABLE).and_where(meets.not()).to_owned()).not()
        } else {
            Expr::exists(self.rows_of(TABLE).and_where(meets).to_owned())
        }
    }

    fn elements(self, table: &'static str, column: &'static str, check: &Check) -> Expr {
        match check {
            Check::Missing => Expr::exists(self.rows_of(table)).not(),
            Check::HasAny(wanted) => {
                let wanted = Expr::col((table, column)).is_in(wanted.iter().map(String::as_str));
                Expr::exists(self.rows_of(table).and_where(wanted).to_owned())
            }
            _ => Expr::cust("FALSE"),
        }
    }

    fn core_products(self, check: &Check) -> Expr {
        let (any, none) = if self.postgres {
            (
                "EXISTS (SELECT 1 FROM jsonb_array_elements_text(\"customers\".\"core_products\") AS product(name) WHERE $1)",
                "(jsonb_array_length(\"customers\".\"core_products\") = 0)",
            )
        } else {
            (
                "EXISTS (SELECT 1 FROM json_each(\"customers\".\"core_products\") AS product WHERE ?)",
                "(json_array_length(\"customers\".\"core_products\") = 0)",
            )
        };
        match check {
            Check::Missing => Expr::cust(none),
            Check::HasAny(wanted) => {
                let name = Expr::cust(if self.postgres { "product.name" } else { "product.value" });
                let meets = name.is_in(wanted.iter().map(String::as_str));
                Expr::cust_with_exprs(any, [meets])
            }
            _ => Expr::cust("FALSE"),
        }
    }

    fn birthday(self, check: &Check) -> Expr {
        let known = own("birthday_month").is_not_null().and(own("birthday_day").is_not_null());
        match check {
            Check::Missing => known.not(),
            Check::DayOfYear(days) => {
                let key = Expr::cust(
                    "(\"customers\".\"birthday_month\" * 100 + \"customers\".\"birthday_day\" \
                     + CASE WHEN \"customers\".\"birthday_calendar\" = 'lunar' THEN 10000 ELSE 0 END \
                     + CASE WHEN \"customers\".\"birthday_leap\" THEN 20000 ELSE 0 END)",
                );
                known.and(one_of_days(key, days))
            }
            _ => Expr::cust("FALSE"),
        }
    }

    /// A custom field counts as having a value only where it is of the type that is asked for; its key is made of
    /// letters, digits and underscores.
    fn custom(self, key: &str, check: &Check) -> Expr {
        let (type_of, value_of) = if self.postgres {
            (
                format!("jsonb_typeof(\"customers\".\"custom\" -> '{key}')"),
                format!("(\"customers\".\"custom\" ->> '{key}')"),
            )
        } else {
            (
                format!("json_type(\"customers\".\"custom\", '$.\"{key}\"')"),
                format!("json_extract(\"customers\".\"custom\", '$.\"{key}\"')"),
            )
        };
        let text = |collation: &str| match self.postgres {
            true => format!("(CASE WHEN {type_of} = 'string' THEN {value_of} END){collation}"),
            false => format!("(CASE WHEN {type_of} = 'text' THEN {value_of} END)"),
        };
        let sample = match check {
            Check::Missing => return Expr::cust(format!("(coalesce({type_of}, 'null') = 'null')")),
            Check::OneOf(values) => values.first(),
            Check::Range { from, to } => from.as_ref().or(to.as_ref()).map(|(end, _)| end),
            _ => None,
        };
        let value = match sample {
            Some(Value::Real(_)) if self.postgres => {
                format!("(CASE WHEN {type_of} = 'number' THEN {value_of}::float8 END)")
            }
            Some(Value::Real(_)) => {
                format!("(CASE WHEN {type_of} IN ('integer', 'real') THEN CAST({value_of} AS REAL) END)")
            }
            Some(Value::Boolean(_)) if self.postgres => {
                format!("(CASE WHEN {type_of} = 'boolean' THEN {value_of}::boolean END)")
            }
            Some(Value::Boolean(_)) => format!("(CASE {type_of} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)"),
            // Dates are kept as texts, whose order must not depend on the database's language.
            _ => text(" COLLATE \"C\""),
        };
        self.known(Expr::cust(value), check)
    }
}

/// The keys are whole numbers of ours: written out, so that they take no parameters.
fn one_of_days(key: Expr, days: &std::collections::BTreeSet<i32>) -> Expr {
    let days: Vec<String> = days.iter().map(i32::to_string).collect();
    if days.is_empty() {
        return Expr::cust("FALSE");
    }
    key.is_in(days.into_iter().map(Expr::cust))
}
