//! Mails: written as rows in the transaction that causes them, sent by a job after its commit.
//!
//! Vocabulary: a *letter* is what a mail is about, a *mail* is a letter to somebody, in a language, with a state:
//! waiting, then sent, kept (no mail server is set; `tillwatch mail` shows it) or failed. Cast: [`Letter`] and its
//! wording, [`post`] (writes the row and its job), [`tell`] (the same for a staff, about their login), [`notify`] (for
//! everybody who may see to it), [`send`] (the job), [`newest`] (the outbox). Invariants:
//! a row holds no secret: the token of a link is derived from the mail's ids when it is needed
//! ([`Keys::mailed_token`]); a mail to a login does not hold its address; one attempt at a time has a mail, and one that
//! was sent is not sent again though its job runs twice; what a server cannot take now is tried again for a day; a
//! sent mail forgets its words, and after a month the whole row goes.

mod factor;
pub mod jobs;
mod store;
mod words;

pub use factor::FactorChange;
pub use words::{Letter, Text};

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::keys::Keys;
use crate::identity::{authority, directory, secret, tenants};
use crate::platform::clock::now;
use crate::platform::db::{Db, Tx};
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::mail::{Message, Unsent};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::Claimed;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{LoginId, MailId, StaffId, TenantId};
use tillwatch_shared::joining::MailState;
use tillwatch_shared::permissions::Permission;

/// The job that sends one mail.
const SEND: &str = "mail_send";

/// An attempt has a mail for so long: longer than a job may take, so that no two attempts overlap.
const CLAIM: TimeDelta = TimeDelta::seconds(30);

/// The pauses between two tries; after the last one the mail has failed. About a day in all, as mail servers themselves do.
const PAUSES: [TimeDelta; 8] = [
    TimeDelta::seconds(10),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::hours(1),
    TimeDelta::hours(3),
    TimeDelta::hours(7),
    TimeDelta::hours(14),
];

/// Whom a mail goes to.
#[derive(Clone, Debug)]
pub enum To {
    /// An address that has no login yet, or need not have one.
    Address(String),
    /// A login; its address is read when the mail is sent.
    Login(LoginId),
}

/// A mail to be written.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its id.
    pub id: MailId,
    /// To whom.
    pub to: To,
    /// In which language.
    pub locale: Locale,
    /// What it is about.
    pub letter: Letter,
}

/// The token of the link in a mail, and the hash of it that is kept.
pub fn link_token(keys: &Keys, tenant: TenantId, mail: MailId) -> (String, [u8; 32]) {
    let token = keys.mailed_token(tenant, mail);
    let hash = secret::hash(&token);
    (token, hash)
}

/// Writes a mail as part of `tx`, to be sent after its commit; `hash` is of its link's token. One that was written before
/// stays; says whether it was written now. Wake [`crate::platform::wake::Topic::Jobs`] behind the commit.
///
/// # Errors
/// When the database fails.
pub async fn post(tx: &mut Tx, who: &Who, mail: &Mail, hash: Option<&[u8; 32]>) -> Result<bool> {
    let at = now();
    let written = store::insert(tx, who.tenant, mail, hash, at).await?;
    if written {
        queue::enqueue(tx, who, SEND, &json!({ "mail_id": mail.id }), at).await?;
    }
    Ok(written)
}

/// Writes a letter to the login of a staff, as part of `tx`, in their language; `false` when they are not there any more.
/// Wake [`crate::platform::wake::Topic::Jobs`] behind the commit.
///
/// # Errors
/// When the database fails.
pub async fn tell(tx: &mut Tx, who: &Who, staff: StaffId, letter: Letter) -> Result<bool> {
    let Some(reader) = store::reader(tx, who.tenant, staff).await? else { return Ok(false) };
    let mail = Mail { id: MailId::new(), to: To::Login(reader.login), locale: reader.locale, letter };
    post(tx, who, &mail, None).await
}

/// Writes a letter, as part of `tx`, to everybody of the retailer who has `permission`, each in their own language, to be
/// sent after its commit. It reaches nobody where nobody has it.
///
/// # Errors
/// When the database fails.
pub async fn notify(tx: &mut Tx, who: &Who, permission: Permission, letter: &Letter) -> Result<()> {
    let retailers = tenants::settings(tx, who.tenant).await?.locale;
    for holder in authority::holders(tx, who.tenant, permission).await? {
        let (to, locale) = (To::Login(holder.login), holder.locale.unwrap_or(retailers));
        post(tx, who, &Mail { id: MailId::new(), to, locale, letter: letter.clone() }, None).await?;
    }
    Ok(())
}

/// Tries to send a mail. One that is settled stays as it is.
///
/// # Errors
/// When the database fails, or another attempt has the mail: then it is tried again.
async fn send(app: &App, who: &Who, id: MailId) -> Result<()> {
    let at = now();
    let claimed = app.db.write(who, async |tx| store::claim(tx, who.tenant, id, at, at + CLAIM).await).await?;
    let waiting = match claimed {
        Claimed::Settled => return Ok(()),
        Claimed::Busy => return Err(Error::internal("another attempt is sending this mail")),
        Claimed::Mine(waiting) => waiting,
    };
    let attempts = waiting.attempts;
    let outcome = match compose(&app.db, &app.auth.keys, &app.mail.public_url, waiting).await? {
        Ok(message) => app.mail.mailer.send(&message).await,
        Err(why) => Err(Unsent::Never(why.to_owned())),
    };
    let (state, failure) = match outcome {
        Ok(true) => (MailState::Sent, None),
        Ok(false) => (MailState::Kept, None),
        Err(Unsent::Never(why)) => (MailState::Failed, Some(why)),
        Err(Unsent::Later(why)) => match pause(attempts) {
            Some(_) => (MailState::Waiting, Some(why)),
            None => (MailState::Failed, Some(why)),
        },
    };
    // Without the failure: a mail server's words usually hold the address.
    tracing::info!(mail = %id, state = state.as_str(), attempts, "a mail was handled");
    let at = now();
    app.db
        .write(who, async |tx| {
            store::settle(tx, who.tenant, id, state, failure.as_deref(), at).await?;
            match pause(attempts).filter(|_| state == MailState::Waiting) {
                Some(pause) => queue::enqueue(tx, who, SEND, &json!({ "mail_id": id }), at + pause).await,
                None => Ok(()),
            }
        })
        .await
}

/// How long to wait behind the attempt with this number, from 1; `None` behind the last.
fn pause(attempts: i32) -> Option<TimeDelta> {
    PAUSES.get(usize::try_from(attempts - 1).ok()?).copied()
}

/// The message of a mail, with its link; or why there will never be one.
async fn compose(
    db: &Db,
    keys: &Keys,
    public_url: &str,
    mail: store::Row,
) -> Result<std::result::Result<Message, &'static str>> {
    let to = match (mail.to_address.clone(), mail.to_login) {
        (Some(address), _) => Some(address),
        (None, Some(login)) => db
            .system("the address of a mail", async |tx| directory::login_of(tx, LoginId(login)).await)
            .await?
            .map(|login| login.email),
        (None, None) => None,
    };
    let Some(to) = to else { return Ok(Err("the login is gone")) };
    let id = MailId(mail.id);
    let letter = mail.letter()?;
    let link = match (letter.page(), &mail.token_hash) {
        (Some(page), Some(hash)) => match keys.mailed_token_of(TenantId(mail.tenant), id, hash) {
            // Behind `#`, which no browser sends to a server and no server logs.
            Some(token) => format!("{public_url}/{page}#token={token}"),
            None => return Ok(Err("written under another SECRET_KEY; send it again")),
        },
        _ => String::new(),
    };
    let Text { subject, body } = letter.text(mail.locale()?, &link);
    Ok(Ok(Message { id: id.to_string(), to, subject, body }))
}

/// A mail of the outbox, as it would have been sent.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its id.
    pub id: MailId,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// How far it is.
    pub state: MailState,
    /// What it says.
    pub message: Message,
}

/// The newest mails that were not sent, of every retailer, the newest first, without those that nobody can send any more.
/// For the outbox of a local installation.
///
/// # Errors
/// When the database fails.
pub async fn newest(app: &App, public_url: &str, limit: usize) -> Result<Vec<Shown>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    directory::each_tenant_at_once(app, "the outbox", async |tenant| {
        let who = Who::system(tenant, "outbox", "outbox");
        rows.extend(app.db.read(&who, async |tx| store::newest_unsent(tx, tenant, most).await).await?);
        rows.sort_by_key(|row: &store::Row| std::cmp::Reverse((row.created_at, row.id)));
        rows.truncate(limit);
        Ok(())
    })
    .await?;
    let mut mails = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, at, state) = (MailId(row.id), row.created_at, row.state()?);
        if let Ok(message) = compose(&app.db, &app.auth.keys, public_url, row).await? {
            mails.push(Shown { id, at, state, message });
        }
    }
    Ok(mails)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::permissions::Role;

    #[test]
    fn a_mail_is_tried_for_about_a_day_and_no_longer() {
        let whole: TimeDelta = (1..).map_while(pause).sum();
        assert!((24..=27).contains(&whole.num_hours()), "{whole}");
        assert_eq!((pause(0), pause(9)), (None, None));
    }

    #[test]
    fn an_invitation_names_the_role_that_counts() {
        let until = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let letter = |custom_role: Option<&str>| Letter::Invitation {
            retailer: "Harbour".to_owned(),
            inviter: "Mei".to_owned(),
            role: Role::Viewer,
            custom_role: custom_role.map(str::to_owned),
            until,
        };
        let said = |custom, locale| letter(custom).text(locale, "https://till.example/join").body;
        assert!(said(None, Locale::En).contains("as viewer.") && said(None, Locale::ZhCn).contains("“只读用户”"));
        let [en, zh] = [Locale::En, Locale::ZhCn].map(|locale| said(Some("店长 evil.example"), locale));
        assert!(en.contains("as \"店长 evil. example\".") && !en.contains("viewer"), "{en}");
        assert!(zh.contains("“店长 evil. example”") && !zh.contains("只读"), "{zh}");
        // A mail that was written before there was such a role.
        let before = serde_json::json!({ "invitation": {
            "retailer": "Harbour", "inviter": "Mei", "role": "viewer", "until": until,
        } });
        assert_eq!(serde_json::from_value::<Letter>(before).unwrap(), letter(None));
    }
}
