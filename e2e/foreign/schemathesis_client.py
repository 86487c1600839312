"""The documented interface against the running one, by schemathesis, which nobody here wrote.

It is told of itself by one line of JSON on its input, and trusts the authority that REQUESTS_CA_BUNDLE names. It signs
in, and then sends what the document allows and what it does not: an answer must be one of those that are documented, and
none may be a failure of the server. It ends with a status that is not 0 when one is neither.
"""

import json
import os
import pathlib
import re
import sys

# tools/foreign holds what is not ours.
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools/foreign/site"))

import requests
import schemathesis
from schemathesis.cli import schemathesis as command

me = json.loads(input())
PUBLIC = me["public"].rstrip("/")
KNOWN = {"/api/orders/{id}": me["order"], "/api/checkouts/{id}": me["order"], "/api/stores/{id}": me["store"]}

# What would never end, would end the session itself, would empty what other tests look at, or would shut people out.
LEFT_OUT = r"/events$|^/api/session|^/api/timeline$|^/api/sales$|^/api/users/\{id\}/"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def session():
    """The cookie of a browser in which the person is signed in."""
    browser = requests.Session()
    page = browser.get(f"{PUBLIC}/api/session/start?return=/", timeout=20)
    hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', page.text)
    fields = {}
    for field in hidden:
        name, value = (re.search(rf'{what}="([^"]*)"', field) for what in ("name", "value"))
        fields[name[1]] = value[1].replace("&amp;", "&")
    fields |= {"email": me["email"], "password": me["password"]}
    browser.post(page.url, fields, headers={"origin": PUBLIC}, timeout=20)
    return browser.cookies["__Host-crema"]


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Half of all reading asks for something that exists."""
    operation = context.operation
    if operation.method == "get" and isinstance((path_parameters or {}).get("id"), str):
        for path, known in KNOWN.items():
            if operation.path.startswith(path) and len(path_parameters["id"]) % 2 == 0:
                path_parameters["id"] = known
    return path_parameters


headers = {
    "Cookie": f"__Host-crema={session()}",
    "Origin": PUBLIC,
    "Sec-Fetch-Site": "same-origin",
    "X-Crema-Request": "1",
}
arguments = [
    "run",
    f"{PUBLIC}/v1/openapi.json",
    f"--url={PUBLIC}",
    f"--include-path-regex={me['paths']}",
    f"--exclude-path-regex={LEFT_OUT}",
    f"--checks={','.join(CHECKS)}",
    "--phases=examples,coverage,fuzzing",
    f"--max-examples={me['examples']}",
    f"--seed={me['seed']}",
    f"--tls-verify={os.environ['REQUESTS_CA_BUNDLE']}",
    "--no-shrink",
    "--generation-database=none",
    "--continue-on-failure",
    "--request-timeout=20",
    "--warnings=off",
    "--suppress-health-check=all",
    "--no-color",
    *(f"--header={name}:{value}" for name, value in headers.items()),
]
# In this process: arguments of another could be read by others.
command(arguments)
