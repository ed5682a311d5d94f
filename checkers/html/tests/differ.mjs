// The judge of verify.html beside `muhr verify`, on receipts spoilt at random: the same verdict, and the same
// steps, word for word. Spoilt texts, not bytes: most of them still look like receipts, the openings above all.
// usage: node differ.mjs path/to/muhr [seed] [count]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { judge } from "./load.mjs";

const [muhr, seed = String(Date.now() % 1000000), count = "400"] = process.argv.slice(2);
const corpus = fileURLToPath(new URL("../../../corpus/cases/", import.meta.url));
const TRUST = "trust.policy";
const { cases } = JSON.parse(readFileSync(join(corpus, "cases.json"), "utf8"));
const names = new Set(cases.filter((given) => given.kind === "receipt" && given.trust === TRUST).map(({ file }) => file));
const receipts = [...names].map((name) => readFileSync(join(corpus, name), "utf8"))
  .filter((text) => text.startsWith("muhr-receipt/"));

// What numbers, base64, escapes and record numbers trip over.
const BITS = [
  "\u00e9", "e\u0301", "\u00a0", "\u0085", "\u2028", "\u200b", "\ufeff", "\u0344", "\u1fef", "\u212b", "\uff41", "\u{1d7d9}",
  "\u02bb", "`", "'", "0", "1", "-1", "18446744073709551615", "18446744073709551616", "A", "=", "==", "/", "+", ",", ".",
  "\\", "\\\\", "\\n", "\\s", "\\x07", "\\x7f", "\\xff", "\\xF", "|", "\\|", " ", "  ", "\t", "\r", "\n", "\n\n", "\u0000", "\u007f",
  "--- ", "--- opening\n", "none", "never", "field a b\n", "field \\s \n", " redacted", "hidden ", "shown ", `hidden ${"A".repeat(43)}=\n`, `shown ${"A".repeat(43)}= a b\n`,
];

let state = Number(seed);
const random = (below) => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor((state / 2147483648) * below);
};
const pick = (list) => list[random(list.length)];
const put = (text, bit) => {
  const at = random(text.length + 1);
  return text.slice(0, at) + bit + text.slice(at + random(2));
};

function spoilLine(text) {
  const lines = text.split("\n"), at = random(lines.length);
  const word = lines[at].split(" ")[0];
  const others = pick(receipts).split("\n").filter((line) => line.split(" ")[0] === word);
  const ways = [
    () => lines.splice(at, 1),
    () => lines.splice(at, 0, pick(lines)),
    () => (lines[at] = pick(pick(receipts).split("\n"))),
    () => (lines[at] = others.length > 0 ? pick(others) : lines[at]),
    () => (lines[at] = put(lines[at], pick(BITS))),
    () => (lines[at] = lines[at].replace(/\d+/, (digits) => String(BigInt(digits) + BigInt(random(3) - 1)))),
  ];
  pick(ways)();
  return lines.join("\n");
}

function spoilOpening(text) {
  const from = text.indexOf("--- opening\n"), to = text.indexOf("--- clerk\n");
  if (from < 0 || to < from) return spoilLine(text);
  return text.slice(0, from + 12) + put(text.slice(from + 12, to), pick(BITS)) + text.slice(to);
}

const folder = mkdtempSync(join(tmpdir(), "muhr-differ-"));
const files = [];
while (files.length < Number(count)) {
  const spoilt = pick([spoilLine, spoilOpening])(pick(receipts));
  // The command line takes a file for a document if it does not begin like a receipt.
  if (!spoilt.startsWith("muhr-receipt/")) continue;
  const path = join(folder, `${files.length}.receipt`);
  writeFileSync(path, spoilt);
  files.push(path);
}

const trust = join(corpus, TRUST);
const ran = spawnSync(muhr, ["verify", ...files, "--trust", trust, "--json"], { maxBuffer: 1 << 30, encoding: "utf8" });
if (ran.error || !ran.stdout) throw new Error(`${muhr}: ${ran.error ?? ran.stderr}`);

const Muhr = judge();
const policy = await Muhr.parseTrust(new Uint8Array(readFileSync(trust)));
const told = ({ verdict, steps }) => JSON.stringify([verdict, steps.map(({ name, code, ok, detail }) => [name, code, ok, detail])]);
const verdicts = new Map();
let differ = 0;
for (const judged of JSON.parse(ran.stdout).files) {
  const own = await Muhr.judgeReceipt(policy, new Uint8Array(readFileSync(judged.file)));
  verdicts.set(own.verdict, (verdicts.get(own.verdict) ?? 0) + 1);
  if (told(own) === told(judged)) continue;
  differ += 1;
  console.log(`${judged.file}\n  muhr: ${told(judged)}\n  page: ${told(own)}`);
}
console.log(`${files.length} spoilt receipts of seed ${seed}: ${[...verdicts].map((pair) => pair.join(" ")).join(", ")}; ` +
  (differ === 0 ? "muhr and the page say the same" : `${differ} DIFFER`));
if (differ === 0) rmSync(folder, { recursive: true });
process.exit(differ === 0 ? 0 : 1);
