"""What compose/redis-backup.sh has written, compose/redis-restore.sh puts back; on a real server."""

import subprocess
from pathlib import Path

import pytest
import redis

from ..e2e.redis_server import RedisServer

COMPOSE = Path(__file__).parents[2] / "compose"


def run(script: str, folder: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = ["sh", str(COMPOSE / script), str(folder)]
    return subprocess.run(command, input=given, capture_output=True, check=False, timeout=30)


def backup(folder: Path) -> bytes:
    done = run("redis-backup.sh", folder)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.is_dir())


@pytest.mark.parametrize("rewritten", [True, False], ids=["after a rewrite", "as it grows"])
def test_a_backup_of_a_running_server_holds_what_it_held(tmp_path: Path, *, rewritten: bool) -> None:
    with RedisServer(tmp_path / "one") as server, redis.Redis.from_url(server.url) as client:
        client.mset({f"wf:{number}": number for number in range(1000)})
        if rewritten:
            client.bgrewriteaof()
            while client.info("persistence")["aof_rewrite_in_progress"]:
                pass
        client.set("wf:last", "1")
        client.config_set("appendfsync", "always")  # what is not written yet cannot be copied
        client.set("wf:synced", "1")
        tar = backup(tmp_path / "one")
        client.set("wf:later", "1")
        kept = client.dbsize() - 1
    assert names(tmp_path / "one") == ["appendonlydir"]
    (tmp_path / "two").mkdir()
    assert run("redis-restore.sh", tmp_path / "two", tar).returncode == 0
    with RedisServer(tmp_path / "two") as server, redis.Redis.from_url(server.url) as client:
        assert (client.dbsize(), client.exists("wf:last"), client.exists("wf:later")) == (kept, 1, 0)


def test_what_was_there_before_a_restoration_is_kept(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("a", "1")
        tar = backup(tmp_path)
    for _ in range(2):
        assert run("redis-restore.sh", tmp_path, tar).returncode == 0
        assert names(tmp_path) == ["appendonlydir", "appendonlydir.before"]


@pytest.mark.parametrize("given", [b"", b"no tar file"], ids=["nothing", "something else"])
def test_what_is_no_backup_changes_nothing(given: bytes, tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()
    done = run("redis-restore.sh", tmp_path, given)
    assert done.returncode == 1
    assert b"nothing has been changed" in done.stderr
    assert names(tmp_path) == ["appendonlydir"]
