"""What every part of the page needs, as one object."""

from dataclasses import dataclass, field

from digits.jobs import JobQueue
from digits.runs import Job
from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.teaching import TeachConfig
from digits.ui.batches import Batches
from digits.ui.classroom import Classroom
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
    classroom: Classroom | None = None

    def start(self, config: TrainConfig | TeachConfig, visitor: str, client: str, watch: Watch | None = None) -> Job:
        """Queue a training or a teaching. Raises DigitsError where the queue does, or the teacher has frozen it."""
        if self.classroom:
            self.classroom.check_open()
            self.classroom.note_runs()  # before the queue forgets the oldest
        return self.jobs.start(config, visitor, watch, client)
