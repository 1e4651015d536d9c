# One recipe for every service:  docker build --build-arg SERVICE=todos -t polymacaron/todos:dev .
# The layers go from what changes seldom to what changes with every commit: a new commit installs nothing again.


# The packages, pinned by hash, in a virtual environment of their own: pip itself stays behind in this stage.
FROM python:3.13-slim AS packages
RUN python -m venv --without-pip /opt/venv
COPY requirements/runtime.txt /tmp/runtime.txt
RUN pip --disable-pip-version-check --no-cache-dir --python /opt/venv/bin/python install --quiet \
        --require-hashes --only-binary :all: --no-compile -r /tmp/runtime.txt && \
    python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib


# The code of one service. Its bytecode is made here: in the container the files cannot be written, and a file
# that does not compile fails the build.
FROM python:3.13-slim AS code
ARG SERVICE
WORKDIR /app
COPY libs/ libs/
COPY apis/ apis/
COPY config/ config/
COPY infra/image/ infra/image/
COPY services/ /tmp/services/
RUN case "$SERVICE" in ''|*[!a-z0-9_]*) false ;; *) [ -d "/tmp/services/$SERVICE" ] ;; esac || \
    { echo "--build-arg SERVICE='$SERVICE' must be one of:" $(cd /tmp/services && ls -d */ | tr -d /) >&2; exit 1; }
RUN mkdir services && \
    cp -rp "/tmp/services/$SERVICE" services/ && \
    if [ -f /tmp/services/__init__.py ]; then cp -p /tmp/services/__init__.py services/; fi && \
    python -m compileall -q --invalidation-mode unchecked-hash libs services infra


FROM python:3.13-slim
# A fixed number, so that a volume's files and a cluster's policy can name it. The code belongs to root: the
# service cannot change it. Compose mounts the secrets of a service in its folder of /secrets; a new volume takes
# over owner and mode of the folder.
RUN groupadd --gid 10001 app && \
    useradd --uid 10001 --gid app --no-create-home --home-dir /tmp --shell /usr/sbin/nologin app && \
    install --directory --owner app --group app --mode 0700 /secrets /secrets/auth /secrets/todos
# MALLOC_MMAP_THRESHOLD_: glibc raises it to the largest block it was ever given back and then keeps such blocks, one
# or two for each thread. Password hashes of 19 MiB would fill the container so, until the kernel kills a worker.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    APP_HOST=0.0.0.0 \
    APP_PORT=8080 \
    APP_ALIVE_PATH=/tmp/alive
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY --from=code /app /app
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
ENV APP_SERVICE=$SERVICE \
    APP_VERSION=$VERSION \
    APP_COMMIT=$COMMIT
LABEL org.opencontainers.image.title="polymacaron-$SERVICE" \
      org.opencontainers.image.description="The $SERVICE service: web (default), worker or beat" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
