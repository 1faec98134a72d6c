"""An Asterisk without telephony: its events websocket, REST and media legs behave as the real one's were measured to.

What it knows of the real one: a leg enters Stasis after its answer (a websocket leg once its media connection is
there), joining it before is refused; playbacks queue per channel, a missing file fails after it was reported as
started, an unknown scheme never ends; a caller's hang-up takes the snoop along and leaves media leg and bridge behind;
a second connection replaces the first, which stays open and hears nothing.
"""

from tests.fakes.asterisk.media import repeated, silent
from tests.fakes.asterisk.server import FakeAsterisk
from tests.fakes.asterisk.state import Channel, Continued

__all__ = ["Channel", "Continued", "FakeAsterisk", "repeated", "silent"]
