/** How a reporter signs in: with what their code makes, and nothing else. */

import { type ClientOptions, HoeksteenClient, type TokenProvider } from "./client.js";
import { type ReporterCode, door } from "./reporterCode.js";
import { OpenSession } from "./roles/reporter.js";

/**
 * What a client of a reporter takes as `token`. Before there is a session they stand at the door, where the
 * advisers are shown. What needs a session opens it, and the next one when it has ended: the lookup key goes
 * over the line then, and no other time. `options` are those of the client, for its address.
 */
export function reporterToken(
  code: ReporterCode,
  organisation: string,
  options: Omit<ClientOptions, "token">,
): TokenProvider {
  const client = new HoeksteenClient({ ...options, token: door(organisation) });
  const input = { lookupKey: code.lookupKey };
  let token = door(organisation);
  let opening: Promise<string> | undefined;
  const open = async (): Promise<string> => {
    try {
      const opened = await client.request(OpenSession, { input });
      return (token = opened.openReporterSession.token);
    } finally {
      opening = undefined;
    }
  };
  // Many requests may be refused at the same moment: they wait for one session.
  return (refused) => (refused === token ? (opening ??= open()) : token);
}
