/** Coming back with a code: reading, answering, and what a reporter may ask for. */

import { type Place, ReporterCode, readersOf, reporterToken } from "hoeksteen-client";

import { h } from "../dom.js";
import { form, text, tick } from "../fields.js";
import { GATEWAY, type Answer, Gateway, bytes, once } from "../gateway.js";
import { t } from "../language.js";
import { type View, redraw, say, show } from "../page.js";
import { DIRECTORY, said, sealed, thread } from "../thread.js";

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

/**
 * The case that belongs to the code. It is looked at when the reporter asks, and does not watch: a line that
 * stays open, and the moment at which something comes through it, can be seen on the reporter's network.
 */
export function mine(place: string, code: ReporterCode): View {
  const gateway = new Gateway(reporterToken(code, place, { url: GATEWAY }));
  const here = { organisation: place, case: code.caseId };
  const draft = { words: "", message: once(), erase: false };

  const answer = async () => {
    const { organisation, myCase } = await gateway.ask(MINE);
    const input = await draft.message(draft.words, async () => ({
      caseId: code.caseId,
      ...(await sealed(draft.words, readersOf(organisation, myCase.adviserId, code.key), here)),
    }));
    await gateway.change("sendMessage", input);
    Object.assign(draft, { words: "", message: once() });
    await redraw();
    say(t("mine.sent"));
  };

  const erase = async () => {
    await gateway.change("requestErasure", { caseId: code.caseId, ground: "REPORTER" });
    await redraw();
    say(t("mine.erase.done"));
  };

  return async () => {
    const { organisation, myCase } = await gateway.ask(MINE);
    if (!myCase) {
      return { title: t("back.title"), body: h("p", { class: "note bad", role: "alert" }, t("back.none")) };
    }
    const { erasure } = await gateway.ask(
      `query ($id: ID!) { erasure(caseId: $id) { status } }`,
      { id: code.caseId },
    );
    const adviser = nameOf(organisation, myCase.adviserId);
    const messages = await Promise.all(
      myCase.messages.map((message: Answer) => {
        const own = message.sender === "REPORTER";
        const by = { own, name: own ? t("you") : adviser };
        return said(message, by, code.key, here, organisation);
      }),
    );
    const closed = myCase.status === "CLOSED";
    return {
      title: t("mine.title"),
      body: [
        h("p", { class: "lead", id: "state" }, t(closed ? "mine.closed" : "mine.open", { adviser })),
        h("p", { class: "actions" }, h("button", { type: "button", class: "quiet", id: "look", onclick: look }, t("mine.look"))),
        h("h2", {}, t("mine.said")),
        thread(messages),
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
        myCase.inLogSince && h("p", {}, t("mine.log")),
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
  const all = [...organisation.advisers, ...organisation.formerAdvisers];
  return all.find(({ id }) => id === adviserId)?.name ?? t("adviser");
}

/** All that is held, as one file, with the words opened here. */
async function save(gateway: Gateway, code: ReporterCode, place: Place): Promise<void> {
  const { myData } = await gateway.ask(DATA);
  const entries = await Promise.all(
    myData.entries.map(async ({ sealed: copies, ...entry }: Answer) => ({
      ...entry,
      words: entry.readable ? await wordsOf(copies, code, place) : null,
    })),
  );
  const file = new Blob([JSON.stringify({ ...myData, entries }, null, 2)], { type: "application/json" });
  const address = URL.createObjectURL(file);
  h("a", { href: address, download: `${t("mine.data.file")}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  say(t("mine.data.saved"));
}

async function wordsOf(copies: readonly Answer[], code: ReporterCode, place: Place): Promise<string | null> {
  const mine = copies.find(({ keyId }) => keyId === code.key.keyId);
  return mine ? code.key.open(bytes(mine.ciphertext), place) : null;
}
