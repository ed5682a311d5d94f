//! Attributes of a tag of a workbook, read by the library and believed only where no other reader could
//! understand them otherwise.

use std::borrow::Cow;

use quick_xml::{
    events::{BytesStart, attributes::AttrError},
    name::QName,
};

/// Attributes that cannot be read, or say what cannot be.
pub(super) struct BadTag;

impl From<AttrError> for BadTag {
    fn from(_: AttrError) -> Self {
        Self
    }
}

pub(super) fn is_true(value: Option<Cow<'_, str>>) -> bool {
    matches!(value.as_deref(), Some("1" | "true"))
}

/// The values of attributes by their whole names: with a prefix they are another program's. None may come twice.
pub(super) fn attributes<'a, const N: usize>(
    tag: &'a BytesStart<'_>,
    names: [&str; N],
) -> Result<[Option<Cow<'a, str>>; N], AttrError> {
    let mut values = [const { None }; N];
    for attribute in tag.attributes() {
        let attribute = attribute?;
        let named = names.iter().position(|name| attribute.key == QName(name));
        if let Some(value) = named.and_then(|at| values.get_mut(at)) {
            *value = Some(attribute.value);
        }
    }
    Ok(values)
}

/// The value of the last attribute of a name, whatever its prefix.
pub(super) fn of_any_prefix<'a>(
    tag: &'a BytesStart<'_>,
    name: &str,
) -> Result<Option<Cow<'a, str>>, AttrError> {
    let mut value = None;
    for attribute in tag.attributes() {
        let attribute = attribute?;
        if attribute.key.local_name().as_ref() == name {
            value = Some(attribute.value);
        }
    }
    Ok(value)
}

/// How many strings a part says that it has. What is no number is not believed by the reader either; what
/// is too long for one is too many.
pub(super) fn promised(count: &str) -> u64 {
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    match is_number {
        true => count.parse().unwrap_or(u64::MAX),
        false => 0,
    }
}

/// The row and column, from 0, of a place like B5.
pub(super) fn place_of(place: &str) -> Option<(u32, u32)> {
    let end = place.find(|letter: char| letter.is_ascii_digit())?;
    let (letters, digits) = place.split_at(end);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let letter = letter.to_ascii_uppercase();
        let letter = letter
            .is_ascii_uppercase()
            .then(|| u32::from(letter - b'A') + 1)?;
        column.checked_mul(26)?.checked_add(letter)
    })?;
    Some((
        digits.parse::<u32>().ok()?.checked_sub(1)?,
        column.checked_sub(1)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_places_are_read() {
        let content = "x:row r='7' spans=\"1:2\" x14:ht = \"0.25\" hidden=\"1\"";
        let tag = BytesStart::from_content(content, 5);
        let [row, hidden, height] = attributes(&tag, ["r", "hidden", "ht"]).unwrap();
        assert_eq!((row.as_deref(), hidden.as_deref()), (Some("7"), Some("1")));
        assert_eq!(height, None);
        for broken in ["row r=7", "row r", "row r='1' r='2'"] {
            let tag = BytesStart::from_content(broken, 3);
            assert!(attributes(&tag, ["r"]).is_err(), "{broken}");
        }
        for (count, strings) in [
            ("3", 3),
            ("", 0),
            ("x", 0),
            ("99999999999999999999", u64::MAX),
        ] {
            assert_eq!(promised(count), strings);
        }
        assert_eq!(place_of("A1"), Some((0, 0)));
        assert_eq!(place_of("AB12"), Some((11, 27)));
        assert_eq!(place_of("b5"), Some((4, 1)));
        for none in ["", "A", "1", "A0", "A4294967296", "AAAAAAAAAA1"] {
            assert_eq!(place_of(none), None, "{none}");
        }
    }
}
