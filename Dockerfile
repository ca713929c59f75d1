# Two stages: bundles are made by the same `make setup` as everywhere, the image keeps their outcome.
FROM python:3.13-slim AS bundles
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN make setup

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 giothong && install -d -o giothong /app /data
WORKDIR /app
COPY requirements.txt .
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
COPY --from=bundles /app/static static
COPY --from=bundles /app/staticfiles staticfiles
COPY --from=bundles /app/locale locale
ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data PYTHONUNBUFFERED=1
USER giothong
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "backend.serve"]
