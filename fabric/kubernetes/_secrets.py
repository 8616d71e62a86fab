"""Secrets of type `kubernetes.io/basic-auth`, which hold the passwords of BGP sessions."""

from __future__ import annotations

import base64
import binascii

from fabric.kubernetes._refusal import RefusedError
from fabric.kubernetes._resources import Resource

BASIC_AUTH = "kubernetes.io/basic-auth"


def secret_password(secret: Resource) -> str:
    """The password in a `kubernetes.io/basic-auth` secret; raises `RefusedError` for another type or without one.

    `data` that is no base64, which an API server would not have stored, is taken as the password itself.
    """
    place = f'"{secret.namespace}"/"{secret.name}"'
    if secret.value.get("type") != BASIC_AUTH:
        raise RefusedError(f'secret type mismatch on {place}, type "{BASIC_AUTH}" is expected ')
    clear = (secret.value.get("stringData") or {}).get("password")
    if clear is not None:
        return str(clear)
    encoded = (secret.value.get("data") or {}).get("password")
    if encoded is None:
        raise RefusedError(f"password field not specified in the secret {place}")
    try:
        return base64.b64decode(str(encoded), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return str(encoded)
