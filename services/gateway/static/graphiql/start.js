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

const query = `# Paste your token below, in Headers, in the place of the dots. Then refresh the
# schema (the round arrow at the bottom left): it shows what your role may ask.
# Plak uw toegangsbewijs hieronder, bij Headers, op de plaats van de puntjes.

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
    defaultHeaders: '{\n  "Authorization": "Bearer …"\n}',
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  }),
);
root.removeAttribute("aria-busy");
