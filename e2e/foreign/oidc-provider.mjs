// Another OpenID provider on oidc-provider, which nobody here wrote: it signs in whoever comes, as the one person that it
// knows, and vouches for her.
//
// It is told of its one client and of that person by one line of JSON on its input, answers by a line `{"issuer": address}`
// once it listens on a free port of this machine, and ends with its input.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { client_id, client_secret, redirect_uri, person } = JSON.parse((await lines.next()).value);

// tools/foreign holds what is not ours.
const { resolve } = createRequire(new URL('../../tools/foreign/package.json', import.meta.url));
const { Provider } = await import(pathToFileURL(resolve('oidc-provider')));

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: [crypto.randomUUID()] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...person, sub: id }) }),
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
  // She has agreed to everything long ago.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    answer(request, response);
    return;
  }
  // Where others ask for a password.
  provider.interactionFinished(request, response, { login: { accountId: person.sub } }).catch((why) => {
    response.writeHead(500).end(String(why));
  });
});

console.log(JSON.stringify({ issuer }));
for await (const line of lines) console.error(`nobody asked for: ${line}`);
process.exit(0);
