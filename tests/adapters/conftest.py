"""Adapters are run against the libraries that they are for: `python tests/adapters/run.py tinker`, see there."""

import importlib.util

LIBRARIES = {
    "tinker": "tinker_cookbook",
    "mcp": "mcp",
    "openenv": "openenv",
    "trl": "trl",
    "verifiers": "verifiers",
}
"""Name of an adapter -> the module that its test needs."""

collect_ignore = [f"test_{name}.py" for name, module in LIBRARIES.items() if importlib.util.find_spec(module) is None]
