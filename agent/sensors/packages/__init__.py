"""Which packages are installed, for every Python and Node found and for Debian.

`places` says where interpreters keep packages on each system, `walk` finds virtual environments and projects below the
person's home within strict limits, `python`, `node` and `debian` read names from folder listings, and `search` runs the
whole with a progress callback. Nothing is imported or executed; a project's path is never reported.
"""

from agent.sensors.packages.places import Place, places
from agent.sensors.packages.python import parse_dist_folder
from agent.sensors.packages.search import PackageSearch
from agent.sensors.packages.walk import Limits, Projects, find_projects

__all__ = ["Limits", "PackageSearch", "Place", "Projects", "find_projects", "parse_dist_folder", "places"]
