//! The directory: what is asked before a tenant is known, each to the tenant or the login that it belongs to.
//!
//! Cast, by the tables: logins with their passwords, their places (tenant and staff) and second factors; hashes of
//! credentials and of the tokens in mailed links; the bot's assertions and chat servers; tries to sign in; the list of
//! retailers, and which of them rest.
//!
//! It is read by the narrow system role, since no tenant is known yet, and added to by the tenant's own transaction, so
//! that a credential exists exactly when what it opens exists. It holds no tenant's data. Each use case is one
//! statement or a few on one key, so they are the store's own. Invariant: each password of a login has a time of its
//! own ([`Login::password_at`]), which grows from one to the next and by which it is known everywhere else.

pub mod jobs;
mod store;

pub use store::{
    CredentialKind, Factor, LinkKind, Login, Opened, Tries, add_chat_server, add_credential, add_link, add_login,
    add_place, add_tenant, begin_factor, change_password, chat_server, confirm_factor, credential, factor,
    forget_tries, has_factor, link, lock_tries, login, login_of, new_password_by_link, place, places,
    recovery_code_works, recovery_codes_left, remove_factor, reseal, rest, sealed_otherwise, served_place,
    set_recovery_codes, set_tries, tenants, use_assertion, use_recovery_code, use_step, wake,
};
