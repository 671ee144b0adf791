//! Who: retailers, staff, sign-in, partners' tokens, chat links, and the audit log of what they did.
//!
//! Cast: [`directory`] (what is asked before a tenant is known), [`auth`] (sign-up, sign-in, sessions, keys and the
//! gate that every request passes), [`invitations`] (how somebody joins), [`passwords`] (forgotten and changed), [`mails`]
//! (the outbox), [`partners`] (API tokens), [`chat`] (chat users linked to staff), [`tenants`] (settings), [`staff`] (the
//! people's names and roles), [`profile`] (one's own), [`audit`], and [`secret`] (opaque credentials, pure).
//! Depends on the platform only.

pub mod audit;
pub mod auth;
pub mod chat;
pub mod directory;
pub mod invitations;
pub mod mails;
pub mod partners;
pub mod passwords;
pub mod profile;
pub mod secret;
pub mod staff;
pub mod tenants;
