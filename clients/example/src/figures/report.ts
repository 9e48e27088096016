/** A published report: its chapters with pictures, and its files. */

import { type Child, h } from "../dom.js";
import type { Answer, Gateway } from "../gateway.js";
import { current, inSchema, period, t } from "../language.js";
import { type View, say, sentenceOf, show } from "../page.js";
import { overview } from "./overview.js";
import { type Cell, bars, beside, isShown, lines, printed, table } from "./pictures.js";

const REPORT = `query ($id: ID!, $language: Language!) {
  report(id: $id) {
    period starts ends cutOff version newestVersion changes publishedOn
    forms { form language path }
    sections(language: $language) {
      code title words hasFigures
      blocks {
        __typename
        ... on ReportFigures { items { label unit note cell { ...Cell } } }
        ... on ReportTable { name title chart note columns { label unit } rows { label cells { ...Cell } } }
        ... on ReportParagraphs { paragraphs }
        ... on ReportEntries { entries { title text facts { name value } } }
      }
    }
  }
}
fragment Cell on ReportCell { kind value margin decimals threshold text }`;

/** Files that are made for people. */
const FORMS = ["pdf", "html", "xlsx", "ods"];

export function report(gateway: Gateway, token: string, id: string): View {
  return async () => {
    const { report: found } = await gateway.ask(REPORT, { id, language: inSchema() });
    if (!found) return { title: t("part.reports"), body: h("p", { class: "note bad" }, t("reports.gone")) };
    return {
      title: t("reports.title", { period: period(found.period) }),
      wide: true,
      body: [
        h("p", { class: "actions" }, h("button", { type: "button", class: "quiet", id: "to-overview", onclick: () => show(overview(gateway, token)) }, t("reports.back"))),
        h("p", { class: "hint" }, t("reports.dates", { starts: day(found.starts), ends: day(found.ends), published: day(found.publishedOn) })),
        found.changes && h("p", { class: "note" }, found.changes),
        files(found, token),
        h(
          "nav",
          { class: "chapters", "aria-label": t("contents") },
          h("ol", {}, found.sections.map(({ code, title }: Answer) => h("li", {}, h("a", { href: `#${code}`, onclick: leap(code) }, title)))),
        ),
        found.sections.map((section: Answer) => [
          h("h2", { id: `chapter-${section.code}`, tabindex: -1 }, section.title),
          section.words && h("blockquote", {}, section.words),
          section.blocks.map((block: Answer) => drawn(block, section.code)),
        ]),
      ],
    };
  };
}

function leap(code: string): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    const heading = document.getElementById(`chapter-${code}`);
    heading?.focus();
    heading?.scrollIntoView();
  };
}

function drawn(block: Answer, section: string): Child {
  switch (block.__typename) {
    case "ReportFigures":
      return h(
        "dl",
        { class: "keys" },
        block.items.map(({ label, cell, note }: Answer) =>
          h("div", {}, h("dt", {}, label), h("dd", { class: cell.kind === "SHOWN" ? "big" : null }, printed(cell as Cell)), note && h("dd", { class: "hint" }, note)),
        ),
      );
    case "ReportTable":
      return tableOf(block, section);
    case "ReportParagraphs":
      return block.paragraphs.map((text: string) => h("p", {}, text));
    case "ReportEntries":
      return h(
        "ul",
        { class: "cards" },
        block.entries.map(({ title, text, facts }: Answer) =>
          h(
            "li",
            {},
            h("h3", {}, title),
            text && h("p", {}, text),
            facts.length > 0 && h("dl", {}, facts.map(({ name, value }: Answer) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
          ),
        ),
      );
    default:
      return null;
  }
}

function tableOf({ title, chart, note, columns, rows }: Answer, section: string): Child {
  const names = columns.map(({ label }: Answer) => label);
  const told = table(title, names.map(short), rows);
  const picture = pictureOf({ title, chart, names, rows }, section);
  return [h("h3", {}, title), beside(picture, told), note && h("p", { class: "hint" }, note)];
}

function pictureOf({ title, chart, names, rows }: Answer, section: string): HTMLElement | null {
  const pictured: Cell[] = rows.flatMap(({ cells }: Answer) => (chart === "SERIES" ? cells : [cells[0]]));
  if (chart === "NONE" || !isShown(pictured)) return null;
  if (chart === "SERIES") return lines(title, names, rows);
  // The barometer's points have bounds of their own, in the columns beside them.
  const bounded = section === "barometer";
  return bars(
    title,
    rows.map(({ label, cells }: Answer) => ({
      label: short(label),
      cell: cells[0],
      ...(bounded && { low: cells[1]?.value, high: cells[2]?.value }),
    })),
    bounded ? 100 : undefined,
  );
}

/** A period's code in words, as short as a column wants it; other text as it is. */
function short(text: string): string {
  return /^\d{4}(-[HQ]\d)?$/.test(text) ? period(text) : text;
}

// Files ----------------------------------------------------------------------------------------

function files({ forms, period: code }: Answer, token: string): Child {
  const here = forms.filter(({ form, language }: Answer) => FORMS.includes(form) && language === inSchema());
  const offered = here.length ? here : forms.filter(({ form }: Answer) => FORMS.includes(form));
  return h(
    "p",
    { class: "actions" },
    offered.map(({ form, path }: Answer) =>
      h(
        "button",
        { type: "button", class: "quiet", id: `file-${form}`, onclick: () => fetched(path, token, `${code}.${form}`) },
        t("reports.file", { form: form.toUpperCase() }),
      ),
    ),
  );
}

/** A file comes with the token, which no link can carry: so it is fetched, and saved from here. */
async function fetched(path: string, token: string, name: string): Promise<void> {
  try {
    const answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
    if (!answer.ok) throw new Error(t("reports.gone"));
    const address = URL.createObjectURL(await answer.blob());
    h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    say(t("reports.saved", { name }));
  } catch (error) {
    say(sentenceOf(error));
  }
}

function day(iso: string): string {
  const [year = 0, month = 1, date = 1] = iso.split("-").map(Number);
  const language = current() === "nl" ? "nl-NL" : "en-GB";
  const at = new Date(Date.UTC(year, month - 1, date));
  return at.toLocaleDateString(language, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}
