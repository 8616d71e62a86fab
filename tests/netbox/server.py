"""A NetBox made for tests: the part of its REST interface that a push uses, over real HTTP on the loopback.

It does what NetBox 4 does there (`netbox/dcim/api`, `netbox/ipam/api`, Django REST framework): token, pages, nested
answers, choices with labels, bulk requests that are carried out whole or not at all, and its refusals. In one thing it
is stricter: NetBox passes over a filter that it does not know, and answers all; here that is an error.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_interface, ip_network
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Json = dict[str, Any]
TOKEN = "0123456789abcdef0123456789abcdef01234567"
_EXEMPT = {"anycast", "vip", "vrrp", "hsrp", "glbp", "carp"}
"""Roles of addresses that may be there more than once."""
_PAGE, _MOST = 50, 1000


@dataclass(frozen=True)
class Model:
    """Fields of one endpoint."""

    required: tuple[str, ...]
    refs: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: Mapping[str, Any] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()
    display: str = "name"


_STATUS = (
    "planned",
    "active",
    "staged",
    "retired",
    "reserved",
    "available",
    "container",
    "connected",
    "decommissioning",
)
_SLUG = (("name",), ("slug",))
MODELS: Mapping[str, Model] = {
    "dcim/regions": Model(("name", "slug"), optional={"description": ""}, unique=_SLUG),
    "dcim/sites": Model(
        ("name", "slug"), {"region": "dcim/regions"}, {"status": _STATUS}, {"status": "active", "region": None}, _SLUG
    ),
    "dcim/locations": Model(
        ("name", "slug", "site"), {"site": "dcim/sites"}, {"status": _STATUS}, {"status": "active"}, (("site", "slug"),)
    ),
    "dcim/racks": Model(
        ("name", "site"),
        {"site": "dcim/sites", "location": "dcim/locations"},
        {"status": _STATUS},
        {"status": "active", "location": None, "width": 19, "u_height": 42},
        (("location", "name"),),
    ),
    "dcim/manufacturers": Model(("name", "slug"), unique=_SLUG),
    "dcim/device-types": Model(
        ("manufacturer", "model", "slug"),
        {"manufacturer": "dcim/manufacturers"},
        optional={"u_height": 1.0, "is_full_depth": True},
        unique=(("manufacturer", "model"), ("manufacturer", "slug")),
        display="model",
    ),
    "dcim/device-roles": Model(("name", "slug"), optional={"color": "9e9e9e", "vm_role": True}, unique=_SLUG),
    "dcim/devices": Model(
        ("device_type", "role", "site"),
        {
            "device_type": "dcim/device-types",
            "role": "dcim/device-roles",
            "site": "dcim/sites",
            "location": "dcim/locations",
            "rack": "dcim/racks",
            "primary_ip4": "ipam/ip-addresses",
            "primary_ip6": "ipam/ip-addresses",
        },
        {"status": _STATUS},
        {
            "name": None,
            "status": "active",
            "location": None,
            "rack": None,
            "primary_ip4": None,
            "primary_ip6": None,
            "comments": "",
        },
        (("site", "name"),),
    ),
    "dcim/interfaces": Model(
        ("device", "name", "type"),
        {"device": "dcim/devices"},
        {"type": ("other", "virtual", "100gbase-x-qsfp28")},
        {"enabled": True, "mtu": None, "description": ""},
        (("device", "name"),),
    ),
    "dcim/cables": Model(
        ("a_terminations", "b_terminations"), choices={"status": _STATUS}, optional={"status": "connected"}, display=""
    ),
    "ipam/rirs": Model(("name", "slug"), optional={"is_private": False}, unique=_SLUG),
    "ipam/asns": Model(
        ("asn", "rir"), {"rir": "ipam/rirs"}, optional={"description": ""}, unique=(("asn",),), display="asn"
    ),
    "ipam/prefixes": Model(
        ("prefix",),
        choices={"status": _STATUS},
        optional={"status": "active", "description": "", "vrf": None},
        display="prefix",
    ),
    "ipam/ip-addresses": Model(
        ("address",),
        choices={"status": _STATUS, "role": ("loopback", "secondary", *_EXEMPT)},
        optional={
            "status": "active",
            "role": "",
            "dns_name": "",
            "description": "",
            "vrf": None,
            "assigned_object_type": None,
            "assigned_object_id": None,
        },
        display="address",
    ),
}


class RefusalError(Exception):
    """An answer with an error."""

    def __init__(self, status: int, body: object) -> None:
        self.status, self.body = status, body


class NetBox:
    """Tables of objects, and the rules for what may be in them."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, Json]] = {endpoint: {} for endpoint in MODELS}
        self.requests: list[tuple[str, str]] = []
        """Method and endpoint of what was asked, so that a test can see that nothing was written."""
        self._last = 0
        self._lock = threading.Lock()

    def names(self, endpoint: str) -> set[str]:
        """What a table holds, by what NetBox shows."""
        return {self._display(endpoint, entry) for entry in self.tables[endpoint].values()}

    def one(self, endpoint: str, **values: object) -> Json:
        """The only object with these values."""
        (found,) = (e for e in self.tables[endpoint].values() if all(e[k] == v for k, v in values.items()))
        return found

    def add(self, endpoint: str, **values: Any) -> Json:
        """An object that somebody else has made."""
        return self._made(endpoint, values)

    def listed(self, endpoint: str, filters: Mapping[str, list[str]]) -> list[Json]:
        """The objects that pass all filters, as NetBox answers them."""
        entries = list(self.tables[endpoint].values())
        for name, values in filters.items():
            keep = self._filter(endpoint, name, values)
            entries = [entry for entry in entries if keep(entry)]
        return [self._nested(endpoint, entry) for entry in entries]

    def written(self, endpoint: str, objects: list[Json], *, new: bool) -> list[Json]:
        """The objects as they are afterwards; all of them are written, or none is."""
        with self._lock:
            before = deepcopy(self.tables)
            reasons: list[object] = []
            made = []
            for values in objects:
                try:
                    made.append(self._made(endpoint, values) if new else self._changed(endpoint, dict(values)))
                    reasons.append({})
                except RefusalError as refused:
                    reasons.append(refused.body)
            if any(reasons):
                self.tables = before
                raise RefusalError(400, reasons)
            return [self._nested(endpoint, entry) for entry in made]

    def _made(self, endpoint: str, values: Json) -> Json:
        model = MODELS[endpoint]
        missing = {name: ["This field is required."] for name in model.required if name not in values}
        if missing:
            raise RefusalError(400, missing)
        self._last += 1
        entry = {"id": self._last, **model.optional, **self._checked(endpoint, values)}
        self._rules(endpoint, entry)
        self.tables[endpoint][entry["id"]] = entry
        return entry

    def _changed(self, endpoint: str, values: Json) -> Json:
        number = values.pop("id")
        if number not in self.tables[endpoint]:
            raise RefusalError(400, {"id": ["No such object."]})
        entry = {**self.tables[endpoint][number], **self._checked(endpoint, values)}
        self._rules(endpoint, entry)
        self.tables[endpoint][number] = entry
        return entry

    def _checked(self, endpoint: str, values: Json) -> Json:
        model = MODELS[endpoint]
        for name, value in values.items():
            if name not in (*model.required, *model.optional):
                raise RefusalError(400, {name: ["Unknown here, and passed over by NetBox."]})
            if name in model.refs and value is not None and value not in self.tables[model.refs[name]]:
                raise RefusalError(400, {name: [f"Related object not found using the provided numeric ID: {value}"]})
            if name in model.choices and value and value not in model.choices[name]:
                raise RefusalError(400, {name: [f"{value} is not a valid choice."]})
        found = dict(values)
        if "prefix" in found and ip_network(found["prefix"]) is not None:
            found["prefix"] = str(ip_network(found["prefix"]))
        if "address" in found:
            found["address"] = str(ip_interface(found["address"]))
        return found

    def _rules(self, endpoint: str, entry: Json) -> None:
        others = [other for other in self.tables[endpoint].values() if other["id"] != entry["id"]]
        for names in MODELS[endpoint].unique:
            mine = [entry[name] for name in names]
            if None not in mine and any([other[name] for name in names] == mine for other in others):
                fields = ", ".join(names)
                raise RefusalError(400, {"non_field_errors": [f"The fields {fields} must make a unique set."]})
        match endpoint:
            case "ipam/prefixes":
                self._unique(entry, [o for o in others if o["prefix"] == entry["prefix"]], "prefix")
            case "ipam/ip-addresses":
                host = entry["address"].partition("/")[0]
                same = [o for o in others if o["address"].partition("/")[0] == host]
                if entry["role"] not in _EXEMPT or any(o["role"] not in _EXEMPT for o in same):
                    self._unique(entry, same, "address")
            case "dcim/cables":
                self._free_ports(entry, others)
            case "dcim/devices":
                self._own_addresses(entry)

    @staticmethod
    def _unique(entry: Json, same: list[Json], name: str) -> None:
        if same:
            raise RefusalError(400, {name: [f"Duplicate {name} found in global table: {entry[name]}"]})

    def _free_ports(self, entry: Json, others: list[Json]) -> None:
        taken = {end["object_id"]: other["id"] for other in others for end in _ends(other)}
        for end in _ends(entry):
            if end["object_id"] not in self.tables["dcim/interfaces"]:
                raise RefusalError(400, {"a_terminations": ["Related object not found."]})
            if end["object_id"] in taken:
                number = taken[end["object_id"]]
                raise RefusalError(400, {"__all__": [f"Duplicate termination found for interface: cable {number}"]})

    def _own_addresses(self, entry: Json) -> None:
        for name in ("primary_ip4", "primary_ip6"):
            if entry[name] is not None:
                address = self.tables["ipam/ip-addresses"][entry[name]]
                port = self.tables["dcim/interfaces"].get(address["assigned_object_id"])
                if port is None or port["device"] != entry["id"]:
                    reason = f"The specified IP address ({address['address']}) is not assigned to this device."
                    raise RefusalError(400, {name: [reason]})

    def _filter(self, endpoint: str, name: str, values: list[str]) -> Callable[[Json], bool]:
        if name == "site_id":
            missing = [value for value in values if int(value) not in self.tables["dcim/sites"]]
            if missing and endpoint != "dcim/cables":
                body = f"Select a valid choice. {missing[0]} is not one of the available choices."
                raise RefusalError(400, {"site_id": [body]})
            sites = {int(value) for value in values}
            return lambda entry: bool(sites & self._sites(endpoint, entry))
        if name in ("slug", "asn") and name in MODELS[endpoint].required:
            return lambda entry: str(entry[name]) in values
        if name == "vrf_id" and values == ["null"]:
            return lambda entry: entry["vrf"] is None
        if name == "within_include" and endpoint == "ipam/prefixes" and len(values) == 1:
            return lambda entry: _inside(entry["prefix"], values)
        if name == "parent" and endpoint == "ipam/ip-addresses":
            return lambda entry: _inside(entry["address"].partition("/")[0], values)
        raise RefusalError(400, {name: ["A filter that NetBox does not know, and would pass over."]})

    def _sites(self, endpoint: str, entry: Json) -> set[int]:
        if endpoint == "dcim/cables":
            ports = [self.tables["dcim/interfaces"][end["object_id"]] for end in _ends(entry)]
            return {self.tables["dcim/devices"][port["device"]]["site"] for port in ports}
        if endpoint == "dcim/interfaces":
            return {self.tables["dcim/devices"][entry["device"]]["site"]}
        return {entry["site"]}

    def _display(self, endpoint: str, entry: Json) -> str:
        if endpoint == "dcim/cables":
            return f"#{entry['id']}"
        return str(entry[MODELS[endpoint].display])

    def _nested(self, endpoint: str, entry: Json) -> Json:
        model = MODELS[endpoint]
        found: Json = {"display": self._display(endpoint, entry), **entry}
        for name, target in model.refs.items():
            found[name] = None if entry[name] is None else self._brief(target, entry[name])
        for name in model.choices:
            found[name] = {"value": entry[name], "label": entry[name].title()} if entry[name] else None
        if endpoint == "ipam/ip-addresses":
            found["assigned_object"] = None
            if entry["assigned_object_type"] == "dcim.interface":
                port = self.tables["dcim/interfaces"][entry["assigned_object_id"]]
                device = self._brief("dcim/devices", port["device"])
                found["assigned_object"] = {**self._brief("dcim/interfaces", port["id"]), "device": device}
        return found

    def _brief(self, endpoint: str, number: int) -> Json:
        return {"id": number, "display": self._display(endpoint, self.tables[endpoint][number])}


def _inside(text: str, spaces: list[str]) -> bool:
    prefix = ip_network(text)
    wide = (ip_network(space) for space in spaces)
    return any(
        prefix.version == w.version and int(w[0]) <= int(prefix[0]) <= int(prefix[-1]) <= int(w[-1]) for w in wide
    )


def _ends(cable: Json) -> list[Json]:
    return [*cable["a_terminations"], *cable["b_terminations"]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Head and body in one packet: two would wait for each other."""
    netbox: NetBox

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(lambda endpoint, _: (201, self._write(endpoint, new=True)))

    def do_PATCH(self) -> None:
        self._answer(lambda endpoint, _: (200, self._write(endpoint, new=False)))

    def _answer(self, action: Callable[[str, dict[str, list[str]]], tuple[int, object]]) -> None:
        parts = urlsplit(self.path)
        endpoint = parts.path.removeprefix("/api/").strip("/")
        self.netbox.requests.append((self.command, endpoint))
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        try:
            if self.headers.get("Authorization") != f"Token {TOKEN}":
                raise RefusalError(403, {"detail": "Invalid token"})
            if endpoint and endpoint not in MODELS:
                raise RefusalError(404, {"detail": "Not found."})
            status, body = action(endpoint, parse_qs(parts.query))
        except RefusalError as refused:
            status, body = refused.status, refused.body
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("API-Version", "4.2")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _get(self, endpoint: str, query: dict[str, list[str]]) -> tuple[int, object]:
        if not endpoint:
            return 200, {}
        limit, offset = (
            int(query.pop(name, [default])[0]) for name, default in (("limit", str(_PAGE)), ("offset", "0"))
        )
        found = self.netbox.listed(endpoint, query)
        page = min(limit or _MOST, _MOST)
        following = None
        if offset + page < len(found):
            values = urlencode({**query, "limit": page, "offset": offset + page}, doseq=True)
            following = f"http://{self.headers['Host']}/api/{endpoint}/?{values}"
        return 200, {"count": len(found), "next": following, "previous": None, "results": found[offset : offset + page]}

    def _write(self, endpoint: str, *, new: bool) -> object:
        body = json.loads(self.body)
        made = self.netbox.written(endpoint, body if isinstance(body, list) else [body], new=new)
        return made if isinstance(body, list) else made[0]


@contextmanager
def serving(netbox: NetBox) -> Iterator[str]:
    """The URL under which a NetBox answers as long as the context lasts."""
    handler = type("Handler", (_Handler,), {"netbox": netbox})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
