# The API server. Dockerfile.worker makes the worker from the same stages; a test holds them equal.
#
#   docker build --build-arg PYTHON_DIGEST=sha256:... --tag sanderling-api .
#
# The base image is pinned by digest, which only you can look up for your platform and policy:
#   docker buildx imagetools inspect python:3.13-slim-bookworm
ARG PYTHON_TAG=3.13-slim-bookworm
ARG PYTHON_DIGEST

# shared stages begin

FROM python:${PYTHON_TAG}@${PYTHON_DIGEST} AS python
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# The wheel is built once, without network, by tools that are pinned by hash.
FROM python AS wheel
WORKDIR /src
COPY requirements/build.txt requirements/
RUN ["python", "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--require-hashes", \
     "--requirement", "requirements/build.txt"]
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY drivers drivers
COPY examples examples
COPY jobs jobs
COPY runner runner
COPY sanderling sanderling
RUN ["python", "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation", \
     "--wheel-dir", "/wheels", "."]

# What the service imports lives in an environment of its own, which no guest is ever shown.
FROM python AS service
WORKDIR /src
RUN ["python", "-m", "venv", "--without-pip", "/opt/sanderling"]
COPY requirements/runtime.txt requirements/
RUN ["python", "-m", "pip", "--python", "/opt/sanderling/bin/python", "install", "--no-deps", \
     "--only-binary=:all:", "--require-hashes", "--requirement", "requirements/runtime.txt"]
COPY --from=wheel /wheels /wheels
RUN ["python", "-m", "pip", "--python", "/opt/sanderling/bin/python", "install", "--no-deps", \
     "--no-index", "--find-links", "/wheels", "--compile", "sanderling"]

# Guests run on the interpreter of the base image, from which everything that installs is gone.
FROM python AS runtime
RUN ["python", "-m", "pip", "uninstall", "--yes", "pip"]
COPY --from=service /opt/sanderling /opt/sanderling
COPY --chown=10001:10001 --chmod=700 deploy/home /var/lib/sanderling
ENV PATH=/opt/sanderling/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    SANDBOX_PYTHON=/usr/local/bin/python3 \
    SANDERLING_HOME=/var/lib/sanderling
WORKDIR /var/lib/sanderling
USER 10001:10001
STOPSIGNAL SIGTERM

# shared stages end

FROM runtime AS api
LABEL org.opencontainers.image.title="Sanderling API" \
      org.opencontainers.image.description="Calls functions over HTTP, sandboxed" \
      org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/sanderling/bin/sanderling", "health", "--url", "http://127.0.0.1:3000"]
ENTRYPOINT ["/opt/sanderling/bin/sanderling"]
CMD ["serve", "--host", "0.0.0.0", "--port", "3000"]
