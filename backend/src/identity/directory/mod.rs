//! The directory: logins, credential hashes and chat servers, each to the tenant they belong to.
//!
//! It is read by the narrow system role, since no tenant is known yet, and added to by the tenant's own
//! transaction, so that a credential exists exactly when what it opens exists. It holds no tenant's data. Its use cases are single
//! statements, so they are the store's own.

pub mod jobs;
mod store;

pub use store::{
    Account, CredentialKind, Factor, LinkKind, Login, Opened, Tries, account, add_chat_server, add_credential,
    add_link, add_login, add_place, add_tenant, begin_factor, change_password, chat_server, confirm_factor, credential,
    email, factor, forget_tries, has_factor, link, lock_tries, login, new_password_by_link, places,
    recovery_code_works, recovery_codes_left, remove_factor, reseal, rest, sealed_otherwise, set_recovery_codes,
    set_tries, tenants, use_assertion, use_recovery_code, use_step, wake,
};
