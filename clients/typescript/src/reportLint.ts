/**
 * A lint for the words of a report: what may point at a person, what judges, what figures cannot say.
 *
 * It looks for what the lint of a signal looks for, and for words that judge people or reports, and claims
 * of proof or cause. It changes nothing and blocks nothing: the adviser decides at every place. An empty
 * list is no approval. What it looks for stands in `reportLintRules.ts`, the same as the Python client's.
 */

import { REPORT_RULES } from "./reportLintRules.js";
import { type Kind, type LintOptions, lint, sorted } from "./signalLint.js";

export type ReportKind = Kind | "judgement" | "claim";

/** What was found, from UTF-16 unit `start` up to `end`. */
export interface ReportFinding {
  readonly start: number;
  readonly end: number;
  readonly kind: ReportKind;
}

const PATTERNS = REPORT_RULES.patterns.map(({ kind, exact, pattern }) => ({
  kind: kind as ReportKind,
  pattern: new RegExp(pattern, exact ? "gu" : "giu"),
}));

/** What in `text` the adviser should look at once more, in its order. */
export function lintReport(text: string, options: LintOptions = {}): ReportFinding[] {
  const found: ReportFinding[] = [...lint(text, options)];
  for (const { kind, pattern } of PATTERNS) {
    for (const hit of text.matchAll(pattern)) {
      found.push({ start: hit.index, end: hit.index + hit[0].length, kind });
    }
  }
  return sorted(found);
}
