"""Whether the caller got what the call was for."""

import re
from collections.abc import Mapping

from demo.conversation import Conversation

GOAL_REACHED = "goal reached: "

Confirmations = Mapping[str, tuple[re.Pattern[str], ...]]


def failure(conversation: Conversation, confirmations: Confirmations, caller_trouble: str = "") -> str | None:
    """Why the call failed, in one line; None when the goal was reached and its confirmation heard to the end.

    `confirmations` are the prompts of the scenario's goal states. The caller's trouble matters only without the goal.
    """
    reason = _reason(conversation, confirmations)
    return reason and (caller_trouble or reason)


def _reason(conversation: Conversation, confirmations: Confirmations) -> str | None:
    if conversation.hang_up is None:
        how = conversation.ended.reason if conversation.ended else "no end of the call was announced"
        return f"the bot never hung up: {how}"
    if not conversation.hang_up.reason.startswith(GOAL_REACHED):
        return f"the dialog ended without the goal ({conversation.hang_up.reason or 'no reason given'})"
    goal = conversation.hang_up.reason.removeprefix(GOAL_REACHED)
    if not any(_heard_whole(conversation, pattern) for pattern in confirmations.get(goal, ())):
        return f"the caller did not hear the confirmation of {goal!r} to its end"
    return None


def _heard_whole(conversation: Conversation, pattern: re.Pattern[str]) -> bool:
    audible = {turn.text for turn in conversation.spoken if turn.who == "bot"}
    for say in conversation.says.values():
        finished = conversation.finished.get(say.say_id)
        if pattern.fullmatch(say.text) and say.text in audible and finished and finished.outcome == "completed":
            return True
    return False
