/** Coming back with a code: reading, answering, and what a reporter may ask for. */

import { ReporterCode, reporterToken } from "hoeksteen-client";

import { h } from "../dom.js";
import { form, text, tick } from "../fields.js";
import { type Answer, Gateway } from "../gateway.js";
import { t } from "../language.js";
import { type View, redraw, say, show } from "../page.js";
import { DIRECTORY, type Said, isSigned, opened, readersOf, sealed, thread } from "../thread.js";

const MINE = `{
  organisation { ${DIRECTORY} }
  myCase {
    id status adviserId inLogSince
    messages { sender week signature signedBy sealed { keyId ciphertext } attachmentId }
  }
}`;

const DATA = `{
  myData {
    caseId status adviserId taxonomyVersion period openedWeek channel anonymity reporterRole relation
    category unitId outcome route
    record { severity frequency onset impacts causes needs categories ownFirstStep }
    entries { kind week code attachmentId readable sealed { keyId ciphertext } }
  }
}`;

/** The form that takes the twelve words. */
export function back(organisation: string): View {
  let typed = "";
  const go = async () => {
    const code = await ReporterCode.fromWords(typed).catch(() => {
      throw new Error(t("back.wrong"));
    });
    typed = "";
    await show(mine(organisation, code));
  };
  return () => ({
    title: t("back.title"),
    body: [
      h("p", {}, t("back.lead")),
      form(
        { id: "back", button: t("back.open"), send: go },
        text({
          id: "code",
          label: t("back.code"),
          hint: t("back.code.hint"),
          value: typed,
          rows: 3,
          onchange: (words) => (typed = words),
        }),
      ),
    ],
  });
}

/** The case that belongs to the code. */
export function mine(place: string, code: ReporterCode): View {
  const gateway = new Gateway(reporterToken(code, place));
  const here = { organisation: place, case: code.caseId };
  const draft = { words: "", key: crypto.randomUUID(), erase: false, eraseKey: crypto.randomUUID() };
  let organisation: Answer = {};

  const answer = async () => {
    const found = await gateway.ask(MINE);
    const readers = [...readersOf(found.organisation, found.myCase.adviserId), code.key];
    await gateway.change(
      "sendMessage",
      { caseId: code.caseId, ...(await sealed(draft.words, readers, here)) },
      draft.key,
    );
    Object.assign(draft, { words: "", key: crypto.randomUUID() });
    await redraw();
    say(t("mine.sent"));
  };

  const erase = async () => {
    await gateway.change("requestErasure", { caseId: code.caseId, ground: "REPORTER" }, draft.eraseKey);
    await redraw();
    say(t("mine.erase.done"));
  };

  return async () => {
    const found = await gateway.ask(MINE);
    organisation = found.organisation ?? {};
    if (!found.myCase) {
      return { title: t("back.title"), body: h("p", { class: "note bad", role: "alert" }, t("back.none")) };
    }
    const { erasure } = await gateway.ask(
      `query ($id: ID!) { erasure(caseId: $id) { status } }`,
      { id: code.caseId },
    );
    const adviser = nameOf(organisation, found.myCase.adviserId);
    const said = await Promise.all(
      found.myCase.messages.map(async (message: Answer): Promise<Said> => {
        const own = message.sender === "REPORTER";
        return {
          by: own ? t("you") : adviser,
          week: message.week,
          words: message.attachmentId ? t("thread.file") : await opened(message.sealed, code.key, here),
          own,
          signed: await isSigned(message, organisation, here),
        };
      }),
    );
    const closed = found.myCase.status === "CLOSED";
    return {
      title: t("mine.title"),
      body: [
        h("p", { class: "lead", id: "state" }, t(closed ? "mine.closed" : "mine.open", { adviser })),
        h("p", { class: "actions" }, h("button", { type: "button", class: "quiet", id: "look", onclick: look }, t("mine.look"))),
        h("h2", {}, t("mine.said")),
        thread(said),
        !closed &&
          form(
            { id: "answer", button: t("mine.send"), send: answer },
            text({
              id: "reply",
              label: t("mine.answer"),
              hint: t("mine.answer.hint", { adviser }),
              value: draft.words,
              rows: 5,
              onchange: (words) => (draft.words = words),
            }),
          ),
        h("h2", {}, t("mine.yours")),
        found.myCase.inLogSince && h("p", {}, t("mine.log")),
        h(
          "details",
          {},
          h("summary", {}, t("mine.data")),
          h("p", {}, t("mine.data.hint")),
          h(
            "p",
            { class: "actions" },
            h("button", { type: "button", class: "quiet", id: "data", onclick: () => save(gateway, code, here) }, t("mine.data.save")),
          ),
        ),
        h(
          "details",
          {},
          h("summary", {}, t("mine.erase")),
          erasure
            ? h("p", {}, t("mine.erase.asked"))
            : form(
                { id: "erase", button: t("mine.erase.ask"), quiet: true, send: erase },
                h("p", {}, t("mine.erase.hint")),
                tick({ id: "erase-sure", label: t("mine.erase.sure"), value: draft.erase, onchange: (on) => (draft.erase = on !== "") }),
              ),
        ),
      ],
    };
  };

  async function look(): Promise<void> {
    await redraw();
    say(t("mine.looked"));
  }
}

function nameOf(organisation: Answer, adviserId: string): string {
  const all = [...(organisation.advisers ?? []), ...(organisation.formerAdvisers ?? [])];
  return all.find(({ id }) => id === adviserId)?.name ?? t("adviser");
}

/** All that is held, as one file, with the words opened here. */
async function save(gateway: Gateway, code: ReporterCode, place: { organisation: string; case: string }): Promise<void> {
  const { myData } = await gateway.ask(DATA);
  const entries = await Promise.all(
    myData.entries.map(async ({ sealed: copies, ...entry }: Answer) => ({
      ...entry,
      words: entry.readable ? await opened(copies, code.key, place) : null,
    })),
  );
  const file = new Blob([JSON.stringify({ ...myData, entries }, null, 2)], { type: "application/json" });
  const address = URL.createObjectURL(file);
  h("a", { href: address, download: `${t("mine.data.file")}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  say(t("mine.data.saved"));
}
