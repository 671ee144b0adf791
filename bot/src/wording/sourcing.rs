//! What can be said of feeds: one list for every language.

use super::{Names, Said};
use tillwatch_shared::feeds::{FeedFault, FeedTrouble};

/// Feeds in words. A feed's name comes from a person and is passed on as it is.
pub trait Sourcing: Names {
    /// A feed is unwell: what the matter is, why its last fetch failed if it did, when it last brought something new.
    fn feed_unwell(&self, name: &str, trouble: FeedTrouble, fault: Option<FeedFault>, last_new: Option<&str>) -> Said;
    /// A feed is well again.
    fn feed_well(&self, name: &str, trouble: FeedTrouble) -> Said;
    /// Why a fetch failed, as the end of a sentence.
    fn feed_fault(&self, fault: FeedFault) -> &'static str;
}
