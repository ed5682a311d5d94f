//! Redaction: some fields of a record shown with salts of their own, the rest as the commitments they are.
//!
//! What is hidden stays hidden: a salt is a one-way function of the secret, which a redacted opening never
//! holds, and a place that only fills up looks like a hidden field. Not here: how an opening is laid
//! out as text (`opening`).

use crate::commitment::{
    BadFields, FIELDS_MAX, Fields, Secret, commit_places, field_commitment, field_salt,
};
use crate::hash::Commitment;

/// One place of the commitment to fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentSlot {
    /// A field that is withheld, or noise that fills up: nobody can tell which.
    Hidden([u8; 32]),
    /// The salt of the next of the shown fields.
    Shown(Secret),
}

/// Fields of which at least one is shown and at least one place is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    places: Vec<CommitmentSlot>,
    fields: Fields,
}

impl Redacted {
    /// All places in their order, and the fields that stand at the shown ones.
    ///
    /// # Errors
    ///
    /// [`BadFields`] for places and fields that do not make one record.
    pub fn new(
        places: Vec<CommitmentSlot>,
        fields: Vec<(String, String)>,
    ) -> Result<Self, BadFields> {
        let fields = Fields::new(fields)?;
        let redacted = Self { places, fields };
        let count = redacted.places.len();
        let fits = redacted.shown() == redacted.fields.as_slice().len() && redacted.hidden() > 0;
        if fits && count.is_power_of_two() && (4..=FIELDS_MAX).contains(&count) {
            Ok(redacted)
        } else {
            Err(BadFields::Places)
        }
    }

    /// Shows those of all fields that `keep` names.
    ///
    /// # Errors
    ///
    /// [`BadFields`] if nothing would be shown or nothing hidden.
    pub fn of(
        fields: &Fields,
        secret: &Secret,
        keep: &dyn Fn(&str) -> bool,
    ) -> Result<Self, BadFields> {
        let place = |(at, field): (usize, Option<&(String, String)>)| {
            let salt = field_salt(secret, at);
            if field.is_some_and(|(name, _)| keep(name)) {
                CommitmentSlot::Shown(Secret::new(salt))
            } else {
                CommitmentSlot::Hidden(field_commitment(&salt, field))
            }
        };
        let places = fields.places().enumerate().map(place).collect();
        Self::new(places, kept(fields, keep))
    }

    /// Withholds more: of the fields that are shown, only those that `keep` names stay.
    ///
    /// # Errors
    ///
    /// [`BadFields::Count`] if nothing would be shown.
    pub fn redact(&self, keep: &dyn Fn(&str) -> bool) -> Result<Self, BadFields> {
        let place =
            |(place, field): (&CommitmentSlot, Option<&(String, String)>)| match (place, field) {
                (CommitmentSlot::Shown(salt), Some((name, _))) if !keep(name) => {
                    CommitmentSlot::Hidden(field_commitment(salt.as_bytes(), field))
                }
                _ => *place,
            };
        Self::new(self.walk().map(place).collect(), kept(&self.fields, keep))
    }

    /// The places in their order, each shown one with its field.
    pub fn walk(&self) -> impl Iterator<Item = (&CommitmentSlot, Option<&(String, String)>)> {
        let mut fields = self.fields.as_slice().iter();
        self.places.iter().map(move |place| match place {
            CommitmentSlot::Shown(_) => (place, fields.next()),
            CommitmentSlot::Hidden(_) => (place, None),
        })
    }

    /// The fields that are shown.
    #[must_use]
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Number of places that are hidden: the most fields that are withheld.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.places.len().saturating_sub(self.shown())
    }

    fn shown(&self) -> usize {
        let shown = |place: &&CommitmentSlot| matches!(place, CommitmentSlot::Shown(_));
        self.places.iter().filter(shown).count()
    }

    /// The commitment that this opens: that of all fields.
    #[must_use]
    pub fn commit(&self) -> Commitment {
        commit_places(self.walk().map(|(place, field)| match place {
            CommitmentSlot::Hidden(commitment) => *commitment,
            CommitmentSlot::Shown(salt) => field_commitment(salt.as_bytes(), field),
        }))
    }
}

fn kept(fields: &Fields, keep: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
    let fields = fields.as_slice().iter();
    fields.filter(|(name, _)| keep(name)).cloned().collect()
}
