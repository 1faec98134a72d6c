"""``python -m ari_gateway``"""

import asyncio

from ari_gateway.serve import serve
from ari_gateway.settings import GatewaySettings
from callbus.logs import configure
from callbus.settings import load

SERVICE = "ari-gateway"


def main() -> None:
    """Run the service; exit code 2 for a wrong setting."""
    settings = load(GatewaySettings, SERVICE)
    configure(SERVICE, format=settings.log_format, level=settings.log_level)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
