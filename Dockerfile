# Showreel in a container. Build: docker build --tag showreel .   Run: see compose.yaml.

# ---- build: the virtual environment, every package pinned by hash --------------------------------------------------
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_COMPILE=1

WORKDIR /src
RUN python -m venv /opt/build \
    && python -m venv --without-pip /opt/showreel

# The packages that the bot runs on. Wheels only: this image has no compiler, and nothing may run code at install time.
COPY requirements/ requirements/
RUN /opt/build/bin/pip --python /opt/showreel/bin/python install \
        --require-hashes --only-binary :all: --requirement requirements/run.lock

# The build backend and what it needs, by the hashes of the developers' lock file. Should the backend come to need
# another package, pip refuses here for want of its hash; then name the package in the pattern.
RUN awk '/^[a-z]/ { keep = $1 ~ /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } keep' \
        requirements/dev.lock > build.lock \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: --requirement build.lock

# The project itself, last, so that a change of it leaves the layers above alone.
COPY pyproject.toml README.md LICENSE ./
COPY bot/ bot/
COPY cogs/ cogs/
COPY sandbox/ sandbox/
RUN /opt/build/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir dist . \
    && /opt/build/bin/pip --python /opt/showreel/bin/python install --no-deps --no-index dist/*.whl \
    && /opt/showreel/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/showreel/lib

# ---- run: that environment, a user without rights, and nothing else ------------------------------------------------
FROM python:3.13-slim

LABEL org.opencontainers.image.title="Showreel" \
      org.opencontainers.image.description="A self-hosted Discord bot that makes AI videos for a community and accounts for every one of them." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"

# Fonts, so that charts draw Chinese, Japanese and Korean names, and emoji in one colour.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-cjk fonts-symbola \
    && rm -rf /var/lib/apt/lists/*

# A fixed id, so that the owner of the files in the volume stays the same from image to image.
RUN groupadd --gid 10001 showreel \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin showreel \
    && install --directory --owner 10001 --group 10001 --mode 0750 /data

COPY --from=build /opt/showreel /opt/showreel

ENV PATH="/opt/showreel/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SHOWREEL_DATABASE__URL="sqlite:////data/showreel.db" \
    SHOWREEL_SERVER__HOST="0.0.0.0"

USER 10001:10001
VOLUME ["/data"]
WORKDIR /data
EXPOSE 9464
STOPSIGNAL SIGTERM

# Asked directly, whatever proxy the environment names; an answer of 400 or above, or none, counts as ill.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:9464/healthz', timeout=4).close()"]

ENTRYPOINT ["showreel"]
CMD ["run", "--config", "/data/config.toml"]
