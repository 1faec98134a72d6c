import asyncio

from tts_player.slots import Errand, Slots, Urgency


class Worker:
    """Holds a place until it is told to go."""

    def __init__(self, slots: Slots, name: str, urgency: Urgency, order: list[str]) -> None:
        self.errand = Errand(urgency)
        self.leave = asyncio.Event()
        self.task = asyncio.create_task(self._work(slots, name, order))

    async def _work(self, slots: Slots, name: str, order: list[str]) -> None:
        async with slots.place(self.errand):
            order.append(name)
            await self.leave.wait()

    async def go(self) -> None:
        self.leave.set()
        await asyncio.wait({self.task})
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_live_goes_before_ahead_and_else_by_arrival() -> None:
    slots, order = Slots(1), list[str]()
    first = Worker(slots, "first", Urgency.AHEAD, order)
    await settled()
    waiting = [
        Worker(slots, "ahead", Urgency.AHEAD, order),
        Worker(slots, "live 1", Urgency.LIVE, order),
        Worker(slots, "live 2", Urgency.LIVE, order),
    ]
    await settled()
    assert slots.waiting == 3

    for worker in (first, waiting[1], waiting[2], waiting[0]):
        await worker.go()

    assert order == ["first", "live 1", "live 2", "ahead"]


async def test_the_last_free_place_is_kept_for_live() -> None:
    slots, order = Slots(2), list[str]()
    ahead = [Worker(slots, f"ahead {number}", Urgency.AHEAD, order) for number in (1, 2)]
    await settled()
    live = Worker(slots, "live", Urgency.LIVE, order)
    await settled()
    assert order == ["ahead 1", "live"]

    for worker in (live, *ahead):
        await worker.go()

    assert order == ["ahead 1", "live", "ahead 2"]


async def test_an_errand_can_become_urgent_while_it_waits() -> None:
    slots, order = Slots(1), list[str]()
    first = Worker(slots, "first", Urgency.LIVE, order)
    one, two = (Worker(slots, name, Urgency.AHEAD, order) for name in ("one", "two"))
    await settled()

    two.errand.hasten(Urgency.LIVE)
    for worker in (first, two, one):
        await worker.go()

    assert order == ["first", "two", "one"]


async def test_cancelling_gives_the_place_back_before_and_after_it_was_granted() -> None:
    slots, order = Slots(1), list[str]()
    holder = Worker(slots, "holder", Urgency.LIVE, order)
    waiter = Worker(slots, "waiter", Urgency.LIVE, order)
    last = Worker(slots, "last", Urgency.LIVE, order)
    await settled()

    waiter.task.cancel()
    holder.task.cancel()
    await settled()

    assert order == ["holder", "last"]
    await last.go()
    assert slots.waiting == 0


async def test_a_place_granted_to_a_task_that_is_cancelled_in_the_same_moment_is_not_lost() -> None:
    slots, order = Slots(1), list[str]()
    holder = Worker(slots, "holder", Urgency.LIVE, order)
    waiter = Worker(slots, "waiter", Urgency.LIVE, order)
    await settled()

    holder.leave.set()
    await asyncio.wait({holder.task})
    waiter.task.cancel()
    await settled()
    last = Worker(slots, "last", Urgency.LIVE, order)
    await settled()

    assert order[-1] == "last"
    await last.go()
