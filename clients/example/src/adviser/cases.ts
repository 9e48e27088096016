/** An adviser's own cases: a list, and one that is open. */

import { type AdviserKey, keyIdOf, readersOf } from "hoeksteen-client";

import { type Child, h } from "../dom.js";
import { form, select, text } from "../fields.js";
import { type Answer, type Gateway, bytes, once } from "../gateway.js";
import { inSchema, t, week } from "../language.js";
import { type View, redraw, say, show } from "../page.js";
import { DIRECTORY, said, sealed, thread } from "../thread.js";

/** Who works here, with what. */
export interface Adviser {
  readonly gateway: Gateway;
  readonly key: AdviserKey;
  readonly organisation: string;
  readonly adviser: string;
  readonly name: string;
}

const CODES = `taxonomy(language: $language) {
  categories { code label } reporterRoles { code label } relations { code label }
  channels { code label } anonymity { code label } outcomes { code label } routes { code label }
  conversationModes { code label } interventions { code label }
}`;

const LIST = `query ($language: Language!, $after: String) {
  ${CODES}
  cases(first: 50, after: $after) {
    edges { node { id status category openedWeek conversations reseal } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const ONE = `query ($language: Language!, $id: ID!) {
  ${CODES}
  organisation { ${DIRECTORY} }
  case(id: $id) {
    status channel anonymity reporterRole relation category unitId outcome route openedWeek replyKey
    entries { kind week version code ref signature signedBy sealed { keyId ciphertext } }
  }
}`;

/** The list, newest first, a page of fifty at a time. */
export function cases(adviser: Adviser): View {
  const pages: (string | null)[] = [null];
  return async () => {
    const after = pages[pages.length - 1] ?? null;
    const { cases: found, taxonomy } = await adviser.gateway.ask(LIST, { language: inSchema(), after });
    const rows = found.edges.map(({ node }: Answer) =>
      h(
        "tr",
        {},
        h(
          "th",
          { scope: "row" },
          h(
            "button",
            { type: "button", class: "link", id: `case-${node.id}`, onclick: () => show(one(adviser, node.id)) },
            labelOf(taxonomy.categories, node.category),
          ),
        ),
        h("td", {}, h("span", { class: `badge ${node.status.toLowerCase()}` }, t(node.status === "OPEN" ? "case.open" : "case.closed"))),
        h("td", {}, week(node.openedWeek)),
      ),
    );
    return {
      title: t("cases.title"),
      body: [
        h("p", { class: "lead" }, t("cases.lead", { name: adviser.name })),
        h("p", { class: "actions" }, h("button", { type: "button", class: "quiet", id: "look", onclick: look }, t("mine.look"))),
        rows.length
          ? h(
              "div",
              { class: "scroll", tabindex: 0, role: "region", "aria-label": t("cases.title") },
              h(
                "table",
                {},
                h("caption", { class: "unseen" }, t("cases.title")),
                h("thead", {}, h("tr", {}, [t("cases.about"), t("cases.state"), t("cases.since")].map((name) => h("th", { scope: "col" }, name)))),
                h("tbody", {}, rows),
              ),
            )
          : h("p", {}, t("cases.none")),
        h(
          "p",
          { class: "actions" },
          pages.length > 1 && h("button", { type: "button", class: "quiet", onclick: () => (pages.pop(), redraw()) }, t("previous")),
          found.pageInfo.hasNextPage &&
            h("button", { type: "button", class: "quiet", onclick: () => (pages.push(found.pageInfo.endCursor), redraw()) }, t("next")),
        ),
      ],
    };
  };
}

function one(adviser: Adviser, id: string): View {
  const { gateway, key } = adviser;
  const place = { organisation: adviser.organisation, case: id };
  const draft = { words: "", outcome: "", route: "", message: once() };
  let shown: Answer = {};

  const carry = async (name: string, input: Answer, done: string) => {
    await gateway.change(name, { caseId: id, ...input });
    await redraw();
    say(done);
  };

  const answer = async () => {
    const input = await draft.message(draft.words, async () => {
      const { organisation, case: found } = shown;
      const publicKey = bytes(found.replyKey);
      const reporter = { keyId: await keyIdOf(publicKey), publicKey };
      const own = readersOf(organisation, adviser.adviser, key);
      // A key that stands in the directory without its signing half signs nothing.
      const signs = organisation.advisers.some((each: Answer) => each.keyId === key.keyId && each.signingKey);
      return { caseId: id, ...(await sealed(draft.words, [...own, reporter], place, signs ? key : undefined)) };
    });
    await gateway.change("sendMessage", input);
    Object.assign(draft, { words: "", message: once() });
    await redraw();
    say(t("case.sent"));
  };

  return async () => {
    shown = await gateway.ask(ONE, { language: inSchema(), id });
    const { case: found, organisation, taxonomy } = shown;
    if (!found) return { title: t("cases.title"), body: h("p", { class: "note bad" }, t("case.none")) };
    draft.outcome ||= found.outcome ?? "";
    draft.route ||= found.route ?? "";
    const spoken = await Promise.all(
      found.entries.filter(({ sealed: copies }: Answer) => copies.length).map((entry: Answer) => {
        const reporters = entry.code === "reporter" || (entry.kind === "CaseOpened" && !entry.signature && found.replyKey);
        const by = { own: !reporters, name: reporters ? t("reporter") : adviser.name };
        const attachmentId = entry.kind === "FileAttached" ? entry.ref : null;
        return said({ ...entry, attachmentId }, by, key, place, organisation);
      }),
    );
    const unit = organisation.units.find((each: Answer) => each.id === found.unitId);
    const open = found.status === "OPEN";
    const facts: [string, string | null | undefined][] = [
      [t("cases.state"), t(open ? "case.open" : "case.closed")],
      [t("cases.since"), week(found.openedWeek)],
      [t("case.relation"), labelOf(taxonomy.relations, found.relation)],
      [t("case.role"), labelOf(taxonomy.reporterRoles, found.reporterRole)],
      [t("case.unit"), unit?.name],
      [t("case.channel"), labelOf(taxonomy.channels, found.channel)],
      [t("case.anonymity"), labelOf(taxonomy.anonymity, found.anonymity)],
      [t("case.outcome"), found.outcome && labelOf(taxonomy.outcomes, found.outcome)],
      [t("case.route"), found.route && labelOf(taxonomy.routes, found.route)],
    ];
    return {
      title: labelOf(taxonomy.categories, found.category),
      changes: (signal) => gateway.changes("subscription ($id: ID!) { caseChanged(id: $id) { status } }", { id }, signal),
      body: [
        h(
          "p",
          { class: "actions" },
          h("button", { type: "button", class: "quiet", id: "to-list", onclick: () => show(cases(adviser)) }, t("cases.back")),
          h("button", { type: "button", class: "quiet", id: "look", onclick: look }, t("mine.look")),
        ),
        h("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
        h("h2", {}, t("mine.said")),
        thread(spoken),
        open && found.replyKey
          ? form(
              { id: "answer", button: t("case.answer.send"), send: answer },
              text({
                id: "reply",
                label: t("case.answer"),
                hint: t("case.answer.hint"),
                value: draft.words,
                rows: 5,
                onchange: (words) => (draft.words = words),
              }),
            )
          : open && h("p", { class: "hint" }, t("case.no.code")),
        open && ending(found, taxonomy),
      ],
    };
  };

  function ending(found: Answer, taxonomy: Answer): Child {
    return [
      h("h2", {}, t("case.end")),
      form(
        {
          id: "outcome",
          button: t("case.outcome.save"),
          quiet: true,
          send: () => carry("recordOutcome", { outcome: draft.outcome, route: draft.route }, t("case.outcome.saved")),
        },
        select({
          id: "outcome-code",
          label: t("case.outcome"),
          value: draft.outcome,
          groups: [{ options: taxonomy.outcomes }],
          onchange: (code) => (draft.outcome = code),
        }),
        select({
          id: "route-code",
          label: t("case.route"),
          value: draft.route,
          groups: [{ options: taxonomy.routes }],
          onchange: (code) => (draft.route = code),
        }),
      ),
      found.outcome &&
        form(
          { id: "close", button: t("case.close"), send: () => carry("closeCase", {}, t("case.closed.said")) },
          h("p", {}, t("case.close.hint")),
        ),
    ];
  }
}

function labelOf(terms: readonly Answer[], code: string): string {
  return terms.find((term) => term.code === code)?.label ?? code;
}

async function look(): Promise<void> {
  await redraw();
  say(t("mine.looked"));
}
