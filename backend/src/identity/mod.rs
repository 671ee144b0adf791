//! Who: retailers, staff, what they may do and where, sign-in, partners' tokens, chat links, and the audit log of what they did.
//!
//! Cast: [`directory`] (what is asked before a tenant is known), [`auth`] (sign-up, sign-in, sessions, keys and the
//! gate that every request passes), [`partners`] (API tokens), [`chat`] (chat users linked to staff), [`tenants`] (settings),
//! [`limits`] (how much), [`staff`] (the people's names and roles), [`roles`] and [`departments`] of the retailer's own,
//! [`authority`] (what a staff may do), [`reach`] (permissions narrowed to channels), [`audit`], [`events`] (what others are
//! told of), and [`secret`] (opaque credentials, pure).
//! Depends on the platform only.

pub mod audit;
pub mod auth;
pub mod authority;
pub mod chat;
pub mod departments;
pub mod directory;
pub mod events;
pub mod limits;
pub mod partners;
pub mod reach;
pub mod roles;
pub mod secret;
pub mod staff;
pub mod tenants;
