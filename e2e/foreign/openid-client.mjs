// A relying party on openid-client, which nobody here wrote: it walks every flow and believes only what that library
// accepts.
//
// It is told of itself by one line of JSON on its input, and trusts the authority that NODE_EXTRA_CA_CERTS names. Where a
// person has to go, it writes a line `{"go": address}` and reads a line back: the address that the person came back to.
// It ends with status 1 and the reason when a step fails.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = async () => (await lines.next()).value;
const { issuer, id, secret, callback, goodbye, audience, server: beans, device } = JSON.parse(await told());

// tools/foreign holds what is not ours.
const { resolve } = createRequire(new URL('../../tools/foreign/package.json', import.meta.url));
const oidc = await import(pathToFileURL(resolve('openid-client')));

async function go(address) {
  console.log(JSON.stringify({ go: address.href }));
  return new URL(await told());
}

async function refused(promise, error) {
  await assert.rejects(promise, (why) => {
    assert.equal(why.error, error, String(why));
    return true;
  });
}

const config = await oidc.discovery(new URL(issuer), id, undefined, oidc.ClientSecretBasic(secret));
// Every ID token's signature is checked too, not only its claims.
oidc.enableNonRepudiationChecks(config);
const server = config.serverMetadata();
assert.equal(server.issuer, issuer);
assert.deepEqual(server.code_challenge_methods_supported, ['S256']);

const asOAuth = await oidc.discovery(new URL(issuer), id, undefined, oidc.ClientSecretBasic(secret), {
  algorithm: 'oauth2',
});
assert.equal(asOAuth.serverMetadata().token_endpoint, server.token_endpoint);

async function signIn(parameters = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const back = await go(address);
  return { back, checks, tokens: () => oidc.authorizationCodeGrant(config, back, checks) };
}

// Authorization code with PKCE: state, nonce, iss, signature and claims of the ID token are the library's to check.
const first = await signIn({ max_age: '3600' });
assert.equal(first.back.searchParams.get('iss'), issuer);
const tokens = await first.tokens();
const claims = tokens.claims();
assert.equal(claims.aud, id);
assert.ok(claims.auth_time > 0, 'max_age was asked for, so auth_time is told');
const person = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
assert.ok(person.name && person.email, JSON.stringify(person));

// Introspection, and refresh with rotation.
const active = await oidc.tokenIntrospection(config, tokens.access_token);
assert.deepEqual([active.active, active.sub, active.client_id], [true, claims.sub, id]);
const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
assert.notEqual(second.refresh_token, tokens.refresh_token);
assert.equal((await oidc.tokenIntrospection(config, second.refresh_token)).active, true);

// Token exchange (RFC 8693) and the client for itself.
const exchanged = await oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
  subject_token: second.access_token,
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  audience,
});
assert.equal(exchanged.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
const own = await oidc.clientCredentialsGrant(config, { audience });
assert.ok(own.access_token && own.expires_in <= 300);

// A code is good once; its second use revokes what it brought.
const twice = await signIn();
const brought = await twice.tokens();
await refused(twice.tokens(), 'invalid_grant');
assert.deepEqual(await oidc.tokenIntrospection(config, brought.access_token), { active: false });

// A replay of a refresh token after its successor was used ends the family.
const third = await oidc.refreshTokenGrant(config, second.refresh_token);
await refused(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
await refused(oidc.refreshTokenGrant(config, third.refresh_token), 'invalid_grant');

// Revocation ends all that came from one sign-in at this client, at once.
const last = await (await signIn()).tokens();
await oidc.tokenRevocation(config, last.access_token);
assert.deepEqual(await oidc.tokenIntrospection(config, last.access_token), { active: false });
await refused(oidc.refreshTokenGrant(config, last.refresh_token), 'invalid_grant');
await oidc.tokenRevocation(config, 'of nobody');

// What is refused is refused by the standard's own name.
await refused((await signIn({ response_type: 'token' })).tokens(), 'unsupported_response_type');
await refused((await signIn({ code_challenge_method: 'plain' })).tokens(), 'invalid_request');

// Clients of other companies: one with a secret in the form, one without any on a port of its own. Both are allowed what
// they ask for, learn no more, and are never asked about twice.
for (const [client, authentication, there] of [
  [beans, oidc.ClientSecretPost(beans.client_secret), beans.callback],
  [device, oidc.None(), device.callback.replace('127.0.0.1', '127.0.0.1:51004')],
]) {
  const foreign = await oidc.discovery(new URL(issuer), client.client_id, undefined, authentication);
  oidc.enableNonRepudiationChecks(foreign);
  const walk = async (parameters = {}) => {
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    const address = oidc.buildAuthorizationUrl(foreign, {
      redirect_uri: there,
      scope: 'openid email',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...parameters,
    });
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    return oidc.authorizationCodeGrant(foreign, await go(address), checks);
  };
  await refused(walk({ prompt: 'none' }), 'consent_required');
  const allowed = await walk();
  const known = await oidc.fetchUserInfo(foreign, allowed.access_token, allowed.claims().sub);
  assert.ok(known.email && !known.name && !known.roles, JSON.stringify(known));
  await walk({ prompt: 'none', id_token_hint: allowed.id_token });
  const renewed = await oidc.refreshTokenGrant(foreign, allowed.refresh_token);
  await refused(oidc.clientCredentialsGrant(foreign, { audience }), 'unauthorized_client');
  await oidc.tokenRevocation(foreign, renewed.refresh_token);
  await refused(oidc.refreshTokenGrant(foreign, renewed.refresh_token), 'invalid_grant');
}

// RP-initiated logout, after which nobody is signed in.
const final = await (await signIn({ prompt: 'none' })).tokens();
const farewell = await go(
  oidc.buildEndSessionUrl(config, {
    id_token_hint: final.id_token,
    post_logout_redirect_uri: goodbye,
    state: 'farewell',
  }),
);
assert.equal(farewell.href, `${goodbye}?state=farewell`);
await refused((await signIn({ prompt: 'none' })).tokens(), 'login_required');
process.exit(0);
