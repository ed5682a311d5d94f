//! The address book: where peers have said that they are, kept in the node's folder over a restart.
//!
//! One note for each known peer key, the one with the greatest number; the seeds of the settings are
//! tried beside it. A note is believed of its own key only, and of nothing but where to dial. Not here:
//! who is known (`peers`), and what is sent when (`driver::addresses`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use protocol::{
    chain_id::NetworkId,
    key::{PublicKey, SecretKey},
    peer_address::{ADDRESS_NOTE_BYTES_MAX, AddressNote, PeerAddress},
};

use crate::{
    durable::{AtPath, Storage as _},
    files::read_regular,
    network::Peer,
    peers::AGENCY_PEERS_MAX,
};

/// Name of its file, beside the ledger.
pub const ADDRESSES_FILE: &str = "addresses";

/// The most notes of one file and of one message.
pub const NOTES_MAX: usize = 4 * AGENCY_PEERS_MAX;

/// What came of a note that a peer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenNote {
    /// It is the newest of its key.
    News,
    /// It is known, or older than what is known.
    Old,
    /// Nobody with that key is a peer.
    Foreign,
    /// It is no note, or not signed for this network by its key; this is why.
    Bad(String),
}

/// The notes.
#[derive(Debug)]
pub struct AddressBook {
    path: PathBuf,
    network: NetworkId,
    notes: BTreeMap<PublicKey, AddressNote>,
    /// Keys whose notes have come since the last time that they were told.
    news: BTreeSet<PublicKey>,
}

impl AddressBook {
    /// Opens the book of a node. Notes of the file that do not hold are left out: they are hints, which
    /// come again.
    #[must_use]
    pub fn open(path: &Path, network: NetworkId) -> Self {
        let mut book = Self {
            path: path.to_owned(),
            network,
            notes: BTreeMap::new(),
            news: BTreeSet::new(),
        };
        let text = match read_regular(path, NOTES_MAX * ADDRESS_NOTE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return book,
            Err(error) => {
                book.is_left_out(&error);
                return book;
            }
        };
        for part in parts(&text) {
            match book.read(part) {
                Ok(note) => drop(book.notes.insert(note.peer, note)),
                Err(reason) => book.is_left_out(&reason),
            }
        }
        book
    }

    fn is_left_out(&self, reason: &dyn std::fmt::Display) {
        tracing::warn!(
            event = "address-left-out",
            path = %self.path.display(),
            %reason,
            "an address in this file does not hold and is not used"
        );
    }

    /// Reads a note and checks its signature.
    fn read(&self, bytes: &[u8]) -> Result<AddressNote, String> {
        let note = AddressNote::parse(bytes).map_err(|error| error.to_string())?;
        note.check(&self.network)
            .map_err(|error| error.to_string())?;
        Ok(note)
    }

    /// Takes a note that a peer brought. `peers` are the keys of peers, `own` those of this node; a
    /// signature is looked at only if the note would be news.
    pub fn take(
        &mut self,
        bytes: &[u8],
        peers: &BTreeSet<PublicKey>,
        own: &BTreeSet<PublicKey>,
    ) -> TakenNote {
        let note = match AddressNote::parse(bytes) {
            Ok(note) => note,
            Err(error) => return TakenNote::Bad(error.to_string()),
        };
        let is_own = own.contains(&note.peer);
        if !is_own && !peers.contains(&note.peer) {
            return TakenNote::Foreign;
        }
        let is_old = |known: &AddressNote| {
            // Of its own notes a node may have lost some: another of the same number is one, and the next
            // has to be above it.
            known.number > note.number
                || (known.number == note.number && (!is_own || *known == note))
        };
        if self.notes.get(&note.peer).is_some_and(is_old) {
            return TakenNote::Old;
        }
        if let Err(error) = note.check(&self.network) {
            return TakenNote::Bad(error.to_string());
        }
        self.news.insert(note.peer);
        self.notes.insert(note.peer, note);
        TakenNote::News
    }

    /// This node is there, by the key that it has on the wire. A new note is made only if the last one of
    /// that key, as this file or a peer has kept it, says otherwise.
    pub fn is_at(&mut self, secret: &SecretKey, addresses: &[PeerAddress]) {
        let key = secret.public();
        let known = self.notes.get(&key);
        if addresses.is_empty() || known.is_some_and(|known| known.addresses == addresses) {
            return;
        }
        let number = known.map_or(0, |known| known.number).saturating_add(1);
        let note = AddressNote::sign(&self.network, secret, number, addresses.to_vec());
        self.news.insert(key);
        self.notes.insert(key, note);
    }

    /// Puts where peers have said that they are before where the settings look for them.
    pub fn complete(&self, peers: &mut [Peer]) {
        for peer in peers {
            let Some(note) = self.notes.get(&peer.key) else {
                continue;
            };
            let seeds = std::mem::replace(&mut peer.addresses, note.addresses.clone());
            let others = seeds.into_iter().filter(|it| !note.addresses.contains(it));
            peer.addresses.extend(others);
        }
    }

    /// Texts of the notes of these keys, as far as they are known.
    #[must_use]
    pub fn texts(&self, keys: impl Iterator<Item = PublicKey>) -> Vec<Vec<u8>> {
        let notes = keys.filter_map(|key| self.notes.get(&key));
        notes.map(|note| note.write().into_bytes()).collect()
    }

    /// Keys whose notes have come since this was last asked.
    pub fn take_news(&mut self) -> BTreeSet<PublicKey> {
        std::mem::take(&mut self.news)
    }

    /// Writes the file, with the notes of these keys and no others. It may be lost: then peers and settings
    /// tell again.
    ///
    /// # Errors
    /// What the system said.
    pub fn write(&mut self, known: &BTreeSet<PublicKey>) -> std::io::Result<()> {
        self.notes.retain(|key, _| known.contains(key));
        let all: String = self.notes.values().map(AddressNote::write).collect();
        AtPath(self.path.clone()).make(all.as_bytes()).map(drop)
    }
}

/// Cuts a file of notes into notes.
fn parts(text: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let last = rest
            .windows(SIGNED.len())
            .position(|window| window == SIGNED);
        let end = last.map(|at| at + SIGNED.len());
        let line = end.and_then(|from| {
            let line = rest.get(from..)?.iter().position(|byte| *byte == b'\n')?;
            Some(from + line + 1)
        });
        let (part, left) = rest.split_at(line.unwrap_or(rest.len()));
        parts.push(part);
        rest = left;
    }
    parts
}

/// How the last line of a note begins.
const SIGNED: &[u8] = b"\nsignature ";

#[cfg(test)]
mod tests {
    use protocol::{hash::ChainId, name::Origin};

    use super::*;
    use crate::epoch::examples::secret;

    fn network(chain: u8) -> NetworkId {
        NetworkId {
            origin: Origin::parse("registry.example.uz/test/1").unwrap(),
            chain: ChainId::new([chain; 32]),
        }
    }

    fn at(addresses: &[&str]) -> Vec<PeerAddress> {
        let addresses = addresses.iter();
        addresses
            .map(|text| PeerAddress::parse(text).unwrap())
            .collect()
    }

    fn note(agency: &str, number: u64, addresses: &[&str]) -> Vec<u8> {
        let secret = secret(agency, "peer");
        let note = AddressNote::sign(&network(1), &secret, number, at(addresses));
        note.write().into_bytes()
    }

    fn keys(agencies: &[&str]) -> BTreeSet<PublicKey> {
        let agencies = agencies.iter();
        agencies
            .map(|agency| secret(agency, "peer").public())
            .collect()
    }

    /// Soliq's book, whose peers are two agencies.
    struct Trial {
        book: AddressBook,
        folder: tempfile::TempDir,
    }

    impl Trial {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let book = AddressBook::open(&folder.path().join(ADDRESSES_FILE), network(1));
            Self { book, folder }
        }

        fn take(&mut self, note: &[u8]) -> TakenNote {
            let (peers, own) = (keys(&["adliya", "kadastr"]), keys(&["soliq"]));
            self.book.take(note, &peers, &own)
        }

        fn reopen(&mut self) {
            let path = self.folder.path().join(ADDRESSES_FILE);
            self.book = AddressBook::open(&path, network(1));
        }

        /// Where a peer is dialled whose seed is this.
        fn addresses(&self, agency: &str, seed: &str) -> Vec<PeerAddress> {
            let mut peers = [Peer {
                name: agency.to_owned(),
                key: secret(agency, "peer").public(),
                is_agency: true,
                addresses: at(&[seed]),
            }];
            self.book.complete(&mut peers);
            peers[0].addresses.clone()
        }
    }

    #[test]
    fn the_greatest_number_of_a_known_key_counts_and_outlives_a_start() {
        let mut trial = Trial::new();
        let (first, second) = (
            note("adliya", 3, &["a.uz:1"]),
            note("adliya", 4, &["b.uz:1", "seed.uz:1"]),
        );
        assert_eq!(trial.take(&second), TakenNote::News);
        assert_eq!(trial.take(&first), TakenNote::Old);
        assert_eq!(trial.take(&second), TakenNote::Old);
        // Two of one number: the first that came stays, whoever brings the other.
        let other = note("adliya", 4, &["c.uz:1"]);
        assert_eq!(trial.take(&other), TakenNote::Old);
        assert_eq!(
            trial.take(&note("kadastr", 1, &["k.uz:1"])),
            TakenNote::News
        );
        assert_eq!(trial.book.take_news(), keys(&["adliya", "kadastr"]));
        assert!(trial.book.take_news().is_empty());
        trial.book.write(&keys(&["adliya", "kadastr"])).unwrap();
        trial.reopen();
        // Its own word first, then where the settings look for it; each once.
        assert_eq!(
            trial.addresses("adliya", "seed.uz:1"),
            at(&["b.uz:1", "seed.uz:1"])
        );
        assert_eq!(
            trial.addresses("kadastr", "seed.uz:1"),
            at(&["k.uz:1", "seed.uz:1"])
        );
        assert_eq!(trial.addresses("soliq", "seed.uz:1"), at(&["seed.uz:1"]));
        // Whoever is no peer any more is forgotten with the next file.
        trial.book.write(&keys(&["kadastr"])).unwrap();
        trial.reopen();
        assert_eq!(trial.addresses("adliya", "seed.uz:1"), at(&["seed.uz:1"]));
    }

    #[test]
    fn what_is_not_signed_by_a_peer_for_this_network_is_refused() {
        let mut trial = Trial::new();
        let foreign = note("suv", 1, &["s.uz:1"]);
        assert_eq!(trial.take(&foreign), TakenNote::Foreign);
        let elsewhere =
            AddressNote::sign(&network(2), &secret("adliya", "peer"), 1, at(&["a.uz:1"]));
        let text = String::from_utf8(note("adliya", 1, &["a.uz:1"])).unwrap();
        for bad in [
            elsewhere.write(),
            text.replace("a.uz", "b.uz"),
            text.replace("number 1", "number 2"),
            format!("{text}x\n"),
            String::new(),
        ] {
            let taken = trial.take(bad.as_bytes());
            assert!(matches!(taken, TakenNote::Bad(_)), "{bad}: {taken:?}");
        }
        assert!(trial.book.take_news().is_empty());
    }

    #[test]
    fn a_node_numbers_its_own_notes_above_all_that_peers_have_of_it() {
        let mut trial = Trial::new();
        let (own, key) = (secret("soliq", "peer"), keys(&["soliq"]));
        let text = |trial: &Trial| {
            let texts = trial.book.texts(key.iter().copied());
            String::from_utf8(texts.concat()).unwrap()
        };
        trial.book.is_at(&own, &[]);
        assert_eq!(text(&trial), "");
        trial.book.is_at(&own, &at(&["one.uz:1"]));
        assert!(text(&trial).contains("\nnumber 1\n"));
        trial.book.is_at(&own, &at(&["one.uz:1"]));
        assert!(text(&trial).contains("\nnumber 1\n"), "nothing has changed");
        // Its file was lost: peers have one of the same number, or of a greater.
        for (number, next) in [(1, "\nnumber 2\n"), (7, "\nnumber 8\n")] {
            let before = note("soliq", number, &["before.uz:1"]);
            assert_eq!(trial.take(&before), TakenNote::News);
            trial.book.is_at(&own, &at(&["one.uz:1"]));
            assert!(text(&trial).contains(next), "{}", text(&trial));
        }
        assert!(text(&trial).contains("one.uz:1"));
    }

    #[test]
    fn a_damaged_file_is_no_fault_and_what_holds_of_it_is_used() {
        let mut trial = Trial::new();
        let _news = trial.take(&note("adliya", 3, &["a.uz:1"]));
        let _news = trial.take(&note("kadastr", 3, &["k.uz:1"]));
        trial.book.write(&keys(&["adliya", "kadastr"])).unwrap();
        let path = trial.folder.path().join(ADDRESSES_FILE);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.replace("a.uz:1", "a.uz:2")).unwrap();
        trial.reopen();
        assert_eq!(trial.addresses("adliya", "s.uz:1"), at(&["s.uz:1"]));
        assert_eq!(
            trial.addresses("kadastr", "s.uz:1"),
            at(&["k.uz:1", "s.uz:1"])
        );
        for end in 0..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            trial.reopen();
        }
    }
}
