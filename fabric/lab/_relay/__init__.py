"""The process that delays, loses, damages and slows packets where the kernel has no netem.

It reads every frame that arrives at an impaired port, which the kernel then drops (`Filter.relayed`), and sends it
again when it is due, from the port at the other end of the cable. Such a frame carries `MARK` in its source address, by
which the filter lets it pass; nothing else about it differs, and a port that is down, or a dead carrier, loses it as
any other.
"""

from fabric.lab._relay._plan import MARK, Direction, Rule, directions_from, directions_value

__all__ = ["MARK", "Direction", "Rule", "directions_from", "directions_value"]
