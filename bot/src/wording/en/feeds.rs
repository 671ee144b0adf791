//! Feeds, in English.

use tillwatch_shared::feeds::{FeedFault, FeedTrouble};

use super::super::{Said, Sourcing};
use super::English;

impl Sourcing for English {
    fn feed_unwell(&self, name: &str, trouble: FeedTrouble, fault: Option<FeedFault>, last_new: Option<&str>) -> Said {
        let title = match trouble {
            FeedTrouble::Failing => format!("A feed is unstable: {name}"),
            FeedTrouble::Silent => format!("A feed brings nothing new: {name}"),
        };
        let mut lines = vec![match (trouble, fault) {
            (FeedTrouble::Failing, None) => "Its last fetches failed: most rows were refused.".to_owned(),
            (FeedTrouble::Failing, Some(fault)) => format!("Its last fetches failed: {}.", self.feed_fault(fault)),
            (FeedTrouble::Silent, None) => {
                "It can be fetched, and has had nothing new for longer than expected.".to_owned()
            }
            (FeedTrouble::Silent, Some(fault)) => {
                format!(
                    "It has had nothing new for longer than expected; its last fetch failed: {}.",
                    self.feed_fault(fault)
                )
            }
        }];
        lines.push(match last_new {
            Some(time) => format!("The last new data came {time}. Figures since then may be missing."),
            None => "It has never brought data.".to_owned(),
        });
        Said::new(title, lines.join("\n"))
    }

    fn feed_well(&self, name: &str, trouble: FeedTrouble) -> Said {
        let body = match trouble {
            FeedTrouble::Failing => "It can be fetched again.",
            FeedTrouble::Silent => "It brings data again.",
        };
        Said::new(format!("A feed is well again: {name}"), body)
    }

    fn feed_fault(&self, fault: FeedFault) -> &'static str {
        match fault {
            FeedFault::AddressRefused => "its address leads into a private network",
            FeedFault::NameUnknown => "the name of its address is not known (DNS)",
            FeedFault::ConnectFailed => "no connection could be made",
            FeedFault::TlsFailed => "the server's certificate is not trusted",
            FeedFault::TimedOut => "the answer did not come in time",
            FeedFault::AnswerBroken => "the connection broke off",
            FeedFault::Redirected => "the answer leads to another address",
            FeedFault::Status => "the server refuses, or answers with an error",
            FeedFault::TooLarge => "the document is too large",
            FeedFault::TooManyRows => "the document has too many rows",
            FeedFault::BadEncoding => "the document cannot be unpacked",
            FeedFault::NotUtf8 => "the document is not in UTF-8",
            FeedFault::NotCsv => "the document is no table",
            FeedFault::NotJson => "the document is not the JSON that is expected",
            FeedFault::MissingColumn => "the document lacks a column",
            FeedFault::DayIsFull => "the limit of samples a day is reached",
            FeedFault::SecretUnreadable => "its secrets could not be read; give its address and headers again",
            FeedFault::NotTaken => "what it brought could not be taken in",
        }
    }
}
