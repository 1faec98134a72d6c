"""Whether the caller got what the call was for."""

from demo.conversation import Conversation

GOAL_REACHED = "goal reached: "


def failure(conversation: Conversation, caller_trouble: str = "") -> str | None:
    """Why the call failed, in one line; None when the goal was reached and the caller heard the bot's last words."""
    if caller_trouble:
        return caller_trouble
    if conversation.hang_up is None:
        how = conversation.ended.reason if conversation.ended else "no end of the call was announced"
        return f"the bot never hung up: {how}"
    if not conversation.hang_up.reason.startswith(GOAL_REACHED):
        return f"the dialog ended without the goal ({conversation.hang_up.reason or 'no reason given'})"
    return _unheard(conversation)


def _unheard(conversation: Conversation) -> str | None:
    last = next(reversed(conversation.says.values()), None)
    if last is None:
        return "the bot said nothing"
    finished = conversation.finished.get(last.say_id)
    if finished is None or finished.outcome != "completed":
        return f"the last words were not played to their end: {last.text!r}"
    if not any(turn.text == last.text for turn in conversation.spoken):
        return f"the caller did not hear the last words: {last.text!r}"
    return None
