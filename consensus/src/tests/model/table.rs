//! A set of words, open addressing, for a hundred million of them in a gigabyte. It only grows.

/// Marks a free slot. No state is all ones.
const FREE: u64 = u64::MAX;

pub(super) struct Table {
    slots: Vec<u64>,
    len: usize,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![FREE; 1 << 10],
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether `word` is new.
    pub(super) fn insert(&mut self, word: u64) -> bool {
        if self.len >= self.slots.len() / 8 * 7 {
            let larger = vec![FREE; self.slots.len() * 2];
            let slots = std::mem::replace(&mut self.slots, larger);
            self.len = 0;
            for word in slots.into_iter().filter(|word| *word != FREE) {
                self.insert(word);
            }
        }
        let mask = self.slots.len() - 1;
        let mut at = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize & mask;
        while self.slots[at] != FREE {
            if self.slots[at] == word {
                return false;
            }
            at = (at + 1) & mask;
        }
        self.slots[at] = word;
        self.len += 1;
        true
    }
}
