"""Which machine and which commit, and what the processes use of it."""

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def machine() -> dict[str, object]:
    """Processor, cores, memory, kernel, Python and the commit that was measured."""
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory_bytes / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _git(*arguments: str) -> str:
    result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return result.stdout.strip()


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and resident memory of a process with its children."""

    cpu_seconds: float
    resident_mb: float


def usage(pid: int) -> Usage:
    """What the process and its descendants have used until now."""
    total_cpu, total_mb = 0.0, 0.0
    for one in (pid, *_descendants(pid)):
        try:
            stat = Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total_cpu += (int(stat[11]) + int(stat[12])) / TICKS_PER_SECOND
        total_mb += int(stat[21]) * PAGE_BYTES / 2**20
    return Usage(total_cpu, total_mb)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text(encoding="ascii").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found
