/** One period at a glance: how much, about what, where, over time; signals, early warnings, barometer. */

import { type Child, h, s } from "../dom.js";
import { select } from "../fields.js";
import type { Answer, Gateway } from "../gateway.js";
import { type Key, inSchema, number, period, t, week } from "../language.js";
import { type View, redraw, show } from "../page.js";
import { type Cell, bars, beside, isShown, lines, table } from "./pictures.js";
import { report } from "./report.js";

const NOW = `query ($language: Language!) {
  organisation { name }
  statistics {
    period policy dimension k total totalMargin cells { code count margin }
    withheld { codes thresholds } labels(language: $language) { code label }
  }
  signals {
    id releasedWeek text withdrawn { reason week }
    content { theme place placeName period direction judged causes aims }
  }
  signalCodes(language: $language) {
    themes { code label } directions { code label } causes { code label } aims { code label }
    withdrawalReasons { code label }
  }
  earlyWarning(language: $language) {
    warnings { label period kind sentence } unwatched { sentence }
    trends { dimension cell label period kind sentence }
  }
  barometer {
    period index low high coverage reason
    components { code name weight score low high reason }
  }
  reports { id period status version }
}`;

const TITLES: Record<string, Key> = {
  theme: "by.theme",
  category: "by.category",
  area: "by.area",
  unit: "by.unit",
  relation: "by.relation",
  role: "by.role",
};

/** Trends that say something happened, the most pressing first. */
const MOVING = ["RISING", "NEW", "RETURNING", "DECLINING"];

export function overview(gateway: Gateway, token: string): View {
  let chosen = "";
  return async () => {
    const found = await gateway.ask(NOW, { language: inSchema() });
    const releases = (found.statistics ?? []) as Answer[];
    const periods = [...new Set(releases.map((each) => each.period as string))].reverse();
    // The newest of which a total is known: one that has none is on its way.
    chosen ||= releases.filter((each) => each.dimension === "total").pop()?.period ?? periods[0] ?? "";
    return {
      title: found.organisation?.name ?? t("figures.title"),
      wide: true,
      body: [
        h(
          "nav",
          { class: "contents", "aria-label": t("contents") },
          h(
            "ul",
            {},
            (["figures", "signals", "early", "barometer", "reports"] as const).map((part) =>
              h("li", {}, h("a", { href: `#${part}`, onclick: leap(part) }, t(`part.${part}`))),
            ),
          ),
        ),
        figures(releases, periods, chosen, (wanted) => {
          chosen = wanted;
          void redraw();
        }),
        signals(found),
        early(found.earlyWarning),
        barometer(found.barometer),
        reports(found.reports ?? [], gateway, token),
      ],
    };
  };
}

/** To a part of the page; the address stays as it is. */
function leap(part: string): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    const heading = document.getElementById(part);
    heading?.focus();
    heading?.scrollIntoView();
  };
}

function heading(part: "figures" | "signals" | "early" | "barometer" | "reports"): HTMLElement {
  return h("h2", { id: part, tabindex: -1 }, t(`part.${part}`));
}

// Figures --------------------------------------------------------------------------------------

function figures(releases: Answer[], periods: string[], chosen: string, choose: (period: string) => void): Child {
  if (!periods.length) return [heading("figures"), h("p", {}, t("figures.none"))];
  const here = releases.filter((each) => each.period === chosen);
  const total = here.find((each) => each.total !== null);
  const pictured = here.filter((each) => each.dimension !== "total" && rowsOf(each).length > 1);
  return [
    heading("figures"),
    h(
      "div",
      { class: "choose" },
      select({
        id: "period",
        label: t("figures.period"),
        value: chosen,
        groups: [{ options: periods.map((code) => ({ code, label: period(code) })) }],
        onchange: (code) => code && choose(code),
      }),
    ),
    total &&
      h(
        "p",
        { class: "headline" },
        h("strong", {}, number(total.total)),
        h("span", {}, total.totalMargin ? t("figures.total.margin", { period: period(chosen), margin: number(total.totalMargin) }) : t("figures.total", { period: period(chosen) })),
      ),
    h("p", { class: "hint" }, t("figures.more")),
    overTime(releases, chosen),
    pictured.map((release) => {
      const title = titleOf(release);
      const rows = rowsOf(release);
      return [
        h("h3", {}, title),
        beside(isShown(rows.map(({ cell }) => cell)) ? bars(title, rows) : null, table(title, [t("figures.cases")], rows.map(({ label, cell }) => ({ label, cells: [cell] })))),
      ];
    }),
    h("p", { class: "note" }, t(here[0]?.policy === "EXACT" ? "figures.exact" : "figures.noisy")),
  ];
}

/** The totals of all periods that are as long as this one. */
function overTime(releases: Answer[], chosen: string): Child {
  const alike = releases.filter((each) => each.dimension === "total" && lengthOf(each.period) === lengthOf(chosen));
  if (alike.length < 2) return null;
  const title = t("figures.time");
  const periods = alike.map((each) => each.period as string);
  const cells: Cell[] = alike.map((each) =>
    each.total === null ? { kind: "WITHHELD" } : { kind: "SHOWN", value: each.total, margin: each.totalMargin },
  );
  return [
    h("h3", {}, title),
    beside(
      lines(title, periods, [{ label: t("figures.cases"), cells }]),
      table(title, [t("figures.cases")], periods.map((each, at) => ({ label: period(each), cells: [cells[at]!] }))),
    ),
  ];
}

function lengthOf(code: string): string {
  return code.slice(4, 6);
}

function titleOf(release: Answer): string {
  const key = TITLES[release.dimension];
  return key ? t(key) : t("by.other", { dimension: release.dimension });
}

/** What is shown, the most first; then what is not. */
function rowsOf(release: Answer): { label: string; cell: Cell }[] {
  const label = (code: string): string => release.labels.find((each: Answer) => each.code === code)?.label ?? code;
  const shown = [...release.cells].sort((a: Answer, b: Answer) => b.count - a.count);
  const hidden = (release.withheld?.codes ?? []) as string[];
  return [
    ...shown.map((each: Answer) => ({
      label: label(each.code),
      cell: { kind: "SHOWN", value: each.count, margin: each.margin } as Cell,
    })),
    ...hidden.map((code, at): { label: string; cell: Cell } => {
      const threshold = release.withheld.thresholds[at];
      return { label: label(code), cell: threshold ? { kind: "BELOW", threshold } : { kind: "WITHHELD" } };
    }),
  ];
}

// Signals --------------------------------------------------------------------------------------

function signals({ signals: told, signalCodes }: Answer): Child {
  const label = (list: string, code: string): string => signalCodes[list].find((each: Answer) => each.code === code)?.label ?? code;
  return [
    heading("signals"),
    h("p", {}, t("signals.lead")),
    told?.length
      ? h(
          "ul",
          { class: "cards" },
          told.map(({ content, withdrawn, text, releasedWeek }: Answer) =>
            content
              ? h(
                  "li",
                  {},
                  h("p", { class: `direction ${content.direction}` }, label("directions", content.direction)),
                  h("h3", {}, label("themes", content.theme)),
                  h("p", {}, [period(content.period), content.placeName || t("signals.everywhere")].join(" · ")),
                  text && h("p", {}, text),
                  content.causes.length > 0 && h("p", {}, t("signals.causes"), content.causes.map((code: string) => label("causes", code)).join(", ")),
                  content.aims.length > 0 && h("p", {}, t("signals.aims"), content.aims.map((code: string) => label("aims", code)).join(", ")),
                  h("p", { class: "hint" }, t("signals.released", { week: week(releasedWeek) }), content.judged && ` ${t("signals.judged")}`),
                )
              : h("li", {}, h("p", {}, t("signals.withdrawn", { week: week(withdrawn.week), reason: label("withdrawalReasons", withdrawn.reason) }))),
          ),
        )
      : h("p", {}, t("signals.none")),
  ];
}

// Early warnings -------------------------------------------------------------------------------

function early(found: Answer | null): Child {
  if (!found) return [heading("early"), h("p", {}, t("early.none"))];
  const newest = new Map<string, Answer>();
  for (const trend of found.trends) newest.set(`${trend.dimension} ${trend.cell}`, trend);
  const moving = [...newest.values()]
    .filter(({ kind }) => MOVING.includes(kind))
    .sort((a, b) => MOVING.indexOf(a.kind) - MOVING.indexOf(b.kind));
  return [
    heading("early"),
    found.warnings.length
      ? h("ul", { class: "cards" }, found.warnings.map(({ label, sentence, period: when }: Answer) =>
          h("li", { class: "warns" }, h("h3", {}, label), h("p", {}, period(when)), h("p", {}, sentence)),
        ))
      : h("p", {}, t("early.none")),
    moving.length > 0 && [
      h("h3", {}, t("early.trends")),
      h("ul", { class: "moves" }, moving.map(({ kind, sentence }) => h("li", {}, h("span", { class: "badge" }, t(`trend.${kind}` as Key)), ` ${sentence}`))),
    ],
    found.unwatched.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, t("early.unwatched")),
        h("ul", {}, found.unwatched.map(({ sentence }: Answer) => h("li", {}, sentence))),
      ),
  ];
}

// Barometer ------------------------------------------------------------------------------------

function barometer(found: Answer | null): Child {
  if (!found) return [heading("barometer"), h("p", {}, t("barometer.none"))];
  const measured = found.components.filter((each: Answer) => each.score !== null);
  const missing = found.components.filter((each: Answer) => each.score === null);
  const title = t("barometer.parts");
  const points = (value: number | null): Cell => (value === null ? { kind: "ABSENT" } : { kind: "SHOWN", value });
  return [
    heading("barometer"),
    h("p", {}, t("barometer.lead")),
    found.index === null
      ? h("p", { class: "note" }, found.reason)
      : h(
          "div",
          { class: "dial" },
          h("p", { class: "headline" }, h("strong", {}, number(found.index)), h("span", {}, t("barometer.index", { period: period(found.period), low: found.low, high: found.high, coverage: found.coverage }))),
          s(
            "svg",
            { width: "100%", height: 34, role: "img", "aria-label": t("barometer.picture", { index: found.index, low: found.low, high: found.high }) },
            s("rect", { class: "dial-all", x: 0, y: 12, width: "100%", height: 10, rx: 5 }),
            s("rect", { class: "dial-range", x: `${found.low}%`, y: 12, width: `${found.high - found.low}%`, height: 10 }),
            s("line", { class: "dial-at", x1: `${found.index}%`, x2: `${found.index}%`, y1: 3, y2: 31 }),
          ),
          h("p", { class: "ends", "aria-hidden": "true" }, h("span", {}, "0"), h("span", {}, "100")),
        ),
    measured.length > 0 && [
      h("h3", {}, title),
      beside(
        bars(title, measured.map(({ name, score, low, high }: Answer) => ({ label: name, cell: points(score), low, high })), 100),
        table(
          title,
          [t("barometer.points"), t("barometer.low"), t("barometer.high"), t("barometer.weight")],
          measured.map(({ name, score, low, high, weight }: Answer) => ({ label: name, cells: [points(score), points(low), points(high), points(weight)] })),
        ),
      ),
    ],
    missing.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, t("barometer.missing")),
        h("ul", {}, missing.map(({ name, reason }: Answer) => h("li", {}, `${name}: ${reason}`))),
      ),
  ];
}

// Reports --------------------------------------------------------------------------------------

function reports(all: Answer[], gateway: Gateway, token: string): Child {
  const published = all.filter(({ status }) => status === "PUBLISHED");
  return [
    heading("reports"),
    published.length
      ? h(
          "ul",
          { class: "plain" },
          published.map(({ id, period: code }) =>
            h("li", {}, h("button", { type: "button", class: "quiet", id: `report-${id}`, onclick: () => show(report(gateway, token, id)) }, t("reports.read", { period: period(code) }))),
          ),
        )
      : h("p", {}, t("reports.none")),
  ];
}
