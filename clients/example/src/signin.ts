/**
 * Signing in locally: with a token of the development issuer. In production an organisation's own sign-in
 * (OIDC) gives the token, and nothing of this file is needed.
 *
 * A link that `make run` prints carries the token behind the #: that part is sent to no server and stands
 * in no log of addresses. It is taken out of the address, and so out of the history, before anything else.
 */

import { h } from "./dom.js";
import { form, text } from "./fields.js";
import { Gateway } from "./gateway.js";
import { type Key, t } from "./language.js";
import { type Drawn, type View, show } from "./page.js";

/** The token of the address, if there is one. It is there only once. */
export function tokenOfAddress(): string {
  const token = new URLSearchParams(location.hash.replace(/^#/, "")).get("token") ?? "";
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** The view that takes a token; `next` is shown once somebody with one of `roles` is signed in. */
export function signIn(
  about: { readonly title: Key; readonly lead: Key; readonly roles: readonly string[]; readonly command: string },
  next: (gateway: Gateway, token: string) => View,
): View {
  let token = tokenOfAddress();
  const enter = async () => {
    const gateway = new Gateway(token.trim());
    const { session } = await gateway.ask("{ session { role } }");
    if (!about.roles.includes(session.role)) throw new Error(t("signin.role"));
    await show(next(gateway, token.trim()));
  };
  const drawn = (): Drawn => ({
    title: t(about.title),
    body: [
      h("p", { class: "lead" }, t(about.lead)),
      form(
        { id: "signin", button: t("signin"), send: enter },
        text({
          id: "token",
          label: t("signin.token"),
          hint: t("signin.hint"),
          value: token,
          secret: true,
          onchange: (value) => (token = value),
        }),
      ),
      h("p", { class: "hint" }, t("signin.command")),
      h("pre", { tabindex: 0, "aria-label": t("signin.command") }, h("code", {}, about.command)),
    ],
  });
  return drawn;
}
