"use strict";

// Queries, variables and tokens stay in this tab: what GraphiQL would keep in localStorage would
// outlive the visit on a computer that others use too.
const kept = new Map();
const storage = {
  get length() { return kept.size; },
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => { kept.set(name, String(value)); },
  removeItem: (name) => { kept.delete(name); },
  clear: () => { kept.clear(); },
};

const query = `# 1. Paste your token in Headers, for TOKEN.
# 2. Refresh the schema: round arrows, left.
# 1. Plak uw toegangsbewijs bij Headers.
# 2. Ververs het schema: ronde pijlen, links.

{
  session {
    role
  }
}
`;

const root = document.getElementById("graphiql");
ReactDOM.createRoot(root).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    storage,
    defaultQuery: query,
    defaultHeaders: '{\n  "Authorization": "Bearer TOKEN"\n}',
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  }),
);
root.removeAttribute("aria-busy");
