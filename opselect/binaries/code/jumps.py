"""Where the code of a function jumps within itself: what of it runs more than once, and what can be passed over."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class Jumps:
    """The jumps of one function, noted in the order of its code.

    ``around`` are those of the function that calls it and the place of the call, where the function is followed in the
    place of that call.
    """

    __slots__ = ("_ends", "_jumps", "_repeated", "_starts", "around")

    def __init__(self, around: tuple[Jumps, int] | None = None) -> None:
        self._jumps: list[tuple[int, int]] = []
        self._ends: list[int] = []
        self._starts: list[int] = []
        self._repeated: list[bool] | None = None
        self.around = around

    def jump(self, place: int, target: int) -> None:
        """Notes that the instruction at a place may go on at a target in the function."""
        self._jumps.append((place, target))

    def end(self, place: int) -> None:
        """Notes that the instruction at a place does not go on at the next one."""
        self._ends.append(place)

    def may_repeat(self, place: int) -> bool:
        """Whether an instruction is in a loop, of this function or of one around it."""
        if self.around is not None and self.around[0].may_repeat(self.around[1]):
            return True
        if not any(target <= source for source, target in self._jumps):
            return False
        if self._repeated is None:
            self._repeated = self._in_loops()
        return self._repeated[bisect_right(self._starts, place)]

    def may_skip(self, place: int, first: int, last: int) -> bool:
        """Whether code that runs from one instruction to a later one can go there without one between them."""
        between = self._jumps[bisect_left(self._jumps, (first, 0)) : bisect_left(self._jumps, (place, 0))]
        return any(place < target <= last for _, target in between)

    def _in_loops(self) -> list[bool]:
        """To each part of the code, which jumps and their targets separate, whether it leads to itself."""
        ended = set(self._ends)
        behind = {place + 1 for place in ended} | {place + 1 for place, _ in self._jumps}
        self._starts = sorted(behind | {target for _, target in self._jumps})
        leads: list[list[int]] = [[at + 1] for at in range(len(self._starts))] + [[]]
        for place in ended:
            leads[bisect_right(self._starts, place)].clear()
        for place, target in self._jumps:
            leads[bisect_right(self._starts, place)].append(bisect_right(self._starts, target))
        return _leading_to_themselves(leads)


def _leading_to_themselves(leads: list[list[int]]) -> list[bool]:
    """Which nodes lead back to themselves, by the nodes that each leads to.

    Source: R. Tarjan, "Depth-first search and linear graph algorithms" (1972), without recursion.
    """
    count = len(leads)
    order, lowest = [-1] * count, [0] * count
    open_nodes: list[int] = []
    is_open = [False] * count
    found = [False] * count
    visited = 0
    for root in range(count):
        if order[root] >= 0:
            continue
        walk = [(root, 0)]
        while walk:
            node, at = walk.pop()
            if not at:
                order[node] = lowest[node] = visited
                visited += 1
                open_nodes.append(node)
                is_open[node] = True
            else:
                other = leads[node][at - 1]
                if is_open[other]:
                    lowest[node] = min(lowest[node], lowest[other])
            while at < len(leads[node]):
                other = leads[node][at]
                at += 1
                if order[other] < 0:
                    walk += [(node, at), (other, 0)]
                    break
                if is_open[other]:
                    lowest[node] = min(lowest[node], order[other])
            else:
                if lowest[node] == order[node]:
                    together: list[int] = []
                    while is_open[node]:
                        together.append(open_nodes.pop())
                        is_open[together[-1]] = False
                    loops = len(together) > 1 or node in leads[node]
                    for each in together:
                        found[each] = loops
    return found
