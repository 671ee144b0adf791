//! Who: retailers, staff, what they may do and where, sign-in, partners' tokens, chat links, and the audit log of what they did.
//!
//! Cast: [`directory`] (what is asked before a tenant is known), [`sign_up`] (how a retailer begins), [`auth`] (sign-in,
//! sessions and the gate that every request passes), [`invitations`] (how somebody joins), [`passwords`] (forgotten and
//! changed), [`mails`] (the outbox), [`pages`] (what the links in mails open), [`partners`] (API tokens), [`chat`] (chat
//! users linked to staff), [`tenants`] (settings), [`limits`] (how much), [`staff`] (the people's names and roles),
//! [`profile`] (one's own), [`roles`] and [`departments`] of the retailer's own, kept apart by their [`names`], [`authority`]
//! (what a staff may do, and what they may give), [`reach`] (permissions narrowed to channels), [`longjobs`] (what outlasts
//! a request), [`export`] (the complete copy), [`closing`] (the end of a retailer), [`audit`], [`events`] (what others are
//! told of), [`keys`] (derived from one secret) and [`secret`] (opaque credentials), both pure.
//! Depends on the platform only.

pub mod audit;
pub mod auth;
pub mod authority;
pub mod chat;
pub mod closing;
pub mod departments;
pub mod directory;
pub mod events;
pub mod export;
pub mod invitations;
pub mod keys;
pub mod limits;
pub mod longjobs;
pub mod mails;
pub mod names;
pub mod pages;
pub mod partners;
pub mod passwords;
pub mod profile;
pub mod reach;
pub mod roles;
pub mod secret;
pub mod sign_up;
pub mod staff;
pub mod tenants;
