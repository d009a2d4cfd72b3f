# syntax=docker/dockerfile:1
# One image a service: docker build --build-arg SERVICE=webtoon/rank .
# BASE is exact; pin its digest by --build-arg where your registry mirrors it.
ARG BASE=node:24.21.0-bookworm-slim

FROM ${BASE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${BASE}
ARG SERVICE
ARG SUMMARY=
ARG SOURCE=
ARG VERSION=dev
ARG REVISION=unknown
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY services ./services
RUN test -f services/${SERVICE}/main.ts
ENV NODE_ENV=production
ENV MARU_VERSION=${VERSION}
ENV MARU_SERVICE=${SERVICE}
ENV NODE_COMPILE_CACHE=/tmp/node-compile-cache
LABEL org.opencontainers.image.title=${SERVICE}
LABEL org.opencontainers.image.description="${SUMMARY}"
LABEL org.opencontainers.image.source="${SOURCE}"
LABEL org.opencontainers.image.version=${VERSION}
LABEL org.opencontainers.image.revision=${REVISION}
# Numeric, so that the kubelet can tell that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["/bin/sh", "-c", "exec node --disable-warning=TimeoutNegativeWarning --import ./services/kit/telemetry.ts services/$MARU_SERVICE/main.ts \"$@\"", "maru"]
