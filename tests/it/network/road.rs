//! The road of an entry, walked once from top to bottom: sign → receive → authenticate → admit → wait →
//! propose → agree → execute → commit → cosign → receipt → verify. The first test to read.

use std::collections::VecDeque;

use consensus::{Effect, HeightParameters, Input, Machine, Signed, ValidatorSet, verify as check};
use ledger::{Ledger, execute::BlockParameters};
use node::mempool::{Mempool, Offered};
use protocol::{
    authentic::Submission,
    cosignature::{self, Cosigner},
    entry::{Entry, Operation},
    hash::BlockId,
    height::{Height, LeafIndex, Round, TimeMs},
    key::{PublicKey, SecretKey, Signature},
    name::AgencyName,
    policy::TrustPolicy,
};
use tests::world::{AGENCIES, agency_secret, entry, genesis, statement};
use verify::Verdict;

#[test]
fn an_entry_walks_the_whole_road() {
    let genesis = genesis();
    let network = genesis.network_id();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [here, there] = folders
        .each_ref()
        .map(|folder| Ledger::open(folder.path(), &genesis, None).unwrap());

    // sign: at the clerk's desk
    let signed = statement("qurilish", "TSH-2026-0001", Operation::Register, None)
        .sign(&network, &agency_secret("qurilish", "clerk"));
    // receive: bytes, of a bounded length, in the one canonical form
    let received = Entry::parse(signed.write().as_bytes()).unwrap();
    // authenticate: under the key that the ledger has for the author
    let head = here.head();
    let key = head
        .directory()
        .clerk(&received.statement.author)
        .unwrap()
        .key;
    let authentic = Submission::from(received)
        .authenticate(&network, &key)
        .unwrap();
    let id = authentic.id();
    // admit: the rules, as a filter
    let admitted = here.admit(authentic).unwrap();
    // wait
    let mut mempool = Mempool::default();
    assert!(matches!(mempool.offer(admitted), Offered::Waits));
    let waiting = mempool.candidates(100, 1 << 20);
    // propose: the rules again, as the law; the block's roots are known before the vote
    let proposal = BlockParameters {
        proposer: AgencyName::parse("kadastr").unwrap(),
        time: TimeMs::new(1_795_430_400_500),
    };
    let built = here
        .build(proposal.clone(), waiting.iter().map(AsRef::as_ref))
        .unwrap()
        .executed
        .unwrap();
    // agree: four machines, the same orders in the same order
    let commit = agree(built.block());
    assert_eq!(commit.block, built.block());
    // execute: another node comes to the same block
    let executed = there
        .execute(proposal, waiting.iter().map(AsRef::as_ref))
        .unwrap();
    assert_eq!(executed.block(), built.block());
    // commit: durable here and there
    let head = here.commit(&built, b"certificate").unwrap();
    assert_eq!(
        there.commit(&executed, b"certificate").unwrap().root(),
        head.root()
    );
    mempool.committed(&waiting);
    assert!(mempool.is_empty());
    // cosign: only now
    let checkpoint = head.checkpoint();
    let mut note = format!("{}\n", checkpoint.write());
    for agency in &genesis.agencies[..3] {
        let signature = cosignature::sign(
            &agency_secret(agency.name.as_str(), "cosign"),
            1_795_430_401,
            &checkpoint.write(),
        );
        note += &Cosigner::validator(agency.cosigner.clone(), agency.cosign.key)
            .cosignature_line(1_795_430_401, &signature);
    }
    here.publish(&note, head.height()).unwrap();
    // receipt
    let index = here.entry(&id).unwrap().unwrap();
    assert_eq!(index, LeafIndex::new(2));
    let receipt = here.receipt(index).unwrap().write();
    // verify: offline, with the trust file alone
    let trust = TrustPolicy::parse(genesis.trust_file().as_bytes()).unwrap();
    let judged = verify::receipt::judge(&trust, receipt.as_bytes(), None);
    assert_eq!(judged.verdict, Verdict::Authentic, "{:?}", judged.steps);
    assert_eq!(judged.facts.unwrap().version.get(), 1);
}

/// Lets four machines agree on a block, each message delivered to all at once.
fn agree(block: BlockId) -> consensus::Commit {
    let chain = genesis().chain();
    let secrets = AGENCIES.map(|agency| agency_secret(agency, "vote"));
    let keys = secrets.each_ref().map(SecretKey::public);
    let validators = ValidatorSet::new(keys.to_vec()).unwrap();
    let machine = |key| {
        let begun = HeightParameters {
            height: Height::new(1),
            validators: validators.clone(),
            me: Some(key),
            record: None,
            is_held: false,
        };
        Machine::new(chain, begun)
    };
    let mut machines = keys.map(machine);
    let mut inputs: VecDeque<(usize, Input)> = (0..4)
        .flat_map(|at| [(at, Input::Start), (at, Input::Pending(true))])
        .collect();
    let to_all = |input: Input| (0..4).map(move |to| (to, input.clone()));
    while let Some((at, input)) = inputs.pop_front() {
        for effect in machines[at].step(input) {
            match effect {
                Effect::Build { round, .. } => {
                    inputs.push_back((at, Input::Built { round, block }));
                }
                Effect::Propose(proposal) => {
                    let signature = secrets[at].sign(&proposal.sign_bytes(&chain));
                    let signed = signed(proposal, keys[at], signature);
                    let proposal = check::proposal(&chain, &validators, &signed).unwrap();
                    inputs.extend(to_all(Input::Proposal {
                        proposal,
                        valid: true,
                        timely: true,
                    }));
                }
                Effect::Vote(vote) => {
                    let signature = secrets[at].sign(&vote.sign_bytes(&chain));
                    let signed = signed(vote, keys[at], signature);
                    let vote = check::vote(&chain, &validators, &signed).unwrap();
                    inputs.extend(to_all(Input::Vote(vote)));
                }
                Effect::Decide(commit) => {
                    check::commit(&chain, &validators, &commit).unwrap();
                    assert_eq!(commit.round, Round::ZERO);
                    return commit;
                }
                _ => {}
            }
        }
    }
    panic!("the machines fell silent without a decision");
}

fn signed<T>(statement: T, signer: PublicKey, signature: Signature) -> Signed<T> {
    Signed {
        statement,
        signer,
        signature,
    }
}

#[test]
fn what_the_door_lets_in_a_proposal_can_hold() {
    let genesis = genesis();
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    let network = genesis.network_id();
    let signed = entry(&network, "qurilish", "X-1", Operation::Register, None);
    let key = agency_secret("qurilish", "clerk").public();
    let admitted = ledger
        .admit(
            Submission::from(signed)
                .authenticate(&network, &key)
                .unwrap(),
        )
        .unwrap();
    let proposal = BlockParameters {
        proposer: AgencyName::parse("soliq").unwrap(),
        time: TimeMs::new(1_795_430_400_500),
    };
    assert!(ledger.execute(proposal, [admitted.entry()]).is_ok());
    // A clerk of one agency cannot write into another's registry, whichever door is taken.
    let mut foreign = statement("qurilish", "X-2", Operation::Register, None);
    foreign.registry = protocol::name::RegistryName::parse("soliq.permits").unwrap();
    let foreign = foreign.sign(&network, &agency_secret("qurilish", "clerk"));
    let foreign = Submission::from(foreign)
        .authenticate(&network, &key)
        .unwrap();
    assert!(ledger.admit(foreign.clone()).is_err());
    let proposal = BlockParameters {
        proposer: AgencyName::parse("soliq").unwrap(),
        time: TimeMs::new(1_795_430_400_500),
    };
    assert!(ledger.execute(proposal, [&foreign]).is_err());
}
