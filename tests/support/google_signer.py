"""A program that signs and checks tokens with Google's own library; it runs in that environment.

Standard input has a `private_key` in PEM with its `key_id`, a `payload` to sign, `tokens` to check
by `public_keys` in PEM, and the `audience` that they have to be for; standard output has what was
signed, and what each token says where it passed.
"""

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Sign and check, and print both."""
    given = json.load(sys.stdin)
    crypt, jwt = import_module("google.auth.crypt"), import_module("google.auth.jwt")
    signer: Any = crypt.RSASigner.from_string(given["private_key"], given["key_id"])
    signed: bytes = jwt.encode(signer, given["payload"])
    passed = [_said(jwt, token, given) for token in given["tokens"]]
    json.dump({"signed": signed.decode(), "passed": passed}, sys.stdout)


def _said(jwt: Any, token: str, given: dict[str, Any]) -> Any:
    refused = import_module("google.auth.exceptions").GoogleAuthError
    try:
        return jwt.decode(token, certs=given["public_keys"], audience=given["audience"])
    except (refused, ValueError, KeyError, TypeError):
        return None


if __name__ == "__main__":
    main()
