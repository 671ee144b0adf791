//! `tillwatch mail`: the outbox of an installation without a mail server.
//!
//! A link is made anew from the installation's key each time it is shown; the database does not hold it.

use super::Failure;
use super::inside::Inside;
use clap::Args;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::mails::{self, Shown};
use tillwatch_shared::ids::MailId;

/// Mails that the list shows.
const NEWEST: usize = 20;
/// Mails among which an id is looked for.
const SEARCHED: usize = 1000;

/// What `tillwatch mail` takes.
#[derive(Args)]
pub(super) struct MailArgs {
    /// A number of the list (1 is the newest) or a mail's id; without it the newest are listed.
    mail: Option<String>,
}

/// Lists the newest mails, or shows one.
pub(super) async fn mail(config: Config, args: MailArgs) -> Result<(), Failure> {
    if config.mail.smtp_url.is_some() {
        return Err("SMTP_URL is set, so mails are sent and not kept: look into the receiver's mailbox.".into());
    }
    let wanted = args.mail.as_deref().map(Wanted::read).transpose()?;
    let limit = if matches!(wanted, Some(Wanted::Id(_))) { SEARCHED } else { NEWEST };
    let inside = Inside::enter(&config).await?;
    let mails = newest(&inside, &config, limit).await;
    inside.leave().await?;
    let mails = mails?;
    let Some(wanted) = wanted else {
        print!("{}", list(&mails));
        return Ok(());
    };
    let none = || format!("There is no such mail; {} are kept. `tillwatch mail` lists the newest.", mails.len());
    print!("{}", whole(wanted.find(&mails).ok_or_else(none)?));
    Ok(())
}

/// Which mail is meant.
#[derive(Clone, Copy)]
enum Wanted {
    /// Its number in the list, from 1.
    Number(usize),
    /// Its id.
    Id(MailId),
}

impl Wanted {
    fn read(text: &str) -> Result<Self, Failure> {
        let number = text.parse::<usize>().ok().filter(|number| (1..=NEWEST).contains(number)).map(Self::Number);
        let id = || text.parse().ok().map(Self::Id);
        number
            .or_else(id)
            .ok_or_else(|| format!("`{text}` is neither a number from 1 to {NEWEST} nor a mail's id.").into())
    }

    fn find(self, mails: &[Shown]) -> Option<&Shown> {
        match self {
            Self::Number(number) => mails.get(number - 1),
            Self::Id(id) => mails.iter().find(|mail| mail.id == id),
        }
    }
}

fn list(mails: &[Shown]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for (index, mail) in mails.iter().enumerate() {
        let at = mail.at.format("%Y-%m-%d %H:%M");
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{:>3}  {at}  {:<8} {}  {}  {}",
            index + 1,
            mail.state.as_str(),
            mail.id,
            mail.message.to,
            mail.message.subject
        );
    }
    text.push_str(if mails.is_empty() { "No mail is kept.\n" } else { "\nOne of them:  tillwatch mail 1\n" });
    text
}

fn whole(mail: &Shown) -> String {
    let message = &mail.message;
    format!("To: {}\nSubject: {}\nDate: {}\n\n{}", message.to, message.subject, mail.at.to_rfc2822(), message.body)
}

async fn newest(inside: &Inside, config: &Config, limit: usize) -> Result<Vec<Shown>, Failure> {
    let here = format!("http://{}:{}", config.host, config.port);
    let base = config.mail.public_url.as_deref().unwrap_or(&here).trim_end_matches('/');
    Ok(mails::newest(&inside.app, base, limit).await?)
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn a_mail_is_named_by_number_or_id() {
        assert!(matches!(Wanted::read("1"), Ok(Wanted::Number(1))));
        let id = tillwatch_shared::ids::MailId::new();
        assert!(matches!(Wanted::read(&id.to_string()), Ok(Wanted::Id(found)) if found == id));
        for wrong in ["0", "21", "-1", "inv_1", ""] {
            assert!(Wanted::read(wrong).is_err(), "{wrong}");
        }
    }
}
