import json

import pytest

from onward.datasets.names_file import class_names
from onward.errors import InputError

FORMS = {
    "names.txt": "cat\nsnow leopard\nno\n",
    "labels.names": "\ufeffcat\r\nsnow leopard\r\nno",
    "list.json": '["cat", "snow leopard", "no"]',
    "class_to_idx.json": '{"no": 2, "cat": 0, "snow leopard": 1}',
    "by_id.json": '{"2": "no", "0": "cat", "1": "snow leopard"}',
    "config.json": '{"model_type": "vit", "id2label": {"0": "cat", "1": "snow leopard", "2": "no"}}',
    "data.yaml": "path: ../datasets\nnames: [cat, snow leopard, no]\n",
    "coco.yml": "names:\n  0: cat\n  1: snow leopard\n  2: no\n",
}


@pytest.mark.parametrize("file", FORMS)
def test_every_usual_form_gives_the_names_in_the_order_of_their_ids(tmp_path, file):
    (tmp_path / file).write_text(FORMS[file], encoding="utf-8")
    assert class_names(tmp_path / file) == ("cat", "snow leopard", "no")


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("a.txt", "cat\ncat\n", "these come twice: cat"),
        ("a.txt", "", "it is empty"),
        ("a.txt", "cat\n\ndog", "'' is no name"),
        ("a.json", '{"cat": 0, "dog": 2}', "the ids of 2 names must count from 0 without gaps, got 0, 2"),
        ("a.json", '{"0": "cat", "1": 7}', "7 is no name"),
        ("a.json", '{"cat": null}', "the ids of 1 names must count from 0"),
        ("a.json", "[" * 100_000, "holds no class names"),
        ("a.json", "17", "it is a int"),
        ("a.json", "{}", "it is empty|without gaps|0 names"),
        ("a.json", '["cat"', "holds no class names .*; wanted one name a line"),
        ("a.yaml", "names: [cat", "holds no class names"),
        ("a.yaml", "nc: 3\n", "holds no class names"),
    ],
)
def test_a_file_without_names_is_refused_with_the_forms_that_are_read(tmp_path, file, text, problem):
    (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=problem):
        class_names(tmp_path / file)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        class_names(tmp_path / "names.txt")


def test_torchvisions_own_index_is_read(tmp_path):
    (tmp_path / "index.json").write_text(json.dumps({name: k for k, name in enumerate(["b", "a"])}))
    assert class_names(tmp_path / "index.json") == ("b", "a")
