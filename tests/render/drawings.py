"""Drawings to test the pictures with."""

from __future__ import annotations

from fabric.render.drawing import Drawing, DrawnEdge, DrawnNode


def three_zones(racks: int = 1, nodes: int = 2, spines: int = 2, super_spines: int = 2) -> Drawing:
    """Three zones with spines of their own below super-spines and two borders; two leaves a rack."""
    tops = [DrawnNode(f"super-{n}", "super-spine", label="AS 64500") for n in range(1, super_spines + 1)]
    borders = [DrawnNode(f"border-{n}", "edge", label="AS 64400") for n in (1, 2)]
    drawn: list[DrawnNode] = [*tops, *borders]
    edges = [DrawnEdge(border.name, top.name) for border in borders for top in tops]
    for z in (1, 2, 3):
        zone = f"zone-{z}"
        row = [DrawnNode(f"z{z}-spine-{n}", "spine", zone, label=f"AS {64600 + z}") for n in range(1, spines + 1)]
        drawn += row
        edges += [DrawnEdge(top.name, spine.name) for top in tops for spine in row]
        for r in range(1, racks + 1):
            rack = f"z{z}-rack-{r}"
            leaves = [DrawnNode(f"z{z}-r{r}-leaf-{n}", "leaf", zone, rack, f"AS {65000 + 100 * z + r}") for n in (1, 2)]
            servers = [DrawnNode(f"z{z}-r{r}-compute-{n}", "node", zone, rack) for n in range(1, nodes + 1)]
            drawn += leaves + servers
            edges += [DrawnEdge(upper.name, lower.name) for upper in row for lower in leaves]
            edges += [
                DrawnEdge(leaf.name, node.name, f"{leaf.name}:swp{n}")
                for leaf in leaves
                for n, node in enumerate(servers)
            ]
    return Drawing(tuple(drawn), tuple(edges), "three zones")


def one_zone() -> Drawing:
    """Ten devices: two spines, four leaves in two racks, four nodes, a tester and nothing else."""
    spines = [DrawnNode(f"spine-{n}", "spine", label="AS 64600") for n in (1, 2)]
    drawn: list[DrawnNode] = [*spines, DrawnNode("tester", "edge")]
    edges = [DrawnEdge("tester", spine.name) for spine in spines]
    for r in (1, 2):
        leaves = [DrawnNode(f"leaf-{2 * r - n}", "leaf", "zone-1", f"rack-{r}", f"AS {65000 + r}") for n in (1, 0)]
        servers = [DrawnNode(f"worker-{2 * r - n}", "node", "zone-1", f"rack-{r}") for n in (1, 0)]
        drawn += leaves + servers
        edges += [DrawnEdge(spine.name, leaf.name) for spine in spines for leaf in leaves]
        edges += [DrawnEdge(leaf.name, server.name) for leaf in leaves for server in servers]
        edges += [DrawnEdge(leaves[0].name, leaves[1].name, f"peer link {n}") for n in (1, 2)]
    return Drawing(tuple(drawn), tuple(edges), "one-zone")


def odd() -> Drawing:
    """What real fabrics have beside the pattern: no rack, no zone, a far cable, a node of two racks, long names."""
    drawn = (
        DrawnNode("super-spine-with-a-rather-long-name", "super-spine", "zone-1"),
        DrawnNode("free", "super-spine"),
        DrawnNode("spine-1", "spine", "zone-1"),
        DrawnNode("spine-2", "spine", "zone-10"),
        DrawnNode("leaf-1", "leaf", "zone-1", "a-rack-whose-name-is-longer-than-its-devices"),
        DrawnNode("leaf-2", "leaf", "zone-1"),
        DrawnNode("leaf-3", "leaf", "zone-10", "r"),
        *(DrawnNode(f"w{n}", "node", "zone-10", "r", "AS 64999") for n in range(1, 20)),
        DrawnNode("rackless", "node", "zone-1", label='<&> "AS" 1'),
        DrawnNode("alone", "node"),
    )
    edges = (
        DrawnEdge("free", "spine-1"), DrawnEdge("free", "spine-2"), DrawnEdge("spine-1", "spine-2", "far <1>"),
        DrawnEdge("super-spine-with-a-rather-long-name", "spine-1"), DrawnEdge("spine-1", "leaf-1"),
        DrawnEdge("leaf-2", "spine-1"), DrawnEdge("spine-2", "leaf-3"), DrawnEdge("leaf-1", "leaf-3"),
        *(DrawnEdge("leaf-3", f"w{n}") for n in range(1, 20)),
        DrawnEdge("leaf-3", "w1", "second"), DrawnEdge("leaf-1", "w7"), DrawnEdge("leaf-2", "rackless"),
        DrawnEdge("leaf-3", "alone"),
    )  # fmt: skip
    return Drawing(drawn, edges, "odd & <special>")
