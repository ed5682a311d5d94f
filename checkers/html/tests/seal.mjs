// Puts the hashes of verify.html's parts into its policy. Run it after every change of the page.
import { writeFileSync } from "node:fs";
import { PAGE, POLICY, page, part, policy } from "./load.mjs";

const html = page();
const [opening, closing] = POLICY;
const stands = part(html, opening, closing);
writeFileSync(PAGE, html.replace(opening + stands + closing, () => opening + policy(html) + closing));
