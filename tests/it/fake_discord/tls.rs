//! The fake's own certificate authority, made anew for every run, and the TLS server side that it vouches for.
//!
//! Invariants: no key touches the disk; the certificate names `discord.com` only, so that a client which trusts
//! this authority can reach nothing but the fake with it.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The one host that the fake plays.
pub(crate) const HOST: &str = "discord.com";

/// An authority and the acceptor whose certificate it signed.
pub(crate) struct Tls {
    /// The authority's certificate, PEM: what a test's client has to trust.
    pub(crate) authority_pem: String,
    /// Accepts connections as `discord.com`.
    pub(crate) acceptor: TlsAcceptor,
}

/// Makes an authority and a certificate for `discord.com`.
pub(crate) fn make() -> Tls {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params.distinguished_name.push(DnType::CommonName, "Fake Discord authority");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);

    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, HOST);
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();

    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    Tls { authority_pem: authority.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
}
