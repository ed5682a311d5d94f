//! Opening the safety records and the cosign states: what is there, whose it is, and what follows.

use std::path::{Path, PathBuf};

use protocol::{
    codec,
    genesis::Genesis,
    key::PublicKey,
    planted::{self, Bug},
    sign_state::Owner,
};

use super::{
    Declared, FilePlaces, Keys, NotFit, SafetyBody, SafetyFile, SafetyRecord, Shelf, SignState,
    VERSION,
};
use crate::{
    cosign_state::{self, CosignState},
    durable::{self, Durable, Storage, StoredValue},
};

const SAFETY: &str = "safety record";
const COSIGN: &str = "cosign state";

/// Files of other keys that are looked at to say whose they are.
const FILES_NAMED_MAX: usize = 8;

/// Where the files belong, whose they have to be, and what the operator said.
pub(super) struct SignStateFiles<'a> {
    pub(super) shelf: &'a dyn Shelf,
    pub(super) keys: &'a Keys,
    pub(super) genesis: &'a Genesis,
    pub(super) asked: &'a Declared,
}

/// What is at one place.
enum Spot {
    Absent,
    Unreadable,
    Here(Sound<Vec<u8>>),
}

/// A file that can be used, with what it says.
struct Sound<T> {
    file: Durable,
    body: T,
    is_doubtful: bool,
}

/// One key's file: where it belongs, whose it is, and what it says if it can be used.
struct KeyFiles<T> {
    places: FilePlaces,
    owner: Owner,
    sound: Option<Sound<T>>,
}

impl<T> KeyFiles<T> {
    /// The file, for messages.
    fn path(&self) -> PathBuf {
        let found = self.sound.as_ref().map(|sound| sound.file.path());
        found
            .unwrap_or_else(|| self.places.belongs.path())
            .to_owned()
    }

    /// The file; one that cannot be used is made anew, with `value` as its first.
    fn or_made(self, value: &[u8], body: T) -> Result<Sound<T>, durable::DurableFault> {
        match self.sound {
            Some(sound) => Ok(sound),
            None => Ok(Sound {
                file: Durable::make(self.places.belongs.as_ref(), value)?,
                body,
                is_doubtful: false,
            }),
        }
    }
}

type SafetyFiles = Vec<KeyFiles<SafetyBody>>;
type CosignFiles = Vec<KeyFiles<Vec<u8>>>;

impl SignStateFiles<'_> {
    pub(super) fn run(&self) -> Result<SignState, NotFit> {
        let safety = self.keys.safety.iter().map(|key| {
            self.find(self.shelf.safety(key), SAFETY, *key, |body| match body {
                [] => Ok(SafetyBody::Record(None)),
                _ => codec::decode(VERSION, body, durable::VALUE_BYTES_MAX),
            })
        });
        let safety: SafetyFiles = safety.collect::<Result<_, NotFit>>()?;
        let cosign = self.keys.cosign.iter().map(|key| {
            self.find(self.shelf.cosign(key), COSIGN, *key, |body| {
                cosign_state::read(body).map(|_| body.to_vec())
            })
        });
        let cosign: CosignFiles = cosign.collect::<Result<_, NotFit>>()?;
        let lost = self.lost(&safety, &cosign)?;
        self.finish(safety, cosign, lost)
    }

    /// What the safety records say from now on, if something that was signed is lost.
    fn lost(
        &self,
        safety: &SafetyFiles,
        cosign: &CosignFiles,
    ) -> Result<Option<SafetyBody>, NotFit> {
        if self.makes_blank() {
            return Ok(None);
        }
        let mut bodies = safety
            .iter()
            .filter_map(|file| Some((file, &file.sound.as_ref()?.body)));
        let twin = bodies.clone().find_map(|(file, body)| match body {
            SafetyBody::Twin(height) => Some((file.path(), *height)),
            SafetyBody::Record(_) | SafetyBody::Returning(_) => None,
        });
        let returns = bodies.any(|(_, body)| matches!(body, SafetyBody::Returning(_)));
        // A record that may have lost its newest word binds in silence (`sign_state_recovery`); of a cosign
        // state nobody knows how much it has lost.
        let is_whole =
            |sound: &Option<Sound<Vec<u8>>>| sound.as_ref().is_some_and(|sound| !sound.is_doubtful);
        let is_lost = safety.iter().any(|file| file.sound.is_none())
            || !cosign.iter().all(|file| is_whole(&file.sound));
        let dir = || self.asked.dir.clone();
        let is_declared = self.asked.is_declared_lost;
        if let Some((path, height)) = &twin
            && !is_declared
        {
            let (path, height) = (path.clone(), *height);
            return Err(NotFit::Twin {
                path,
                height,
                dir: dir(),
            });
        }
        if is_declared && !is_lost && twin.is_none() && !returns {
            let path = safety.first().map(KeyFiles::path).unwrap_or_default();
            return Err(NotFit::NothingLost { path, dir: dir() });
        }
        let is_lost = is_lost || twin.is_some();
        Ok(is_lost.then_some(SafetyBody::Returning(self.asked.nonce)))
    }

    /// Whether what is not there is blank: of keys that sign nothing.
    fn makes_blank(&self) -> bool {
        self.keys.sign_nothing() || planted::is(Bug::AbsentIsBlank)
    }

    /// The file of a key; none in it if it is lost, and said to be.
    fn find<T>(
        &self,
        places: FilePlaces,
        what: &'static str,
        key: PublicKey,
        read: impl Fn(&[u8]) -> Result<T, codec::DecodeError>,
    ) -> Result<KeyFiles<T>, NotFit> {
        let owner = Owner {
            chain: self.genesis.chain(),
            key,
        };
        let mut spot = self.look(places.belongs.as_ref(), what, owner)?;
        let mut path = places.belongs.path();
        if let (Spot::Absent, Some(before)) = (&spot, &places.before) {
            spot = self.look(before.as_ref(), what, owner)?;
            if !matches!(spot, Spot::Absent) {
                path = before.path();
            }
        }
        let is_absent = matches!(spot, Spot::Absent);
        let sound = match spot {
            Spot::Here(found) => read(&found.body).ok().map(|body| Sound {
                file: found.file,
                body,
                is_doubtful: found.is_doubtful,
            }),
            Spot::Absent | Spot::Unreadable => None,
        };
        if sound.is_none() && !self.asked.is_declared_lost && !self.makes_blank() {
            let (path, dir) = (path.to_owned(), self.asked.dir.clone());
            return Err(if is_absent {
                NotFit::Missing {
                    instead: self.instead(&places),
                    path,
                    what,
                    dir,
                }
            } else {
                NotFit::Unreadable { path, what, dir }
            });
        }
        Ok(KeyFiles {
            places,
            owner,
            sound,
        })
    }

    /// What is at `place`, if it is the file of `owner` or nothing. The file of another key of this node is
    /// as good as nothing: before each key had a file of its own, the place was the first key's.
    fn look(&self, place: &dyn Storage, what: &'static str, owner: Owner) -> Result<Spot, NotFit> {
        let (file, found) = match Durable::open(place) {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(Spot::Absent),
            Err(durable::DurableFault::Rotten { .. }) => return Ok(Spot::Unreadable),
            Err(fault) => return Err(fault.into()),
        };
        let (value, is_doubtful) = match found {
            StoredValue::Value(value) => (value, false),
            StoredValue::Doubtful(value) => (value, true),
        };
        let Some((found, body)) = Owner::of_value(&value) else {
            return Ok(Spot::Unreadable);
        };
        if found != owner && !planted::is(Bug::AnothersRecord) {
            let own = self.keys.safety.iter().chain(&self.keys.cosign);
            if found.chain == owner.chain && own.copied().any(|key| key == found.key) {
                return Ok(Spot::Absent);
            }
            return Err(NotFit::Another {
                path: place.path().to_owned(),
                what,
                whose: self.whose(found),
                dir: self.asked.dir.clone(),
            });
        }
        Ok(Spot::Here(Sound {
            file,
            body: body.to_vec(),
            is_doubtful,
        }))
    }

    /// What is there instead of a file that is not, in words: a link that leads nowhere, or files of the same
    /// kind that are another's.
    fn instead(&self, places: &FilePlaces) -> String {
        let at = places.belongs.path();
        let before = places.before.as_ref().map(|before| before.path());
        let mut links = std::iter::once(at).chain(before).map(link);
        if let Some(link) = links.find(|link| !link.is_empty()) {
            return link;
        }
        let name = at.file_name().unwrap_or_default().to_string_lossy();
        let kind = name.rsplit_once('-').map_or(&*name, |(kind, _)| kind);
        let folder = at.parent().unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let alike = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(kind));
        let owners = alike.take(FILES_NAMED_MAX).filter_map(|entry| {
            let opened = Durable::open(&durable::AtPath(entry.path()));
            let (StoredValue::Value(value) | StoredValue::Doubtful(value)) = opened.ok()??.1;
            Owner::of_value(&value).map(|(owner, _)| owner)
        });
        let own: Vec<_> = self.keys.safety.iter().chain(&self.keys.cosign).collect();
        let others = owners.filter(|owner| !own.contains(&&owner.key));
        let others: Vec<_> = others.map(|owner| self.whose(owner)).collect();
        if others.is_empty() {
            return String::new();
        }
        format!(" (beside it lies that of {})", others.join(" and of "))
    }

    /// Whose file it is, in words.
    fn whose(&self, owner: Owner) -> String {
        if owner.chain != self.genesis.chain() {
            return format!("another network, {}", owner.chain.to_hex());
        }
        let named = self.genesis.agencies.iter().find_map(|agency| {
            let keys = [
                (&agency.vote.key, "vote"),
                (&agency.cosign.key, "cosign"),
                (&agency.peer.key, "peer"),
            ];
            let (_, purpose) = keys.into_iter().find(|(key, _)| **key == owner.key)?;
            Some(format!("the {purpose} key of {}", agency.name))
        });
        named.unwrap_or_else(|| format!("the key {}", owner.key))
    }

    /// Opens all files, and makes those that are not there. What is lost the safety records say first: a
    /// crash in between leaves a cosign state that is missing, and a question.
    fn finish(
        &self,
        safety: SafetyFiles,
        cosign: CosignFiles,
        lost: Option<SafetyBody>,
    ) -> Result<SignState, NotFit> {
        let mut state = SignState::default();
        for files in safety {
            let owner = files.owner;
            let was_there = files.sound.is_some();
            let (first, body) = match &lost {
                // Which cosign key acts beside which vote key is the state's to say: all of them return.
                Some(body) => (codec::encode(VERSION, body), body.clone()),
                None => (Vec::new(), SafetyBody::Record(None)),
            };
            let mut sound = files.or_made(&owner.value(&first), body.clone())?;
            // A return that has begun goes on with the nonce that it has: nothing was signed since.
            let has_begun = matches!(sound.body, SafetyBody::Returning(_));
            if was_there && lost.is_some() && !has_begun {
                sound.file.write(&owner.value(&first))?;
                (sound.body, sound.is_doubtful) = (body, false);
            }
            let record = SafetyRecord {
                file: SafetyFile {
                    file: sound.file,
                    owner,
                },
                body: sound.body,
                is_doubtful: sound.is_doubtful,
            };
            state.safety.insert(owner.key, record);
        }
        for files in cosign {
            let (owner, path) = (files.owner, files.path());
            let sound = files.or_made(&owner.value(b""), Vec::new())?;
            let opened = CosignState::over(sound.file, owner, &sound.body);
            let opened = opened.map_err(|_| NotFit::Unreadable {
                path,
                what: COSIGN,
                dir: self.asked.dir.clone(),
            })?;
            state.cosign.insert(owner.key, opened);
        }
        Ok(state)
    }
}

/// Where a link leads that stands in the way to a file and leads nowhere, in words.
fn link(path: &Path) -> String {
    let dangles = |path: &&Path| !path.exists() && path.is_symlink();
    let found = path.ancestors().find(dangles);
    let target = found.and_then(|link| Some((link, std::fs::read_link(link).ok()?)));
    target.map_or_else(String::new, |(link, target)| {
        format!(
            " ({} is a link to {}, which is not there)",
            link.display(),
            target.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use protocol::{hash::ReturnNonce, sign_state::file_of};

    use super::*;
    use crate::{
        config::Places,
        epoch::examples::{genesis, secret},
        sign_state::open,
    };

    const NEW: [&str; 2] = ["vote", "cosign"];
    const NEXT: [&str; 2] = ["vote/2", "cosign/2"];

    /// A folder with sign state files, and where they lie.
    struct Folder {
        dir: tempfile::TempDir,
        places: Places,
    }

    fn key(agency: &str, purpose: &str) -> PublicKey {
        secret(agency, purpose).public()
    }

    impl Folder {
        /// With blank files of soliq's keys, as whoever makes the keys leaves them.
        fn of(pairs: &[[&str; 2]]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("data")).unwrap();
            let places = Places::in_folder(dir.path());
            let folder = Self { dir, places };
            for [vote, cosign] in pairs {
                folder.write(&folder.place(0, &key("soliq", vote)), "soliq", vote);
                folder.write(&folder.place(1, &key("soliq", cosign)), "soliq", cosign);
            }
            folder
        }

        /// Place of a key's safety record (0) or cosign state (1).
        fn place(&self, which: usize, key: &PublicKey) -> PathBuf {
            let kind = ["safety", "cosign-state"][which];
            self.dir.path().join("data").join(file_of(kind, key))
        }

        fn write(&self, place: &Path, agency: &str, purpose: &str) {
            let owner = Owner {
                chain: genesis().chain(),
                key: key(agency, purpose),
            };
            fs::write(place, owner.blank_file()).unwrap();
        }

        /// Opens the files of these keys of soliq.
        fn open(&self, pairs: &[[&str; 2]], is_declared_lost: bool) -> Result<SignState, NotFit> {
            let of = |which: usize| pairs.iter().map(move |pair| key("soliq", pair[which]));
            let keys = Keys {
                safety: of(0).collect(),
                cosign: of(1).collect(),
            };
            self.open_of(&keys, is_declared_lost)
        }

        fn open_of(&self, keys: &Keys, is_declared_lost: bool) -> Result<SignState, NotFit> {
            let asked = Declared {
                dir: "net/soliq".into(),
                is_declared_lost,
                nonce: ReturnNonce::new([1; 32]),
            };
            open(&self.places, &genesis(), keys, &asked)
        }
    }

    fn bodies(found: &SignState) -> Vec<&SafetyBody> {
        found.safety.values().map(|record| &record.body).collect()
    }

    #[test]
    fn a_file_that_is_not_there_is_a_question_and_a_return_if_it_is_lost() {
        // Of a key that is not in force yet too: it was written blank with the key.
        for pairs in [&[NEW][..], &[NEW, NEXT]] {
            let folder = Folder::of(pairs);
            let opened = folder.open(pairs, false).unwrap();
            let blank = |body: &&SafetyBody| matches!(body, SafetyBody::Record(None));
            assert!(bodies(&opened).iter().all(blank));
            assert_eq!(
                (opened.safety.len(), opened.cosign.len()),
                (pairs.len(), pairs.len())
            );
            assert!(matches!(
                folder.open(pairs, true),
                Err(NotFit::NothingLost { .. })
            ));
            for (pair, which) in [(0, 0), (0, 1), (pairs.len() - 1, 1)] {
                let folder = Folder::of(pairs);
                let missing = folder.place(which, &key("soliq", pairs[pair][which]));
                fs::remove_file(&missing).unwrap();
                let refused = folder.open(pairs, false);
                let Err(NotFit::Missing { path, .. }) = &refused else {
                    panic!("{refused:?}");
                };
                assert_eq!(*path, missing);
                assert!(!missing.exists(), "a question makes no file");
                let returned = folder.open(pairs, true).unwrap();
                let returns = |body: &&SafetyBody| matches!(body, SafetyBody::Returning(_));
                assert!(bodies(&returned).iter().all(returns), "{returned:?}");
                // It goes on with the nonce that it has.
                drop(returned);
                let again = folder.open(pairs, false).unwrap();
                assert!(bodies(&again).iter().all(returns), "{again:?}");
            }
        }
    }

    #[test]
    fn a_file_of_another_key_is_refused_whatever_was_declared() {
        for which in 0..2 {
            let folder = Folder::of(&[NEW]);
            let place = folder.place(which, &key("soliq", NEW[which]));
            folder.write(&place, "kadastr", NEW[which]);
            for is_lost in [false, true] {
                let refused = folder.open(&[NEW], is_lost);
                let Err(NotFit::Another { whose, .. }) = &refused else {
                    panic!("{refused:?}");
                };
                assert!(whose.ends_with("key of kadastr"), "{whose}");
            }
        }
    }

    #[test]
    fn the_file_of_the_time_before_each_key_had_its_own_is_taken_for_its_key_alone() {
        let folder = Folder::of(&[]);
        let old = |name: &str| folder.dir.path().join("data").join(name);
        folder.write(&old("safety"), "soliq", "vote");
        folder.write(&old("cosign-state"), "soliq", "cosign");
        let found = folder.open(&[NEW], false).unwrap();
        let record = &found.safety[&key("soliq", "vote")];
        assert_eq!(record.file.file().path(), old("safety"));
        // It is the first key's, so that of the next is missing.
        let refused = folder.open(&[NEW, NEXT], false);
        assert!(
            matches!(&refused, Err(NotFit::Missing { path, .. }) if *path == folder.place(0, &key("soliq", "vote/2"))),
            "{refused:?}"
        );
        // A file of its own goes before it.
        let own = folder.place(0, &key("soliq", "vote"));
        folder.write(&own, "soliq", "vote");
        let found = folder.open(&[NEW], false).unwrap();
        let record = &found.safety[&key("soliq", "vote")];
        assert_eq!(record.file.file().path(), own);
        folder.write(&old("cosign-state"), "kadastr", "cosign");
        assert!(matches!(
            folder.open(&[NEW], false),
            Err(NotFit::Another { .. })
        ));
    }

    #[test]
    fn an_observer_makes_what_it_needs_and_has_nothing_to_lose() {
        let folder = Folder::of(&[]);
        let keys = Keys {
            safety: Vec::new(),
            cosign: vec![key("archive", "peer")],
        };
        for _ in 0..2 {
            let found = folder.open_of(&keys, false).unwrap();
            assert!(found.safety.is_empty());
            assert_eq!(found.last_cosigned(), None);
            assert_eq!(found.paths(), [folder.place(1, &keys.cosign[0])]);
        }
        fs::write(folder.place(1, &keys.cosign[0]), b"spoilt").unwrap();
        assert!(folder.open_of(&keys, false).is_ok());
    }
}
