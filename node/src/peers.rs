//! Who may connect: the agencies of the set in force, guests of it, and this node's own observers.
//!
//! A pure function of the state and the settings, asked at the start, at every block that changes the
//! set, and when the settings are read again. Not here: the connections themselves (`network`), and when a
//! guest has been one for long enough (the driver).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use ledger::directory::Directory;
use protocol::{key::PublicKey, name::AgencyName, peer_address::PeerAddress};

use crate::network::Peer;

/// What this node's settings and keys say of peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerSettings {
    /// The agency whose node this is; none of an observer's.
    pub agency: Option<AgencyName>,
    /// Public halves of its own peer keys.
    pub own: BTreeSet<PublicKey>,
    /// Where this node is, for its peers; none if they know by their own settings.
    pub addresses: Vec<PeerAddress>,
    /// Where agencies' nodes are, if nothing better is known.
    pub seeds: BTreeMap<AgencyName, PeerAddress>,
    /// Observers that it lets in.
    pub observers: BTreeMap<String, PublicKey>,
}

/// An agency's node that is let in beside the set in force: one that joins by an approved proposal, that has
/// left a short while ago, or that had this key until a short while ago.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guest {
    /// Whose node it is.
    pub agency: AgencyName,
    /// Its key on the wire.
    pub key: PublicKey,
}

/// A line of the settings that has no effect as things stand. Not a reason to refuse them: the set in force
/// changes while they stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// An address of an agency that has no node here.
    Seed(AgencyName),
    /// An observer with the name of an agency, and a key of its own.
    ObserverName(String),
    /// An observer with the key of another peer, or of this node.
    ObserverKey(String),
}

impl fmt::Display for PassedOver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed(name) => write!(
                out,
                "[peers] {name} is no agency of the set in force, nor of one that joins or leaves; its address is not used"
            ),
            Self::ObserverName(name) => write!(
                out,
                "[observers] {name} has the name of an agency and another key; it is not let in: give the observer a name of its own"
            ),
            Self::ObserverKey(name) => write!(
                out,
                "[observers] {name} has the key of another peer or of this node; it is not let in by this name"
            ),
        }
    }
}

/// Who may connect, and what of the settings has no effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    /// Agencies in the order of their names, guests, observers.
    pub peers: Vec<Peer>,
    /// Lines that were passed over.
    pub passed_over: Vec<PassedOver>,
}

/// The most peers that a node can have beside its observers: a set in force, and another that comes or goes.
pub const AGENCY_PEERS_MAX: usize = 2 * protocol::agency::AGENCIES_MAX;

/// Who may connect as things stand: the nodes of the agencies in force, the guests, and the observers of the
/// settings. This node is none of its own peers, nor is another of its agency.
#[must_use]
pub fn peers_of(directory: &Directory, settings: &PeerSettings, guests: &[Guest]) -> AllowList {
    let validators = directory.network().validators.iter();
    let in_force = validators.filter_map(|name| directory.agencies().get(name));
    let in_force = in_force.map(|agency| (&agency.name, agency.peer));
    let guests = guests.iter().map(|guest| (&guest.agency, guest.key));
    let agencies: Vec<_> = in_force.chain(guests).collect();
    let mut list = AllowList::default();
    let mut taken = settings.own.clone();
    for (name, key) in &agencies {
        if settings.agency.as_ref() == Some(name) || !taken.insert(*key) {
            continue;
        }
        list.peers.push(Peer {
            name: name.to_string(),
            key: *key,
            is_agency: true,
            addresses: settings.seeds.get(*name).cloned().into_iter().collect(),
        });
    }
    let is_agency = |name: &str| agencies.iter().any(|(agency, _)| agency.as_str() == name);
    for (name, key) in &settings.observers {
        // Who may say what is told by names too, so an observer must not pass for an agency. One that has
        // become an agency keeps its line, which says nothing more.
        let has_joined = agencies
            .iter()
            .any(|(agency, known)| agency.as_str() == name && known == key);
        if has_joined {
            continue;
        } else if is_agency(name) {
            list.passed_over
                .push(PassedOver::ObserverName(name.clone()));
        } else if !taken.insert(*key) {
            list.passed_over.push(PassedOver::ObserverKey(name.clone()));
        } else {
            list.peers.push(Peer {
                name: name.clone(),
                key: *key,
                is_agency: false,
                addresses: Vec::new(),
            });
        }
    }
    let seeds = settings.seeds.keys();
    let unused = seeds.filter(|name| !is_agency(name.as_str()));
    let unused = unused.cloned().map(PassedOver::Seed);
    list.passed_over.extend(unused);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::examples::{AGENCIES, genesis, secret};

    fn name(name: &str) -> AgencyName {
        AgencyName::parse(name).unwrap()
    }

    fn key(agency: &str, purpose: &str) -> PublicKey {
        secret(agency, purpose).public()
    }

    /// The settings of soliq's node.
    fn settings() -> PeerSettings {
        PeerSettings {
            agency: Some(name("soliq")),
            own: [key("soliq", "peer")].into(),
            ..PeerSettings::default()
        }
    }

    fn list(settings: &PeerSettings, guests: &[Guest]) -> AllowList {
        peers_of(&Directory::genesis(&genesis()), settings, guests)
    }

    fn names(list: &AllowList) -> Vec<(&str, bool)> {
        let peers = list.peers.iter();
        peers
            .map(|peer| (peer.name.as_str(), peer.is_agency))
            .collect()
    }

    #[test]
    fn the_agencies_in_force_and_own_observers_may_connect_and_this_node_is_none_of_them() {
        let mut settings = settings();
        settings
            .observers
            .insert("archive".to_owned(), key("archive", "peer"));
        let address = PeerAddress::parse("node.kadastr.uz:7480").unwrap();
        settings.seeds.insert(name("kadastr"), address.clone());
        let found = list(&settings, &[]);
        let three = [("adliya", true), ("kadastr", true), ("qurilish", true)];
        assert_eq!(names(&found), [&three[..], &[("archive", false)]].concat());
        assert_eq!(found.peers[1].addresses, [address]);
        assert_eq!(found.peers[1].key, key("kadastr", "peer"));
        assert_eq!(found.passed_over, []);
        // An observer lets all of them in.
        let observer = PeerSettings {
            own: [key("archive", "peer")].into(),
            ..PeerSettings::default()
        };
        let found = list(&observer, &[]);
        assert_eq!(found.peers.len(), AGENCIES.len());
    }

    #[test]
    fn guests_are_agencies_and_an_old_key_of_one_is_a_peer_beside_the_new() {
        let guest = |agency: &str, purpose: &str| Guest {
            agency: name(agency),
            key: key(agency, purpose),
        };
        let guests = [
            guest("suv", "peer"),
            guest("kadastr", "peer before"),
            // Already there by the set, and this node's own.
            guest("adliya", "peer"),
            guest("soliq", "peer before"),
        ];
        let mut settings = settings();
        let address = PeerAddress::parse("192.0.2.7:7480").unwrap();
        settings.seeds.insert(name("suv"), address.clone());
        let found = list(&settings, &guests);
        let all = ["adliya", "kadastr", "qurilish", "suv", "kadastr"];
        assert_eq!(names(&found), all.map(|name| (name, true)));
        assert_eq!(found.peers[3].addresses, [address]);
        assert_eq!(found.passed_over, []);
    }

    #[test]
    fn no_observer_passes_for_an_agency_and_what_has_no_effect_is_named() {
        let mut settings = settings();
        let mut observe = |name: &str, key: PublicKey| {
            settings.observers.insert(name.to_owned(), key);
        };
        observe("kadastr", key("somebody", "peer"));
        observe("soliq", key("somebody else", "peer"));
        observe("twin", key("adliya", "peer"));
        observe("self", key("soliq", "peer"));
        observe("one", key("the same", "peer"));
        observe("two", key("the same", "peer"));
        // An observer that has joined: the line of before says what the state says now.
        observe("qurilish", key("qurilish", "peer"));
        let address = PeerAddress::parse("192.0.2.7:7480").unwrap();
        settings.seeds.insert(name("kadaster"), address);
        let found = list(&settings, &[]);
        let three = [("adliya", true), ("kadastr", true), ("qurilish", true)];
        assert_eq!(names(&found), [&three[..], &[("one", false)]].concat());
        let passed: BTreeSet<String> = found.passed_over.iter().map(ToString::to_string).collect();
        assert_eq!(passed.len(), 6, "{passed:?}");
        for part in [
            "[observers] kadastr has the name",
            "[observers] soliq has the name",
            "[observers] twin has the key",
            "[observers] self has the key",
            "[observers] two has the key",
            "[peers] kadaster is no agency",
        ] {
            assert!(passed.iter().any(|line| line.starts_with(part)), "{part}");
        }
    }
}
