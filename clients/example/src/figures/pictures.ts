/**
 * Pictures of released figures. What is not shown has no length: its row holds the same dotted line
 * whatever it is below of, and no scale is made of it. Beside every picture stands the table that says
 * the same; the picture itself is one image with one sentence.
 */

import { h, s } from "../dom.js";
import { number, t } from "../language.js";

/** A figure, or why there is none. */
export interface Cell {
  readonly kind: "SHOWN" | "BELOW" | "WITHHELD" | "ABSENT" | "SAID";
  readonly value?: number | null;
  readonly margin?: number | null;
  readonly decimals?: number | null;
  readonly threshold?: number | null;
  readonly text?: string | null;
}

/** One bar. `low` and `high`, where they are given, are its bounds; else they follow from its margin. */
export interface Bar {
  readonly label: string;
  readonly cell: Cell;
  readonly low?: number | null;
  readonly high?: number | null;
}

/** One line over the periods. */
export interface Line {
  readonly label: string;
  readonly cells: readonly Cell[];
}

/** A cell as people read it. */
export function printed(cell: Cell): string {
  const places = cell.decimals ?? 0;
  switch (cell.kind) {
    case "SHOWN":
      return cell.margin
        ? `${number(cell.value ?? 0, places)} ± ${number(cell.margin, places)}`
        : number(cell.value ?? 0, places);
    case "BELOW":
      return t("cell.below", { threshold: cell.threshold ?? "" });
    case "WITHHELD":
      return t("cell.withheld");
    case "ABSENT":
      return t("cell.absent");
    case "SAID":
      return cell.text ?? "";
  }
}

/** A picture with its table beside it, or below it where the table is wide. None where nothing is shown. */
export function beside(picture: HTMLElement | null, table: HTMLElement): HTMLElement {
  const wide = table.querySelectorAll("thead th").length > 2;
  return picture ? h("div", { class: wide ? "beside above" : "beside" }, picture, table) : table;
}

/** Whether a picture of these cells would show something. */
export function isShown(cells: readonly Cell[]): boolean {
  return cells.some(({ kind }) => kind === "SHOWN");
}

/** A table of words and figures. `names` head the columns behind the first. */
export function table(
  title: string,
  names: readonly string[],
  rows: readonly { readonly label: string; readonly cells: readonly Cell[] }[],
  first = "",
): HTMLElement {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
    h(
      "table",
      { class: "figures" },
      h("caption", { class: "unseen" }, title),
      h(
        "thead",
        {},
        h("tr", {}, first ? h("th", { scope: "col" }, first) : h("td", {}), names.map((name) => h("th", { scope: "col" }, name))),
      ),
      h(
        "tbody",
        {},
        rows.map(({ label, cells }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, label),
            cells.map((cell) => h("td", { class: cell.kind === "SAID" ? null : cell.kind === "SHOWN" ? "number" : "none" }, printed(cell))),
          ),
        ),
      ),
    ),
  );
}

/** Bars below each other, with the margin as a whisker. `most`: the end of the scale, where it is fixed. */
export function bars(title: string, rows: readonly Bar[], most?: number): HTMLElement {
  const ends = rows.map((row) => boundsOf(row)[1]);
  const scale = most ?? niceAbove(Math.max(1, ...ends));
  const at = (value: number): string => `${(100 * Math.min(Math.max(value, 0), scale)) / scale}%`;
  const shown = rows.filter(({ cell }) => cell.kind === "SHOWN");
  const highest = [...shown].sort((a, b) => (b.cell.value ?? 0) - (a.cell.value ?? 0))[0];
  const sentence = highest
    ? t("picture.bars", { title, label: highest.label, value: printed(highest.cell), hidden: rows.length - shown.length })
    : t("picture.none", { title });
  return h(
    "div",
    { class: "picture", role: "img", "aria-label": sentence },
    rows.map((row) => {
      const [low, high] = boundsOf(row);
      return h(
        "div",
        { class: "bar-row" },
        h("span", { class: "bar-label" }, row.label),
        s(
          "svg",
          { class: "bar-box", width: "100%", height: 20 },
          row.cell.kind === "SHOWN"
            ? [
                s("rect", { class: "bar-fill", x: 0, y: 3, height: 14, width: at(row.cell.value ?? 0), rx: 2 }),
                high > low && s("line", { class: "whisker", x1: at(low), x2: at(high), y1: 10, y2: 10 }),
                high > low && s("line", { class: "whisker", x1: at(low), x2: at(low), y1: 5, y2: 15 }),
                high > low && s("line", { class: "whisker", x1: at(high), x2: at(high), y1: 5, y2: 15 }),
              ]
            : s("line", { class: "not-shown", x1: 0, x2: "100%", y1: 10, y2: 10 }),
        ),
        h("span", { class: "bar-value" }, printed(row.cell)),
      );
    }),
  );
}

const HEIGHT = 84;
const STEP = 68;
const EDGE = 28;

/** Small pictures, one for each line, all on one scale. A period that is not shown leaves a gap. */
export function lines(title: string, periods: readonly string[], rows: readonly Line[]): HTMLElement {
  const tops = rows.flatMap(({ cells }) => cells.map((cell) => (cell.kind === "SHOWN" ? (cell.value ?? 0) + (cell.margin ?? 0) : 0)));
  const scale = niceAbove(Math.max(1, ...tops));
  const width = 2 * EDGE + STEP * Math.max(1, periods.length - 1);
  const x = (at: number): number => EDGE + at * STEP;
  const y = (value: number): number => 8 + (HEIGHT - 16) * (1 - Math.min(Math.max(value, 0), scale) / scale);
  const pictures = rows.map(({ label, cells }) => {
    const drawn = cells.map((cell, at) => {
      if (cell.kind !== "SHOWN") return s("line", { class: "not-shown", x1: x(at), x2: x(at), y1: 8, y2: HEIGHT - 8 });
      const [value, margin] = [cell.value ?? 0, cell.margin ?? 0];
      const next = cells[at + 1];
      return [
        next?.kind === "SHOWN" && s("line", { class: "line", x1: x(at), x2: x(at + 1), y1: y(value), y2: y(next.value ?? 0) }),
        margin > 0 && s("line", { class: "whisker", x1: x(at), x2: x(at), y1: y(value - margin), y2: y(value + margin) }),
        s("circle", { class: "dot", cx: x(at), cy: y(value), r: 4 }),
      ];
    });
    return h(
      "div",
      { class: "small" },
      h("p", {}, label),
      s(
        "svg",
        { viewBox: `0 0 ${width} ${HEIGHT + 18}`, width, height: HEIGHT + 18 },
        s("line", { class: "ground", x1: 8, x2: width - 8, y1: HEIGHT - 8, y2: HEIGHT - 8 }),
        drawn,
        periods.map((period, at) => s("text", { class: "tick", x: x(at), y: HEIGHT + 12, "text-anchor": "middle" }, period)),
      ),
    );
  });
  const sentence = t("picture.lines", { title, first: periods[0] ?? "", last: periods[periods.length - 1] ?? "" });
  return h("div", { class: "picture smalls", role: "img", "aria-label": sentence }, pictures);
}

function boundsOf({ cell, low, high }: Bar): [number, number] {
  if (cell.kind !== "SHOWN") return [0, 0];
  const value = cell.value ?? 0;
  const margin = cell.margin ?? 0;
  return [low ?? Math.max(0, value - margin), high ?? value + margin];
}

/** 1, 2 or 5 times a power of ten, or half-way to it: the end of a scale. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 7.5, 10].find((step) => step * power >= value) ?? 10) * power;
}
