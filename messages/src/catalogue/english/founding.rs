//! A network that agencies found together.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("founding-not-a", "{path}: not {wanted-kind}: {reason}"),
    (
        "founding-plan-dead",
        "{path}: the plan is of {made}, more than 90 days ago",
    ),
    (
        "founding-plan-ahead",
        "{path}: the plan is of {made}, which this clock has not reached",
    ),
    (
        "founding-not-in-plan",
        "{path}: the plan does not name {agency}",
    ),
    ("founding-other-origin", "{path}: not for {origin}"),
    (
        "founding-not-signed",
        "{path}: its admin key did not sign this for {origin}: it is of another network, or was changed since",
    ),
    (
        "founding-request-refused",
        "{path}: the key of {clerk}: {reason}",
    ),
    (
        "founding-contribution-refused",
        "{path}, line {line}: {trouble}",
    ),
    ("contribution-other-plan", "made for another plan"),
    ("contribution-surplus", "the plan does not name {agency}"),
    (
        "contribution-altered",
        "its admin key did not sign this text: something in it was changed since",
    ),
    (
        "contribution-key",
        "the {purpose} key of {holder}: {reason}",
    ),
    (
        "contribution-cosigner",
        "the name of a cosigning key begins with {prefix}",
    ),
    (
        "contribution-registry",
        "registry {registry} does not begin with {agency}., or is another's",
    ),
    (
        "contribution-clerk",
        "{clerk} is another agency's clerk, or may act in a registry that is not contributed here",
    ),
    (
        "contribution-publisher-missing",
        "the publisher's key is missing, which {agency} makes",
    ),
    (
        "contribution-publisher-surplus",
        "a publisher's key, which {agency} makes and nobody else",
    ),
    ("contribution-refused", "{reason}"),
    (
        "founding-doubled",
        "{first} and {second} are the same contribution of {agency}",
    ),
    (
        "founding-doubled-differ",
        "{first} and {second} are both of {agency}, and differ from line {line} on",
    ),
    ("founding-key-twice", "{second} is the same as {first}"),
    (
        "founding-key-use",
        "the {purpose} key of {holder} ({path}, line {line})",
    ),
    (
        "founding-missing",
        "{path}: no contribution of {agencies} was given",
    ),
    (
        "founding-other-lines",
        "{genesis}: line {line} of {path} does not stand in it as it was contributed",
    ),
    (
        "founding-other-frame",
        "{genesis}: {differs} is not as {plan} says",
    ),
    (
        "founding-words-differ",
        "{path}: word {at} is not this genesis's",
    ),
    (
        "founding-words-too-many",
        "{path}: {expected|word was|words were} expected, and more were given",
    ),
    (
        "founding-other-key",
        "{path}: not the admin key of {agency} in this genesis",
    ),
    (
        "help-threshold",
        "more than half of the agencies, so that no two groups recover a network in two ways",
    ),
    (
        "help-publishers",
        "name one more of the agencies than may be away, each once: floor((n-1)/3)+1 of n",
    ),
    (
        "help-node-url",
        "write it as https://muhr.qurilish.example/, or http:// for a trial",
    ),
    (
        "help-peer-address",
        "write it as muhr.qurilish.example:7480 or 192.0.2.7:7480",
    ),
    (
        "help-own-registry",
        "name each once, as {agency}.permits; the agency's name and a dot come first",
    ),
    (
        "help-capitals-registry",
        "name registries that --registries names",
    ),
    (
        "help-clerk-request",
        "give each clerk of {agency} once, and the registries with --registries",
    ),
    (
        "help-founding-file",
        "give the file that muhr network plan, contribute or assemble, or muhr key new --request wrote, as it was sent",
    ),
    (
        "help-founding-new-plan",
        "make a new plan, and let every agency contribute to it",
    ),
    (
        "help-founding-in-plan",
        "leave it out, or make a new plan that names it",
    ),
    (
        "help-founding-other-origin",
        "use the files of one founding; whoever made this one makes another for it",
    ),
    (
        "help-founding-request",
        "ask the clerk for a request again: muhr key new --request ORIGIN",
    ),
    (
        "help-founding-same-plan",
        "compare the SHA-256 of the plans; whoever has the other one contributes again to this",
    ),
    (
        "help-founding-ask-again",
        "ask the agency for the file again, by another way, and tell it that this one was changed",
    ),
    (
        "help-founding-own-names",
        "the agency contributes again, with registries and clerks of its own names",
    ),
    (
        "help-founding-publisher",
        "the plan says who makes the publisher's key; that agency contributes again with the same plan",
    ),
    (
        "help-founding-contribute-again",
        "the agency contributes again, with muhr network contribute",
    ),
    (
        "help-founding-which",
        "ask the agency by telephone which of them it means, and leave the other out",
    ),
    ("help-founding-once", "give it once"),
    (
        "help-founding-own-keys",
        "every use has a key of its own: whoever has used one twice contributes again",
    ),
    (
        "help-founding-all",
        "wait for them; the genesis is made of the contributions of all",
    ),
    (
        "help-founding-together",
        "contribute fewer clerks, and add the others with muhr clerk add once the network runs; report it if that is not the reason",
    ),
    (
        "help-founding-do-not-accept",
        "do not accept it: tell the others, and assemble the genesis yourself from the files that you have",
    ),
    (
        "help-founding-words",
        "hear the words again; if they still differ, you have another genesis than they: compare the files",
    ),
    (
        "help-founding-admin-key",
        "give the admin.key that muhr network contribute made with this contribution",
    ),
];
