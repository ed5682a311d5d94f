//! Where peers are looked for: the addresses of the settings, and the look-up of names.
//!
//! A name is looked up anew at every dial, and all its answers are tried: whoever moves a node changes
//! one record in the DNS, and nobody's settings.

use std::{io, net::SocketAddr};

use protocol::peer_address::PeerAddress;
use serde::Deserialize;

/// Answers of one look-up that are tried.
const ANSWERS_MAX: usize = 8;

/// All that an address stands for now, in the system's order.
///
/// # Errors
/// What the system said, if it knows no such name.
pub async fn look_up(address: &PeerAddress) -> io::Result<Vec<SocketAddr>> {
    match address {
        PeerAddress::Ip(address) => Ok(vec![*address]),
        PeerAddress::Name(name, port) => {
            let found = tokio::net::lookup_host((name.as_str(), *port)).await?;
            Ok(found.take(ANSWERS_MAX).collect())
        }
    }
}

/// An address in the settings.
#[derive(Clone, Debug)]
pub(crate) struct AddressText(pub(crate) PeerAddress);

impl<'de> Deserialize<'de> for AddressText {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let address = PeerAddress::parse(&text).map_err(serde::de::Error::custom)?;
        Ok(Self(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_looked_up() {
        let address = PeerAddress::parse("localhost:7480").unwrap();
        let found = look_up(&address).await.unwrap();
        assert!(!found.is_empty());
        assert!(
            found
                .iter()
                .all(|it| it.ip().is_loopback() && it.port() == 7480)
        );
    }
}
