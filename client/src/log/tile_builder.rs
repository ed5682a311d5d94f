//! The tiles of hashes that leaves lead to, each given on as soon as it is full (C2SP tlog-tiles).
//!
//! What becomes of them is for others to say: a replay compares them, a mirror writes them.

use protocol::merkle::{
    self, Hash,
    tiles::{TILE_WIDTH, TilePath},
};

use super::LogError;

/// The tile that is being filled at each level, with its index.
#[derive(Debug, Default)]
pub(super) struct TileBuilder {
    levels: Vec<(u64, Vec<Hash>)>,
}

impl TileBuilder {
    /// Takes the hash of the next leaf, and gives the tiles that it fills to `tile`.
    pub(super) fn push(
        &mut self,
        mut hash: Hash,
        mut tile: impl FnMut(TilePath, &[Hash]) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        let mut level = 0;
        loop {
            if self.levels.len() <= level {
                self.levels.push((0, Vec::new()));
            }
            let Some((index, hashes)) = self.levels.get_mut(level) else {
                return Ok(());
            };
            hashes.push(hash);
            if hashes.len() < TILE_WIDTH as usize {
                return Ok(());
            }
            let (full, at) = (std::mem::take(hashes), *index);
            *index += 1;
            tile(path(level, at, &full), &full)?;
            hash = merkle::fold(&full);
            level += 1;
        }
    }

    /// Gives the tiles that are not full to `tile`: no leaf comes any more.
    pub(super) fn finish(
        self,
        mut tile: impl FnMut(TilePath, &[Hash]) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        for (level, (index, hashes)) in self.levels.into_iter().enumerate() {
            if !hashes.is_empty() {
                tile(path(level, index, &hashes), &hashes)?;
            }
        }
        Ok(())
    }
}

fn path(level: usize, index: u64, hashes: &[Hash]) -> TilePath {
    TilePath::Hashes {
        level: u8::try_from(level).unwrap_or(u8::MAX),
        index,
        width: u16::try_from(hashes.len()).unwrap_or(u16::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_tiles_come_as_they_fill_and_the_others_at_the_end() {
        let mut builder = TileBuilder::default();
        let mut found = Vec::new();
        let mut note = |path: TilePath, hashes: &[Hash]| {
            found.push((path.to_string(), hashes.len()));
            Ok(())
        };
        for leaf in 0..513_u32 {
            let hash = merkle::leaf_hash(&leaf.to_be_bytes());
            builder.push(*hash.as_bytes(), &mut note).unwrap();
        }
        builder.finish(&mut note).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(path, width)| (path.as_str(), *width))
            .collect();
        let wanted = [
            ("/tile/0/000", 256),
            ("/tile/0/001", 256),
            ("/tile/0/002.p/1", 1),
            ("/tile/1/000.p/2", 2),
        ];
        assert_eq!(found, wanted);
    }
}
