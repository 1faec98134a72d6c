"""A simulated telephone caller for tests, the demo and the bench; no service of the product imports it."""

from simcaller.call import BotSilent, CallError, CallOver, CallRefused, SipCall
from simcaller.digest import Credentials
from simcaller.events import HungUp, Refused
from simcaller.impairments import Network
from simcaller.media import Frame
from simcaller.transactions import Timers

__all__ = [
    "BotSilent",
    "CallError",
    "CallOver",
    "CallRefused",
    "Credentials",
    "Frame",
    "HungUp",
    "Network",
    "Refused",
    "SipCall",
    "Timers",
]
