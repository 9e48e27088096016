/** What every page has: a head with the language, one view at a time, and a voice for screen readers. */

import { type Child, h, s } from "./dom.js";
import { type Key, choose, current, t } from "./language.js";

/** One view: its heading and what stands below it. It is drawn again when the language changes. */
export interface Drawn {
  readonly title: string;
  readonly body: Child;
  /** Wider than lines of text want to be. */
  readonly wide?: boolean;
  /** Gives something now, and again whenever the view has changed, until the signal ends it. */
  readonly changes?: (signal: AbortSignal) => AsyncIterable<unknown>;
}
export type View = () => Drawn | Promise<Drawn>;

interface Place {
  /** This page in the menu. */
  readonly here: "tell" | "adviser" | "figures";
  /** Whether a visitor may want to be gone at once. */
  readonly leave?: boolean;
}

const PLACES: readonly [Place["here"], string, Key][] = [
  ["tell", "./", "menu.tell"],
  ["adviser", "./adviser.html", "menu.adviser"],
  ["figures", "./figures.html", "menu.figures"],
];

const main = h("main", { id: "main", tabindex: -1 });
const voice = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
let place: Place = { here: "tell" };
let shown: View | undefined;
let turn = 0;
let watching = new AbortController();

/** Draw the page's frame. Call it once, before the first view. */
export function begin(where: Place): void {
  place = where;
  frame();
}

/** Replace what is shown, and lead keyboard and screen reader to its heading. */
export async function show(view: View): Promise<void> {
  shown = view;
  watching.abort();
  const drawn = await draw();
  if (!drawn) return;
  scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
  watching = new AbortController();
  if (drawn.changes) void watch(drawn.changes, watching.signal);
}

/** Draw what is shown again, where it stands: focus, caret and what was unfolded stay. */
export async function redraw(): Promise<void> {
  const active = document.activeElement;
  const caret = active instanceof HTMLTextAreaElement ? [active.selectionStart, active.selectionEnd] : null;
  const unfolded = [...main.querySelectorAll("details")].map(({ open }) => open);
  const [left, top] = [scrollX, scrollY];
  if (!(await draw())) return;
  main.querySelectorAll("details").forEach((each, at) => (each.open = unfolded[at] ?? false));
  const again = active?.id ? document.getElementById(active.id) : null;
  again?.focus({ preventScroll: true });
  if (caret && again instanceof HTMLTextAreaElement) again.setSelectionRange(caret[0]!, caret[1]!);
  scrollTo(left, top);
}

/** Draw again whenever something changed. Without a line the button that looks is still there. */
async function watch(changes: NonNullable<Drawn["changes"]>, signal: AbortSignal): Promise<void> {
  let first = true;
  try {
    for await (const _ of changes(signal)) {
      if (signal.aborted) return;
      if (!first) {
        await redraw();
        say(t("changed"));
      }
      first = false;
    }
  } catch {
    // It is refused, or over: what is shown stays, and asking for it says why.
  }
}

/** Say something that those who see can see. */
export function say(sentence: string): void {
  voice.textContent = "";
  // A sentence that is said twice is heard twice.
  setTimeout(() => (voice.textContent = sentence), 50);
}

async function draw(): Promise<Drawn | null> {
  if (!shown) return null;
  const mine = ++turn;
  main.setAttribute("aria-busy", "true");
  let drawn: Drawn;
  try {
    drawn = await shown();
  } catch (error) {
    drawn = { title: t("failed.title"), body: failure(error) };
  }
  if (mine !== turn) return null; // another view was asked for meanwhile
  document.title = `${drawn.title} · Hoeksteen`;
  main.className = drawn.wide ? "wide" : "";
  main.replaceChildren(h("h1", { tabindex: -1 }, drawn.title), ...nodes(drawn.body));
  main.removeAttribute("aria-busy");
  return drawn;
}

function nodes(body: Child): Node[] {
  return [...h("div", {}, body).childNodes];
}

/** A sentence about what went wrong, and a way to try again. */
export function failure(error: unknown): HTMLElement {
  return h(
    "div",
    { class: "note bad", role: "alert" },
    h("p", {}, sentenceOf(error)),
    h("p", {}, h("button", { class: "quiet", type: "button", onclick: () => void redraw() }, t("again"))),
  );
}

/** What to tell people of an error. Errors of ours are sentences; others are ours to mend. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error && error.message ? error.message : t("failed.unknown");
}

function frame(): void {
  document.documentElement.lang = current();
  const links = PLACES.map(([name, address, key]) =>
    h("li", {}, h("a", { href: address, "aria-current": name === place.here ? "page" : null }, t(key))),
  );
  document.body.replaceChildren(
    h("a", { class: "skip", href: "#main", onclick: toMain }, t("skip")),
    h(
      "header",
      {},
      h(
        "div",
        { class: "bar" },
        h("span", { class: "name" }, mark(), "Hoeksteen"),
        h("nav", { "aria-label": t("menu") }, h("ul", {}, links)),
        h("div", { class: "tools" }, place.leave && leave(), otherLanguage()),
      ),
    ),
    main,
    h("footer", {}, h("p", {}, t("footer"))),
    voice,
  );
}

/** Not by the address: there the fragment says which organisation it is. */
function toMain(event: Event): void {
  event.preventDefault();
  main.focus();
}

function otherLanguage(): HTMLElement {
  const other = current() === "nl" ? "en" : "nl";
  const change = () => {
    choose(other);
    frame();
    document.getElementById("language")?.focus();
    void redraw();
  };
  const name = other === "nl" ? "Nederlands" : "English";
  return h("button", { id: "language", class: "quiet", type: "button", lang: other, onclick: change }, name);
}

/** Away from here at once; the way back shows an empty page. */
function leave(): HTMLElement {
  const go = () => {
    document.body.replaceChildren();
    document.title = "";
    location.replace("about:blank");
  };
  return h("button", { class: "quiet", type: "button", onclick: go }, t("leave"));
}

function mark(): SVGElement {
  return s(
    "svg",
    { viewBox: "0 0 32 32", width: 26, height: 26, "aria-hidden": "true" },
    s("rect", { class: "mark", width: 32, height: 32, rx: 6 }),
    s("path", { class: "corner", d: "M8 7v18h17" }),
  );
}
