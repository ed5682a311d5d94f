//! TLS to nodes behind `https://`: whose certificates are good, and what went wrong with one.
//!
//! Good are those of this machine's roots, and of the file that the options name. There is no way to switch
//! the check off: what a node says is proven anyway, but not whose it is to read or hold back.

use std::{path::Path, sync::Arc};

use rustls::{CertificateError, RootCertStore, pki_types::CertificateDer};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::{RootsError, TlsTrouble};
use crate::durable;

/// A file of certificates is not longer.
const CA_BYTES_MAX: usize = 1 << 20;

/// How connections are made; `ca` is a file of authorities' certificates in PEM.
pub(super) fn config(ca: Option<&Path>) -> Result<TlsConfig, RootsError> {
    let mut roots: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect();
    if let Some(path) = ca {
        roots.extend(of_file(path)?);
    }
    if roots.is_empty() {
        return Err(RootsError::NoRoots);
    }
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build())
}

fn of_file(path: &Path) -> Result<Vec<Certificate<'static>>, RootsError> {
    let bytes = durable::read(path, CA_BYTES_MAX)?;
    let mut found = Vec::new();
    for item in parse_pem(&bytes) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|_| RootsError::NotCertificates {
                path: path.to_owned(),
            })?
        {
            // What cannot be used is said now: later it would only be missing.
            let der = CertificateDer::from(certificate.der());
            let usable = RootCertStore::empty().add(der.into_owned());
            usable.map_err(|error| RootsError::BadCertificate {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
            found.push(certificate);
        }
    }
    if found.is_empty() {
        let path = path.to_owned();
        return Err(RootsError::NoCertificate { path });
    }
    Ok(found)
}

/// Trouble with the certificate or the connection of a node; none if it is not TLS.
pub(super) fn trouble(error: &ureq::Error) -> Option<TlsTrouble> {
    let found = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<rustls::Error>()?,
        _ => return None,
    };
    let rustls::Error::InvalidCertificate(why) = found else {
        return Some(TlsTrouble::NoConnection(found.to_string()));
    };
    Some(match why {
        // An authority of the same name, with another key, is another authority.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TlsTrouble::UnknownAuthority
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            TlsTrouble::Expired(why.to_string())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsTrouble::NotValidYet(why.to_string())
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsTrouble::OtherName(why.to_string())
        }
        why => TlsTrouble::NotGood(why.to_string()),
    })
}
