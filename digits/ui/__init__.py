"""The page: the only part of the package that imports gradio."""

import os

from digits.ui.proxies import keep_usable_proxies

# Gradio rebuilds a table of up to 10,000 past events at every queued event unless told not to; this keeps an event at
# 7 ms where it grew to 18 ms after 5,000 events. Both are read when gradio is imported.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # the page and its server talk to nobody else

keep_usable_proxies()
