"""A fabric in NetBox by its REST interface: what is there, what should be, and how to get from one to the other."""

from fabric.netbox._compare import Action, Existing, Step
from fabric.netbox._kinds import KINDS, Kind
from fabric.netbox._push import Client, Push, push
from fabric.netbox._records import Record, Ref, records
from fabric.netbox._server import connect, read_token

__all__ = [
    "KINDS",
    "Action",
    "Client",
    "Existing",
    "Kind",
    "Push",
    "Record",
    "Ref",
    "Step",
    "connect",
    "push",
    "read_token",
    "records",
]
