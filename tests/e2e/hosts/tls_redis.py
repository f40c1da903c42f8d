"""A Redis that speaks TLS only, in a container, with an authority of its own."""

import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from workfleet.workers.embedded.config import free_port

from .engine import REDIS_IMAGE, docker

_TLS = (
    *("--port", "0", "--tls-port", "6379", "--tls-auth-clients", "no", "--protected-mode", "no", "--bind", "0.0.0.0"),
    *("--tls-cert-file", "/tls/redis.crt", "--tls-key-file", "/tls/redis.key", "--tls-ca-cert-file", "/tls/ca.crt"),
)


@dataclass(frozen=True, slots=True)
class TlsRedis:
    """port: on this machine's loopback. authority: the certificate that its own is signed with."""

    port: int
    authority: Path

    @property
    def trusted(self) -> str:
        """Its URL for who trusts its authority."""
        return f"{self.untrusted}?ssl_ca_certs={self.authority}"

    @property
    def untrusted(self) -> str:
        return f"rediss://localhost:{self.port}/0"


@asynccontextmanager
async def tls_redis(folder: Path) -> AsyncGenerator[TlsRedis]:
    _certify(folder)
    port = free_port()
    published, mounted = f"127.0.0.1:{port}:6379", f"{folder}:/tls:ro"
    container = await docker(
        *("run", "--detach", "--rm", "--publish", published, "--volume", mounted, REDIS_IMAGE, "redis-server", *_TLS)
    )
    try:
        yield TlsRedis(port, folder / "ca.crt")
    finally:
        await docker("rm", "--force", "--volumes", container)


def _certify(folder: Path) -> None:
    """As docs/security.md says it; the key may be read by the container's user."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key")
    for command in (
        ("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=fleet authority"),
        ("req", "-x509", *curve, "-keyout", "redis.key", "-out", "redis.crt", "-subj", "/CN=redis", *signed, *names),
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    (folder / "redis.key").chmod(0o644)
