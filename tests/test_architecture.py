"""The house keeps its rules, and the rules can see a breach."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.architecture import EXCEPTIONS, RULES, breaches
from tests.sources import House

HOUSE = House(Path(__file__).parents[1])
HEAVY = {"torch", "numpy", "safetensors", "typer", "rich", "pydantic", "matplotlib", "sklearn", "scipy"}

SOUND = {
    "src/onward/__init__.py": "from onward.engine import update",
    "src/onward/errors.py": "",
    "src/onward/types.py": "import torch\nfrom onward.errors import InputError",
    "src/onward/nets/__init__.py": "from onward.nets.mlp import MLP",
    "src/onward/nets/mlp.py": "from onward import __version__\nfrom ..types import Data",
    "src/onward/method.py": "from onward import nets",
    "src/onward/methods/__init__.py": "",
    "src/onward/methods/ewc.py": "from onward.method import Method\nclass EWC(Method): pass\nclass F: pass",
    "src/onward/engine/__init__.py": "from onward.engine.update import update",
    "src/onward/engine/update.py": "def update(): from onward.nets.mlp import MLP",
    "src/onward/catalogue.py": "import onward.methods.ewc",
    "src/onward/store.py": "import torch\nweights = torch.load('w.pt', weights_only=True)",
    "tests/methods/test_ewc.py": "",
    "docs/methods/ewc.md": "",
}

# rule, file, what it holds, what is said of it.
BREACHES = [
    ("floors", "types.py", "from onward.nets import mlp", "onward.types imports onward.nets.mlp"),
    ("floors", "nets/mlp.py", "def f():\n    import onward.engine.update", "imports onward.engine.update"),
    ("floors", "nets/mlp.py", "from onward.streams import x", "imports onward.streams"),
    ("floors", "formulas/kd.py", "from onward.settings import Settings", "imports onward.settings"),
    ("floors", "methods/ewc.py", "from .si import SI\nclass EWC(Method): pass", "imports onward.methods.si"),
    ("floors", "methods/ewc.py", "import onward.engine\nclass EWC(Method): pass", "imports onward.engine"),
    ("floors", "methods/ewc.py", "import onward.store\nclass EWC(Method): pass", "imports onward.store"),
    ("floors", "methods/ewc.py", "import onward.streams\nclass EWC(Method): pass", "imports onward.streams"),
    ("floors", "engine/update.py", "from onward.methods import ewc", "imports onward.methods.ewc"),
    ("floors", "store.py", "from onward.engine.update import update", "imports onward.engine.update"),
    ("floors", "report/page.py", "from onward.engine import update", "imports onward.engine"),
    ("floors", "report/page.py", "if TYPE_CHECKING:\n    import onward.methods.ewc", "onward.methods.ewc"),
    ("floors", "attic.py", "", "onward.attic stands on no floor"),
    ("front_door", "method.py", "from onward import update", "imports onward.update"),
    ("front_door", "method.py", "import onward", "imports onward;"),
    ("circles", "engine/loop.py", "import onward.engine.turn", "a circle of imports"),
    ("file_lines", "rng.py", "\n" * 251, "onward.rng has 251 lines"),
    ("body_lines", "rng.py", "def f():\n" + "    x = 1\n" * 41, "onward.rng.f has 41 lines"),
    ("body_lines", "rng.py", "class A:\n  def f(s):\n" + "    s()\n" * 41, "onward.rng.A.f has 41 lines"),
    ("parameters", "rng.py", "def f(a, b, c, /, d, *e, g, h, **i): pass", "onward.rng.f has 8 parameters"),
    ("vague_names", "nets/utils.py", "", "onward.nets.utils: 'utils'"),
    ("methods", "methods/ewc.py", "class A(Method): pass\nclass B(m.Method): pass", "defines 2 methods"),
    ("methods", "methods/ewc.py", "", "defines 0 methods"),
    ("methods", "methods/lwf.py", "class LwF(Method): pass", "no tests/methods/test_lwf.py"),
    ("methods", "methods/lwf.py", "class LwF(Method): pass", "no docs/methods/lwf.md"),
    ("pickles", "rng.py", "import pickle", "imports pickle"),
    ("pickles", "rng.py", "from joblib.memory import f", "imports joblib.memory.f"),
    ("pickles", "rng.py", "from torch import load", "imports torch.load"),
    ("pickles", "rng.py", "import torch\ntorch.load('x')", "line 2: torch.load"),
    ("pickles", "rng.py", "import torch\ntorch.load('x', weights_only=False)", "line 2: torch.load"),
    ("pickles", "rng.py", "np.load('x', allow_pickle=True)", "line 1: np.load"),
    ("pickles", "rng.py", "torch.save({}, 'x')", "line 1: torch.save"),
]


@pytest.fixture
def house(tmp_path):
    """A small house that keeps every rule, and a writer of its sources."""
    for path, text in SOUND.items():
        write(tmp_path / path, text)
    return House(tmp_path)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_house_keeps_its_rules():
    assert len(HOUSE.modules) > 10, "too few modules found: is the package where it is looked for?"
    assert breaches(HOUSE) == []


@pytest.mark.parametrize("one", EXCEPTIONS)
def test_every_exception_is_still_needed(one):
    others = {key: reason for key, reason in EXCEPTIONS.items() if key != one}
    assert len(breaches(HOUSE, others)) > len(breaches(HOUSE))


def test_a_sound_house_is_not_complained_of(house):
    assert breaches(house) == []


@pytest.mark.parametrize(("rule", "path", "text", "said"), BREACHES)
def test_a_breach_is_seen_and_named(house, rule, path, text, said):
    write(house.root / "src/onward/streams/__init__.py", "")
    write(house.root / "src/onward/settings.py", "")
    write(house.root / "src/onward/engine/turn.py", "import onward.engine.loop")
    write(house.root / "src/onward/methods/si.py", "class SI(Method): pass")
    write(house.root / "src/onward" / path, text)
    assert any(one.startswith(f"{rule}: ") and said in one for one in breaches(house))


def test_every_rule_has_a_breach_here():
    assert {rule for rule, *_ in BREACHES} == {rule.__name__ for rule in RULES}


def test_an_exception_excuses_only_its_rule_and_name(house):
    write(house.root / "src/onward/rng.py", "def f(a, b, c, d, e, f, g, h): pass\n" * 251)
    excused = breaches(house, {("file_lines", "onward.rng"): "a table"})
    assert {one.split(":")[0] for one in breaches(house)} == {"file_lines", "parameters"}
    assert {one.split(":")[0] for one in excused} == {"parameters"}


def test_importing_onward_imports_nothing_heavy():
    program = "import sys, onward; print(onward.__version__, *sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    version, *loaded = ran.stdout.split()
    assert version[0].isdigit()
    assert HEAVY.intersection(loaded) == set()
