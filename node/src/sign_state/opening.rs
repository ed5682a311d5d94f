//! Opening the safety record and the cosign state: what is there, whose it is, and what follows.

use std::path::Path;

use protocol::{
    codec,
    genesis::Genesis,
    planted::{self, Bug},
    sign_state::Owner,
};

use super::{Declared, NotFit, SafetyBody, SafetyFile, SignState, VERSION};
use crate::{
    cosign_state::{self, CosignState},
    durable::{self, Durable, Storage, StoredValue},
};

const SAFETY: &str = "safety record";
const COSIGN: &str = "cosign state";

/// Where the files belong, whose they have to be, and what the operator said.
pub(super) struct SignStateFiles<'a> {
    pub(super) safety: &'a dyn Storage,
    pub(super) cosign: &'a dyn Storage,
    pub(super) voter: Owner,
    pub(super) cosigner: Owner,
    pub(super) genesis: &'a Genesis,
    pub(super) asked: &'a Declared,
}

/// What is at one place.
enum Spot {
    Absent,
    Unreadable,
    Here {
        file: Durable,
        body: Vec<u8>,
        is_doubtful: bool,
    },
}

/// A file that can be used, with what it says.
struct Sound<T> {
    file: Durable,
    body: T,
    is_doubtful: bool,
}

impl SignStateFiles<'_> {
    pub(super) fn run(&self, sign_nothing: bool) -> Result<SignState, NotFit> {
        let sign_nothing = sign_nothing || planted::is(Bug::AbsentIsBlank);
        let mut safety = self.look(self.safety, SAFETY, self.voter)?;
        let mut cosign = self.look(self.cosign, COSIGN, self.cosigner)?;
        if sign_nothing {
            safety = blank_unless_here(safety, self.safety, self.voter)?;
            cosign = blank_unless_here(cosign, self.cosign, self.cosigner)?;
        }
        let read = |body: &[u8]| SafetyBody::read(body, self.voter.key);
        let safety = self.sound(safety, self.safety, SAFETY, read)?;
        let cosign = self.sound(cosign, self.cosign, COSIGN, |body| {
            cosign_state::read(body).map(|_| body.to_vec())
        })?;
        match (safety, cosign) {
            // A record that may have lost its newest word binds in silence (`sign_state_recovery`);
            // of a cosign state nobody knows how much it has lost.
            (Some(safety), Some(cosign)) if !cosign.is_doubtful => {
                self.keep(safety, cosign, sign_nothing)
            }
            (safety, cosign) => self.begin_return(safety, cosign),
        }
    }

    /// What is at `place`, if it is the file of `owner` or nothing.
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
            return Err(NotFit::Another {
                path: place.path().to_owned(),
                what,
                whose: self.whose(found),
                dir: self.asked.dir.clone(),
            });
        }
        Ok(Spot::Here {
            file,
            body: body.to_vec(),
            is_doubtful,
        })
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

    /// The file at a spot; none if it is lost, and said to be.
    fn sound<T>(
        &self,
        spot: Spot,
        place: &dyn Storage,
        what: &'static str,
        read: impl Fn(&[u8]) -> Result<T, codec::DecodeError>,
    ) -> Result<Option<Sound<T>>, NotFit> {
        let (path, dir) = (place.path().to_owned(), self.asked.dir.clone());
        let is_absent = matches!(spot, Spot::Absent);
        if let Spot::Here {
            file,
            body,
            is_doubtful,
        } = spot
        {
            match read(&body) {
                Ok(body) => {
                    return Ok(Some(Sound {
                        file,
                        body,
                        is_doubtful,
                    }));
                }
                // What a later program wrote is not lost, whatever was declared.
                Err(codec::DecodeError::Version {
                    found,
                    expected: known,
                }) if found > known => {
                    return Err(NotFit::Newer {
                        path,
                        what,
                        found,
                        known,
                        dir,
                    });
                }
                Err(_) => {}
            }
        }
        match (self.asked.is_declared_lost, is_absent) {
            (true, _) => Ok(None),
            (false, false) => Err(NotFit::Unreadable { path, what, dir }),
            (false, true) => Err(NotFit::Missing {
                link: link(&path),
                path,
                what,
                dir,
            }),
        }
    }

    /// Both are here.
    fn keep(
        &self,
        safety: Sound<SafetyBody>,
        cosign: Sound<Vec<u8>>,
        sign_nothing: bool,
    ) -> Result<SignState, NotFit> {
        let (path, dir) = (self.safety.path().to_owned(), self.asked.dir.clone());
        match (&safety.body, self.asked.is_declared_lost) {
            (SafetyBody::Record(_), true) if !sign_nothing => {
                return Err(NotFit::NothingLost { path, dir });
            }
            (SafetyBody::Twin(height), false) => {
                let height = *height;
                return Err(NotFit::Twin { path, height, dir });
            }
            (SafetyBody::Twin(_), true) => return self.begin_return(Some(safety), Some(cosign)),
            (SafetyBody::Record(_) | SafetyBody::Returning(_), _) => {}
        }
        Ok(SignState {
            safety: SafetyFile {
                file: safety.file,
                owner: self.voter,
            },
            body: safety.body,
            is_doubtful: safety.is_doubtful,
            cosign: self.cosign_state(cosign)?,
        })
    }

    fn cosign_state(&self, cosign: Sound<Vec<u8>>) -> Result<CosignState, NotFit> {
        CosignState::over(cosign.file, self.cosigner, &cosign.body).map_err(|_| {
            NotFit::Unreadable {
                path: self.cosign.path().to_owned(),
                what: COSIGN,
                dir: self.asked.dir.clone(),
            }
        })
    }

    /// What was signed is lost. The safety record says so first: a crash in between leaves a cosign
    /// state that is missing, and a question.
    fn begin_return(
        &self,
        safety: Option<Sound<SafetyBody>>,
        cosign: Option<Sound<Vec<u8>>>,
    ) -> Result<SignState, NotFit> {
        // A return that has begun goes on with the nonce that it has: nothing was signed since.
        let body = match safety.as_ref().map(|safety| &safety.body) {
            Some(SafetyBody::Returning(nonce)) => SafetyBody::Returning(*nonce),
            _ => SafetyBody::Returning(self.asked.nonce),
        };
        let value = self.voter.value(&codec::encode(VERSION, &body));
        let file = match safety {
            Some(mut safety) => {
                safety.file.write(&value)?;
                safety.file
            }
            None => Durable::make(self.safety, &value)?,
        };
        let cosign = match cosign {
            Some(cosign) => cosign,
            None => Sound {
                file: Durable::make(self.cosign, &self.cosigner.value(b""))?,
                body: Vec::new(),
                is_doubtful: false,
            },
        };
        Ok(SignState {
            safety: SafetyFile {
                file,
                owner: self.voter,
            },
            body,
            is_doubtful: false,
            cosign: self.cosign_state(cosign)?,
        })
    }
}

fn blank_unless_here(spot: Spot, place: &dyn Storage, owner: Owner) -> Result<Spot, NotFit> {
    if matches!(spot, Spot::Here { .. }) {
        return Ok(spot);
    }
    Ok(Spot::Here {
        file: Durable::make(place, &owner.value(b""))?,
        body: Vec::new(),
        is_doubtful: false,
    })
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

    use protocol::hash::ReturnNonce;

    use super::*;
    use crate::{
        durable::AtPath,
        epoch::examples::{genesis, secret},
        sign_state::{Keys, open},
    };

    /// Places in a folder, and those of an agency's blank files in them.
    fn places(dir: &Path, agency: &str) -> [AtPath; 2] {
        let place = |name: &str, purpose: &str| {
            let owner = Owner {
                chain: genesis().chain(),
                key: secret(agency, purpose).public(),
            };
            let place = dir.join(format!("{agency}-{name}"));
            fs::write(&place, owner.blank_file()).unwrap();
            AtPath(place)
        };
        [place("safety", "vote"), place("cosign-state", "cosign")]
    }

    /// Opens the files as soliq.
    fn open_as_soliq(places: &[AtPath; 2], is_declared_lost: bool) -> Result<SignState, NotFit> {
        let keys = Keys {
            safety: secret("soliq", "vote").public(),
            cosign: secret("soliq", "cosign").public(),
            sign_nothing: false,
        };
        let asked = Declared {
            dir: "net/soliq".into(),
            is_declared_lost,
            nonce: ReturnNonce::new([1; 32]),
        };
        open(&places[0], &places[1], &genesis(), keys, &asked)
    }

    #[test]
    fn a_file_that_is_not_there_is_a_question_and_a_return_if_it_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let own = places(dir.path(), "soliq");
        let opened = open_as_soliq(&own, false).unwrap();
        assert!(matches!(opened.body, SafetyBody::Record(None)));
        for missing in 0..2 {
            let own = places(dir.path(), "soliq");
            fs::remove_file(&own[missing].0).unwrap();
            let refused = open_as_soliq(&own, false);
            assert!(
                matches!(refused, Err(NotFit::Missing { .. })),
                "{refused:?}"
            );
            assert!(!own[missing].0.exists(), "a question makes no file");
            let returned = open_as_soliq(&own, true).unwrap();
            assert!(matches!(returned.body, SafetyBody::Returning(_)));
        }
    }

    #[test]
    fn a_file_of_another_key_is_refused_whatever_was_declared() {
        let dir = tempfile::tempdir().unwrap();
        for taken in 0..2 {
            let (mut files, others) = (places(dir.path(), "soliq"), places(dir.path(), "kadastr"));
            let [safety, cosign] = others;
            files[taken] = if taken == 0 { safety } else { cosign };
            for is_lost in [false, true] {
                let refused = open_as_soliq(&files, is_lost);
                let Err(NotFit::Another { whose, .. }) = &refused else {
                    panic!("{refused:?}");
                };
                assert!(whose.ends_with("key of kadastr"), "{whose}");
            }
        }
    }
}
