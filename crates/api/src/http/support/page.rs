//! Lists: an opaque cursor, newest first.

use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::support::PageRequest;
use uuid::Uuid;

const DEFAULT_LIMIT: i64 = 50;

/// `cursor` and `limit` as they come; the fields stand in each list's own parameters, so that the contract shows them.
#[derive(Debug, Clone, Copy)]
pub struct PageParams<'a> {
    pub cursor: Option<&'a str>,
    pub limit: Option<i64>,
}

impl PageParams<'_> {
    pub fn request(self) -> Result<PageRequest, Fault> {
        let before = self.cursor.map(decode).transpose()?;
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, 200);
        Ok(PageRequest { before, limit: limit.unsigned_abs() })
    }
}

fn decode(cursor: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(cursor).map_err(|_| invalid_cursor())
}

/// The cursor that continues after a row.
pub fn encode(id: Uuid) -> String {
    id.simple().to_string()
}

/// The cursor that continues after a place in an order by a number, sixteen and thirty-two digits.
pub fn encode_place((key, id): (i64, Uuid)) -> String {
    format!("{key:016x}{}", id.simple())
}

pub fn decode_place(cursor: &str) -> Result<(i64, Uuid), Fault> {
    let read = || {
        let (key, id) = cursor.split_at_checked(16)?;
        Some((i64::from_str_radix(key, 16).ok()?, Uuid::try_parse(id).ok()?))
    };
    read().ok_or_else(invalid_cursor)
}

pub fn invalid_cursor() -> Fault {
    Fault::new(Code::InvalidCursor).at("#query/cursor")
}

/// Names a page of something, since the contract wants every schema named.
macro_rules! page_of {
    ($vis:vis $name:ident, $item:ty) => {
        /// One page of a list, newest first.
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        $vis struct $name {
            $vis items: Vec<$item>,
            /// Pass it as `cursor` for the next page; null at the end.
            $vis next_cursor: Option<String>,
        }

        impl From<huiyin_persistence::support::Page<$item>> for $name {
            fn from(page: huiyin_persistence::support::Page<$item>) -> Self {
                $name { items: page.items, next_cursor: page.next.map($crate::http::support::page::encode) }
            }
        }
    };
}
pub(crate) use page_of;

/// The parameters of a list without filters.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams, utoipa::ToSchema, validator::Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    pub cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

impl ListParams {
    pub fn request(&self) -> Result<PageRequest, Fault> {
        PageParams { cursor: self.cursor.as_deref(), limit: self.limit }.request()
    }
}
