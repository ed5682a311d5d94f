"""verify.html as people meet it: opened from file:// in Chromium, in four languages, on a phone, by keyboard.

usage: page.py [folder for screenshots]

What the result says, word for word, stands in snapshots/; MUHR_BLESS=1 writes it anew, and the diff is to be read.
"""

import base64
import difflib
import json
import os
import re
import socket
import sys
import traceback
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from world import HOSTILE_NAME, LANGUAGES, PAGE, every_way, first, file_name, shown, verdicts

URL = PAGE.as_uri()
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1100, "height": 800}
AUDIT = (Path(__file__).parent / "audit.js").read_text()

checks = []


def check(run):
    checks.append(run)
    return run


class Visit:
    """A page in a context of its own. What it asked of the network or complained of fails the test."""

    def __init__(self, browser, language="en", viewport=DESK, scheme="light", before=None):
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        self.page = self.context.new_page()
        self.asked, self.said = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        if before:
            self.page.add_init_script(before)
        self.page.goto(f"{URL}#{language}")

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if not failed:
            others = [url for url in self.asked if url.split("#")[0] != URL and not url.startswith("data:")]
            assert not others, f"requests left the page: {others}"
            assert not self.said, f"the console says: {self.said}"
        self.context.close()

    def give(self, files, name=None):
        page = self.page
        page.set_input_files("#trust", files.upload("trust"))
        if files.document is not None:
            page.set_input_files("#document", files.upload("document"))
        page.set_input_files("#proof", files.upload("proof", name))
        expect(page.locator("#question-part:visible, #verdict:visible").first).to_be_visible()
        if files.number is not None and page.locator("#question-part").is_visible():
            page.fill("#registry", files.registry)
            page.fill("#number", files.number)
            page.get_by_role("button", name=self.words("check"), exact=True).click()
        return self.verdict()

    def verdict(self):
        page = self.page
        expect(page.locator("#verdict")).to_be_visible()
        return page.locator("#verdict").inner_text()

    def words(self, key):
        return self.page.evaluate("key => WORDS[location.hash.slice(1)][key]", key)

    def sentences(self, verdict):
        """The sentences that may stand for a verdict."""
        keys = ["", "-alone", "-history", "-checkpoint"] if verdict == "authentic" else [""]
        return [self.words(f"v.{verdict}{key}") for key in keys]

    def text(self):
        """All that the page says, with every folded part open."""
        self.page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        body = self.page.locator("body").inner_text()
        found = re.findall(r"\b(?:false|null|undefined|NaN|Infinity)\b|\[object|\{\d\}", body)
        assert not found, f"{found} in: {body}"
        return self.page.locator("#result").inner_text()

    def audit(self):
        """What is wrong with contrast, names of controls, and width."""
        return self.page.evaluate(AUDIT)


@check
def every_verdict_in_every_language(browser, shots):
    """Large sentence, right language, no sideways scrolling at 360 px, contrast and names in order."""
    for number, (language, tag) in enumerate(LANGUAGES.items()):
        for viewport, scheme in [(PHONE, "light"), (DESK, "dark" if number % 2 else "light")]:
            with Visit(browser, language, viewport, scheme) as visit:
                assert visit.audit() == [], f"{language}: {visit.audit()}"
                for verdict, files in sorted(verdicts().items()):
                    visit.page.locator("#clear").click()
                    expect(visit.page.locator("#result")).to_be_hidden()
                    shown = visit.give(files)
                    assert shown in visit.sentences(verdict), f"{verdict}: {shown}"
                    assert visit.page.evaluate("document.documentElement.lang") == tag
                    assert visit.page.title().startswith(shown)
                    assert visit.audit() == [], f"{verdict} {language}: {visit.audit()}"
                    shot = f"{file_name(verdict)}-{language}-{viewport['width']}.png"
                    visit.page.screenshot(path=shots / shot, full_page=True)


@check
def what_the_result_says_is_what_was_reviewed(browser, _):
    """For every verdict and every sort of file, in every language, word for word."""
    for language in LANGUAGES:
        said = []
        with Visit(browser, language) as visit:
            for name, files in shown().items():
                visit.page.locator("#clear").click()
                expect(visit.page.locator("#result")).to_be_hidden()
                visit.give(files)
                trust = visit.page.locator("#trust-facts").inner_text()
                said.append(f"=== {name}\n{visit.text()}\n--- trust file\n{trust}\n")
        text = re.sub(r"[ \t]+\n", "\n", "\n".join(said))
        snapshot = Path(__file__).parent / "snapshots" / f"{language}.txt"
        if os.environ.get("MUHR_BLESS") == "1":
            snapshot.parent.mkdir(exist_ok=True)
            snapshot.write_text(text)
        stored = snapshot.read_text() if snapshot.exists() else ""
        changed = list(difflib.unified_diff(stored.splitlines(), text.splitlines(), "reviewed", "said", lineterm=""))
        assert not changed, "\n".join([f"{language}:", *changed[:60]])


@check
def the_checks_are_folded_and_one_that_failed_is_not(browser, _):
    """As the page stands, before anybody opens a folded part: for every verdict and every sort of file."""
    seen = 0
    with Visit(browser, "en") as visit:
        for name, files in shown().items():
            visit.page.locator("#clear").click()
            expect(visit.page.locator("#result")).to_be_hidden()
            visit.give(files)
            result = visit.page.locator("#result")
            folded = result.locator("details.all-steps")
            for part in folded.all():
                assert not part.evaluate("part => part.open"), name
                inside = part.locator("li")
                assert inside.count() > 0 and not any(line.is_visible() for line in inside.all()), name
            shows = [line.inner_text() for line in result.locator(".steps li:visible").all()]
            failed = result.locator(".steps li:visible.failed").count()
            assert failed == len(shows), f"{name}: a check that holds is not folded: {shows}"
            folded_too = folded.locator("li.failed").count()
            assert folded.count() == 0 or failed == folded_too, f"{name}: {failed} of {folded_too} that failed are shown"
            seen += failed
            if files.verdict in ("altered", "proof broken"):
                assert failed > 0, f"{name}: nothing says what failed"
    assert seen > 5, seen


@check
def no_case_of_the_corpus_makes_the_page_say_what_no_person_says(browser, _):
    """One case for each way that a judgement can end, its whole text read for words of the program's own."""
    ways = every_way()
    assert len(ways) > 100
    with Visit(browser, "en") as visit:
        for files in ways:
            visit.page.locator("#clear").click()
            expect(visit.page.locator("#result")).to_be_hidden()
            visit.give(files)
            visit.text()


@check
def every_word_is_in_every_language(browser, _):
    """No language lacks a word that another has; English takes the details of steps from the judge."""
    with Visit(browser) as visit:
        lacking = visit.page.evaluate(
            """() => {
              const all = new Set(Object.values(WORDS).flatMap(Object.keys).concat(Object.keys(Muhr.SAY)));
              const lacks = (name, key) => !(key in WORDS[name]) && !(name === "en" && key in Muhr.SAY);
              return Object.keys(WORDS).flatMap((name) => [...all].filter((key) => lacks(name, key)).map((key) => name + " " + key));
            }"""
        )
        assert lacking == [], lacking
        # Latin Uzbek has its own two letters, and no quotation mark in their place; no other alphabet slips in.
        words = visit.page.evaluate("WORDS")
        for name, alphabet in [("uz", "'`’‘"), ("uz-cyrl", "'`’‘ʻʼ")]:
            for key, text in words[name].items():
                assert not set(text) & set(alphabet), f"{name} {key}: {text}"
        cyrillic = lambda text: any("\u0400" <= letter <= "\u04ff" for letter in text)
        assert not [key for key, text in words["uz"].items() if cyrillic(text)]
        assert all(cyrillic(text) for key, text in words["ru"].items() if len(text) > 12)


@check
def the_language_changes_in_place_and_lives_in_the_address_alone(browser, _):
    with Visit(browser, "en") as visit:
        page, files = visit.page, verdicts()["altered"]
        visit.give(files)
        for language, tag in LANGUAGES.items():
            page.locator(f'nav a[href="#{language}"]').click()
            expect(page.locator("html")).to_have_attribute("lang", tag)
            expect(page.locator("#verdict")).to_have_text(visit.words("v.altered"))
            expect(page.locator("nav a[aria-current]")).to_have_count(1)
            assert page.url == f"{URL}#{language}"
        assert page.evaluate("document.cookie") == "" and page.evaluate("localStorage.length") == 0


@check
def the_keyboard_is_enough(browser, shots):
    """From the first Tab to the verdict without a pointer; the focus is always to be seen."""
    files = verdicts()["authentic"]
    with Visit(browser, "en") as visit:
        page = visit.page

        def tab_to(wanted):
            for _ in range(30):
                page.keyboard.press("Tab")
                name, outlined = page.evaluate(
                    """() => { const at = document.activeElement, mark = at.type === "file" ? at.nextElementSibling : at;
                    return [at.id || at.hash || at.dataset.t || at.tagName, getComputedStyle(mark).outlineStyle !== "none"]; }"""
                )
                assert outlined, f"no outline on {name}"
                if name == wanted:
                    return
            raise AssertionError(f"Tab does not reach {wanted}")

        # A listener from here on: the browser is told once, and not beside the key, to hand choosers over.
        page.on("filechooser", lambda _: None)
        tab_to("#ru")
        page.keyboard.press("Enter")
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        for slot in ["document", "proof", "trust"]:
            tab_to(slot)
            if slot == "proof":
                page.screenshot(path=shots / "keyboard-focus.png")
            with page.expect_file_chooser() as chooser:
                page.keyboard.press("Space")
            chooser.value.set_files(files.upload(slot))
            expect(page.locator(f"#{slot}-state")).to_contain_text(f"{slot}.file")
        assert visit.verdict() == visit.words("v.authentic")
        expect(page.locator("#live")).to_have_text(visit.words("v.authentic"))
        tab_to("check")
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_be_focused()
        # Taking the document away again leaves the receipt, and the focus where it can go on.
        tab_to("document-remove")
        page.keyboard.press("Enter")
        expect(page.locator("#document")).to_be_focused()
        expect(page.locator("#verdict")).to_have_text(visit.words("v.authentic-alone"))


@check
def files_dropped_together_are_sorted_and_trust_can_be_pasted(browser, _):
    files = verdicts()["authentic"]
    drop = """files => {
      const carried = new DataTransfer();
      for (const [name, text] of files) {
        carried.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
      }
      for (const kind of ["dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
      }
    }"""
    packed = lambda *slots: [[slot, base64.b64encode(getattr(files, slot)).decode()] for slot in slots]
    with Visit(browser, "uz") as visit:
        visit.page.evaluate(drop, packed("trust", "document", "proof"))
        assert visit.verdict() == visit.words("v.authentic")
        visit.page.locator("#clear").click()
        expect(visit.page.locator("#result")).to_be_hidden()
        visit.page.evaluate(drop, packed("proof", "document"))
        # A pasted text has often lost its last line feed.
        visit.page.fill("#trust-text", files.trust.decode().rstrip("\n"))
        assert visit.verdict() == visit.words("v.authentic")
    with Visit(browser, "en") as visit:
        visit.page.evaluate(drop, packed("proof", "proof"))
        expect(visit.page.locator("#message")).to_contain_text("only proof was taken")


@check
def what_is_missing_is_said(browser, _):
    files = verdicts()["authentic"]
    with Visit(browser, "en") as visit:
        page, button = visit.page, visit.page.get_by_role("button", name="Check", exact=True)
        button.click()
        expect(page.locator("#message")).to_have_text(visit.words("need-trust"))
        page.set_input_files("#trust", {"name": "t", "mimeType": "", "buffer": files.trust[:-20]})
        expect(page.locator("#trust-state")).to_contain_text("This is not a trust file")
        expect(page.locator("#trust")).to_have_attribute("aria-invalid", "true")
        page.set_input_files("#trust", files.upload("trust"))
        expect(page.locator("#trust-facts")).to_be_visible()
        button.click()
        expect(page.locator("#message")).to_have_text(visit.words("need-proof"))
        page.set_input_files("#document", files.upload("document"))
        expect(page.locator("#document-remove")).to_be_visible()
        button.click()
        expect(page.locator("#verdict")).to_have_text(visit.words("v.cannot decide"))
        page.set_input_files("#proof", files.upload("document"))
        expect(page.locator("#verdict")).to_have_text(visit.words("v.cannot decide"))
        expect(page.locator("#result")).to_contain_text(visit.words("k.unknown"))
        expect(page.locator("#proof-state")).to_contain_text(visit.words("unlike"))


@check
def a_history_is_judged_by_what_was_asked(browser, shots):
    files = first("history", "authentic")
    with Visit(browser, "en") as visit:
        page, button = visit.page, visit.page.get_by_role("button", name="Check", exact=True)
        page.set_input_files("#trust", files.upload("trust"))
        page.set_input_files("#proof", files.upload("proof"))
        expect(page.locator("#message")).to_have_text(visit.words("need-question"))
        expect(page.locator("#result")).to_be_hidden()
        page.fill("#registry", files.registry)
        page.fill("#number", files.number)
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_have_text(visit.words("v.authentic-history"))
        expect(page.locator("#result")).to_contain_text(files.number)
        page.screenshot(path=shots / "history.png", full_page=True)
        # A document beside a history is not compared, and that is said.
        page.set_input_files("#document", verdicts()["authentic"].upload("document"))
        expect(page.locator("#result")).to_contain_text(visit.words("not-compared"))
        for registry, number in [(files.registry, f"{files.number}-other"), ("other.registry", files.number)]:
            page.fill("#registry", registry)
            page.fill("#number", number)
            button.click()
            expect(page.locator("#verdict")).to_have_text(visit.words("v.proof broken"))
        page.fill("#registry", "Not a registry")
        page.fill("#number", "|")
        button.click()
        expect(page.locator("#registry-state")).to_have_text(visit.words("bad-registry"))
        expect(page.locator("#number-state")).to_have_text(visit.words("bad-number"))
        expect(page.locator("#result")).to_be_hidden()


@check
def what_a_receipt_withholds_is_said(browser, shots):
    """Beside the verdict, in every language; and letters of a number that look like others are named."""
    redacted = first("receipt", "authentic", file="redacted.receipt", document="permit.txt")
    erased = first("receipt", "authentic", name="receipt/redacted-and-erased")
    alike = first("receipt", "authentic", file="look-alike.receipt")
    for language in LANGUAGES:
        with Visit(browser, language) as visit:
            result = visit.page.locator("#result")
            visit.give(redacted)
            expect(result).to_contain_text(visit.words("f.withheld-of").replace("{0}", "6"))
            expect(result).to_contain_text("Karimov")
            visit.page.screenshot(path=shots / f"redacted-{language}.png", full_page=True)
            visit.give(erased)
            expect(result).to_contain_text(visit.words("f.withheld-all"))
            assert "TSH-12" not in result.inner_text() and "Karimov" not in result.inner_text()
            visit.give(alike)
            expect(result).to_contain_text("\u041d U+041D \u2248 H U+0048")
            assert visit.words("f.withheld") not in result.inner_text()
    with Visit(browser, "en") as visit:
        visit.give(first("receipt", "cannot decide", file="redacted-twice.receipt"))
        expect(visit.page.locator("#result")).to_contain_text(visit.words("c.document-withheld"))


@check
def a_broken_file_shows_nothing_of_itself(browser, _):
    """The words of a file stand on the page only after its proof."""
    good, broken = verdicts()["authentic"], verdicts()["proof broken"]
    with Visit(browser, "en") as visit:
        visit.give(good)
        registry = visit.page.locator("dt", has_text="Registry").locator("+ dd").inner_text()
        assert registry.encode() in broken.proof or registry
        visit.give(broken)
        expect(visit.page.locator("#verdict")).to_have_text(visit.words("v.proof broken"))
        expect(visit.page.locator("#result dl")).to_have_count(0)
        assert registry not in visit.page.locator("#result").inner_text()


@check
def names_are_text_and_nothing_can_be_loaded(browser, _):
    files = verdicts()["authentic"]
    with Visit(browser, "en") as visit:
        visit.give(files, HOSTILE_NAME)
        expect(visit.page.locator("#proof-state")).to_contain_text(HOSTILE_NAME)
        expect(visit.page.locator("img")).to_have_count(0)
    # Even a script inside the page could reach nobody: this listener hears no call.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        visit = Visit(browser, "en")
        refused = visit.page.evaluate(
            """async (url) => {
              const fails = async (act) => { try { await act(); return false; } catch { return true; } };
              const image = () => new Promise((load, fail) => Object.assign(new Image(), { onload: load, onerror: fail, src: url }));
              return [await fails(() => { document.body.innerHTML += "<b>x</b>"; }), await fails(() => fetch(url)), await fails(image)];
            }""",
            f"http://127.0.0.1:{listener.getsockname()[1]}/",
        )
        visit.context.close()
        assert refused == [True, True, True], refused
        try:
            raise AssertionError(f"somebody called: {listener.accept()}")
        except BlockingIOError:
            pass


NO_ENGINE = """
const { importKey } = SubtleCrypto.prototype;
SubtleCrypto.prototype.importKey = function (form, key, way, ...rest) {
  if (way.name === "Ed25519") return Promise.reject(new DOMException("no", "NotSupportedError"));
  return importKey.call(this, form, key, way, ...rest);
};
"""
NO_CRYPTO = 'Object.defineProperty(crypto, "subtle", { value: undefined });'
# Takes every Ed25519 signature but one that is plainly wrong: the page's own checks are all that is left.
LAX_ENGINE = """
const { verify } = SubtleCrypto.prototype;
SubtleCrypto.prototype.verify = async function (way, key, signature, message) {
  const known = message.length === 1 && message[0] === 0x73;
  return way.name === "Ed25519" && !known ? true : verify.call(this, way, key, signature, message);
};
"""


@check
def without_an_engine_nothing_is_decided(browser, shots):
    files = verdicts()["authentic"]
    for language in LANGUAGES:
        with Visit(browser, language, before=NO_ENGINE) as visit:
            expect(visit.page.locator("#engine")).to_have_text(visit.words("engine"))
            assert visit.give(files) == visit.words("v.cannot decide")
            expect(visit.page.locator("#result")).to_contain_text(visit.words("c.no-engine"))
            expect(visit.page.locator("#result dl")).to_have_count(0)
            visit.page.screenshot(path=shots / f"no-engine-{language}.png", full_page=True)
    with Visit(browser, "en", before=NO_CRYPTO) as visit:
        expect(visit.page.locator("#engine")).to_be_visible()
        visit.page.get_by_role("button", name="Check", exact=True).click()
        assert visit.verdict() == visit.words("v.cannot decide")


@check
def an_engine_that_takes_too_much_is_not_believed(browser, _):
    """With an engine of the other rule, the page's own equation decides, and decides the same."""
    good = verdicts()["authentic"]
    signature = good.proof.index(b"signature ed25519 ") + 30
    with Visit(browser, "en", before=LAX_ENGINE) as visit:
        assert visit.give(good) == visit.words("v.authentic")
        cosignature = good.proof.rindex(b"\xe2\x80\x94 ")
        at = good.proof.index(b" ", cosignature + 4) + 60
        for place in [signature, at]:
            letter = b"A" if good.proof[place : place + 1] != b"A" else b"B"
            bad = first("receipt", "authentic")
            bad.proof = good.proof[:place] + letter + good.proof[place + 1 :]
            assert visit.give(bad) == visit.words("v.proof broken"), place


def main():
    shots = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TMPDIR", "/tmp")) / "muhr-verify-page"
    shots.mkdir(parents=True, exist_ok=True)
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for run in checks:
            name = run.__name__.replace("_", " ")
            try:
                run(browser, shots)
                print(f"✔ {name}", flush=True)
            except Exception as error:
                failed += 1
                print(f"✘ {name}\n  {error!r}", flush=True)
                traceback.print_exc()
        browser.close()
    print(json.dumps({"checks": len(checks), "failed": failed, "screenshots": str(shots)}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
