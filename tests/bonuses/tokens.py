"""Bonuses as coins on a table: a slow, plain model that shares no line with the product.

Each bonus is one coin, which lies in a lot and is somewhere: pending, free, held, or gone. What the
product reckons in sums, this moves coin by coin.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PENDING, FREE, HELD, GONE, LAPSED, FORGOTTEN = "pending free held gone lapsed forgotten".split()
DEBT = None  # in a spending: a coin that was not there


@dataclass
class Coin:
    """One bonus."""

    lot: int
    where: str = FREE


@dataclass
class Heap:
    """One lot: when it wakes, when it is over (None: never), its coins."""

    wakes: int
    over: int | None
    coins: list[Coin] = field(default_factory=list)
    clawed: int = 0


@dataclass
class Table:
    """One customer's coins. Time in hours."""

    grace: int = 0
    now: int = 0
    debt: int = 0
    heaps: list[Heap] = field(default_factory=list)
    spendings: list[list[Coin | None]] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    holds: list[list[Coin]] = field(default_factory=list)
    ends: dict[int, str] = field(default_factory=dict)

    def standing(self) -> tuple[int, int, int, int]:
        """Return (available, pending, held, debt)."""
        coins = [c for h in self.heaps for c in h.coins]
        live = [c for c in coins if c.where == FREE and not self._is_over(self.heaps[c.lot])]
        return (
            len(live),
            sum(c.where == PENDING for c in coins),
            sum(c.where == HELD for c in coins),
            self.debt,
        )

    def wake(self) -> None:
        """Let the time that has passed do its work."""
        for heap in self._in_order():
            if heap.wakes <= self.now:
                waking = [c for c in heap.coins if c.where == PENDING]
                for coin in waking:
                    coin.where = FREE
                if waking:
                    self._pay(heap)
        for heap in self._in_order():
            self._lapse(heap)

    def earn(self, amount: int, wakes: int, over: int | None) -> None:
        """A new lot."""
        heap = Heap(wakes, over)
        self.heaps.append(heap)
        number = len(self.heaps) - 1
        where = FREE if wakes <= self.now else PENDING
        heap.coins = [Coin(number, where) for _ in range(amount)]
        if where == FREE:
            self._pay(heap)
        self._lapse(heap)

    def spend(self, amount: int) -> None:
        """Take coins, the next to lapse first; those that are not there are owed."""
        self.wake()
        taken: list[Coin | None] = list(self._free()[:amount])
        for coin in taken:
            if coin is not None:
                coin.where = GONE
        owed = amount - len(taken)
        self.debt += owed
        self.spendings.append(taken + [DEBT] * owed)
        self.returned.append(0)

    def hold(self, amount: int) -> None:
        """Lay coins aside."""
        self.wake()
        taken = self._free()[:amount]
        for coin in taken:
            coin.where = HELD
        self.holds.append(taken)

    def capture(self, number: int) -> None:
        """What was laid aside is spent."""
        self.wake()
        for coin in self.holds[number]:
            coin.where = GONE
        self.spendings.append(list(self.holds[number]))
        self.returned.append(0)
        self.ends[number] = "captured"

    def void(self, number: int) -> None:
        """What was laid aside is free again."""
        self.wake()
        self.ends[number] = "voided"
        heaps = self._free_again(self.holds[number])
        for heap in heaps:
            self._lapse(heap)

    def give_back(self, number: int, amount: int) -> None:
        """The last taken comes back first; what was owed is forgiven, or paid again as a new lot."""
        self.wake()
        spent = self.spendings[number]
        upto = len(spent) - self.returned[number]
        self.returned[number] += amount
        back = list(reversed(spent[upto - amount : upto]))
        paid = 0
        for coin in back:
            if coin is None:
                if self.debt:
                    self.debt -= 1
                else:
                    paid += 1
        heaps = self._free_again([c for c in back if c is not None])
        for heap in heaps:
            self._lapse(heap)
        if paid:
            self.earn(paid, self.now, None)

    def claw(self, number: int, amount: int) -> None:
        """From the lot itself, then what of it lapsed counts, then from others, then debt."""
        self.wake()
        heap = self.heaps[number]
        heap.clawed += amount
        own = [c for c in heap.coins if c.where in (FREE, PENDING)]
        lapsed = [c for c in heap.coins if c.where == LAPSED]
        first = own[:amount]
        gone = lapsed[: amount - len(first)]
        left = amount - len(first) - len(gone)
        for coin in first:
            coin.where = GONE
        for coin in gone:
            coin.where = FORGOTTEN
        others = self._free()[:left]
        for coin in others:
            coin.where = GONE
        self.debt += left - len(others)

    def _is_over(self, heap: Heap) -> bool:
        return heap.over is not None and heap.over <= self.now

    def _in_order(self) -> list[Heap]:
        return sorted(self.heaps, key=lambda h: (h.over is None, h.over or 0, self._number(h)))

    def _number(self, heap: Heap) -> int:
        return next(i for i, one in enumerate(self.heaps) if one is heap)

    def _free(self) -> list[Coin]:
        return [
            c for h in self._in_order() if not self._is_over(h) for c in h.coins if c.where == FREE
        ]

    def _pay(self, heap: Heap) -> None:
        if self._is_over(heap):
            return
        for coin in heap.coins:
            if self.debt and coin.where == FREE:
                coin.where = GONE
                self.debt -= 1

    def _lapse(self, heap: Heap) -> None:
        if self._is_over(heap):
            for coin in heap.coins:
                if coin.where == FREE:
                    coin.where = LAPSED

    def _free_again(self, coins: list[Coin]) -> list[Heap]:
        heaps: list[Heap] = []
        for coin in coins:
            coin.where = FREE
            heap = self.heaps[coin.lot]
            if not any(one is heap for one in heaps):
                heaps.append(heap)
        for heap in heaps:
            if heap.over is not None:
                heap.over = max(heap.over, self.now + self.grace)
            self._pay(heap)
        return heaps
