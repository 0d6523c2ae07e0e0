"""How well browsers reach the agent, in the words of the page about health."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.model.health import Condition, Health, Part


def browsers_health(connected: Mapping[str, Sequence[str]], name_of: Callable[[str], str]) -> Health:
    """Say how many browsers are connected, and which watched sites they hide.

    Args:
        connected: Client → keys of the platforms that it must see and does not.
        name_of: The name of a platform, by its key.
    """
    if not connected:
        return Health(
            Part.BROWSERS,
            Condition.DEGRADED,
            "none connected",
            missed="Page loads are not seen.",
            action="Load the extension: gleanwatch browser status says where it is registered.",
        )
    hidden = [name_of(key) for key in sorted({key for missing in connected.values() for key in missing})]
    if hidden:
        return Health(
            Part.BROWSERS,
            Condition.DEGRADED,
            f"{len(connected)} connected",
            missed=f"Page loads of {', '.join(hidden)}: a browser hides these sites.",
            action="Allow the sites again in the Gleanwatch pop-up of that browser.",
        )
    return Health(Part.BROWSERS, Condition.WORKING, f"{len(connected)} connected")
