/** For HR, board and works council: what was released, where people would rather look than read. */

import { begin, show } from "../page.js";
import { signIn } from "../signin.js";
import { overview } from "./overview.js";

begin({ here: "figures" });
void show(
  signIn(
    {
      title: "figures.title",
      lead: "figures.lead",
      roles: ["hr", "board", "works_council"],
      command: ".venv/bin/hoeksteen token board --organisation …",
    },
    overview,
  ),
);
