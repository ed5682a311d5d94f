// verify.html for tests: its judge as an object, and the hashes that its policy must name.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const PAGE = fileURLToPath(new URL("../verify.html", import.meta.url));
export const page = () => readFileSync(PAGE, "utf8");

/** The text of one element. */
export function part(html, opening, closing) {
  const from = html.indexOf(opening) + opening.length;
  const to = html.indexOf(closing, from);
  if (from < opening.length || to < 0) throw new Error(`verify.html has no ${opening}`);
  return html.slice(from, to);
}

const script = (html, id) => part(html, `<script id="${id}">`, "</script>");

/** The judge, as the page has it: pure functions over bytes. */
export const judge = () => new Function(`${script(page(), "judge")}\nreturn Muhr;`)();
export const words = () => new Function(`${script(page(), "words")}\nreturn WORDS;`)();

/** What the page's policy must be: nothing from anywhere, and only these scripts and this style. */
export function policy(html) {
  const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const scripts = ["judge", "words", "page"].map((id) => hash(script(html, id)));
  return [
    "default-src 'none'",
    `script-src ${scripts.join(" ")}`,
    `style-src ${hash(part(html, "<style>", "</style>"))}`,
    "img-src data:",
    "connect-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

export const POLICY = ['<meta http-equiv="Content-Security-Policy" content="', '">'];
