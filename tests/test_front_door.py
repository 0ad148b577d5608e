"""The names of the package itself."""

import importlib
import pkgutil

import onward


def test_every_public_name_is_there():
    for name in onward.__all__:
        assert getattr(onward, name) is not None
    assert set(onward.__all__) <= set(dir(onward))


def test_no_public_name_is_that_of_a_module_which_would_take_its_place_once_imported():
    modules = {module.name for module in pkgutil.iter_modules(onward.__path__)}
    assert len(modules) > 10
    assert not modules & set(onward.__all__)


def test_a_public_name_is_the_same_each_time():
    importlib.import_module("onward.method")
    assert onward.chain("lwf | replay(size=1)") == onward.chain("lwf|replay( size = 1 )")


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(onward, "no_such_name")
