/** The two languages of the pages. The choice lives as long as the tab: nothing is stored. */

import en from "./words/en.json";
import nl from "./words/nl.json";

export type Language = "nl" | "en";
export type Key = keyof typeof nl & keyof typeof en;

const CATALOGUES: Record<Language, Record<Key, string>> = { nl, en };
const ASKED = new URLSearchParams(location.search).get("language");

let language: Language = isLanguage(ASKED) ? ASKED : ofBrowser();

/** The language that is shown. */
export function current(): Language {
  return language;
}

/** As GraphQL names it. */
export function inSchema(): "NL" | "EN" {
  return language === "nl" ? "NL" : "EN";
}

export function choose(wanted: Language): void {
  language = wanted;
}

/** The sentence of a key, with `{name}` replaced by what is given for it. */
export function t(key: Key, given: Readonly<Record<string, string | number>> = {}): string {
  return CATALOGUES[language][key].replace(/\{(\w+)\}/g, (all, name: string) => String(given[name] ?? all));
}

/** A number as people write it here. */
export function number(value: number, decimals = 0): string {
  const places = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString(language === "nl" ? "nl-NL" : "en-GB", places);
}

/** An ISO week, such as 2026-W48, in words. */
export function week(iso: string): string {
  const [year = "", number = ""] = iso.split("-W");
  return t("week", { year, number: Number(number) });
}

/** 2026, 2026-H2 or 2026-Q3 in words. */
export function period(code: string): string {
  const [year = code, part] = code.split("-");
  if (part === "H1" || part === "H2") return t(part === "H1" ? "half.1" : "half.2", { year });
  return part ? t("quarter", { number: part.slice(1), year }) : year;
}

function isLanguage(text: string | null): text is Language {
  return text === "nl" || text === "en";
}

function ofBrowser(): Language {
  return navigator.languages.map((each) => each.slice(0, 2)).find(isLanguage) ?? "en";
}
