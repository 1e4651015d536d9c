# One recipe for every service:  make image SERVICE=todos
# The layers go from what changes seldom to what changes with every commit: a new commit installs nothing again.
# Every file of every layer has one time, and what is made here is made in one order, so that the same base image,
# pins and code are the same layers to the byte, whoever builds them: a registry and a host have most of them.


FROM python:3.13-slim AS base


# The base image without what a running service has no use for, and an intruder may have: pip, and programs that
# run as root whoever starts them. As a layer of its own: what a later layer removes would stay in an earlier one.
FROM base AS system
# A pipe fails where any part of it does.
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# 10001: fixed, so that a volume's files and a cluster's policy can name it. Compose mounts the secrets of a service
# in its folder of /secrets; a new volume takes over owner and mode of the folder.
# What a builder puts into its containers is left out; whatever runs an image puts it there again.
RUN mkdir /rootfs && \
    tar --create --directory / --one-file-system \
        --exclude=./rootfs --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' --exclude=./.dockerenv \
        --exclude=./etc/hostname --exclude=./etc/hosts --exclude=./etc/resolv.conf \
        --exclude='./usr/local/bin/idle*' --exclude='./usr/local/bin/pip*' --exclude='./usr/local/bin/pydoc*' \
        --exclude='./usr/local/bin/*-config' --exclude='./usr/local/include' --exclude='./usr/local/lib/pkgconfig' \
        --exclude='./usr/local/lib/python3*/config-*' --exclude='./usr/local/lib/python3*/ensurepip' \
        --exclude='./usr/local/lib/python3*/idlelib' --exclude='./usr/local/lib/python3*/site-packages/*' \
        --exclude='./usr/local/lib/python3*/test' --exclude='./var/cache/*' --exclude='./var/lib/apt/lists/*' \
        --exclude='./var/log/*' . | \
    tar --extract --directory /rootfs && \
    touch /rootfs/etc/hostname /rootfs/etc/hosts /rootfs/etc/resolv.conf && \
    find /rootfs -type f -perm /6000 -exec chmod ug-s {} + && \
    echo 'app:x:10001:' >> /rootfs/etc/group && \
    echo 'app:x:10001:10001::/tmp:/usr/sbin/nologin' >> /rootfs/etc/passwd && \
    install --directory --owner 10001 --group 10001 --mode 0700 \
        /rootfs/secrets /rootfs/secrets/auth /rootfs/secrets/todos && \
    find /rootfs -exec touch --no-dereference --date=1980-01-01T00:00:00Z {} +


# The packages, pinned by hash, in a virtual environment of their own: pip itself stays behind in this stage.
FROM base AS packages
COPY infra/image/prune.py /tmp/prune.py
COPY requirements/runtime.txt /tmp/runtime.txt
# Compiled in one process and from one seed: the bytes depend on what a process has compiled before.
RUN python -m venv --without-pip /opt/venv && \
    pip --disable-pip-version-check --no-cache-dir --python /opt/venv/bin/python install --quiet \
        --require-hashes --only-binary :all: --no-compile -r /tmp/runtime.txt && \
    python -I /tmp/prune.py /opt/venv && \
    PYTHONHASHSEED=0 python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib && \
    mkdir -p /rootfs/opt && mv /opt/venv /rootfs/opt/ && \
    find /rootfs -exec touch --no-dereference --date=1980-01-01T00:00:00Z {} +


# The code of one service. Its bytecode is made here: in the container the files cannot be written, and a file
# that does not compile fails the build.
FROM base AS code
ARG SERVICE
WORKDIR /app
COPY libs/ libs/
COPY apis/ apis/
COPY config/ config/
COPY infra/image/healthcheck.py infra/image/secrets.py infra/image/
COPY services/ /tmp/services/
RUN case "$SERVICE" in ''|*[!a-z0-9_]*) false ;; *) [ -d "/tmp/services/$SERVICE" ] ;; esac || \
    { echo "--build-arg SERVICE='$SERVICE' must be one of these:" >&2; \
    find /tmp/services -mindepth 1 -maxdepth 1 -type d -printf '%f\n' >&2; exit 1; }
# Modes, too: a clone has those of whoever cloned it.
RUN mkdir services && \
    cp -rp "/tmp/services/$SERVICE" services/ && \
    if [ -f /tmp/services/__init__.py ]; then cp -p /tmp/services/__init__.py services/; fi && \
    PYTHONHASHSEED=0 python -m compileall -q --invalidation-mode unchecked-hash libs services infra && \
    mkdir /rootfs && mv /app /rootfs/ && \
    chmod -R u=rwX,go=rX /rootfs && \
    find /rootfs -exec touch --no-dereference --date=1980-01-01T00:00:00Z {} +


FROM scratch
COPY --from=system /rootfs/ /
COPY --from=packages /rootfs/ /
COPY --from=code /rootfs/ /
# MALLOC_MMAP_THRESHOLD_: glibc raises it to the largest block it was ever given back and then keeps such blocks, one
# or two for each thread. Password hashes of 19 MiB would fill the container so, until the kernel kills a worker.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    APP_HOST=0.0.0.0 \
    APP_PORT=8080 \
    APP_ALIVE_PATH=/tmp/alive
WORKDIR /app
# The code belongs to root: the service cannot change it.
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# The same for web, worker and beat: `auto` finds out which it is.
# -I: isolated, so that the scripts beside it cannot stand in for modules of the standard library.
HEALTHCHECK --interval=5s --timeout=10s --start-period=90s --retries=3 \
    CMD ["python", "-I", "infra/image/healthcheck.py", "auto"]
ENTRYPOINT ["python", "-m", "libs.service"]
CMD ["web"]

# Last, because they differ in every build.
ARG SERVICE
ARG VERSION=dev
ARG COMMIT=dev
ARG CREATED=1980-01-01T00:00:00Z
ARG SOURCE
ENV APP_SERVICE=$SERVICE \
    APP_VERSION=$VERSION \
    APP_COMMIT=$COMMIT
LABEL org.opencontainers.image.title="polymacaron-$SERVICE" \
      org.opencontainers.image.description="The $SERVICE service: web (default), worker or beat" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim"
