/** The reporter's page: tell something, or come back with a code. */

import { ReporterCode } from "hoeksteen-client";

import { h } from "../dom.js";
import { form, text } from "../fields.js";
import { t } from "../language.js";
import { begin, show } from "../page.js";
import { back } from "./back.js";
import { tell } from "./tell.js";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which organisation it is stands behind the # of the address: that part is sent to no server. */
export function organisationOf(fragment: string): string {
  const named = new URLSearchParams(fragment.replace(/^#/, "")).get("organisation") ?? "";
  return UUID.test(named) ? named.toLowerCase() : "";
}

let typed = "";

function whichOrganisation() {
  const go = () => {
    if (!UUID.test(typed.trim())) throw new Error(t("organisation.wrong"));
    location.hash = `organisation=${typed.trim().toLowerCase()}`;
  };
  return {
    title: t("home.title"),
    body: [
      h("p", { class: "lead" }, t("home.lead")),
      form(
        { id: "organisation", button: t("next"), send: go },
        text({
          id: "organisation-id",
          label: t("organisation.label"),
          hint: t("organisation.hint"),
          value: typed,
          onchange: (value) => (typed = value),
        }),
      ),
    ],
  };
}

function home(organisation: string) {
  return {
    title: t("home.title"),
    body: [
      h("p", { class: "lead" }, t("home.lead")),
      h(
        "div",
        { class: "ways" },
        h(
          "button",
          { type: "button", class: "way", id: "way-tell", onclick: async () => show(tell(organisation, await ReporterCode.generate())) },
          h("strong", {}, t("home.tell")),
          h("span", {}, t("home.tell.hint")),
        ),
        h(
          "button",
          { type: "button", class: "way", id: "way-back", onclick: () => show(back(organisation)) },
          h("strong", {}, t("home.back")),
          h("span", {}, t("home.back.hint")),
        ),
      ),
      h("h2", {}, t("home.how")),
      h("ul", { class: "ticks" }, [h("li", {}, t("home.how.1")), h("li", {}, t("home.how.2")), h("li", {}, t("home.how.3"))]),
      h("p", { class: "note" }, t("home.device")),
    ],
  };
}

async function capable(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
    return true;
  } catch {
    return false;
  }
}

function start(): void {
  const organisation = organisationOf(location.hash);
  void show(() => (organisation ? home(organisation) : whichOrganisation()));
}

begin({ here: "tell", leave: true });
if (await capable()) {
  addEventListener("hashchange", start);
  start();
} else {
  void show(() => ({ title: t("home.title"), body: h("p", { class: "note bad" }, t("old.browser")) }));
}
