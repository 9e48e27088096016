/** How a reporter signs in: with what their code makes, and nothing else. */

import type { TokenProvider } from "./client.js";
import type { ReporterCode } from "./reporterCode.js";

/** What a client of a reporter takes as `token`: the code's own, for this organisation's advisers. */
export function reporterToken(code: ReporterCode, organisation: string): TokenProvider {
  return () => code.token(organisation);
}
