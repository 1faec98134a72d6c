"""``python -m dialog_fsm``: the service; with ``check``, ``story`` or ``talk`` a tool for authors of scenarios."""

import asyncio
import sys

from callbus import logs
from callbus.settings import EXIT_BAD_SETTING, load, refuse
from dialog_fsm.choice import Scenarios, UnknownScenario
from dialog_fsm.command_line import parsed, run
from dialog_fsm.load import ScenarioError, load_scenarios
from dialog_fsm.serve import serve, stop_on_signals
from dialog_fsm.settings import SERVICE, DialogSettings


def main() -> int:
    """Run the service or a command; returns the exit code."""
    command = parsed(sys.argv[1:])
    if command is not None:
        return run(command)
    settings = load(DialogSettings, SERVICE)
    logs.configure(SERVICE, format=settings.log_format, level=settings.log_level)
    return asyncio.run(_serve(settings, _scenarios(settings)))


def _scenarios(settings: DialogSettings) -> Scenarios:
    """The scenarios, or the end of the process with a line for each that is wrong."""
    try:
        programs = load_scenarios(settings.scenarios_dir)
        for program in programs.values():
            program.warm_up()
        return Scenarios(programs, settings.scenario, settings.scenario_by_number)
    except ScenarioError as error:
        for line in error.lines:
            print(f"{SERVICE}: {line}", file=sys.stderr)
        sys.exit(EXIT_BAD_SETTING)
    except UnknownScenario as error:
        refuse(SERVICE, str(error))


async def _serve(settings: DialogSettings, scenarios: Scenarios) -> int:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await serve(settings, scenarios, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
