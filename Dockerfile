# Built in one image, run in another that holds no compiler, no cache and no source.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/opsbot
COPY requirements/run.txt requirements/build.txt requirements/
RUN /opt/opsbot/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY commands commands
COPY formatters formatters
RUN /opt/build/bin/python -m hatchling build --target wheel \
 && /opt/opsbot/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.12-slim-bookworm
# No root, no shell in the program, nothing written outside /var/lib/opsbot: run it with a read-only root.
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin opsbot \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/opsbot
COPY --from=build /opt/opsbot /opt/opsbot
ENV PATH=/opt/opsbot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /var/lib/opsbot
EXPOSE 8080
# Alive is all that is asked here: a homeserver that is away must not restart the bot and lose its place.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=3)"]
ENTRYPOINT ["opsbot"]
CMD ["run", "--config", "/etc/opsbot/config.yaml"]
