//! Fingerprints that can be read out over a telephone: eight made-up words of five letters.
//!
//! Sixteen bits a word, consonant and vowel in turn, so that no language has to be known and no list
//! has to be shipped. Eight words are the first 128 bits of a hash: nobody makes a second file with the
//! same ones.

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";
/// Words in a fingerprint.
pub const WORDS: usize = 8;

/// The eight words of a hash.
#[must_use]
pub fn fingerprint(hash: &[u8; 32]) -> [String; WORDS] {
    let (pairs, _) = hash.as_chunks::<2>();
    std::array::from_fn(|at| pairs.get(at).map_or_else(String::new, |pair| word(*pair)))
}

fn word(pair: [u8; 2]) -> String {
    let bits = u16::from_be_bytes(pair);
    let consonant = |shift: u32| letter(CONSONANTS, bits.unbounded_shr(shift) & 15);
    let vowel = |shift: u32| letter(VOWELS, bits.unbounded_shr(shift) & 3);
    let letters = [
        consonant(12),
        vowel(10),
        consonant(6),
        vowel(4),
        consonant(0),
    ];
    letters.iter().collect()
}

fn letter(alphabet: &[u8], at: u16) -> char {
    alphabet
        .get(usize::from(at))
        .map_or('?', |byte| char::from(*byte))
}

/// The first of eight words that is not the hash's, counted from 1; none if all are. Case, and whether
/// they are parted by spaces or hyphens, does not matter.
#[must_use]
pub fn first_wrong(hash: &[u8; 32], said: &str) -> Option<usize> {
    let expected = fingerprint(hash);
    let said: Vec<String> = said
        .split(|letter: char| letter.is_whitespace() || letter == '-')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let wrong = (0..WORDS).find(|at| expected.get(*at) != said.get(*at));
    wrong
        .map(|at| at.saturating_add(1))
        .or((said.len() > WORDS).then_some(WORDS.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_published_ones() {
        // The examples of the proquint proposal: 127.0.0.1 and 63.84.220.193.
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&[127, 0, 0, 1]);
        assert_eq!(fingerprint(&hash)[..2], ["lusab", "babad"]);
        hash[..4].copy_from_slice(&[63, 84, 220, 193]);
        assert_eq!(fingerprint(&hash)[..2], ["gutih", "tugad"]);
    }

    #[test]
    fn every_single_wrong_word_is_found() {
        let hash = std::array::from_fn(|at| u8::try_from(at * 7).unwrap());
        let words = fingerprint(&hash);
        assert_eq!(first_wrong(&hash, &words.join(" ")), None);
        assert_eq!(first_wrong(&hash, &words.join("-").to_uppercase()), None);
        for at in 0..WORDS {
            let mut wrong = words.clone();
            wrong[at] = "zuzuz".to_owned();
            assert_eq!(first_wrong(&hash, &wrong.join(" ")), Some(at + 1));
        }
        assert_eq!(first_wrong(&hash, &words[..7].join(" ")), Some(8));
        assert_eq!(
            first_wrong(&hash, &format!("{} zuzuz", words.join(" "))),
            Some(9)
        );
        assert_eq!(first_wrong(&hash, ""), Some(1));
    }
}
