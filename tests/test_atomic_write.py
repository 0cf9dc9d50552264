"""Files are whole or not there, whoever else writes them."""

import threading

import pytest

from textbook_gym.atomic_write import beside


def test_a_file_is_replaced_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with beside(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_nothing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with beside(path) as part:
            part.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_several_may_write_the_same_file(tmp_path):
    path, all_write = tmp_path / "a.txt", threading.Barrier(8)

    def write(text):
        with beside(path) as part:
            part.write_text(text)
            all_write.wait()

    threads = [threading.Thread(target=write, args=(str(k) * 1000,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in {str(k) * 1000 for k in range(8)}
    assert list(tmp_path.iterdir()) == [path]
