"""The engine that every server has: a job is worked on in the thread that follows it."""

from digits.device import alone_on, select_device
from digits.engines.engine import Work
from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.loop import train
from digits.training.teaching import TeachConfig, teach


class Here:
    """This process."""

    places = 1
    holds_paused = True

    def work(self, config: TrainConfig | TeachConfig, resume: bool = False, watch: Watch | None = None) -> Work:
        """See `Engine`. Of several such threads one at a time is on MPS, from an update to the next."""
        device = select_device(config.device)
        work: Work = teach(config) if isinstance(config, TeachConfig) else train(config, resume=resume, watch=watch)
        try:
            while True:
                with alone_on(device):
                    update = next(work, None)
                if update is None:
                    return
                yield update
        finally:
            with alone_on(device):
                work.close()
