//! The directory: logins, credential hashes and chat servers, each to the tenant they belong to.
//!
//! It is read by the narrow system role, since no tenant is known yet, and added to by the tenant's own
//! transaction, so that a credential exists exactly when what it opens exists. It holds no tenant's data. Its use cases are single
//! statements, so they are the store's own.

pub mod jobs;
mod store;

pub use store::{
    Account, CredentialKind, LinkKind, Login, Opened, Tries, account, add_chat_server, add_credential, add_link,
    add_login, add_place, add_tenant, change_password, chat_server, credential, forget_tries, link, lock_tries, login,
    new_password_by_link, places, rest, set_tries, tenants, use_assertion, wake,
};
