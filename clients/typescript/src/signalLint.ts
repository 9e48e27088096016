/**
 * A lint for the text of a signal: what may point at a person, in Dutch and in English.
 *
 * It may block a text. It never approves one: that it finds nothing says nothing, since people are
 * recognised by what no rule knows. Two advisers read every text along the checklist; this only spares
 * them the slips. What it looks for stands in `signalLintRules.ts`, the same as the Python client's.
 */

import { RULES } from "./signalLintRules.js";

export type Kind = "name" | "date" | "quote" | "function" | "number" | "unit";

/** What was found, from UTF-16 unit `start` up to `end`. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly kind: Kind;
}

/**
 * `known`: words with a capital that are nobody's name, such as the organisation's and those of the
 * grid's units. `unitsBelowGrid`: the names of units that no signal may point at.
 */
export interface LintOptions {
  readonly known?: readonly string[];
  readonly unitsBelowGrid?: readonly string[];
}

/** The entry of the reviewer's checklist that a finding is about. */
export const CHECKS: Readonly<Record<Kind, string>> = {
  name: "no_names",
  date: "no_dates",
  quote: "no_quotes",
  function: "no_functions",
  number: "no_small_count",
  unit: "no_small_unit",
};

const LETTER = "A-Za-zÀ-ÖØ-öø-ÿ";
const WORD = new RegExp(`(?<![0-9${LETTER}])[${LETTER}][${LETTER}'’-]*(?![0-9${LETTER}])`, "gu");
const UPPER = /^[A-ZÀ-ÖØ-Þ]/u;
// What stands before the first word of a sentence or of a line; a list's dash or number too.
const OPENING = /(?:^|\n|[.!?…]\s)[\s\-–•*(\[0-9.)]*(?:['’][sS] )?$/u;

const PATTERNS = RULES.patterns.map(({ kind, exact, pattern }) => ({
  kind: kind as Kind,
  pattern: new RegExp(pattern, exact ? "gu" : "giu"),
}));
const NAMES = new Set<string>(RULES.names);

/** What in `text` may point at a person, in its order. An empty list is no approval. */
export function lint(text: string, options: LintOptions = {}): Finding[] {
  const found: Finding[] = [];
  const add = (kind: Kind, pattern: RegExp): void => {
    for (const hit of text.matchAll(pattern)) {
      found.push({ start: hit.index, end: hit.index + hit[0].length, kind });
    }
  };
  for (const { kind, pattern } of PATTERNS) add(kind, pattern);
  for (const unit of options.unitsBelowGrid ?? []) {
    add("unit", new RegExp(`(?<![0-9${LETTER}])${escaped(unit)}(?![0-9${LETTER}])`, "giu"));
  }
  const known = (options.known ?? []).flatMap((name) => name.match(WORD) ?? []);
  const plain = new Set<string>([...RULES.plain, ...known]);
  const names: Finding[] = [];
  for (const { start, end } of namesIn(text, plain)) {
    // Monday is a day before it is a name.
    if (!found.some((other) => other.start <= start && start < other.end)) {
      names.push({ start, end, kind: "name" });
    }
  }
  return sorted([...found, ...names]);
}

/** Words that look like names: with a capital inside a sentence, or first names at its beginning. */
function* namesIn(text: string, plain: ReadonlySet<string>): Generator<{ start: number; end: number }> {
  for (const hit of text.matchAll(WORD)) {
    const word = hit[0].replace(/['’]s?$/u, "");
    if (!UPPER.test(word) || plain.has(word) || isAbbreviation(word)) continue;
    const first = OPENING.test(text.slice(0, hit.index));
    if (!first || NAMES.has(word.toLowerCase())) {
      yield { start: hit.index, end: hit.index + word.length };
    }
  }
}

/** HR, OR, MT, ICT-afdeling: capitals alone, or up to a hyphen. */
function isAbbreviation(word: string): boolean {
  const head = word.split("-")[0] as string;
  return head.length > 1 && head === head.toUpperCase();
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&");
}

/** Findings in their order, each once. */
export function sorted<F extends { start: number; end: number; kind: string }>(findings: readonly F[]): F[] {
  const order = (one: F, other: F): number =>
    one.start - other.start || one.end - other.end || (one.kind < other.kind ? -1 : 1);
  const unique = new Map(findings.map((one) => [`${one.start}/${one.end}/${one.kind}`, one]));
  return [...unique.values()].sort(order);
}
