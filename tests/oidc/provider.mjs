// A real OpenID provider for tests: `node provider.mjs '<settings in JSON>'`. It says `ready` when it listens.
// Settings: port; jwks (private keys); accounts (name → claims of its access tokens); alg of those tokens;
// logout (where it tells that a session has ended).

import Provider from "oidc-provider";

const { port, jwks, accounts, alg, logout } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const RESOURCE = "urn:hoeksteen";

const provider = new Provider(issuer, {
  jwks,
  clients: [
    {
      client_id: "front-end",
      token_endpoint_auth_method: "none",
      redirect_uris: ["http://127.0.0.1/callback"],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      application_type: "native",
      id_token_signed_response_alg: "ES256",
      ...(logout && { backchannel_logout_uri: logout, backchannel_logout_session_required: true }),
    },
    {
      client_id: "integration",
      client_secret: "a-secret-of-the-tests",
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  cookies: { keys: ["of-the-tests"] },
  pkce: { required: () => true },
  // Its own would not speak to this machine, where the tests' gateway is.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    backchannelLogout: { enabled: Boolean(logout) },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "hoeksteen:adviser hoeksteen:hr hoeksteen:coordinator",
        audience: "hoeksteen",
        accessTokenTTL: 300,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg } },
      }),
    },
  },
  extraTokenClaims(ctx, token) {
    const code = ctx.oidc.entities.AuthorizationCode;
    const claims = accounts[token.accountId ?? token.clientId];
    return code ? { ...claims, auth_time: code.authTime, sid: code.sid } : claims;
  },
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
