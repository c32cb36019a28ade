# syntax=docker/dockerfile:1
# The service alone. It brings neither PostgreSQL nor a second Node: DATABASE_URL and CRM_SYNC_ENCRYPTION_KEYS are required.
# docker-compose.yml shows all settings. Nothing is written but to /tmp and /data, which keeps the signed checkpoints of the log.
ARG NODE_IMAGE=node:24.21.0-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# With the optional packages: what builds the console is native code, a package for each machine. None of it is kept.
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY migrations ./migrations
COPY src ./src
COPY web ./web
RUN npm run -s build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

FROM ${NODE_IMAGE} AS service
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 CRM_SYNC_DATA_DIR=/data
WORKDIR /app
RUN mkdir /data && chown 1000:1000 /data
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# `node` in the image, as a number so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# The heap as npm start bounds it: a sync streams, so more memory would only be left to garbage.
CMD ["node", "--max-old-space-size=256", "--max-semi-space-size=16", "dist/main.js"]
