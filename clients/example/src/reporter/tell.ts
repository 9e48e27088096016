/** Opening a case: what is told first, what it is about, the words, the code, and only then sending. */

import { type ReporterCode, readersOf, reporterToken } from "hoeksteen-client";

import { type Child, h } from "../dom.js";
import { type Option, form, radios, select, text, tick } from "../fields.js";
import { GATEWAY, type Answer, Gateway, base64, once } from "../gateway.js";
import { current, inSchema, t } from "../language.js";
import { type View, say, show } from "../page.js";
import { DIRECTORY, sealed } from "../thread.js";
import { mine } from "./back.js";

const FIRST = `query ($language: Language!) {
  organisation { ${DIRECTORY} }
  adviserChoices { adviserId name languages expertise availability }
  openingStatement(language: $language) { version points { code kind text } }
  taxonomy(language: $language) {
    categories { code label parent } reporterRoles { code label } relations { code label }
    anonymity { code label }
  }
}`;

interface Draft {
  readonly organisation: string;
  readonly code: ReporterCode;
  readonly gateway: Gateway;
  readonly opening: ReturnType<typeof once>;
  read: boolean;
  adviser: string;
  category: string;
  role: string;
  relation: string;
  unit: string;
  anonymity: string;
  words: string;
  kept: string;
}

/** The first of five steps. Until the last nothing has left the browser but questions. */
export function tell(organisation: string, code: ReporterCode): View {
  const draft: Draft = {
    organisation,
    code,
    gateway: new Gateway(reporterToken(code, organisation, { url: GATEWAY })),
    opening: once(),
    read: false,
    adviser: "",
    category: "",
    role: "",
    relation: "",
    unit: "",
    anonymity: "anonymous",
    words: "",
    kept: "",
  };
  return reading(draft);
}

const answers = new Map<string, Promise<Answer>>();

/** Asked once for each language and code. */
function first({ gateway, code }: Draft): Promise<Answer> {
  const name = `${code.caseId} ${current()}`;
  const asked = answers.get(name) ?? gateway.ask(FIRST, { language: inSchema() });
  answers.clear();
  answers.set(name, asked);
  asked.catch(() => answers.delete(name));
  return asked;
}

function steps(at: number): Child {
  return h("p", { class: "step" }, t("tell.step", { at, of: 4 }));
}

function reading(draft: Draft): View {
  return async () => {
    const { openingStatement, organisation } = await first(draft);
    if (!organisation) throw new Error(t("organisation.unknown"));
    const points = (kind: string) =>
      openingStatement.points
        .filter((point: Answer) => point.kind === kind)
        .map((point: Answer) => h("li", {}, point.text));
    return {
      title: t("tell.read.title"),
      body: [
        steps(1),
        h("p", {}, t("tell.read.lead", { organisation: organisation.name })),
        h("h2", {}, t("tell.read.covers")),
        h("ul", { class: "ticks" }, points("COVERS")),
        h("h2", {}, t("tell.read.ends")),
        h("ul", { class: "bounds" }, points("ENDS")),
        form(
          { id: "read", button: t("next"), send: () => show(about(draft)) },
          tick({ id: "read-it", label: t("tell.read.tick"), value: draft.read, onchange: (on) => (draft.read = on !== "") }),
        ),
      ],
    };
  };
}

function about(draft: Draft): View {
  return async () => {
    const { organisation, adviserChoices, taxonomy } = await first(draft);
    const choices = advisers(organisation, adviserChoices);
    if (choices.length === 1) draft.adviser = choices[0]!.code;
    return {
      title: t("tell.about.title"),
      body: [
        steps(2),
        h("p", {}, t("tell.about.lead")),
        form(
          { id: "about", button: t("next"), send: () => show(writing(draft)) },
          choices.length
            ? radios({
                id: "adviser",
                label: t("tell.adviser"),
                value: draft.adviser,
                options: choices,
                onchange: (code) => (draft.adviser = code),
              })
            : h("p", { class: "note bad" }, t("tell.adviser.none")),
          select({
            id: "category",
            label: t("tell.category"),
            hint: t("tell.category.hint"),
            value: draft.category,
            groups: grouped(taxonomy.categories),
            onchange: (code) => (draft.category = code),
          }),
          select({
            id: "relation",
            label: t("tell.relation"),
            value: draft.relation,
            groups: [{ options: taxonomy.relations }],
            onchange: (code) => (draft.relation = code),
          }),
          select({
            id: "role",
            label: t("tell.role"),
            value: draft.role,
            groups: [{ options: taxonomy.reporterRoles }],
            onchange: (code) => (draft.role = code),
          }),
          organisation.units.length > 1 &&
            select({
              id: "unit",
              label: t("tell.unit"),
              value: draft.unit,
              optional: true,
              groups: [{ options: organisation.units.map(({ id, name }: Answer) => ({ code: id, label: name })) }],
              onchange: (code) => (draft.unit = code),
            }),
          radios({
            id: "anonymity",
            label: t("tell.anonymity"),
            value: draft.anonymity,
            options: taxonomy.anonymity,
            onchange: (code) => (draft.anonymity = code),
          }),
        ),
        backwards(reading(draft)),
      ],
    };
  };
}

/** Who can be chosen: who has a key to seal to and takes cases. */
function advisers(organisation: Answer, choices: readonly Answer[]): Option[] {
  return organisation.advisers
    .filter((adviser: Answer) => adviser.publicKey)
    .map((adviser: Answer) => {
      const choice = choices.find((each) => each.adviserId === adviser.id);
      const away = choice && choice.availability !== "AVAILABLE";
      return { code: adviser.id, label: adviser.name, ...(away && { hint: t(choice.availability === "FULL" ? "tell.adviser.full" : "tell.adviser.absent") }) };
    });
}

/** Categories below their main ones. Each main one can be chosen too. */
function grouped(categories: readonly Answer[]): { label: string; options: Option[] }[] {
  return categories
    .filter(({ parent }) => !parent)
    .map((main) => {
      const below = categories.filter(({ parent }) => parent === main.code) as Answer[];
      const options = [...below, { code: main.code, label: below.length ? t("tell.category.general", { category: main.label }) : main.label }];
      return { label: main.label as string, options: options as Option[] };
    });
}

function writing(draft: Draft): View {
  return () => ({
    title: t("tell.write.title"),
    body: [
      steps(3),
      h("p", {}, t("tell.write.lead")),
      form(
        { id: "write", button: t("next"), send: () => show(keeping(draft)) },
        text({
          id: "words",
          label: t("tell.words"),
          hint: t("tell.words.hint"),
          value: draft.words,
          rows: 10,
          onchange: (words) => (draft.words = words),
        }),
      ),
      backwards(about(draft)),
    ],
  });
}

function keeping(draft: Draft): View {
  // One word is asked back: who has it has the list before them.
  const asked = 1 + (parseInt(draft.code.caseId.slice(0, 2), 16) % 12);
  const words = draft.code.words.split(" ");
  const copy = async () => {
    await navigator.clipboard.writeText(draft.code.words);
    say(t("tell.keep.copied"));
    const button = document.getElementById("copy");
    if (button) button.textContent = t("tell.keep.copied");
  };
  return () => ({
    title: t("tell.keep.title"),
    body: [
      steps(4),
      h("p", {}, t("tell.keep.lead")),
      h(
        "section",
        { class: "code", "aria-labelledby": "code-name" },
        h("h2", { id: "code-name" }, t("tell.keep.code")),
        h("ol", {}, words.map((word) => h("li", { lang: "en", translate: "no" }, word))),
        h("p", { class: "paper" }, location.href),
      ),
      h(
        "p",
        { class: "actions noprint" },
        h("button", { type: "button", class: "quiet", id: "copy", onclick: copy }, t("tell.keep.copy")),
        h("button", { type: "button", class: "quiet", onclick: () => print() }, t("tell.keep.print")),
      ),
      h("p", { class: "note" }, t("tell.keep.lost")),
      form(
        { id: "keep", button: t("tell.send"), send: () => send(draft, words[asked - 1]!, asked) },
        text({
          id: "kept",
          label: t("tell.keep.ask", { asked }),
          hint: t("tell.keep.ask.hint"),
          value: draft.kept,
          onchange: (word) => (draft.kept = word),
        }),
      ),
      backwards(writing(draft)),
    ],
  });
}

async function send(draft: Draft, word: string, asked: number): Promise<void> {
  if (draft.kept.trim().toLowerCase() !== word) throw new Error(t("tell.keep.wrong", { asked }));
  const { organisation, openingStatement } = await first(draft);
  const { code, gateway } = draft;
  const place = { organisation: draft.organisation, case: code.caseId };
  const facts = {
    caseId: code.caseId,
    adviserId: draft.adviser,
    replyKey: base64(code.key.publicKey),
    channel: "form",
    anonymity: draft.anonymity,
    reporterRole: draft.role,
    relation: draft.relation,
    category: draft.category,
    unitId: draft.unit || null,
    statement: { version: openingStatement.version, language: inSchema(), how: "READ" },
  };
  const input = await draft.opening(JSON.stringify([facts, draft.words]), async () => ({
    ...facts,
    ...(await sealed(draft.words, readersOf(organisation, draft.adviser, code.key), place)),
  }));
  await gateway.change("openCase", input);
  const adviser = organisation.advisers.find(({ id }: Answer) => id === draft.adviser).name;
  const recovery = organisation.recoveryKeys.some(({ state }: Answer) => state === "CURRENT");
  draft.words = "";
  await show(() => ({
    title: t("tell.sent.title"),
    body: [
      h("p", { class: "lead" }, t(recovery ? "tell.sent.lead.recovery" : "tell.sent.lead", { adviser })),
      h("h2", {}, t("tell.sent.next")),
      h("ul", { class: "ticks" }, [
        h("li", {}, t("tell.sent.1")),
        h("li", {}, t("tell.sent.2")),
        h("li", {}, t("tell.sent.3")),
      ]),
      h(
        "p",
        { class: "actions" },
        h("button", { type: "button", id: "to-case", onclick: () => show(mine(draft.organisation, code)) }, t("tell.sent.case")),
      ),
    ],
  }));
}

function backwards(view: View): HTMLElement {
  return h(
    "p",
    { class: "actions noprint" },
    h("button", { type: "button", class: "quiet", onclick: () => show(view) }, t("previous")),
  );
}
