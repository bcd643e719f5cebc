"""The cluster's own network and mount namespaces, held by one small process, the anchor.

Nothing is pinned in the file system: when the last process is gone the kernel takes back the network
(bridges, veth pairs, rules) and all mounts, whatever crashed before.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from idp.errors import Exit, IdpError
from idp.loopback.cluster import daemon, network
from idp.loopback.cluster.daemon import Daemon
from idp.loopback.cluster.layout import INSIDE, Layout
from idp.loopback.cluster.logs import reason

NAME = "namespace"
READY = "ready"
SET_UP_SECONDS = 10.0

SCRIPT = f"""set -eu
home=$1 anchor=$2
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p {INSIDE} /run/lock /run/var-lib/upper /run/var-lib/work
mount --bind "$home" {INSIDE}

# The kubelet's device-plugin socket has a fixed place. It must not be the host's, another kubelet may run there.
if [ ! -d /var/lib/kubelet ]; then
  mount -t overlay -o lowerdir=/var/lib,upperdir=/run/var-lib/upper,workdir=/run/var-lib/work overlay /var/lib
  mkdir /var/lib/kubelet
fi
mount --bind {INSIDE}/kubelet /var/lib/kubelet
# The kubelet keeps links in /var/log/containers, which is fixed too.
mount -t tmpfs -o mode=755 tmpfs /var/log

ip link set lo up
ip link add node0 type bridge
ip address add {network.NODE_IP}/{network.NODE_PREFIX} dev node0
ip link set node0 up
# Without a route a Service's address is unreachable before the rules that translate it are asked.
ip route add {network.SERVICE_CIDR} dev node0
echo 1 > /proc/sys/net/ipv4/ip_forward
[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || {{
  echo "error: the kernel does not filter bridged traffic, network policies would not hold: modprobe br_netfilter" >&2
  exit 1
}}
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
touch {INSIDE}/records/{READY}
exec "$anchor"
"""


def describe(layout: Layout, pause: Path) -> Daemon:
    """Return the anchor: a shell that sets the namespaces up and then becomes `pause`."""
    return Daemon(NAME, Path("/bin/sh"), ("-c", SCRIPT, "namespace", str(layout.home), str(pause)))


def start(layout: Layout, anchor: Daemon) -> int:
    """Make the namespaces and return the anchor's pid.

    Raises IdpError with the reason if that fails, within SET_UP_SECONDS.
    """
    ready = layout.records / READY
    ready.unlink(missing_ok=True)
    layout.records.mkdir(exist_ok=True, mode=0o700)
    # `slave`: what the host unmounts must not stay mounted, and busy, in here.
    process = daemon.spawn(layout, anchor, ("unshare", "--mount", "--net", "--propagation", "slave", "--"))
    deadline = time.monotonic() + SET_UP_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() >= deadline:
            _give_up(process)
            log = layout.log(NAME)
            raise IdpError(f"{NAME}: {reason(log)} (log: {log})", Exit.MISSING)
        time.sleep(0.01)
    return process.pid


def anchor_pid(layout: Layout, anchor: Daemon) -> int | None:
    """Return the pid of a complete, current anchor; None if the namespaces must be made anew."""
    if not (layout.records / READY).exists() or not daemon.is_current(layout, anchor):
        return None
    process = daemon.running(layout, NAME)
    return process.pid if process else None


def _give_up(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(5)
