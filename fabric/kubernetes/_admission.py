"""What a cluster of a release stores of documents, and what it refuses: schemas, kinds, names and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fabric._values import dataclass
from fabric.errors import Problem
from fabric.kubernetes._documents import Document, LinedDict, ResourceError, dotted, line_of
from fabric.kubernetes._documents import Path as FieldPath
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import GROUPS, PLURALS, Identity, Resource, Resources, identity
from fabric.kubernetes._schema import describe, load_schema

_CLUSTER_SCOPED = frozenset(["Node", "Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"])
_KINDS_OF = {
    "frrk8s.metallb.io": frozenset(["FRRConfiguration", "FRRK8sConfiguration", "FRRNodeState", "BGPSessionState"]),
    "metallb.io": frozenset(
        [
            *("BGPPeer", "BGPAdvertisement", "IPAddressPool", "BFDProfile", "Community", "L2Advertisement", "MetalLB"),
            *("AddressPool", "ServiceBGPStatus", "ServiceL2Status", "ConfigurationState"),
        ]
    ),
}
"""All kinds of the API groups that nobody else extends."""
_TEXTS: FieldPath = ("spec", "ipAddressPools")
_SHAPES: Mapping[str, Mapping[FieldPath, type]] = {
    "Pod": {("spec", "nodeName"): str},
    "Service": {
        ("spec", "loadBalancerIP"): str,
        ("status", "loadBalancer"): dict,
        ("status", "loadBalancer", "ingress"): list,
    },
    "Node": {("status", "conditions"): list},
    "Secret": {("data",): dict, ("stringData",): dict},
    "EndpointSlice": {("endpoints",): list},
    "NetworkAttachmentDefinition": {("spec", "config"): str},
    "L2Advertisement": {_TEXTS: list},
}
"""What controllers rely on in kinds without a schema here; other lists hold objects."""
_SHAPE_WORDS: Mapping[type, str] = {dict: "an object", list: "a list", str: "text"}


def admit(documents: Iterable[Document], release: Release) -> Resources:
    """The objects of `documents` as a cluster of `release` stores them.

    Raises `ResourceError` with every schema violation, every document that is no Kubernetes object and every
    object that is written twice.
    """
    admission = _Admission(release)
    for document in documents:
        admission.take(document)
    if admission.problems:
        raise ResourceError(admission.problems)
    return Resources(release, tuple(admission.items.values()), tuple(admission.dropped))


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a folder of somebody else's files holds."""

    resources: Resources
    """The objects that a cluster would store."""
    refused: tuple[Problem, ...]
    """Why it would not store others."""
    repeated: tuple[Problem, ...]
    """Objects that are written more than once, as the base and an overlay of a kustomization are; the first counts."""
    others: tuple[Document, ...]
    """What is no object, such as an install-config, or is one that kustomize has yet to fill."""


def sift(documents: Iterable[Document], release: Release) -> Sifted:
    """The objects of `documents` as `admit` stores them, and apart from them all that it would refuse."""
    admission = _Admission(release, tolerant=True)
    for document in documents:
        admission.take(document)
    resources = Resources(release, tuple(admission.items.values()), tuple(admission.dropped))
    return Sifted(resources, tuple(admission.problems), tuple(admission.repeated), tuple(admission.others))


_UNFILLED = "_replaced_"
"""What the OpenStack operators' kustomizations write where a replacement is to come."""


def _is_unfilled(value: Any) -> bool:
    """True for an object that kustomize has yet to fill in."""
    pending = [value]
    while pending:
        current = pending.pop()
        if current == _UNFILLED:
            return True
        if isinstance(current, dict):
            pending += current.values()
        elif isinstance(current, list):
            pending += current
    return False


class _Admission:
    def __init__(self, release: Release, *, tolerant: bool = False) -> None:
        self.release = release
        self.tolerant = tolerant
        """Objects with a problem are left out, and what is no object is set aside."""
        self.items: dict[Identity, Resource] = {}
        self.problems: list[Problem] = []
        self.dropped: list[Problem] = []
        self.repeated: list[Problem] = []
        self.others: list[Document] = []

    def take(self, document: Document) -> None:
        """Adds the object (or the objects of a `List`) of one document."""
        value = document.value
        is_object = isinstance(value, LinedDict) and isinstance(value.get("kind"), str)
        if self.tolerant and (not is_object or _is_unfilled(value)):
            self.others.append(document)
            return
        if not is_object:
            self._refuse(document, (), describe(value), "a Kubernetes object with apiVersion and kind", "Add them.")
        elif value["kind"].endswith("List") and isinstance(value.get("items"), list):
            for index, item in enumerate(value["items"]):
                self.take(Document(document.file, line_of(value, ("items", index)), item))
        else:
            self._object(document, value)

    def _object(self, document: Document, value: LinedDict) -> None:
        metadata = value.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        name = metadata.get("name")
        if not isinstance(name, str) or not name:
            self._refuse(document, ("metadata", "name"), describe(name), "a name", "Name the object.")
            return
        before = len(self.problems)
        self._check_texts(document, value, metadata)
        self._check_kind(document, value)
        self._check_shape(document, value)
        namespace = "" if value["kind"] in _CLUSTER_SCOPED else str(metadata.get("namespace") or "default")
        stored = self._stored(document, value)
        if self.tolerant and len(self.problems) > before:
            return
        resource = Resource(document, value["kind"], namespace, name, stored)
        earlier = self.items.setdefault(identity(resource), resource)
        if earlier is not resource:
            found = f"{resource} again (first at {earlier.where()})"
            self._repeat(document, found)

    def _check_shape(self, document: Document, value: LinedDict) -> None:
        """No API server stores an object whose parts are of another kind than all of its readers take for granted."""
        shapes: dict[FieldPath, type] = {("spec",): dict, ("status",): dict, **_SHAPES.get(value["kind"], {})}
        for path, wanted in shapes.items():
            found: Any = value
            for step in path:
                found = found.get(step) if isinstance(found, dict) else None
            if found is not None and not isinstance(found, wanted):
                self._refuse(document, path, describe(found), _SHAPE_WORDS[wanted], "Write one.")
            elif isinstance(found, list) and not all(isinstance(e, dict) or path == _TEXTS for e in found):
                self._refuse(document, path, "items that are no objects", "a list of objects", "Correct it.")

    def _repeat(self, document: Document, found: str) -> None:
        path: FieldPath = ("metadata", "name")
        problem = Problem(document.where(path), dotted(path), found, "each object once", "Remove one of the two.")
        (self.repeated if self.tolerant else self.problems).append(problem)

    def _check_kind(self, document: Document, value: LinedDict) -> None:
        """An API server stores no kind that its group does not have."""
        version, kind = str(value.get("apiVersion", "")), value["kind"]
        group = version.rpartition("/")[0]
        known = _KINDS_OF.get(group)
        if (known is not None and kind not in known) or (not group and GROUPS.get(kind, "")):
            found = f"no matches for kind {kind!r} in version {version!r}"
            allowed = ", ".join(sorted(known)) if known else f"{kind} of {GROUPS[kind]}"
            self._refuse(document, ("kind",), found, allowed, "Correct kind or apiVersion.")

    def _check_texts(self, document: Document, value: LinedDict, metadata: Mapping[str, Any]) -> None:
        """Labels such as `zone: on` are booleans until they are quoted, and no API server takes them."""
        texts: dict[FieldPath, Any] = {("metadata", "namespace"): metadata.get("namespace")}
        places: list[FieldPath] = [("metadata", "labels"), ("metadata", "annotations")]
        places += [("data",), ("stringData",)] if value["kind"] == "Secret" else []
        for place in places:
            found = (metadata if len(place) == 2 else value).get(str(place[-1]))
            if isinstance(found, Mapping):
                texts |= {(*place, name): entry for name, entry in found.items()}
            elif found is not None and len(place) == 2:  # _check_shape looks at the others
                self._refuse(document, place, describe(found), "a mapping", "Write keys and texts.")
        for path, text in texts.items():
            if text is not None and not isinstance(text, str):
                self._refuse(document, path, describe(text), "text", "Put it in quotes.")

    def _stored(self, document: Document, value: LinedDict) -> Mapping[str, Any]:
        group, _, version = str(value.get("apiVersion", "")).rpartition("/")
        plural = PLURALS.get((group, value["kind"]))
        file = self.release.schema_file(group, plural) if plural else None
        if file is None:
            return value
        schema = load_schema(file, version)
        if schema is None:
            self._refuse(document, ("apiVersion",), f"{group}/{version}", "a served version", "Use the current one.")
            return value
        applied = schema.apply(value)
        for fault in applied.faults:
            action = f"Release {self.release.name} refuses the object otherwise."
            self._refuse(document, fault.path, fault.found, fault.allowed, action)
        for path in applied.unknown:
            self.dropped.append(self._unknown(document, path))
        return applied.value  # type: ignore[no-any-return]  # an object stays an object

    def _unknown(self, document: Document, path: FieldPath) -> Problem:
        return Problem(
            document.where(path),
            dotted(path),
            "a field that the schema does not know",
            f"the fields of release {self.release.name}",
            "The cluster drops it silently; correct its name or leave it out.",
        )

    def _refuse(self, document: Document, path: FieldPath, found: str, allowed: str, action: str) -> None:
        self.problems.append(Problem(document.where(path), dotted(path), found, allowed, action))
