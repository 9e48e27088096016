/** Form fields: each has a label that belongs to it, and says by itself what is wrong with it. */

import { type Child, h } from "./dom.js";
import { t } from "./language.js";
import { sentenceOf } from "./page.js";

export interface Option {
  readonly code: string;
  readonly label: string;
  /** Said below the label. */
  readonly hint?: string;
}

interface About {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onchange: (value: string) => void;
  readonly optional?: boolean;
}

/** One of a few, all of which are seen. */
export function radios(about: About & { readonly options: readonly Option[] }): HTMLElement {
  const { id, options, value } = about;
  return h(
    "fieldset",
    { id, "aria-describedby": describedBy(about) },
    h("legend", {}, about.label),
    hintOf(about),
    options.map((option, at) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type: "radio",
          name: id,
          id: `${id}-${at}`,
          value: option.code,
          checked: option.code === value,
          required: !about.optional,
          "aria-describedby": option.hint ? `${id}-${at}-hint` : null,
          onchange: () => about.onchange(option.code),
        }),
        h("span", {}, option.label, option.hint && h("small", { id: `${id}-${at}-hint` }, option.hint)),
      ),
    ),
  );
}

/** One of many. `groups`: each with its own heading. */
export function select(
  about: About & { readonly groups: readonly { readonly label?: string; readonly options: readonly Option[] }[] },
): HTMLElement {
  const chosen = (option: Option) =>
    h("option", { value: option.code, selected: option.code === about.value }, option.label);
  return h(
    "div",
    { class: "field" },
    labelOf(about),
    hintOf(about),
    h(
      "select",
      {
        id: about.id,
        required: !about.optional,
        "aria-describedby": describedBy(about),
        onchange: (event) => about.onchange((event.target as HTMLSelectElement).value),
      },
      h("option", { value: "", selected: !about.value }, about.optional ? t("choose.optional") : t("choose")),
      about.groups.map(({ label, options }) =>
        label ? h("optgroup", { label }, options.map(chosen)) : options.map(chosen),
      ),
    ),
  );
}

/** A line or, with `rows`, a text. Nothing of it is kept, completed or spelt elsewhere. */
export function text(
  about: About & { readonly rows?: number; readonly secret?: boolean; readonly type?: string },
): HTMLElement {
  const kept = {
    id: about.id,
    value: about.value,
    required: !about.optional,
    autocomplete: "off",
    // What is typed may not be sent to a spelling service.
    spellcheck: "false",
    autocapitalize: about.rows ? null : "none",
    "aria-describedby": describedBy(about),
    oninput: (event: Event) => about.onchange((event.target as HTMLInputElement).value),
  };
  const box = about.rows
    ? h("textarea", { ...kept, rows: about.rows })
    : h("input", { ...kept, type: about.secret ? "password" : (about.type ?? "text") });
  return h("div", { class: "field" }, labelOf(about), hintOf(about), box);
}

/** Agreeing to one sentence. */
export function tick(about: Omit<About, "value"> & { readonly value: boolean }): HTMLElement {
  return h(
    "label",
    { class: "choice" },
    h("input", {
      type: "checkbox",
      id: about.id,
      checked: about.value,
      required: true,
      onchange: (event) => about.onchange((event.target as HTMLInputElement).checked ? "yes" : ""),
    }),
    h("span", {}, about.label),
  );
}

/**
 * A form with one button. While `send` runs the button waits; what goes wrong is said above it, and what
 * was filled in stays.
 */
export function form(
  { id, button, send, quiet }: {
    readonly id: string;
    readonly button: string;
    readonly send: () => Promise<unknown> | unknown;
    readonly quiet?: boolean;
  },
  ...children: Child[]
): HTMLFormElement {
  const wrong = h("div", { id: `${id}-wrong`, "aria-live": "assertive" });
  const submit = h("button", { type: "submit", id: `${id}-send`, class: quiet ? "quiet" : null }, button);
  const sending = async (event: Event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-disabled")) return;
    submit.setAttribute("aria-disabled", "true");
    submit.textContent = t("busy");
    wrong.replaceChildren();
    try {
      await send();
    } catch (error) {
      wrong.replaceChildren(h("p", { class: "note bad" }, sentenceOf(error)));
    } finally {
      submit.removeAttribute("aria-disabled");
      submit.textContent = button;
    }
  };
  return h("form", { id, onsubmit: sending }, children, wrong, h("p", { class: "actions" }, submit));
}

function labelOf({ id, label, optional }: About): HTMLElement {
  return h("label", { for: id }, label, optional && h("small", {}, ` (${t("optional")})`));
}

function hintOf(about: About): Child {
  return about.hint && h("p", { class: "hint", id: `${about.id}-hint` }, about.hint);
}

function describedBy(about: About): string | null {
  return about.hint ? `${about.id}-hint` : null;
}
