//! Lies to whoever catches up: another chain, spoilt blocks, heights that rise and fall, headers
//! without end, or promises and silence. It speaks up often, so that it is asked first.

use node::{
    network::Lane,
    wire::{self, DecidedBlock, SyncMessage},
};
use protocol::{
    codec,
    height::{Height, LogSize, TimeMs},
};
use testkit::Random;

use super::{Actor, Scene};
use crate::sim::words;

/// Version byte of stored certificates.
const KEPT_VERSION: u8 = 1;

/// It tires after so long.
const UNTIL_US: u64 = 200_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// True blocks with a leaf changed.
    Spoilt,
    /// True certificates on the leaves of other heights.
    OtherChain,
    /// One block over and over, each time as the next height.
    Endless,
    /// Nothing at all.
    Silence,
}

pub(super) struct LyingServer {
    lie: Lie,
    chance: Random,
}

impl LyingServer {
    pub(super) fn new(mut chance: Random) -> Self {
        let lies = [Lie::Spoilt, Lie::OtherChain, Lie::Endless, Lie::Silence];
        Self {
            lie: *chance.pick(&lies),
            chance,
        }
    }

    fn blocks(&self, scene: &Scene<'_>, from: Height) -> Vec<DecidedBlock> {
        let Some(node) = scene.node() else {
            return Vec::new();
        };
        let first = if self.lie == Lie::Endless {
            Height::new(1)
        } else {
            from
        };
        let stored = node
            .ledger
            .blocks(first, wire::BLOCKS_MAX, wire::BLOCKS_BYTES);
        let stored = stored.unwrap_or_default();
        let decoded = stored.into_iter().filter_map(|block| {
            let bytes = &block.certificate;
            let commit = codec::decode(KEPT_VERSION, bytes, codec::VALUE_BYTES_MAX).ok()?;
            let leaves = block.leaves;
            Some(DecidedBlock { leaves, commit })
        });
        let mut blocks: Vec<DecidedBlock> = decoded.collect();
        match self.lie {
            Lie::Spoilt => {
                let middle = blocks.len() / 2;
                if let Some(leaf) = blocks.get_mut(middle).and_then(|b| b.leaves.first_mut()) {
                    leaf[0] ^= 1;
                }
            }
            Lie::OtherChain => {
                let leaves: Vec<_> = blocks.iter().map(|block| block.leaves.clone()).collect();
                for (block, leaves) in blocks.iter_mut().zip(leaves.into_iter().rev()) {
                    block.leaves = leaves;
                }
            }
            Lie::Endless => {
                let Some(one) = blocks.first().cloned() else {
                    return blocks;
                };
                let heights = from.get()..from.get() + wire::BLOCKS_MAX as u64;
                blocks = heights
                    .map(|height| {
                        let mut block = one.clone();
                        block.commit.height = Height::new(height);
                        block
                    })
                    .collect();
            }
            Lie::Silence => blocks.clear(),
        }
        blocks
    }
}

impl Actor for LyingServer {
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        // Its true answers and heights do not leave.
        let told = (lane == Lane::Sync).then(|| words::sync(&bytes)).flatten();
        if !matches!(
            told,
            Some(SyncMessage::Blocks(_) | SyncMessage::Status { .. })
        ) {
            scene.say(to, lane, bytes);
        }
    }

    fn hears(
        &mut self,
        scene: &mut Scene<'_>,
        from: usize,
        lane: Lane,
        bytes: Vec<u8>,
    ) -> Option<Vec<u8>> {
        if lane == Lane::Sync
            && let Some(SyncMessage::GetBlocks { from: height, .. }) = words::sync(&bytes)
        {
            let blocks = self.blocks(scene, height);
            if !blocks.is_empty() {
                scene.say(from, lane, wire::encode(&SyncMessage::Blocks(blocks)));
            }
            return None;
        }
        Some(bytes)
    }

    fn acts(&mut self, scene: &mut Scene<'_>) {
        if scene.now_us > UNTIL_US {
            return;
        }
        let mine = scene
            .node()
            .map_or(0, |node| node.ledger.head().height().get());
        let told = match self.chance.index(4) {
            0 => 0,
            1 => u64::MAX,
            _ => mine + self.chance.between(1, 1000),
        };
        for seat in scene.others() {
            let status = SyncMessage::Status {
                height: Height::new(told),
                cosigned: LogSize::new(told),
                time: TimeMs::new(told),
                began: TimeMs::new(told),
                silent: None,
                yours: None,
                cosigned_by_you: None,
            };
            scene.say(seat, Lane::Sync, wire::encode(&status));
        }
    }
}
