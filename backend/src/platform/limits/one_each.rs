//! What is costly enough that a tenant does one at a time, and few do at once in a process: [`OneEach`].

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use tillwatch_shared::ids::TenantId;

/// The tenants who are at it.
#[derive(Debug)]
pub struct OneEach {
    at_once: usize,
    busy: Mutex<HashSet<TenantId>>,
}

/// A tenant's only place, given back when it is dropped.
#[derive(Debug)]
pub struct Place<'a> {
    of: &'a OneEach,
    tenant: TenantId,
}

impl OneEach {
    /// Of whom so many may be at it at once.
    pub fn new(at_once: usize) -> Self {
        Self { at_once, busy: Mutex::default() }
    }

    /// A place for `tenant`; `None` when it has one, or all are taken.
    pub fn place(&self, tenant: TenantId) -> Option<Place<'_>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        // Made only where it is given: one that is dropped gives a place back.
        (busy.len() < self.at_once && busy.insert(tenant)).then(|| Place { of: self, tenant })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.of.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_one_place_and_few_have_one_at_once() {
        let (each, tenant) = (OneEach::new(3), TenantId::new());
        let first = each.place(tenant);
        assert!(first.is_some() && each.place(tenant).is_none());
        let others: Vec<_> = (1..3).map(|_| each.place(TenantId::new())).collect();
        assert!(others.iter().all(Option::is_some) && each.place(TenantId::new()).is_none());
        drop(first);
        assert!(each.place(TenantId::new()).is_some());
    }
}
