"""What every part of the page needs, as one object."""

from dataclasses import dataclass, field

from digits.jobs import JobQueue
from digits.ui.batches import Batches
from digits.ui.networks import Networks


@dataclass
class Page:
    """The server's side of the page. Parts read it; only `serve.launch` says where the page can be reached."""

    jobs: JobQueue
    networks: Networks
    device: str
    """Where networks train, see `digits.device.select_device`."""
    addresses: list[str] = field(default_factory=list)
    """At which others reach this page: the public link first, then this network's."""
    share_failed: bool = False
    batches: Batches = field(default_factory=Batches)
