# Digits on the CPU: docker build -t digits . && docker run --rm --init -p 7860:7860 digits
FROM python:3.11-slim AS build
# PyTorch's builds for the CPU are on its own index; those of PyPI bring several GB of CUDA along.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY . /source
RUN python -m venv /venv && /venv/bin/pip install /source

FROM python:3.11-slim
RUN useradd --uid 1000 --create-home digits
COPY --from=build /venv /venv
COPY app.py /app/
WORKDIR /app
USER digits
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860
EXPOSE 7860
HEALTHCHECK --start-period=60s --timeout=10s CMD ["/venv/bin/python", "-c", \
  "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'], timeout=8)"]
ENTRYPOINT ["/venv/bin/python", "app.py"]
