//! Who: retailers, staff, sign-in, partners' tokens, chat links, and the audit log of what they did.
//!
//! Cast: [`directory`] (what is asked before a tenant is known), [`auth`] (sign-up, sign-in, sessions, keys and the
//! gate that every request passes), [`partners`] (API tokens), [`chat`] (chat users linked to staff), [`tenants`] (settings),
//! [`staff`] (the people's names and roles), [`audit`], [`events`] (what others are told of), and [`secret`] (opaque credentials, pure).
//! Depends on the platform only.

pub mod audit;
pub mod auth;
pub mod chat;
pub mod directory;
pub mod events;
pub mod partners;
pub mod secret;
pub mod staff;
pub mod tenants;
