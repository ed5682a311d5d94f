// Run in the page: says what a person with poor sight, a screen reader or a small screen would meet.
() => {
  const found = [];
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([red, green, blue]) => {
    const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const seen = (element) => element.checkVisibility() && !element.closest(".unseen");

  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !seen(element) || ["SCRIPT", "NOSCRIPT"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(numbers(style.color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const text = element.textContent.trim().slice(0, 40);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${text}`);
    if (parseFloat(style.fontSize) < 13) found.push(`text of ${style.fontSize}: ${text}`);
    const box = element.getBoundingClientRect();
    if (box.right > innerWidth + 1) found.push(`runs out of the screen: ${text}`);
  }

  for (const control of document.querySelectorAll("a, button, input, textarea, summary")) {
    if (!control.checkVisibility()) continue;
    const by = (control.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean);
    const labels = by.length > 0 ? by.map((id) => document.getElementById(id)) : [...(control.labels ?? [])];
    const name = labels.map((label) => label.textContent).join(" ") || control.getAttribute("aria-label") || control.textContent;
    if (!name.trim()) found.push(`no name: ${control.outerHTML.slice(0, 60)}`);
    for (const id of (control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean)) {
      if (!document.getElementById(id)) found.push(`described by nothing: ${id}`);
    }
    const target = control.type === "file" ? control.labels[0] : control;
    if (target.getBoundingClientRect().height < 24) found.push(`too small to hit: ${name.trim()}`);
  }

  const levels = [...document.querySelectorAll("h1, h2, h3")].filter(seen).map(({ tagName }) => Number(tagName[1]));
  if (levels[0] !== 1 || levels.some((level, at) => at > 0 && level > levels[at - 1] + 1)) found.push(`headings: ${levels}`);
  if (document.documentElement.scrollWidth > innerWidth) found.push("scrolls sideways");
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) found.push("an id stands twice");
  return found;
}
