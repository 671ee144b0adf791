use super::*;
use crate::platform::hex::hex;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn tenant() -> TenantId {
    TenantId(Uuid::from_u128(1))
}

fn keys() -> SealKeys {
    SealKeys::new([1; 32], None)
}

fn entries(of: std::ops::Range<u8>) -> Vec<(Uuid, Hash)> {
    of.map(|n| (Uuid::from_u128(u128::from(n)), [n; 32])).collect()
}

fn chain() -> Vec<Seal> {
    let first = keys().seal(tenant(), Link::default(), entries(1..4), at(0));
    let second = keys().seal(tenant(), first.link(), entries(4..6), at(1));
    vec![first, second]
}

fn verdict(seals: &[Seal], trusted: &Trusted) -> Result<Link, AuditFaultKind> {
    let mut link = Link::default();
    let vouched = seals.last().is_some_and(|last| trusted.signed(&last.kid, &last.hash, &last.signature) == Some(true));
    for (index, seal) in seals.iter().enumerate() {
        let vouches = vouched && index + 1 < seals.len();
        seal.follows(tenant(), &link, trusted, vouches).map_err(|fault| fault.kind)?;
        link = seal.link();
    }
    Ok(link)
}

#[test]
fn a_chain_is_followed_to_its_head() {
    let seals = chain();
    assert_eq!(verdict(&seals, keys().trusted()).unwrap(), seals[1].link());
}

#[test]
fn each_change_of_a_seal_is_found() {
    let changes: [fn(&mut Seal); 6] = [
        |seal| seal.entries[0].1 = [9; 32],
        |seal| seal.entries.truncate(1),
        |seal| seal.sealed_at = at(9),
        |seal| seal.through = Uuid::from_u128(99),
        |seal| seal.form = 2,
        |seal| seal.previous = [9; 32],
    ];
    for change in changes {
        for index in [0, 1] {
            let mut seals = chain();
            change(&mut seals[index]);
            assert_eq!(verdict(&seals, keys().trusted()), Err(AuditFaultKind::SealChanged));
        }
    }
    assert_eq!(verdict(&chain()[1..], keys().trusted()), Err(AuditFaultKind::SealMissing));
}

#[test]
fn whoever_rebuilds_the_chain_without_the_key_is_found() {
    let thief = SealKeys::new([2; 32], None);
    let forged = vec![thief.seal(tenant(), Link::default(), entries(1..3), at(0))];
    assert_eq!(verdict(&forged, keys().trusted()), Err(AuditFaultKind::SealForged));
    // Also under the name of the right key.
    let mut named = forged;
    named[0].kid = chain()[0].kid.clone();
    assert_eq!(verdict(&named, keys().trusted()), Err(AuditFaultKind::SealForged));
    // Another retailer's chain is not this one's.
    let other = TenantId(Uuid::from_u128(2));
    let seal = keys().seal(other, Link::default(), entries(1..3), at(0));
    assert!(seal.follows(tenant(), &Link::default(), keys().trusted(), false).is_err());
}

#[test]
fn a_newer_key_vouches_for_the_seals_of_one_that_is_gone() {
    let first = keys().seal(tenant(), Link::default(), entries(1..3), at(0));
    let rotated = SealKeys::new([2; 32], Some([1; 32]));
    let second = rotated.seal(tenant(), first.link(), entries(3..4), at(1));
    let later = SealKeys::new([2; 32], None);
    assert!(verdict(&[first.clone(), second], later.trusted()).is_ok());
    assert_eq!(verdict(&[first], later.trusted()), Err(AuditFaultKind::SealForged));
}

#[test]
fn the_entry_that_was_changed_or_removed_is_named() {
    let seal = chain().remove(0);
    let mut found: HashMap<Uuid, Hash> = seal.entries.iter().copied().collect();
    assert!(seal.holds(&found).is_ok());
    let second = seal.entries[1].0;
    found.insert(second, [0; 32]);
    let fault = seal.holds(&found).unwrap_err();
    assert_eq!((fault.kind, fault.entry, fault.seal), (AuditFaultKind::EntryChanged, Some(AuditId(second)), Some(1)));
    found.remove(&second);
    assert_eq!(seal.holds(&found).unwrap_err().kind, AuditFaultKind::EntryMissing);
}

#[test]
fn a_late_entry_lets_the_end_stay_where_it_was() {
    let first = keys().seal(tenant(), Link::default(), entries(5..8), at(0));
    let late = keys().seal(tenant(), first.link(), entries(1..2), at(1));
    assert_eq!(late.through, first.through);
    assert!(verdict(&[first, late], keys().trusted()).is_ok());
}

#[test]
fn hashes_and_keys_are_read_back() {
    let hash = chain()[0].hash;
    assert_eq!(parse_hex(&hex(&hash)), Some(hash));
    for wrong in ["", "zz", &"é".repeat(32), &"0".repeat(63)] {
        assert_eq!(parse_hex(wrong), None);
    }
    let shown = keys().trusted().to_wire();
    assert!(Trusted::parse(&shown[0].public_key).is_some());
    assert!(Trusted::parse("nothing").is_none());
}
