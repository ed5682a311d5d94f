//! Texts in each alphabet, what is no such text, and the letters that this program once had tables of.

use super::*;

/// A text in an alphabet.
fn written(alphabet: Alphabet, text: &str) -> Vec<u8> {
    let (bytes, _, has_others) = alphabet.encoding().encode(text);
    assert!(!has_others, "{text} is not in {}", alphabet.name());
    bytes.into_owned()
}

fn judge(bytes: &[u8]) -> Option<Alphabet> {
    let mut letters = Guess::new();
    letters.take(bytes);
    letters.judge()
}

#[test]
fn each_alphabet_is_told_by_its_words() {
    for text in [
        "номер;адрес\nQ-1;Ташкент, 1\n",
        "number;address\nQ-1;ул. Навои, 12\nQ-2;Самарканд\n",
        "number;holder\n7;КАРИМОВ АНВАР РУСТАМОВИЧ\n",
        "number;holder\n7;каримова нодира\n",
        "Рухсатнома;Манзил\n12;Тошкент шахри, Чилонзор тумани\n",
        "разрешение на строительство",
    ] {
        let windows = written(Alphabet::Windows1251, text);
        for alphabet in Alphabet::ALL {
            let bytes = written(alphabet, text);
            let told = judge(&bytes);
            match alphabet {
                // Of a few words without capitals nobody can tell, nor need to.
                Alphabet::Mac => {
                    assert!(told != Some(Alphabet::Windows1251) || bytes == windows)
                }
                _ => assert_eq!(told, Some(alphabet), "{text} in {}", alphabet.name()),
            }
        }
    }
    let mac = written(Alphabet::Mac, "Каримов Анвар\nАлиева Нодира Тохировна\n");
    assert_eq!(judge(&mac), Some(Alphabet::Mac));
    let uzbek = written(Alphabet::Windows1251, "Ўзбекистон");
    assert_eq!(judge(&uzbek), Some(Alphabet::Windows1251));
}

#[test]
fn what_is_no_such_text_is_not_named() {
    for bytes in [
        // Latin letters with accents, apostrophes of Windows, one letter alone, and noise.
        &b"name\ncaf\xe9, na\xefve, Fran\xe7ois, \xe9t\xe9\n"[..],
        b"O\x91zbekiston, G\x91ijduvon, to\x92g\x92ri",
        b"7;\xc6-1",
        b"\x98\x98\x98\x98\x98\xff\x81",
        b"x",
    ] {
        assert_eq!(judge(bytes), None, "{bytes:?}");
    }
    let noise: Vec<u8> = (0..4096_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    assert_eq!(judge(&noise), None);
    // One undefined byte among thousands of letters is found by its row and column later.
    let mut long = written(Alphabet::Windows1251, &"Ташкент ".repeat(100));
    long.push(0x98);
    assert_eq!(judge(&long), Some(Alphabet::Windows1251));
}

#[test]
fn text_of_utf_8_among_windows_1251_is_told() {
    for text in [
        "Тошкент",
        "ул. Навои, 12",
        "№ 7",
        "о\u{2bb}zbek",
        "ш",
        "Ўзбекистон",
        "a – b",
        "Q-1; дом",
    ] {
        assert!(holds_utf8(text.as_bytes()), "{text}");
    }
    for text in [
        "Тошкент",
        "ТОШКЕНТ",
        "Сёмин",
        "Рё",
        "В№12",
        "АЛЁНА ЁЛКИНА",
        "«Блок В»",
        "СЁ",
        "г.Т\u{a0}5",
        "Ў",
        "plain",
        "О‘ТКИР",
        "Т–5",
    ] {
        let bytes = written(Alphabet::Windows1251, text);
        assert!(!holds_utf8(&bytes), "{text}");
    }
}

/// Windows-1251 and KOI8-R from 0x80 on, as this program once had them: the oracle.
const WINDOWS: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\0™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя";
const KOI8: &str = "юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ";

#[test]
fn letters_are_those_that_they_ever_were() {
    let word = b"\xd0\xe0\xe7\xf0\xe5\xf8\xe5\xed\xe8\xe5 \xb9 7";
    assert_eq!(windows_1251(word).unwrap(), "Разрешение № 7");
    let ascii: String = ('\0'..'\u{80}').collect();
    let ours = ascii + WINDOWS;
    for (byte, letter) in (0..=u8::MAX).zip(ours.chars()) {
        let wanted = (byte != NO_LETTER).then(|| letter.to_string());
        assert_eq!(windows_1251(&[byte]), wanted, "{byte:x}");
    }
    // In the alphabets that are only named, what tells them apart.
    let from = |first: char, last: char| (first..=last).collect::<String>();
    for (alphabet, start, letters) in [
        (Alphabet::Koi8R, 0xc0, KOI8.to_owned()),
        (Alphabet::Koi8R, 0xa3, "ё".to_owned()),
        (Alphabet::Koi8R, 0xb3, "Ё".to_owned()),
        (Alphabet::Koi8R, 0x9a, "\u{a0}".to_owned()),
        (Alphabet::Cp866, 0x80, from('А', 'п')),
        (Alphabet::Cp866, 0xe0, from('р', 'я') + "ЁёЄєЇїЎў°"),
        (Alphabet::Cp866, 0xfc, "№".to_owned()),
        (Alphabet::Cp866, 0xff, "\u{a0}".to_owned()),
        (Alphabet::Iso8859, 0xa0, "\u{a0}Ё".to_owned()),
        (Alphabet::Iso8859, 0xb0, from('А', 'я') + "№ё"),
        (Alphabet::Mac, 0x80, from('А', 'Я')),
        (Alphabet::Mac, 0xdf, "я".to_owned() + &from('а', 'ю')),
        (Alphabet::Mac, 0xdc, "№".to_owned()),
        (Alphabet::Mac, 0xca, "\u{a0}".to_owned()),
        (Alphabet::Mac, 0xc7, "«»".to_owned()),
    ] {
        let count = u8::try_from(letters.chars().count()).unwrap();
        let bytes: Vec<u8> = (0..count).map(|at| start + at).collect();
        let (read, _) = alphabet.encoding().decode_without_bom_handling(&bytes);
        assert_eq!(read, letters, "{}", alphabet.name());
    }
    // No sign more is looked at than ever was, of those beyond ASCII.
    for (alphabet, signs) in [
        (Alphabet::Koi8R, 67),
        (Alphabet::Cp866, 76),
        (Alphabet::Iso8859, 68),
        (Alphabet::Mac, 68),
    ] {
        let told = (0x80..=u8::MAX).filter(|byte| kind(alphabet, *byte) != ByteClass::Nonsense);
        assert_eq!(told.count(), signs, "{}", alphabet.name());
    }
}
