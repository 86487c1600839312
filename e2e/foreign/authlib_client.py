"""A relying party on Authlib, which nobody here wrote: it walks every flow and believes only what that library accepts.

It is told of itself by one line of JSON on its input, and trusts the authority that REQUESTS_CA_BUNDLE names. Where a
person has to go, it writes a line {"go": address} and reads a line back: the address that the person came back to. It
ends with status 1 and the reason when a step fails.
"""

import json
import pathlib
import sys
from secrets import token_urlsafe

# tools/foreign holds what is not ours.
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools/foreign/site"))

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken

me = json.loads(input())
ISSUER, CALLBACK = me["issuer"], me["callback"]


def go(address):
    """Sends the person there; where she came back to."""
    print(json.dumps({"go": address}), flush=True)
    return input()


def get(address):
    """The JSON there."""
    answer = requests.get(address, timeout=20)
    answer.raise_for_status()
    return answer.json()


def refused(attempt, error):
    """That this attempt is refused by that name."""
    try:
        attempt()
    except OAuthError as why:
        assert why.error == error, why
    else:
        raise AssertionError(f"{error} was expected")


server = get(f"{ISSUER}/.well-known/openid-configuration")
assert server["issuer"] == ISSUER, server
keys = JsonWebKey.import_key_set(get(server["jwks_uri"]))
session = OAuth2Session(
    me["id"],
    me["secret"],
    scope="openid profile email",
    redirect_uri=CALLBACK,
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_basic",
)


def sign_in():
    """One walk through the authorization endpoint, and the tokens that it brought."""
    verifier, nonce = token_urlsafe(48), token_urlsafe(20)
    address, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    back = go(address)
    tokens = session.fetch_token(
        server["token_endpoint"],
        authorization_response=back,
        code_verifier=verifier,
        state=state,
    )
    claims = JsonWebToken(["RS256"]).decode(
        tokens["id_token"],
        keys,
        claims_cls=CodeIDToken,
        claims_options={"iss": {"value": ISSUER}, "aud": {"value": me["id"]}},
        claims_params={
            "nonce": nonce,
            "client_id": me["id"],
            "access_token": tokens["access_token"],
        },
    )
    claims.validate()
    return back, verifier, tokens, claims


def walk_as(client, method, there):
    """The way of another company's client: what its person allows, and no more."""
    foreign = OAuth2Session(
        client["client_id"],
        client.get("client_secret"),
        scope="openid email",
        redirect_uri=there,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
    )
    verifier = token_urlsafe(48)
    address, state = foreign.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier
    )
    tokens = foreign.fetch_token(
        server["token_endpoint"],
        authorization_response=go(address),
        code_verifier=verifier,
        state=state,
    )
    person = foreign.get(server["userinfo_endpoint"]).json()
    assert person["email"] and "name" not in person and "roles" not in person, person
    newer = foreign.refresh_token(
        server["token_endpoint"], refresh_token=tokens["refresh_token"]
    )
    assert newer["refresh_token"] != tokens["refresh_token"]


# One with a secret in the form, one without any on a port of its own.
walk_as(me["server"], "client_secret_post", me["server"]["callback"])
walk_as(me["device"], "none", me["device"]["callback"].replace("127.0.0.1", "127.0.0.1:51004"))

back, verifier, tokens, claims = sign_in()
person = session.get(server["userinfo_endpoint"]).json()
assert person["sub"] == claims["sub"] and person["email"], person


def told(token):
    """What introspection tells of a token."""
    return session.introspect_token(server["introspection_endpoint"], token=token).json()


assert told(tokens["access_token"])["active"] is True
newer = session.refresh_token(server["token_endpoint"], refresh_token=tokens["refresh_token"])
assert newer["refresh_token"] != tokens["refresh_token"]
answer = session.revoke_token(server["revocation_endpoint"], token=newer["refresh_token"])
assert answer.status_code == 200, answer.text
assert told(newer["access_token"]) == {"active": False}
refused(
    lambda: session.fetch_token(
        server["token_endpoint"], authorization_response=back, code_verifier=verifier
    ),
    "invalid_grant",
)

own = OAuth2Session(me["id"], me["secret"], token_endpoint_auth_method="client_secret_basic")
service = own.fetch_token(
    server["token_endpoint"], grant_type="client_credentials", audience=me["audience"]
)
assert service["token_type"].lower() == "bearer" and service["expires_in"] <= 300, service
refused(
    lambda: own.fetch_token(server["token_endpoint"], grant_type="password", username="a", password="b"),
    "unsupported_grant_type",
)
wrong = OAuth2Session(me["id"], "wrong", token_endpoint_auth_method="client_secret_basic")
refused(
    lambda: wrong.fetch_token(
        server["token_endpoint"], grant_type="client_credentials", audience=me["audience"]
    ),
    "invalid_client",
)
