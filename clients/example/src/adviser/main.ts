/** The adviser's page: sign in, unlock one's own key, and work on one's own cases. */

import type { AdviserKey } from "hoeksteen-client";

import { h } from "../dom.js";
import { form, text } from "../fields.js";
import type { Gateway } from "../gateway.js";
import { t } from "../language.js";
import { type View, begin, show } from "../page.js";
import { signIn } from "../signin.js";
import { DIRECTORY } from "../thread.js";
import { cases } from "./cases.js";
import { unlock } from "./keyFile.js";

function unlocking(gateway: Gateway): View {
  // The same field in both languages: a browser fills none with a file again.
  const field = h("input", { type: "file", id: "file", required: true, "aria-describedby": "file-hint" });
  let passphrase = "";
  const open = async () => {
    const file = field.files?.[0];
    if (!file) throw new Error(t("key.file.none"));
    const bar = document.getElementById("work") as HTMLProgressElement;
    bar.hidden = false;
    let key: AdviserKey;
    try {
      key = await unlock(new Uint8Array(await file.arrayBuffer()), passphrase, (part) => (bar.value = part));
    } finally {
      bar.hidden = true;
    }
    const { organisation } = await gateway.ask(`{ organisation { ${DIRECTORY} } }`);
    const own = organisation?.advisers.find(({ keyId }: { keyId: string }) => keyId === key.keyId);
    if (!own) throw new Error(t("key.not.current"));
    passphrase = "";
    await show(cases({ gateway, key, organisation: organisation.id, adviser: own.id, name: own.name }));
  };
  return () => ({
    title: t("key.title"),
    body: [
      h("p", {}, t("key.lead")),
      form(
        { id: "unlock", button: t("key.open"), send: open },
        h(
          "div",
          { class: "field" },
          h("label", { for: "file" }, t("key.file")),
          h("p", { class: "hint", id: "file-hint" }, t("key.file.hint")),
          field,
        ),
        text({
          id: "passphrase",
          label: t("key.passphrase"),
          value: passphrase,
          secret: true,
          onchange: (value) => (passphrase = value),
        }),
        h("progress", { id: "work", max: 1, value: 0, hidden: true, "aria-label": t("key.work") }),
      ),
      h("p", { class: "note" }, t("key.stays")),
    ],
  });
}

begin({ here: "adviser" });
void show(
  signIn(
    {
      title: "adviser.title",
      lead: "adviser.lead",
      roles: ["adviser"],
      command: ".venv/bin/hoeksteen token adviser --organisation …",
    },
    unlocking,
  ),
);
