//! Who: retailers, staff, sign-in, partners' tokens, chat links, and the audit log of what they did.
//!
//! Cast: [`directory`] (what is asked before a tenant is known), [`auth`] (sign-up, sign-in, sessions, keys and the
//! gate that every request passes), [`partners`] (API tokens), [`chat`] (chat users linked to staff), [`tenants`]
//! (settings), [`staff`] (the people's names and roles), [`longjobs`] (what outlasts a request), [`export`] (the
//! complete copy), [`closing`] (the end of a retailer), [`audit`], and [`secret`] (opaque credentials, pure). Depends
//! on the platform only.

pub mod audit;
pub mod auth;
pub mod chat;
pub mod closing;
pub mod directory;
pub mod export;
pub mod longjobs;
pub mod partners;
pub mod secret;
pub mod staff;
pub mod tenants;
