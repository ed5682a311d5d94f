// The judge inside verify.html against corpus/cases: every case, every byte of every sweep.
// Then the cases once more with an engine that takes every signature: the page's own arithmetic must be enough.
// usage: node corpus.mjs [cases.json]     MUHR_SWEEP_STEP=n takes every n-th place of the sweeps only
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { POLICY, judge, page, part, policy } from "./load.mjs";

let Muhr = judge();
const path = process.argv[2] ?? fileURLToPath(new URL("../../../corpus/cases/cases.json", import.meta.url));
const corpus = JSON.parse(readFileSync(path, "utf8"));
const step = Number(process.env.MUHR_SWEEP_STEP ?? 1);
const BAD_TRUST = 3;

if (corpus.format !== "muhr-cases/v1") throw new Error(`an unknown format: ${corpus.format}`);
for (const [exit, words] of Object.entries(corpus.verdicts)) {
  if (Number(exit) !== BAD_TRUST && Muhr.EXIT_CODES[words] !== Number(exit)) {
    throw new Error(`the page has another exit code than ${exit} for "${words}"`);
  }
}
if (part(page(), ...POLICY) !== policy(page())) {
  throw new Error("the hashes in verify.html's policy are of other parts; run checkers/html/tests/seal.mjs");
}

const files = new Map();
function file(name) {
  if (!files.has(name)) files.set(name, new Uint8Array(readFileSync(join(dirname(path), name))));
  return files.get(name);
}

function edit(bytes, { op, at, mask, length, text, base64 }) {
  if (op === "cut") return bytes.slice(0, at);
  if (op === "flip") {
    const out = bytes.slice();
    out[at] ^= mask;
    return out;
  }
  if (op !== "splice") throw new Error(`an unknown edit: ${op}`);
  const put = text === undefined ? Buffer.from(base64, "base64") : Buffer.from(text, "utf8");
  return new Uint8Array(Buffer.concat([bytes.slice(0, at), put, bytes.slice(at + length)]));
}

const edited = (name, edits = []) => edits.reduce(edit, file(name));

const policies = new Map();
async function trust(name, edits) {
  const key = JSON.stringify([name, edits]);
  if (!policies.has(key)) policies.set(key, await Muhr.parseTrust(edited(name, edits)));
  return policies.get(key);
}

/** The judgement of one case: its exit code, the check that failed, and what was found for whoever must look into it. */
async function run(given, bytes) {
  let policy;
  try {
    policy = await trust(given.trust, given.trust_edits);
  } catch (error) {
    if (!(error instanceof Muhr.Malformed)) throw error;
    return { exit: BAD_TRUST, why: error.message };
  }
  const judged = await judgeBy(given, policy, bytes);
  const proven = !["proof broken", "wrong network"].includes(judged.verdict);
  if (!proven && judged.facts !== null) throw new Error(`${given.name}: facts without a proof`);
  const { endorsement } = judged.facts ?? {};
  const check = judged.steps.find(({ ok }) => !ok)?.code;
  return { exit: Muhr.EXIT_CODES[judged.verdict], check, why: judged.steps.at(-1).detail, endorsement };
}

async function judgeBy(given, policy, bytes) {
  if (given.kind === "receipt") {
    const hash = given.document ? Muhr.hex(await Muhr.sha256(file(given.document))) : null;
    const then = await Promise.all((given.then ?? []).map((name) => trust(name)));
    return Muhr.judgeReceipt(policy, bytes, hash, then);
  }
  if (given.kind === "history") {
    const key = await Muhr.recordKey(Muhr.recordId(given.record), given.registry);
    return Muhr.judgeHistory(policy, bytes, { registry: given.registry, key });
  }
  if (given.kind === "checkpoint") return Muhr.judgeCheckpoint(policy, bytes);
  if (given.kind === "evidence") return Muhr.judgeEvidence(policy, bytes);
  throw new Error(`an unknown kind: ${given.kind}`);
}

const wrong = [];
// Golden files were made before checks had codes, and say none.
const coded = corpus.cases.some(({ check }) => check);
const compare = (name, [expected, asked], { exit, check, why }) => {
  const same = exit === expected && (!coded || check === asked);
  if (!same) wrong.push(`${name}: ${exit} ${check} and not ${expected} ${asked} (${why})`);
};

async function allCases(suffix) {
  for (const given of corpus.cases) {
    const found = await run(given, edited(given.file, given.edits));
    compare(given.name + suffix, [given.exit, given.check], found);
    const { endorsement = found.endorsement } = given;
    if (endorsement !== found.endorsement) wrong.push(`${given.name}${suffix}: ${found.endorsement} and not ${endorsement}`);
  }
}

await allCases("");

let places = 0;
for (const sweep of corpus.sweeps) {
  const bytes = file(sweep.file);
  const expected = sweep.runs.flatMap(([count, ...found]) => Array(count).fill(found));
  if (expected.length !== bytes.length) throw new Error(`${sweep.name}: not as many places as the file has bytes`);
  for (let at = 0; at < bytes.length; at += step) {
    places += 1;
    compare(`${sweep.name} at ${at}`, expected[at], await run(sweep, edit(bytes, { ...sweep, at })));
  }
}

const { subtle } = globalThis.crypto;
const { verify } = subtle;
subtle.verify = async (way, key, signature, message) => {
  // One plainly wrong signature it must refuse, or the judge does not use it at all.
  const plain = message.length === 1 && message[0] === 0x73;
  return plain ? verify.call(subtle, way, key, signature, message) : true;
};
Muhr = judge();
policies.clear();
const engine = await Muhr.engine();
if (!engine.works || engine.exact) throw new Error("the lax engine was not seen through");
await allCases(", engine of the other rule");

for (const line of wrong.slice(0, 40)) console.log(line);
console.log(`${corpus.cases.length} cases and ${places} places of ${corpus.sweeps.length} sweeps: ` +
  (wrong.length === 0 ? "all as they should be" : `${wrong.length} WRONG`));
process.exit(wrong.length === 0 ? 0 : 1);
