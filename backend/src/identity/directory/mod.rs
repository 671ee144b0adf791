//! The directory: logins, credential hashes and chat servers, each to the tenant they belong to.
//!
//! It is read by the narrow system role, since no tenant is known yet, and added to by the tenant's own
//! transaction, so that a credential exists exactly when what it opens exists. It holds no tenant's data. Its use cases are single
//! statements, so they are the store's own.

pub mod jobs;
mod store;

pub use store::{
    CredentialKind, Factor, Login, Opened, Tries, add_chat_server, add_credential, add_login, add_tenant, begin_factor,
    chat_server, confirm_factor, credential, email, factor, forget_tries, has_factor, lock_tries, login, places,
    recovery_code_works, recovery_codes_left, remove_factor, reseal, sealed_otherwise, set_recovery_codes, set_tries,
    tenants, use_assertion, use_recovery_code, use_step,
};
