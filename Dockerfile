# The bot as a container: docs/scaling.md says how to build and run it, also without Docker.
# BASE may be any Debian-like image with Python 3.11 or newer as python3; it is the only thing that is pulled.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
# Only where the base has no venv of its own (a bare Debian): the official Python images do.
RUN python3 -c 'import ensurepip, venv' 2>/dev/null \
    || (apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv)
WORKDIR /src
COPY requirements.txt ./
RUN python3 -m venv /opt/atelier \
    && /opt/atelier/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        --requirement requirements.txt
# The program as it is: it needs no build. pyproject.toml tells it its version.
COPY pyproject.toml LICENSE /opt/atelier/app/
COPY bot /opt/atelier/app/bot
COPY cogs /opt/atelier/app/cogs
COPY storage /opt/atelier/app/storage
RUN /opt/atelier/bin/python -m compileall -q /opt/atelier/app

FROM ${BASE}
RUN command -v python3 > /dev/null \
    || (apt-get update && apt-get install --yes --no-install-recommends python3 ca-certificates \
        && rm -rf /var/lib/apt/lists/*)
COPY --from=build /opt/atelier /opt/atelier
RUN groupadd --system --gid 10001 atelier \
    && useradd --system --uid 10001 --gid atelier --home-dir /data --shell /usr/sbin/nologin atelier \
    && mkdir --parents /data /pictures && chown atelier:atelier /data /pictures
ENV PATH=/opt/atelier/bin:$PATH \
    PYTHONPATH=/opt/atelier/app \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    HTTP_HOST=0.0.0.0 \
    LOG_FORMAT=json
USER atelier
WORKDIR /data
VOLUME /data
EXPOSE 9006
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["python", "-m", "bot", "health"]
STOPSIGNAL SIGTERM
# No shell in between: the bot itself gets the signal and lets running pictures finish.
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
