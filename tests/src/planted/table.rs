//! Which tests must find which bug. Where a search and a directed test can, both are named.

use protocol::planted::Bug::{self, *};

/// A test program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) folder: &'static str,
    pub(crate) target: &'static str,
}

/// A test, and how many seeds it may try if it is a search that needs more than usual.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) place: Place,
    pub(crate) name: &'static str,
    pub(crate) seeds: Option<u64>,
}

impl Test {
    const fn new(folder: &'static str, target: &'static str, name: &'static str) -> Self {
        Self {
            place: Place { folder, target },
            name,
            seeds: None,
        }
    }

    const fn with_seeds(mut self, seeds: u64) -> Self {
        self.seeds = Some(seeds);
        self
    }
}

const fn machine(name: &'static str) -> Test {
    Test::new("consensus", "consensus", name)
}

const fn signatures(name: &'static str) -> Test {
    Test::new("consensus", "signatures", name)
}

const fn ledger(name: &'static str) -> Test {
    Test::new("ledger", "it", name)
}

const fn node(name: &'static str) -> Test {
    Test::new("node", "node", name)
}

const fn whole(name: &'static str) -> Test {
    Test::new("tests", "it", name)
}

const WALK: Test =
    machine("tests::walk::tests::no_schedule_makes_n_4_fork_double_vote_or_accuse_the_honest");
const CRASHES: Test =
    machine("tests::walk::tests::a_crash_before_any_effect_changes_nothing_that_was_said");
const STORMS: Test =
    machine("tests::timed::after_a_storm_everything_is_decided_and_the_network_falls_silent");
const MODEL: Test = machine("tests::model::every_state_of_n_4_in_4_rounds_agrees");
const POISON: Test = ledger("rule_edges::the_door_and_the_law_agree_and_nothing_stops_a_proposer");
const FORGED: Test =
    whole("network::sim::a_forged_description_turns_nobody_against_a_signed_block");

pub(crate) const TABLE: &[(Bug, &[Test])] = &[
    (QuorumTwoF, &[MODEL, WALK, STORMS]),
    (
        DuplicatesCounted,
        &[
            WALK,
            signatures("a_certificate_with_a_duplicate_or_a_stranger_is_refused"),
        ],
    ),
    (WrongSet, &[WALK]),
    (NoLockCheck, &[MODEL, WALK]),
    (WrongUnlock, &[MODEL, WALK.with_seeds(5_000)]),
    (
        PaperUnlock,
        &[
            MODEL,
            machine(
                "tests::scenarios::a_locked_validator_refuses_a_fresh_proposal_even_of_its_own_block",
            ),
        ],
    ),
    (LockLost, &[WALK, CRASHES, STORMS]),
    (VotesLost, &[WALK, CRASHES]),
    (SentBeforeSaved, &[WALK, CRASHES]),
    (FutureUnbounded, &[WALK]),
    (
        TimerUncapped,
        &[machine("tests::regressions::no_wait_grows_without_bound")],
    ),
    (
        ProposalAnew,
        &[
            WALK,
            machine("tests::restart::a_restarted_proposer_proposes_the_same_again"),
        ],
    ),
    (
        PolkaKept,
        &[machine(
            "tests::scenarios::a_follower_prevotes_locks_and_decides",
        )],
    ),
    (NoResend, &[STORMS]),
    (NoOrigin, &[WALK, signatures("the_signed_bytes_are_frozen")]),
    (NoKind, &[WALK, signatures("a_polka_is_no_commit")]),
    (NoRound, &[WALK]),
    (NoValidRound, &[WALK]),
    (RoundsMixed, &[WALK, STORMS]),
    (DecidesEarly, &[WALK]),
    (
        NoSkip,
        &[machine(
            "tests::regressions::a_lock_yields_to_a_newer_polka_learned_late",
        )],
    ),
    (NoPrecommitTimer, &[STORMS]),
    (AnyUntimely, &[WALK]),
    (AnyProposer, &[WALK]),
    (InvalidVoted, &[WALK]),
    (
        AccusesWidely,
        &[signatures("evidence_convicts_the_guilty_and_nobody_else")],
    ),
    (
        OneWakes,
        &[machine(
            "tests::scenarios::one_liar_wakes_nobody_and_two_voices_do",
        )],
    ),
    (
        NeverDozes,
        &[machine(
            "tests::scenarios::rounds_end_when_nothing_is_left_to_decide",
        )],
    ),
    (
        GroupTakesSmallOrder,
        &[Test::new(
            "protocol",
            "groups",
            "a_group_and_each_alone_have_one_verdict_first_share",
        )],
    ),
    (
        LaxSignatures,
        &[Test::new(
            "protocol",
            "keys",
            "keys_of_small_order_are_not_registered_and_verify_nothing",
        )],
    ),
    (
        TrailingBytes,
        &[whole(
            "network::wire::cut_longer_and_changed_messages_hold_the_property",
        )],
    ),
    (
        TrailingLines,
        &[Test::new(
            "protocol",
            "formats",
            "seeds_are_what_they_should_be",
        )],
    ),
    (
        TimeUnsigned,
        &[Test::new(
            "protocol",
            "tlog",
            "a_cosignature_is_pinned_and_holds_for_its_time_text_and_kind_alone",
        )],
    ),
    (
        OrderHashed,
        &[
            ledger("execution::what_one_builds_all_others_execute_to_the_same_block"),
            POISON,
        ],
    ),
    (
        LivesLonger,
        &[ledger("rule_edges::the_last_height_and_the_last_day_count")],
    ),
    (
        DayLonger,
        &[ledger("rule_edges::the_last_height_and_the_last_day_count")],
    ),
    (LaxDoor, &[POISON]),
    (LogShortened, &[ledger("store::a_shortened_log_is_noticed")]),
    (
        LeafServedBeforeSync,
        &[whole(
            "network::block_sync::a_block_is_synced_before_it_counts_as_stored",
        )],
    ),
    (
        RunWithoutManifest,
        &[ledger(
            "runs::what_is_in_runs_and_what_is_in_none_yet_is_found_alike",
        )],
    ),
    (
        IndexBehindLeaves,
        &[ledger("store::an_opened_folder_has_the_same_head")],
    ),
    (
        FolderUnsynced,
        &[whole(
            "network::cosign_state::a_new_cosign_state_is_synced_and_so_is_its_name",
        )],
    ),
    (
        CosignFirst,
        &[whole(
            "network::cosign_state::a_restarted_cosigner_signs_nothing_that_contradicts_what_it_signed",
        )],
    ),
    (
        RegisterIgnored,
        &[whole(
            "network::cosign_state::a_restarted_cosigner_signs_nothing_that_contradicts_what_it_signed",
        )],
    ),
    (CompactBelieved, &[FORGED]),
    (
        FirstCompactStays,
        &[node(
            "driver::gathering::tests::all_compact_blocks_that_come_for_one_block_are_looked_at_once",
        )],
    ),
    (ObserverHeard, &[FORGED]),
    (
        AbsentIsBlank,
        &[node(
            "sign_state::opening::tests::a_file_that_is_not_there_is_a_question_and_a_return_if_it_is_lost",
        )],
    ),
    (
        AnothersRecord,
        &[node(
            "sign_state::opening::tests::a_file_of_another_key_is_refused_whatever_was_declared",
        )],
    ),
    (
        SlotsShared,
        &[node(
            "driver::proposals::tests::a_validator_pushes_out_its_own_proposals_and_nobody_else_s",
        )],
    ),
    (
        ReturnByHearsay,
        &[whole(
            "network::sim::a_wiped_validator_beside_liars_and_laggards_says_nothing_twice",
        )],
    ),
    (
        OldMarkAgain,
        &[ledger(
            "returns::old_marks_in_turn_keep_no_validator_from_returning",
        )],
    ),
    (
        CosignsInSilence,
        &[whole(
            "network::sim::with_one_liar_of_each_kind_the_laws_hold",
        )],
    ),
    (
        ReceiptEarly,
        &[whole(
            "network::cosign_state::nothing_is_published_without_a_quorum",
        )],
    ),
    (
        CosignedAhead,
        &[
            node("cosigner::tests::an_agency_has_room_for_so_many_roots_and_others_have_theirs"),
            whole("network::sim::with_one_liar_of_each_kind_the_laws_hold"),
        ],
    ),
    (PresenceBySocket, &[whole("network::sim::storms")]),
];
