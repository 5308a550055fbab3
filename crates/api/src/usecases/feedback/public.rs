//! A feedback from somebody who has no account, by an entry point; and what they are told of it later.

use chrono::{DateTime, Utc};
use huiyin_domain::customers::AttachmentSubject;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::entry::{
    Asked, Contact, Given, PublicState, is_entry_key, is_receipt_token, message_of_entry,
};
use huiyin_domain::feedback::{Awaiting, State};
use huiyin_persistence::feedback::entries::{self, Entry};
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::feedback::receipts::{self, Receipt as Kept};
use huiyin_persistence::support::{new_id, stored};
use huiyin_persistence::{ConnectionTrait, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::classifier;
use super::intake::{Hints, NewFeedback, receive_in};
use crate::usecases::App;
use crate::usecases::customers::attachments::{self, Received as File};
use crate::usecases::identity::sessions::token_hash;
use crate::usecases::support::{Command, Error, Result, transact};

/// What somebody has said.
#[derive(Debug)]
pub struct Said {
    pub content: String,
    /// Phone or mail.
    pub contact: Option<String>,
    pub name: Option<String>,
    /// The front end's own id of the message.
    pub message_id: Option<String>,
}

/// A picture as it was sent.
#[derive(Debug)]
pub struct Picture {
    pub name: String,
    pub content: Vec<u8>,
}

/// What they get for it: nothing by which our own ids could be told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Receipt {
    pub number: String,
    pub token: String,
    pub received_at: DateTime<Utc>,
    /// This very message had come in before.
    pub duplicate: bool,
}

/// The open entry point with this key.
pub async fn entry(db: &impl ConnectionTrait, key: &str) -> Result<Entry> {
    // What cannot be a key may be anything, also what no database takes.
    let found = if is_entry_key(key) { entries::open(db, key).await? } else { None };
    found.ok_or_else(|| Code::EntryNotFound.into())
}

/// What an entry point asks for.
pub fn asked(entry: &Entry) -> Result<Asked> {
    let (contact, name) = (stored(&entry.contact_rule)?, stored(&entry.name_rule)?);
    Ok(Asked { contact, name, picture: entry.takes_picture })
}

/// Takes in what somebody has said at an entry point, with the picture that was received for it. The same message
/// sent again is one feedback, also at the same moment, and gets the same receipt; another message under its id is
/// refused, so that nobody learns of somebody else's feedback by guessing ids.
pub async fn receive(
    app: &App,
    now: DateTime<Utc>,
    entry: &Entry,
    said: Said,
    picture: Option<Picture>,
) -> Result<Receipt> {
    let given = Given { contact: said.contact.as_deref(), name: said.name.as_deref(), picture: picture.is_some() };
    let contact = asked(entry)?.check(given).map_err(Error::Faults)?;
    let picture = match picture {
        Some(Picture { name, content }) => Some(attachments::receive_picture(app, now, &name, &content).await?),
        None => None,
    };
    let file = picture.as_ref().map(File::id);
    let outcome = store(app, &Command::system(now), entry, said, contact, picture).await;
    // Refused, or known already: nobody's bytes.
    if let Some(id) = file.filter(|_| outcome.as_ref().map_or(true, |receipt| receipt.duplicate)) {
        attachments::drop_bytes(app, id).await?;
    }
    outcome
}

async fn store(
    app: &App,
    command: &Command,
    entry: &Entry,
    said: Said,
    contact: Option<Contact>,
    picture: Option<File>,
) -> Result<Receipt> {
    let (contact_phone, contact_email) = match contact {
        Some(Contact::Phone(phone)) => (Some(phone), None),
        Some(Contact::Email(email)) => (None, Some(email)),
        None => (None, None),
    };
    // Without an id of its own it is a message of its own: two people may say the same at one counter.
    let message = said.message_id.unwrap_or_else(|| new_id(command.now).to_string());
    let new = NewFeedback {
        channel: stored(&entry.channel)?,
        channel_message_id: Some(message_of_entry(&entry.key, &message)),
        content: said.content,
        customer_id: None,
        external: None,
        contact_name: said.name,
        contact_phone,
        contact_email,
        subtype: None,
        priority: None,
        hints: Hints { subtype: entry.subtype.as_deref().map(stored).transpose()?, department: entry.department_id },
        source_record_id: None,
    };
    let classifier = classifier::in_use(app).await?;
    let classified = (classifier.classify(&new.content), classifier.number);
    let sent = new.clone();
    transact(app, command, async |tx| {
        let received = receive_in(app, tx, command, command.scope(), new, classified).await?;
        let feedback = received.view.feedback;
        if received.duplicate && !is_same(&feedback, &sent) {
            return Err(Code::MessageTaken.into());
        }
        let token = give_receipt(app, tx, entry.id, feedback.id, command.now).await?;
        if !received.duplicate {
            if let Some(picture) = picture {
                attachments::attach_in(tx, command, AttachmentSubject::Feedback, feedback.id, None, picture).await?;
            }
            entries::count(tx, entry.id, command.now).await?;
        }
        let Feedback { number, received_at, .. } = feedback;
        Ok(Receipt { number, token, received_at, duplicate: received.duplicate })
    })
    .await
}

fn is_same(stored: &Feedback, sent: &NewFeedback) -> bool {
    stored.content == sent.content
        && stored.contact_name == sent.contact_name
        && stored.contact_phone == sent.contact_phone
        && stored.contact_email == sent.contact_email
}

/// The token is made with the deployment's secret, so that the same message gets the same one again; only its hash is
/// kept. Where the secret was changed meanwhile, the old token goes on to be good beside the new one.
async fn give_receipt(app: &App, tx: &Tx, entry_id: Uuid, feedback_id: Uuid, now: DateTime<Utc>) -> Result<String> {
    let token = app.sessions.fingerprint(&format!("receipt of feedback {feedback_id}"))?;
    let receipt = Kept { token_hash: token_hash(&token), feedback_id, entry_id, created_at: now };
    receipts::keep(tx, receipt).await?;
    Ok(token)
}

/// Where a feedback stands, for the one who holds its receipt.
#[derive(Debug)]
pub struct Standing {
    pub number: String,
    pub state: PublicState,
    pub received_at: DateTime<Utc>,
}

pub async fn standing(db: &impl ConnectionTrait, token: &str) -> Result<Standing> {
    let found = match is_receipt_token(token) {
        true => receipts::feedback_of(db, &token_hash(token)).await?,
        false => None,
    };
    let feedback = found.ok_or(Code::ReceiptNotFound)?;
    let state: State = stored(&feedback.state)?;
    let awaiting: Option<Awaiting> = feedback.awaiting.as_deref().map(stored).transpose()?;
    Ok(Standing { number: feedback.number, state: PublicState::of(state, awaiting), received_at: feedback.received_at })
}
