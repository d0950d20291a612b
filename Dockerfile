# syntax=docker/dockerfile:1
# SPDX-License-Identifier: Apache-2.0
# The same steps as `./fleet build`: Debian's libraries, cmake --preset release; then only what runs, as nobody in particular.

FROM debian:12-slim AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev cmake ninja-build pkg-config librdkafka-dev \
        libcurl4-openssl-dev libjson-c-dev libpq-dev libssl-dev libconfig-dev libuv1-dev libmicrohttpd-dev \
        libxxhash-dev uthash-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG REVISION=unknown
RUN cmake --preset release -DSYNCFLEET_TESTS=OFF -DSYNCFLEET_COMMIT="${REVISION}" -DCMAKE_INSTALL_PREFIX=/usr \
    && cmake --build --preset release \
    && DESTDIR=/image cmake --install build/release --strip

FROM debian:12-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates librdkafka1 libcurl4 libjson-c5 libpq5 libssl3 \
        libconfig9 libuv1 libmicrohttpd12 libxxhash0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /image /

ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Sync Fleet" \
      org.opencontainers.image.description="Keeps business data of third-party providers in PostgreSQL, through Kafka" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# The admin port is where both programs answer /livez, /readyz, /metrics and /version.
ENV SYNCFLEET_ADMIN__LISTEN=0.0.0.0:9103 \
    SYNCFLEET_PROVIDERS__DIR=/usr/share/sync-fleet/providers
USER 65532:65532
EXPOSE 8080 9103
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["syncctl", "probe", "http://127.0.0.1:9103/livez"]
CMD ["sync-worker"]
