//! Codes of problems: one word for each reason why a request got no answer, and its HTTP status.

/// Why a request got no answer, as one stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The path, the query or the body is none of this interface.
    BadRequest,
    /// The bytes are no entry.
    Malformed,
    /// An entry of a batch came without its batch.
    BatchMissing,
    /// A signature does not hold under the author's key.
    BadSignature,
    /// There is no such thing.
    NotFound,
    /// The path is not for this method.
    MethodNotAllowed,
    /// The body did not come in time.
    TooSlow,
    /// Another entry waits for the same thing.
    Contested,
    /// The body is of a type that the path does not take.
    UnsupportedType,
    /// The node is in trouble and stops.
    Fault,
    /// The node has no room now; another time, or another node.
    Busy,
    /// The batch holds the same entry twice.
    TwiceInBatch,
    /// The batch is larger than the network allows.
    BatchTooLarge,
    /// The entry stands in the log.
    AlreadyThere,
    /// The entry, or the body, is larger than allowed.
    TooLarge,
    /// The ledger knows no such clerk.
    UnknownClerk,
    /// The clerk has another key.
    WrongKey,
    /// The clerk's time is over.
    ClerkEnded,
    /// The ledger has no such registry.
    UnknownRegistry,
    /// The registry is another agency's.
    ForeignRegistry,
    /// The clerk may not write in this registry.
    RegistryOutOfScope,
    /// The clerk may not do this.
    OperationOutOfScope,
    /// The entry's last height has passed.
    Expired,
    /// The entry's last height is too far away.
    ExpiresTooLate,
    /// The version stands in the log with other content.
    VersionTaken,
    /// The version is not the next.
    WrongVersion,
    /// The record has as many versions as a record can have.
    TooManyVersions,
    /// The entry does not follow the latest version.
    WrongPrevious,
    /// The record was never registered.
    NotRegistered,
    /// The record is registered.
    AlreadyRegistered,
    /// The status of the record does not allow the operation.
    WrongStatus,
    /// The operation needs a reason.
    ReasonMissing,
    /// The operation takes no reason.
    ReasonNotDue,
    /// The operation needs content.
    CommitmentMissing,
    /// A record cannot rest on itself.
    SelfReference,
    /// A version that it rests on is not there.
    UnknownReference,
    /// The clerk was revoked.
    ClerkRevoked,
    /// An agency says nothing of its own record.
    OwnRecord,
    /// Whoever made a version is not its second pair of eyes.
    SameClerk,
    /// The version is not the latest.
    NotLatest,
    /// The agency has said so.
    AlreadySaid,
    /// The agency has said nothing that it could take back.
    NothingToWithdraw,
    /// The operation takes no content.
    CommitmentNotDue,
    /// The network has no such agency.
    UnknownAgency,
    /// The agency has another admin key.
    WrongAdminKey,
    /// The agency has another vote key.
    WrongVoteKey,
    /// The agency has another peer key.
    WrongPeerKey,
    /// The agency has no validator.
    NoValidator,
    /// The return mark stands in the log.
    ReturnRepeated,
    /// The return mark expires no later than the agency's last one.
    ReturnOutdated,
    /// The agency returned a moment ago.
    ReturnTooSoon,
    /// The clerk is another agency's.
    ForeignClerk,
    /// The clerk exists.
    ClerkExists,
    /// Another clerk has the key.
    KeyTaken,
    /// The agency has as many clerks as it can have.
    TooManyClerks,
    /// The key is called compromised from a later moment than before.
    CompromisedLater,
    /// The policy is another agency's.
    ForeignPolicy,
    /// The policy is not the next version.
    WrongPolicyVersion,
    /// Nobody could satisfy the policy.
    PolicyUnsatisfiable,
}

/// Each code with its word and its HTTP status (RFC 9110, section 15).
const ALL: [(Code, &str, u16); 59] = [
    (Code::BadRequest, "bad-request", 400),
    (Code::Malformed, "malformed", 400),
    (Code::BatchMissing, "batch-missing", 400),
    (Code::BadSignature, "bad-signature", 403),
    (Code::NotFound, "not-found", 404),
    (Code::MethodNotAllowed, "method-not-allowed", 405),
    (Code::TooSlow, "too-slow", 408),
    (Code::Contested, "contested", 409),
    (Code::UnsupportedType, "unsupported-type", 415),
    (Code::Fault, "fault", 500),
    (Code::Busy, "busy", 503),
    (Code::TwiceInBatch, "twice-in-batch", 422),
    (Code::BatchTooLarge, "batch-too-large", 413),
    (Code::AlreadyThere, "already-there", 422),
    (Code::TooLarge, "too-large", 413),
    (Code::UnknownClerk, "unknown-clerk", 403),
    (Code::WrongKey, "wrong-key", 403),
    (Code::ClerkEnded, "clerk-ended", 403),
    (Code::UnknownRegistry, "unknown-registry", 422),
    (Code::ForeignRegistry, "foreign-registry", 403),
    (Code::RegistryOutOfScope, "registry-out-of-scope", 403),
    (Code::OperationOutOfScope, "operation-out-of-scope", 403),
    (Code::Expired, "expired", 422),
    (Code::ExpiresTooLate, "expires-too-late", 422),
    (Code::VersionTaken, "version-taken", 409),
    (Code::WrongVersion, "wrong-version", 422),
    (Code::TooManyVersions, "too-many-versions", 422),
    (Code::WrongPrevious, "wrong-previous", 422),
    (Code::NotRegistered, "not-registered", 422),
    (Code::AlreadyRegistered, "already-registered", 409),
    (Code::WrongStatus, "wrong-status", 422),
    (Code::ReasonMissing, "reason-missing", 422),
    (Code::ReasonNotDue, "reason-not-due", 422),
    (Code::CommitmentMissing, "commitment-missing", 422),
    (Code::SelfReference, "self-reference", 422),
    (Code::UnknownReference, "unknown-reference", 422),
    (Code::ClerkRevoked, "clerk-revoked", 403),
    (Code::OwnRecord, "own-record", 403),
    (Code::SameClerk, "same-clerk", 403),
    (Code::NotLatest, "not-latest", 409),
    (Code::AlreadySaid, "already-said", 409),
    (Code::NothingToWithdraw, "nothing-to-withdraw", 422),
    (Code::CommitmentNotDue, "commitment-not-due", 422),
    (Code::UnknownAgency, "unknown-agency", 403),
    (Code::WrongAdminKey, "wrong-admin-key", 403),
    (Code::WrongVoteKey, "wrong-vote-key", 403),
    (Code::WrongPeerKey, "wrong-peer-key", 403),
    (Code::NoValidator, "no-validator", 403),
    (Code::ReturnRepeated, "return-repeated", 409),
    (Code::ReturnOutdated, "return-outdated", 409),
    (Code::ReturnTooSoon, "return-too-soon", 409),
    (Code::ForeignClerk, "foreign-clerk", 403),
    (Code::ClerkExists, "clerk-exists", 409),
    (Code::KeyTaken, "key-taken", 409),
    (Code::TooManyClerks, "too-many-clerks", 422),
    (Code::CompromisedLater, "compromised-later", 422),
    (Code::ForeignPolicy, "foreign-policy", 403),
    (Code::WrongPolicyVersion, "wrong-policy-version", 409),
    (Code::PolicyUnsatisfiable, "policy-unsatisfiable", 422),
];

impl Code {
    /// All codes.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(code, ..)| *code)
    }

    fn row(self) -> Option<&'static (Self, &'static str, u16)> {
        // In their order: a test holds that each has its own row.
        ALL.get(self as usize)
    }

    /// The word that stands for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().map_or("fault", |(_, word, _)| word)
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().map_or(500, |(.., status)| *status)
    }

    /// The code of a word; none of one that a newer node may use.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let mut all = ALL.iter();
        all.find(|(_, known, _)| *known == word)
            .map(|(code, ..)| *code)
    }
}

impl crate::Problem {
    /// Code of the problem, if this version knows it.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        Code::parse(&self.code)
    }

    /// Returns whether the problem has this code.
    #[must_use]
    pub fn is(&self, code: Code) -> bool {
        self.code == code.as_str()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_has_a_word_of_its_own_and_a_status() {
        let words: BTreeSet<&str> = Code::all().map(Code::as_str).collect();
        assert_eq!(words.len(), ALL.len());
        for (at, code) in Code::all().enumerate() {
            assert_eq!(code as usize, at, "{code:?} has no row, or two");
            assert_eq!(Code::parse(code.as_str()), Some(code));
            assert!((400..600).contains(&code.status()), "{code:?}");
        }
        assert_eq!(Code::parse("of-a-newer-version"), None);
    }
}
