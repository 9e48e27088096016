// What graphql-http's audits find at URL with TOKEN: one JSON line for each.
import { serverAudits } from "graphql-http";

const { URL: url, TOKEN: token } = process.env;

const fetchFn = (address, options = {}) =>
  fetch(address, {
    ...options,
    headers: { ...options.headers, authorization: `Bearer ${token}` },
  });

for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  const found = { id: audit.id, name: audit.name, status: result.status, reason: result.reason };
  console.log(JSON.stringify(found));
}
