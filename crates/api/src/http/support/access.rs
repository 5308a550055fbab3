//! Who is calling, and whether they may. The permission stands in the handler's signature: `Can<may::CustomersRead>`.

use std::marker::PhantomData;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::{Actor, Permission, Scope};

use super::edge::Edge;
use super::input::{BodyHash, app};
use super::observe::RequestId;
use super::problem::{ApiError, ApiResult};
use crate::usecases::identity::sessions;
use crate::usecases::support::{Command, Error, Idempotency, Origin};

/// A permission as a type.
pub trait Needs: 'static {
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($name:ident),+ $(,)?) => {
        /// The permissions as types, for [`Can`].
        pub mod may {
            use super::{Needs, Permission};
            $(
                #[derive(Debug)]
                pub struct $name;
                impl Needs for $name { const PERMISSION: Permission = Permission::$name; }
            )+
        }
    };
}

permissions!(
    UsersRead,
    UsersManage,
    DepartmentsRead,
    DepartmentsManage,
    ApiKeysManage,
    CustomersRead,
    CustomersWrite,
    CustomersMerge,
    ChangeRequestsDecide,
    PersonalDataReveal,
    CustomersImport,
    InteractionsRead,
    InteractionsWrite,
    AttachmentsRead,
    AttachmentsWrite,
    CustomersConfigure,
    ActivitiesWrite,
    StocktakesManage,
    OrdersRead,
    OrdersWrite,
    SegmentsRead,
    SegmentsManage,
    TieringRead,
    TieringRun,
    TieringConfigure,
    FeedbackRead,
    FeedbackCreate,
    FeedbackClassify,
    FeedbackDispatch,
    FeedbackHandle,
    FeedbackApprove,
    FeedbackConfigure,
    CasesRead,
    DemandsRead,
    DemandsWrite,
    DemandsManage,
    FollowUpRead,
    FollowUpHandle,
    FollowUpAssign,
    FollowUpPlan,
    FollowUpConfigure,
    SlaRead,
    SlaConfigure,
    EventsRead,
    AuditRead,
    Account,
);

/// Who the bearer token stands for, as the middleware found it.
#[derive(Clone)]
struct Caller(Result<Actor, Code>);

/// Finds out who is calling, before any body is read: a stranger is told so before he is told what is wrong with
/// his request.
pub async fn authenticate<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if let Some(token) = bearer(request.request()) {
        let app = app(request.request())?;
        let now = app.clock.now();
        let caller = match sessions::authenticate(&app, &token, now).await {
            Ok(actor) => Caller(Ok(actor)),
            Err(Error::Faults(_)) => Caller(Err(Code::Unauthenticated)),
            Err(error) => return Ok(request.error_response(ApiError::from(error)).map_into_right_body()),
        };
        request.extensions_mut().insert(caller);
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Who is calling, if anybody who is known.
pub fn caller(request: &HttpRequest) -> Option<Actor> {
    request.extensions().get::<Caller>()?.0.clone().ok()
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    let (scheme, token) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    // A header that is there but no bearer token is a failed attempt, not an absent one.
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim().to_owned() } else { String::new() })
}

/// Somebody who may do what `P` names.
#[derive(Debug)]
pub struct Can<P> {
    pub actor: Actor,
    pub now: DateTime<Utc>,
    request: HttpRequest,
    permission: PhantomData<P>,
}

impl<P: Needs> FromRequest for Can<P> {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::check(request))
    }
}

impl<P: Needs> Can<P> {
    fn check(request: &HttpRequest) -> ApiResult<Self> {
        let caller = request.extensions().get::<Caller>().cloned().unwrap_or(Caller(Err(Code::Unauthenticated)));
        let actor = caller.0?;
        if !actor.may(P::PERMISSION) {
            return Err(Fault::new(Code::Forbidden).with("permission", P::PERMISSION).into());
        }
        let now = app(request)?.clock.now();
        Ok(Can { actor, now, request: request.clone(), permission: PhantomData })
    }
}

impl<P> Can<P> {
    /// The rows they reach.
    pub fn scope(&self) -> Scope {
        self.actor.scope()
    }

    /// The command of this request, with its `Idempotency-Key` and `If-Match`.
    pub fn command(&self) -> ApiResult<Command> {
        Ok(Command {
            actor: self.actor.clone(),
            now: self.now,
            idempotency: idempotency(&self.request)?,
            expected_version: expected_version(&self.request)?,
            origin: Origin {
                request_id: self.request.extensions().get::<RequestId>().map(|id| id.0.clone()),
                remote_address: Edge::of(&self.request)?.client(&self.request).map(|address| address.to_string()),
            },
        })
    }
}

/// Header texts are visible ASCII; a key has 1 to 255 of them.
fn idempotency(request: &HttpRequest) -> ApiResult<Option<Idempotency>> {
    let malformed = || Fault::new(Code::MalformedHeader).with("header", "Idempotency-Key");
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().map_err(|_| malformed())?;
    if !(1..=255).contains(&key.len()) {
        return Err(malformed().into());
    }
    let extensions = request.extensions();
    let body = extensions.get::<BodyHash>().map(|hash| hash.0.as_str()).unwrap_or_default();
    let told = format!("{} {} {body}", request.method(), request.path());
    let fingerprint = app(request)?.sessions.fingerprint(&told)?;
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint }))
}

/// `If-Match: "7"`; `*` stands for any version.
fn expected_version(request: &HttpRequest) -> Result<Option<i64>, Fault> {
    let malformed = || Fault::new(Code::MalformedHeader).with("header", "If-Match");
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    match value.to_str().map_err(|_| malformed())?.trim() {
        "*" => Ok(None),
        tag => {
            // A proxy that compresses may have weakened it; versions are compared all the same.
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            let number = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).ok_or_else(malformed)?;
            number.parse().map(Some).map_err(|_| malformed())
        }
    }
}
