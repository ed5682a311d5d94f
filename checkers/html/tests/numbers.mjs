// The judge inside verify.html on the published record numbers: their parts, keys and look-alike letters.
// usage: node numbers.mjs path/to/numbers.json
import { readFileSync } from "node:fs";
import { judge } from "./load.mjs";

const Muhr = judge();
const book = JSON.parse(readFileSync(process.argv[2], "utf8"));
if (book.format !== "muhr-numbers/v1") throw new Error(`an unknown format: ${book.format}`);

async function found({ number, columns, registry }) {
  const parts = number === undefined ? Muhr.foldParts(columns) : Muhr.recordId(number);
  if (parts === null) return {};
  const lookAlikes = Muhr.lookAlikes(parts).map(({ letter, twin }) => (twin === null ? [letter] : [letter, twin]));
  const key = await Muhr.recordKey(parts, registry ?? book.registry);
  return { parts, line: Muhr.writeRecordId(parts), key, look_alikes: lookAlikes };
}

let wrong = 0;
for (const given of book.numbers) {
  const { parts, line, key, look_alikes } = given;
  const mine = JSON.stringify(await found(given));
  if (mine === JSON.stringify({ parts, line, key, look_alikes })) continue;
  wrong += 1;
  console.log(`${given.what}: ${mine}`);
}
for (const { what, number, parts } of book.capitals) {
  const mine = JSON.stringify(Muhr.inCapitals(Muhr.recordId(number)));
  if (mine === JSON.stringify(parts)) continue;
  wrong += 1;
  console.log(`${what}: ${mine}`);
}
console.log(`${book.numbers.length} record numbers: ${wrong === 0 ? "all as published" : `${wrong} OTHERWISE`}`);
process.exit(wrong === 0 ? 0 : 1);
