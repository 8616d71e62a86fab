"""In what order a set of FRRConfigurations can be changed so that the webhook accepts every step.

A new object may contradict the old version of another one. Then the other one has to change first; where two wait
for each other there is no order. Because new versions do not contradict each other, taking any step that is
accepted never closes the way for another, so trying them in turn finds an order if there is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from fabric._values import dataclass
from fabric.kubernetes._resources import Resource, Resources, nodes_meant
from fabric.kubernetes.frr_k8s._webhook import Key, Verdict, Webhook


@dataclass(frozen=True, slots=True)
class Step:
    """One change: an object to create or update in its new form, or to delete."""

    action: Literal["create", "update", "delete"]
    resource: Resource

    def __str__(self) -> str:
        return f"{self.action} {self.resource} ({self.resource.where()})"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A change that the webhook refuses whatever was done before, with its answer."""

    step: Step
    verdict: Verdict

    def __str__(self) -> str:
        reason = self.verdict.message.strip().replace("\n", "; ")
        return f"{self.step} is refused: {reason}"


@dataclass(frozen=True, slots=True)
class Order:
    """The steps in an order that is accepted, and what no order makes acceptable."""

    steps: tuple[Step, ...]
    blocked: tuple[Blocked, ...] = ()
    delete_first: tuple[Resource, ...] = ()
    """Old objects that stand in the way of `blocked`: deleting them, which is never refused, opens it, at the price
    of the sessions and routes that they carry until they are created again."""

    @property
    def complete(self) -> bool:
        """True when the steps lead all the way."""
        return not self.blocked

    def __str__(self) -> str:
        lines = [str(step) for step in self.steps]
        if self.blocked:
            lines.append("No order leads further:")
            lines.extend(f"  {entry}" for entry in self.blocked)
            names = ", ".join(str(resource) for resource in self.delete_first)
            lines.append(
                f"Deleting {names} first would open the way; their sessions and routes are gone until they are created "
                "again."
                if names
                else "The new resources contradict each other; correct them."
            )
        return "\n".join(lines)


def order(old: Resources, new: Resources) -> Order:
    """The order in which the FRRConfigurations of `old` become those of `new`; deletions come as late as possible."""
    search = _Search(old, new)
    search.advance()
    return search.result()


class _Search:
    def __init__(self, old: Resources, new: Resources) -> None:
        self.current = _by_key(old.of_kind("FRRConfiguration"))
        self.webhook = Webhook(self.current.values(), nodes_meant(new), new.release)
        wanted = _by_key(new.of_kind("FRRConfiguration"))
        self.pending = {
            key: Step("update" if key in self.current else "create", resource)
            for key, resource in wanted.items()
            if key not in self.current or self.current[key].spec != resource.spec
        }
        self.deletions = {key: resource for key, resource in self.current.items() if key not in wanted}
        self.steps: list[Step] = []

    def advance(self) -> None:
        """Takes every step that is accepted; deletes only what stands in the way, and the rest at the end."""
        while self._take_accepted() or self._delete_an_obstacle():
            pass
        if not self.pending:
            for key in list(self.deletions):
                self._delete(key)

    def result(self) -> Order:
        blocked = tuple(Blocked(step, self.webhook.review(step.resource)) for step in self.pending.values())
        obstacles = _by_key(
            origin.resource
            for entry in blocked
            for refusal in entry.verdict.refusals
            for origin in refusal.origins
            if self.current.get(_key(origin.resource)) is origin.resource and _key(origin.resource) in self.pending
        )
        return Order(tuple(self.steps), blocked, tuple(obstacles.values()))

    def _take_accepted(self) -> bool:
        taken = False
        for key, step in list(self.pending.items()):
            if self.webhook.review(step.resource).accepted:
                self.current[key] = step.resource
                self.webhook.store(step.resource)
                self.steps.append(self.pending.pop(key))
                taken = True
        return taken

    def _delete_an_obstacle(self) -> bool:
        """Deletes an object that has to go anyway and that keeps a pending change from being accepted."""
        for step in self.pending.values():
            for refusal in self.webhook.review(step.resource).refusals:
                for origin in refusal.origins:
                    if _key(origin.resource) in self.deletions:
                        self._delete(_key(origin.resource))
                        return True
        return False

    def _delete(self, key: Key) -> None:
        self.steps.append(Step("delete", self.deletions.pop(key)))
        self.webhook.remove(self.current.pop(key))


def _key(resource: Resource) -> Key:
    return resource.namespace, resource.name


def _by_key(resources: Iterable[Resource]) -> dict[Key, Resource]:
    return {_key(resource): resource for resource in resources}
