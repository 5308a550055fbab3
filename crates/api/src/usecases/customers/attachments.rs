//! Attachments (附件). The bytes are written first and the row last, in one transaction with everything else; whatever
//! dies in between leaves a timer behind that removes the bytes.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::customers::{
    AttachmentSubject, FileType, PICTURES, file_extension, may_change, picture, safe_file_name,
};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::{Actor, Permission};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::customers::attachments::{self, Attachment};
use huiyin_persistence::customers::{interactions, profiles};
use huiyin_persistence::feedback::{attachments as any, pool};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{new_id, stored};
use huiyin_persistence::{ConnectionTrait, Tx};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::text_sanity::TextSanity;
use crate::files::{FileError, Upload};
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Longest file name in characters.
const NAME: usize = 200;
/// By how much of its beginning a file is recognised.
const HEAD: usize = 16 * 1024;
/// No upload takes longer; what has no row by then never gets one.
const GIVE_UP: TimeDelta = TimeDelta::days(1);

/// A file on its way into the store.
#[derive(Debug)]
pub struct Incoming {
    id: Uuid,
    name: String,
    file_type: &'static FileType,
    upload: Upload,
    /// Until it is long enough to recognise it by.
    head: Vec<u8>,
    recognised: bool,
    text: TextSanity,
    hash: Sha256,
    size: u64,
    limit: u64,
}

/// A file that is in the store, but nobody's yet.
#[derive(Debug)]
pub struct Received {
    id: Uuid,
    name: String,
    file_type: &'static FileType,
    size: u64,
    pub sha256: String,
}

impl Received {
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// It is nobody's after all.
    pub async fn discard(self, app: &App) -> Result<()> {
        drop_bytes(app, self.id).await
    }
}

/// Removes the bytes of a file that got no row.
pub async fn drop_bytes(app: &App, id: Uuid) -> Result<()> {
    app.files.remove(id).await.map_err(store_failed)?;
    forget(app, id).await
}

/// Keeps a picture that somebody without an account has sent: what it is its content says, whatever it is called.
pub async fn receive_picture(app: &App, now: DateTime<Utc>, name: &str, content: &[u8]) -> Result<Received> {
    let refused = || Fault::new(Code::FileTypeNotAllowed).at("/picture").with("allowed", PICTURES.join(", "));
    let file_type = picture(infer::get(content).map(|found| found.mime_type())).ok_or_else(refused)?;
    let given = safe_file_name(name).filter(|name| name.chars().count() <= NAME);
    let fits = |name: &String| {
        let called = file_extension(name).as_deref().and_then(FileType::of);
        called.is_some_and(|called| called.media_type == file_type.media_type)
    };
    let name = given.filter(fits).unwrap_or_else(|| format!("picture.{}", file_type.extension));
    let mut incoming = begin(app, now, name, file_type, content.len() as u64).await?;
    if let Err(error) = incoming.push(content).await {
        incoming.abandon(app).await?;
        return Err(error);
    }
    incoming.finish(app).await
}

/// Begins to receive a file: name and declared type are looked at before a single byte is kept.
pub async fn receive(app: &App, now: DateTime<Utc>, name: &str, declared: Option<&str>) -> Result<Incoming> {
    let name = safe_file_name(name).unwrap_or_default();
    if name.chars().count() > NAME {
        return Err(Fault::new(Code::TooLong).at("/file").with("limit", NAME).into());
    }
    let allowed = &app.config.attachment_types;
    let extension = file_extension(&name).filter(|extension| allowed.contains(extension));
    let Some(file_type) = extension.as_deref().and_then(FileType::of) else {
        return Err(Fault::new(Code::FileTypeNotAllowed).at("/file").with("allowed", allowed.join(", ")).into());
    };
    if !file_type.may_be_called(declared) {
        return Err(mismatch(file_type).into());
    }
    begin(app, now, name, file_type, app.config.attachment_limit).await
}

async fn begin(
    app: &App,
    now: DateTime<Utc>,
    name: String,
    file_type: &'static FileType,
    limit: u64,
) -> Result<Incoming> {
    let id = new_id(now);
    timers::set(&app.db, now, vec![removal(id, now + GIVE_UP)]).await?;
    Ok(Incoming {
        id,
        name,
        file_type,
        upload: app.files.write(id),
        head: Vec::new(),
        recognised: false,
        text: TextSanity::default(),
        hash: Sha256::new(),
        size: 0,
        limit,
    })
}

fn mismatch(file_type: &FileType) -> Fault {
    Fault::new(Code::FileContentMismatch).at("/file").with("expected", file_type.media_type)
}

impl Incoming {
    pub async fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len() as u64;
        if self.size > self.limit {
            return Err(Fault::new(Code::BodyTooLarge).with("limit", self.limit).into());
        }
        if !self.recognised {
            let wanted = HEAD - self.head.len();
            self.head.extend_from_slice(&bytes[..bytes.len().min(wanted)]);
            if self.head.len() == HEAD {
                self.recognise()?;
            }
        }
        if self.file_type.is_text() && !self.text.push(bytes) {
            return Err(mismatch(self.file_type).into());
        }
        self.hash.update(bytes);
        self.upload.push(bytes).await.map_err(store_failed)
    }

    fn recognise(&mut self) -> Result<()> {
        self.recognised = true;
        let found = infer::get(&self.head).map(|found| found.mime_type());
        match self.file_type.may_begin_like(found, &self.head) {
            true => Ok(()),
            false => Err(mismatch(self.file_type).into()),
        }
    }

    /// All of it is there.
    pub async fn finish(mut self, app: &App) -> Result<Received> {
        let whole = self.check_end();
        let Incoming { id, name, file_type, upload, hash, size, .. } = self;
        if let Err(error) = whole {
            upload.abort().await;
            forget(app, id).await?;
            return Err(error);
        }
        upload.complete().await.map_err(store_failed)?;
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Received { id, name, file_type, size, sha256 })
    }

    fn check_end(&mut self) -> Result<()> {
        if !self.recognised {
            self.recognise()?;
        }
        // An empty file is of no type.
        if self.size == 0 || (self.file_type.is_text() && !self.text.end()) {
            return Err(mismatch(self.file_type).into());
        }
        Ok(())
    }

    /// It is refused, or does not come to its end.
    pub async fn abandon(self, app: &App) -> Result<()> {
        self.upload.abort().await;
        forget(app, self.id).await
    }
}

/// The timer that removes the bytes of an id unless it has a row by then.
fn removal(id: Uuid, due_at: DateTime<Utc>) -> NewTimer {
    let unique_key = key(id);
    NewTimer { kind: TimerKind::ObjectRemoval, subject_id: id, unique_key, due_at, payload: serde_json::Value::Null }
}

fn key(id: Uuid) -> String {
    format!("object_removal:{id}")
}

/// Nothing of it is in the store, so nothing has to be removed later.
async fn forget(app: &App, id: Uuid) -> Result<()> {
    Ok(timers::cancel(&app.db, vec![key(id)]).await?)
}

/// The customer through whom a file of this subject is reached, where the actor reaches the subject: none for a feedback,
/// which whoever reaches its customer need not reach.
pub async fn reached_through(
    db: &impl ConnectionTrait,
    command: &Command,
    kind: AttachmentSubject,
    id: Uuid,
) -> Result<Option<Uuid>> {
    let (actor, scope) = (&command.actor, command.scope());
    let (found, missing) = match kind {
        AttachmentSubject::Customer if actor.may(Permission::CustomersRead) => {
            (profiles::find(db, scope, id).await?.map(|row| Some(row.id)), Code::CustomerNotFound)
        }
        AttachmentSubject::Customer => (None, Code::CustomerNotFound),
        AttachmentSubject::Interaction if actor.may(Permission::InteractionsRead) => {
            (interactions::find(db, scope, id).await?.map(|row| Some(row.customer_id)), Code::InteractionNotFound)
        }
        AttachmentSubject::Interaction => (None, Code::InteractionNotFound),
        AttachmentSubject::Feedback if actor.may(Permission::FeedbackRead) => {
            (pool::find(db, scope, id).await?.map(|_| None), Code::FeedbackNotFound)
        }
        AttachmentSubject::Feedback => (None, Code::FeedbackNotFound),
    };
    found.ok_or_else(|| Fault::new(missing).at("/subject_id").into())
}

/// The file, where the actor reaches what it belongs to.
pub async fn find(db: &impl ConnectionTrait, actor: &Actor, id: Uuid) -> Result<Attachment> {
    let found = any::find(db, actor.scope(), actor.may(Permission::FeedbackRead), id).await?;
    found.ok_or_else(|| Code::AttachmentNotFound.into())
}

/// Gives a received file to what it belongs to.
pub async fn attach(
    app: &App,
    command: &Command,
    kind: AttachmentSubject,
    subject_id: Uuid,
    received: Received,
) -> Result<Attachment> {
    let id = received.id;
    let outcome = transact(app, command, async |tx| {
        let customer_id = reached_through(tx, command, kind, subject_id).await?;
        if kind == AttachmentSubject::Feedback {
            // What happens to a feedback is told in order: one at a time.
            pool::lock(tx, command.scope(), subject_id).await?.ok_or(Code::FeedbackNotFound)?;
        }
        attach_in(tx, command, kind, subject_id, customer_id, received).await
    })
    .await;
    // Refused, or done before under the same key: this copy of the bytes is nobody's.
    if outcome.as_ref().map_or(true, |row| row.id != id) {
        drop_bytes(app, id).await?;
    }
    outcome
}

/// Gives a received file its row, with whatever else the transaction does.
pub async fn attach_in(
    tx: &Tx,
    command: &Command,
    kind: AttachmentSubject,
    subject_id: Uuid,
    customer_id: Option<Uuid>,
    received: Received,
) -> Result<Attachment> {
    let id = received.id;
    let row = Attachment {
        id,
        subject_kind: kind.to_string(),
        subject_id,
        customer_id,
        file_name: received.name,
        content_type: received.file_type.media_type.to_owned(),
        size: i64::try_from(received.size).unwrap_or(i64::MAX),
        sha256: received.sha256,
        uploaded_by: command.actor.user_id(),
        created_at: command.now,
    };
    let row = attachments::insert(tx, row).await?;
    timers::cancel(tx, vec![key(id)]).await?;
    let (content_type, size, uploaded_by) = (row.content_type.clone(), row.size, row.uploaded_by);
    let event = match kind {
        AttachmentSubject::Feedback => Event::FeedbackAttachmentAdded {
            feedback_id: subject_id,
            attachment_id: id,
            content_type,
            size,
            uploaded_by,
        },
        subject_kind => {
            Event::AttachmentAdded { attachment_id: id, customer_id, subject_kind, subject_id, content_type, size }
        }
    };
    events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
    Ok(row)
}

/// Removes an attachment: the row now, its bytes as soon as the row is gone for certain.
pub async fn remove(app: &App, command: &Command, id: Uuid) -> Result<()> {
    transact(app, command, async |tx| {
        let row = find(tx, &command.actor, id).await?;
        may_change(&command.actor, &[row.uploaded_by])?;
        let kind: AttachmentSubject = stored(&row.subject_kind)?;
        if kind == AttachmentSubject::Feedback {
            pool::lock(tx, command.scope(), row.subject_id).await?.ok_or(Code::AttachmentNotFound)?;
        }
        if !attachments::delete(tx, id).await? {
            return Err(Code::AttachmentNotFound.into());
        }
        timers::set(tx, command.now, vec![removal(id, command.now)]).await?;
        let (customer_id, subject_id) = (row.customer_id, row.subject_id);
        let event = match kind {
            AttachmentSubject::Feedback => {
                Event::FeedbackAttachmentRemoved { feedback_id: subject_id, attachment_id: id }
            }
            subject_kind => Event::AttachmentRemoved { attachment_id: id, customer_id, subject_kind, subject_id },
        };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(())
    })
    .await
}

/// Removes the bytes that no row needs.
pub async fn sweep(app: &App, timer: &Claimed) -> Result<()> {
    if !attachments::exists(&app.db, timer.subject_id).await? {
        app.files.remove(timer.subject_id).await.map_err(store_failed)?;
    }
    let tx = app.db.begin().await?;
    timers::complete(&tx, timer).await?;
    Ok(tx.commit().await?)
}

/// The store is somebody else's program: its failure is no fault of the request, and not ours to explain.
pub fn store_failed(error: FileError) -> crate::usecases::support::Error {
    tracing::error!(%error, "the store of attachments failed");
    Code::Unavailable.into()
}
