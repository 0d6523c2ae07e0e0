"""A small Secret Service on the session bus, run as a program: open, locked, or without a default collection.

    python secret_service.py open|locked|empty

Says `ready` once it has its name on the bus, and `unlock asked` whenever somebody asks it to unlock what is locked: in
a desktop session that is the moment at which the person would be prompted. Sessions are `plain`, as the specification
allows (freedesktop.org Secret Service API 0.2).
"""

# ruff: noqa: F821, F722 -- dbus-fast takes D-Bus signatures as annotations
import asyncio
import sys
from typing import Any

from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_property, method

ROOT = "/org/freedesktop/secrets"
DEFAULT = f"{ROOT}/aliases/default"
ITEM = f"{ROOT}/collection/login/1"


class Item(ServiceInterface):
    def __init__(self, locked: bool, attributes: dict[str, str], secret: list[Any]) -> None:
        super().__init__("org.freedesktop.Secret.Item")
        self.locked, self.attributes, self.secret = locked, attributes, secret

    @method()
    def GetSecret(self, session: "o") -> "(oayays)":
        return [session, *self.secret[1:]]

    @method()
    def SetSecret(self, secret: "(oayays)") -> None:
        self.secret = secret

    @dbus_property(access=PropertyAccess.READ)
    def Locked(self) -> "b":
        return self.locked

    @dbus_property(access=PropertyAccess.READ)
    def Label(self) -> "s":
        return "item"


class Collection(ServiceInterface):
    def __init__(self, bus: MessageBus, locked: bool) -> None:
        super().__init__("org.freedesktop.Secret.Collection")
        self.bus, self.locked, self.item = bus, locked, None

    @method()
    def SearchItems(self, attributes: "a{ss}") -> "ao":
        found = self.item is not None and attributes.items() <= self.item.attributes.items()
        return [ITEM] if found else []

    @method()
    def CreateItem(self, properties: "a{sv}", secret: "(oayays)", replace: "b") -> "oo":
        if self.locked:
            raise DBusError("org.freedesktop.Secret.Error.IsLocked", "locked")
        self.item = Item(False, properties["org.freedesktop.Secret.Item.Attributes"].value, secret)
        self.bus.export(ITEM, self.item)
        return [ITEM, "/"]

    @dbus_property(access=PropertyAccess.READ)
    def Locked(self) -> "b":
        return self.locked

    @dbus_property(access=PropertyAccess.READ)
    def Label(self) -> "s":
        return "Login"


class Service(ServiceInterface):
    def __init__(self, locked: bool) -> None:
        super().__init__("org.freedesktop.Secret.Service")
        self.locked = locked

    @method()
    def OpenSession(self, algorithm: "s", value: "v") -> "vo":
        if algorithm != "plain":
            raise DBusError("org.freedesktop.DBus.Error.NotSupported", "plain only")
        return [Variant("s", ""), f"{ROOT}/session/1"]

    @method()
    def Unlock(self, objects: "ao") -> "aoo":
        if not self.locked:
            return [objects, "/"]
        print("unlock asked", flush=True)
        return [[], f"{ROOT}/prompt/1"]


async def main(how: str) -> None:
    bus = await MessageBus().connect()
    bus.export(ROOT, Service(how == "locked"))
    if how != "empty":
        bus.export(DEFAULT, Collection(bus, how == "locked"))
    await bus.request_name("org.freedesktop.secrets")
    print("ready", flush=True)
    await bus.wait_for_disconnect()


asyncio.run(main(sys.argv[1]))
