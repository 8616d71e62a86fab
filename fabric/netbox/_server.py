"""NetBox over HTTP, by pynetbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fabric._reading import read_at_most
from fabric.errors import InputError, NetboxError
from fabric.netbox._compare import Object

_T = TypeVar("_T")
_TIMEOUT_S = 60.0
_OLDEST = 4
_MAX_TOKEN_BYTES = 10_000
_INSTALL = (
    "NetBox is spoken to by pynetbox, which is not installed. Install it: pip install 'fabric-spineleaf[netbox]'."
)


def read_token(path: Path | None, environment: Mapping[str, str]) -> str:
    """The token in a file, else the one in NETBOX_TOKEN; raises InputError where there is none. It is never printed."""
    if path is None:
        token, source = environment.get("NETBOX_TOKEN", ""), "NETBOX_TOKEN"
    else:
        try:
            token, source = (
                read_at_most(path, _MAX_TOKEN_BYTES, "Name a file that holds NetBox's token alone."),
                str(path),
            )
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read as text. Name a file that holds NetBox's token.") from error
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"{source}: holds no token. Make one in NetBox (your user, API Tokens; it must be allowed to write), and "
            "put it into a file for --token-file, or into the variable NETBOX_TOKEN."
        )
    return token


def connect(url: str, token: str) -> Server:
    """NetBox at a URL; raises InputError for a URL that is none, NetboxError where no NetBox 4 or newer answers."""
    if not url.startswith(("https://", "http://")):
        raise InputError(f"found the URL {url!r}; allowed: https://… of a NetBox. Give it by --url or NETBOX_URL.")
    try:
        import pynetbox  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise NetboxError(_INSTALL) from error
    api = pynetbox.api(url, token=token)
    api.http_session.request = partial(api.http_session.request, timeout=_TIMEOUT_S)
    server = Server(url, api)
    version = server.version()
    if not version.partition(".")[0].isdecimal() or int(version.partition(".")[0]) < _OLDEST:
        raise NetboxError(f"{url}: found version {version or 'none'}; allowed: NetBox {_OLDEST} or newer.")
    return server


class Server:
    """A NetBox that answers. Its `repr` does not show the token."""

    def __init__(self, url: str, api: Any) -> None:
        self._url, self._api = url, api

    def __repr__(self) -> str:
        return f"Server({self._url!r})"

    def version(self) -> str:
        """The version of NetBox's REST interface, such as `4.2`."""
        return str(self._asked("the version", lambda: self._api.version))

    def find(self, endpoint: str, filters: Mapping[str, Any]) -> Sequence[Object]:
        """All objects that pass the filters, page by page."""
        return self._asked(endpoint, lambda: list(self._request(endpoint, filters).get()))

    def create(self, endpoint: str, objects: Sequence[Object]) -> Sequence[Object]:
        """The objects as they were made, in the same order."""
        made: Sequence[Object] = self._asked(endpoint, lambda: self._request(endpoint).post(list(objects)), objects)
        return made

    def change(self, endpoint: str, objects: Sequence[Object]) -> None:
        """Changes fields of the objects that are named by `id`."""
        self._asked(endpoint, lambda: self._request(endpoint).patch(list(objects)), objects)

    def _request(self, endpoint: str, filters: Mapping[str, Any] | None = None) -> Any:
        from pynetbox.core.query import Request  # noqa: PLC0415 - an optional extra

        api = self._api
        base = f"{api.base_url}/{endpoint}/"
        return Request(base, api.http_session, filters=dict(filters or {}), limit=0, token=api.token)

    def _asked(self, what: str, question: Callable[[], _T], objects: Sequence[Object] = ()) -> _T:
        """The answer to a question, or the reason why there is none as `NetboxError`."""
        import requests  # noqa: PLC0415 - comes with pynetbox
        from pynetbox.core.query import ContentError, RequestError  # noqa: PLC0415 - an optional extra

        try:
            return question()
        except RequestError as error:
            raise NetboxError(self._refused(what, error.req.status_code, error.error, objects)) from None
        except (ContentError, KeyError, TypeError, ValueError):
            raise NetboxError(f"{self._url}: what answers {what} is no NetBox. Check the URL.") from None
        except requests.RequestException as error:
            raise NetboxError(f"{self._url}: cannot be asked for {what} ({type(error).__name__}). {_CHECK}") from None

    def _refused(self, what: str, status: int, text: str, objects: Sequence[Object]) -> str:
        if status in (401, 403):
            return f"{self._url}: refuses {what} ({status}: {_quoted(text)}). Check the token and what it may do."
        subject, reason = _first_refused(text, objects)
        advice = "Nothing of this request was written; correct it, and push again to go on."
        return f"{self._url}: refuses {what} {subject} ({status}: {_quoted(reason)}). {advice}"


def _first_refused(text: str, objects: Sequence[Object]) -> tuple[str, str]:
    """Of NetBox's answer to many objects the first one that it minds, and why."""
    try:
        reasons = json.loads(text)
    except ValueError:
        reasons = None
    if isinstance(reasons, list) and len(reasons) == len(objects):
        for entry, reason in zip(objects, reasons, strict=True):
            if reason:
                subject = next((entry[name] for name in _NAMES if name in entry), "")
                return str(subject), json.dumps(reason)
    return "", text


_NAMES = ("name", "address", "prefix", "asn", "model", "id")
_CHECK = "Check the URL, and that this machine reaches it."


def _quoted(text: str) -> str:
    """The first words of an answer on one line."""
    words = " ".join(text.split())
    return words if len(words) <= 300 else f"{words[:300]}…"
