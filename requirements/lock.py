"""Writes the locked requirements: every version and hash, no host names.

`python requirements/lock.py` (needs uv): a file per service, one more where a service has an extra named `offline`,
local.txt for all of them with what the demo needs (local.in), and dev.txt with the tools of the tests (dev.in) as well.
A version that is locked already is kept; `--upgrade` takes new ones.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
OWN = {"callbus"}


def project(path: Path) -> tuple[list[str], list[str]]:
    """The dependencies of a pyproject.toml without our own packages, and those of its extra `offline`."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    dependencies = [one for one in table.get("dependencies", []) if one.split("[")[0].strip() not in OWN]
    return dependencies, table.get("optional-dependencies", {}).get("offline", [])


def listed(name: str) -> list[str]:
    """The lines of an input file."""
    return (HERE / name).read_text(encoding="utf-8").splitlines()


def lock(name: str, inputs: list[str], options: list[str]) -> None:
    """Resolve the inputs for Python 3.11 to 3.13 and write `<name>.txt`."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", *options]
    target = HERE / f"{name}.txt"
    subprocess.run([*command, "-", "-o", str(target)], input="\n".join(inputs).encode(), check=True)
    print(f"requirements/{target.name}: {sum(1 for line in target.open() if '==' in line)} packages")


def main(options: list[str]) -> None:
    """Lock every service and the workshop."""
    bus, _ = project(ROOT / "callbus" / "pyproject.toml")
    everything = [*bus, *listed("local.in")]
    for path in sorted(ROOT.glob("services/*/pyproject.toml")):
        needed, offline = project(path)
        lock(path.parent.name, [*bus, *needed], options)
        if offline:
            lock(f"{path.parent.name}-offline", [*bus, *needed, *offline], options)
        everything += [*needed, *offline]
    lock("local", everything, options)
    lock("dev", [*everything, *listed("dev.in")], options)


if __name__ == "__main__":
    main(sys.argv[1:])
