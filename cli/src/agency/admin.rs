//! Whoever decides for an agency: its admin key, and the question before anything is signed with it.

use client::governing::Admin;
use messages::UserMessage;
use protocol::{keyfile::KeyFile, name::AgencyName};

use crate::{
    exit::{CONFIGURATION, Failure, USAGE},
    keys::{self, KeySource},
    output::Output,
    terminal,
};

/// The agency's admin key in a key file.
pub(crate) fn admin(place: &KeySource<'_>, output: &Output) -> Result<Admin, Failure> {
    let KeyFile {
        purpose,
        holder,
        secret,
    } = keys::read(place, output)?.file;
    let agency = AgencyName::parse(&holder).filter(|_| purpose == "admin");
    let agency = agency.ok_or_else(|| {
        let what = UserMessage::new("key-not-admin")
            .text("path", place.path.display())
            .text("purpose", purpose);
        Failure::new(CONFIGURATION, what)
    })?;
    Ok(Admin { agency, secret })
}

/// Asks whoever signs, who has seen in words what it is.
pub(crate) fn confirm(yes: bool, output: &Output) -> Result<(), Failure> {
    let asks = !yes && terminal::answers(output);
    if asks && !terminal::agrees(&terminal::SIGN, output) {
        return Err(Failure::new(USAGE, UserMessage::new("not-confirmed")));
    }
    Ok(())
}
