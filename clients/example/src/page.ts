/** What every page has: a head with the language, one view at a time, and a voice for screen readers. */

import { type Child, h, s } from "./dom.js";
import { type Key, choose, current, t } from "./language.js";

/** One view: its heading and what stands below it. It is drawn again when the language changes. */
export interface Drawn {
  readonly title: string;
  readonly body: Child;
  /** Wider than lines of text want to be. */
  readonly wide?: boolean;
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

/** Draw the page's frame. Call it once, before the first view. */
export function begin(where: Place): void {
  place = where;
  frame();
}

/** Replace what is shown, and lead keyboard and screen reader to its heading. */
export async function show(view: View): Promise<void> {
  shown = view;
  if (!(await draw())) return;
  scrollTo(0, 0);
  const heading = main.querySelector("h1");
  heading?.focus({ preventScroll: true });
}

/** Draw what is shown again, where it stands. */
export async function redraw(): Promise<void> {
  const active = document.activeElement?.id;
  const [left, top] = [scrollX, scrollY];
  if (!(await draw())) return;
  if (active) document.getElementById(active)?.focus({ preventScroll: true });
  scrollTo(left, top);
}

/** Say something that those who see can see. */
export function say(sentence: string): void {
  voice.textContent = "";
  // A sentence that is said twice is heard twice.
  setTimeout(() => (voice.textContent = sentence), 50);
}

async function draw(): Promise<boolean> {
  if (!shown) return false;
  const mine = ++turn;
  main.setAttribute("aria-busy", "true");
  let drawn: Drawn;
  try {
    drawn = await shown();
  } catch (error) {
    drawn = { title: t("failed.title"), body: failure(error) };
  }
  if (mine !== turn) return false; // another view was asked for meanwhile
  document.title = `${drawn.title} · Hoeksteen`;
  main.className = drawn.wide ? "wide" : "";
  main.replaceChildren(h("h1", { tabindex: -1 }, drawn.title), ...nodes(drawn.body));
  main.removeAttribute("aria-busy");
  return true;
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
